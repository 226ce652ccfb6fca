#pragma once

#include <cstdint>

#include "threads/team.h"

namespace bscnet {

/// Passes over (rows, channels) features that stand for several modules of a network. Sums over rows are taken over
/// fixed pieces, and these added up in their order, so no result depends on the number of threads.
struct Rows {
  std::int64_t rows = 0;
  int channels = 0;
};

/// What a pass writes of z = scale * x + shift.
enum class Form { kNothing = 0, kValues = 1, kSigns = 2, kBits = 3 };

/// A batch norm's parameters and running statistics, (channels,) each.
struct Norm {
  const float* weight = nullptr;
  const float* bias = nullptr;
  float* running_mean = nullptr;
  float* running_var = nullptr;
  double momentum = 0;
  double eps = 0;
  bool training = false;  ///< statistics of the batch, which the running ones then follow
};

/// stats (5, channels): mean, 1 / std, scale, shift, and a row of NaN. out: in the given form.
void norm_forward(const Rows& size, const float* x, const Norm& norm, Form form, Team& team, float* stats, void* out);

/// Gradients of x, weight and bias from that of what norm_forward wrote. passed: what is added to that of x, or null.
void norm_backward(const Rows& size, const float* grad, const float* x, const float* stats, const float* passed,
                   int estimator, bool training, Team& team, float* to_x, float* to_weight, float* to_bias);

/// The sign of x + bias in a form; bias may be null.
void sign_forward(const Rows& size, const float* x, const float* bias, Form form, Team& team, void* out);
void sign_backward(const Rows& size, const float* grad, const float* x, const float* bias, int estimator, Team& team,
                   float* to_x);

/// out = prelu(scale * sums, slope) + shortcut; scale, shortcut and kept, the sums as whole numbers, may be null.
void prelu_forward(const Rows& size, const float* sums, const float* scale, const float* slope, const float* shortcut,
                   Team& team, float* out, std::int16_t* kept);

/// Of sums and whole, the one that was kept is given. to_scale may be null.
void prelu_backward(const Rows& size, const float* grad, const float* sums, const std::int16_t* whole,
                    const float* scale, const float* slope, Team& team, float* to_sums, float* to_scale,
                    float* to_slope);

/// Signs of weights, and the mean size of each column, where wanted.
void weight_signs(const Rows& size, const float* weight, Team& team, float* signs, float* scale);
void weight_signs_backward(const Rows& size, const float* grad, const float* weight, Team& team, float* to_weight);

}  // namespace bscnet
