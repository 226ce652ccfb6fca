// The C functions of bscnet_training.h on features and weights: arguments are checked here, the work is done elsewhere.
#include "bscnet_training.h"
#include "model/guarded.h"
#include "threads/shared_team.h"
#include "training/elementwise.h"
#include "training/kernels.h"

namespace {

using bscnet::Form;
using bscnet::guarded;
using bscnet::need;
using bscnet::need_range;
using bscnet::SharedTeam;

bscnet::Rows checked_rows(std::int64_t rows, std::int32_t channels) {
  need_range(rows, 1, bscnet::kMostRows, "the number of rows");
  need_range(channels, 1, bscnet::kMostChannels, "the number of channels");
  return {rows, channels};
}

Form checked_form(std::int32_t form, const void* out) {
  need_range(form, BSCNET_FORM_NOTHING, BSCNET_FORM_BITS, "form");
  if (form != BSCNET_FORM_NOTHING) need(out, "out");
  return static_cast<Form>(form);
}

void check_estimator(std::int32_t estimator) {
  need_range(estimator, BSCNET_ESTIMATOR_NONE, BSCNET_ESTIMATOR_APPROX, "estimator");
}

}  // namespace

extern "C" {

int bscnet_norm_forward(int64_t rows, int32_t channels, const float* x, const bscnet_norm* norm, int32_t form,
                        int32_t threads, float* stats, void* out) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(x, "x");
    need(norm, "norm");
    need(norm->weight, "weight");
    need(norm->bias, "bias");
    need(norm->running_mean, "running_mean");
    need(norm->running_var, "running_var");
    need(stats, "stats");
    const Form wanted = checked_form(form, out);
    if (norm->training != 0) need_range(rows, 2, bscnet::kMostRows, "the number of rows that have a variance");
    const bscnet::Norm own = {norm->weight,   norm->bias, norm->running_mean, norm->running_var,
                              norm->momentum, norm->eps,  norm->training != 0};
    const SharedTeam team(threads);
    bscnet::norm_forward(size, x, own, wanted, *team, stats, out);
  });
}

int bscnet_norm_backward(int64_t rows, int32_t channels, const float* grad, const float* x, const float* stats,
                         const float* passed, int32_t estimator, int32_t training, int32_t threads, float* to_x,
                         float* to_weight, float* to_bias) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(grad, "grad");
    need(x, "x");
    need(stats, "stats");
    need(to_x, "to_x");
    need(to_weight, "to_weight");
    need(to_bias, "to_bias");
    check_estimator(estimator);
    const SharedTeam team(threads);
    bscnet::norm_backward(size, grad, x, stats, passed, estimator, training != 0, *team, to_x, to_weight, to_bias);
  });
}

int bscnet_sign_forward(int64_t rows, int32_t channels, const float* x, const float* bias, int32_t form,
                        int32_t threads, void* out) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(x, "x");
    need_range(form, BSCNET_FORM_SIGNS, BSCNET_FORM_BITS, "form");
    const Form wanted = checked_form(form, out);
    const SharedTeam team(threads);
    bscnet::sign_forward(size, x, bias, wanted, *team, out);
  });
}

int bscnet_sign_backward(int64_t rows, int32_t channels, const float* grad, const float* x, const float* bias,
                         int32_t estimator, int32_t threads, float* to_x) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(grad, "grad");
    need(x, "x");
    need(to_x, "to_x");
    check_estimator(estimator);
    const SharedTeam team(threads);
    bscnet::sign_backward(size, grad, x, bias, estimator, *team, to_x);
  });
}

int bscnet_prelu_forward(int64_t rows, int32_t channels, const float* sums, const float* scale, const float* slope,
                         const float* shortcut, int32_t threads, float* y, int16_t* kept) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(sums, "sums");
    need(slope, "slope");
    need(y, "y");
    const SharedTeam team(threads);
    bscnet::prelu_forward(size, sums, scale, slope, shortcut, *team, y, kept);
  });
}

int bscnet_prelu_backward(int64_t rows, int32_t channels, const float* grad, const float* sums, const int16_t* kept,
                          const float* scale, const float* slope, int32_t threads, float* to_sums, float* to_scale,
                          float* to_slope) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(grad, "grad");
    if (sums == nullptr) need(kept, "sums and kept");
    need(slope, "slope");
    need(to_sums, "to_sums");
    need(to_slope, "to_slope");
    const SharedTeam team(threads);
    bscnet::prelu_backward(size, grad, sums, kept, scale, slope, *team, to_sums, to_scale, to_slope);
  });
}

int bscnet_weight_signs(int64_t rows, int32_t channels, const float* weight, int32_t threads, float* signs,
                        float* scale) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(weight, "weight");
    need(signs, "signs");
    const SharedTeam team(threads);
    bscnet::weight_signs(size, weight, *team, signs, scale);
  });
}

int bscnet_weight_signs_backward(int64_t rows, int32_t channels, const float* grad, const float* weight,
                                 int32_t threads, float* to_weight) {
  return guarded([&] {
    const bscnet::Rows size = checked_rows(rows, channels);
    need(grad, "grad");
    need(weight, "weight");
    need(to_weight, "to_weight");
    const SharedTeam team(threads);
    bscnet::weight_signs_backward(size, grad, weight, *team, to_weight);
  });
}

}  // extern "C"
