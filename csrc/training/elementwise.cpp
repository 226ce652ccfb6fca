#include "training/elementwise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "training/elementwise_kernels.h"
#include "training/kernels.h"
#include "training/scratch.h"

namespace bscnet {
namespace {

/// Rows whose sums are taken apart, and rows that a thread takes at a time.
constexpr std::size_t kPiece = 1024;

/// Whole numbers that are made floats at a time, which stay in the first cache.
constexpr std::size_t kWidened = 2048;

const ElementwiseKernels& kernels() { return *training_kernels().elementwise; }

/// Calls action(first row, rows) for pieces of the rows.
template <typename Action>
void for_pieces(const Rows& size, Team& team, const Action& action) {
  team.split(static_cast<std::size_t>(size.rows), kPiece,
             [&](std::size_t begin, std::size_t end, int) { action(begin, end - begin); });
}

/// Two sums over the rows for each channel: action(first row, rows, one, other) adds those of a piece.
struct ColumnSums {
  template <typename Action>
  ColumnSums(const Rows& size, Team& team, const Action& action) {
    const auto channels = static_cast<std::size_t>(size.channels);
    const auto rows = static_cast<std::size_t>(size.rows);
    const std::size_t pieces = (rows + kPiece - 1) / kPiece;
    std::vector<double> parts(2 * channels * pieces, 0.0);
    team.split(pieces, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t piece = begin; piece < end; ++piece) {
        double* part = parts.data() + 2 * channels * piece;
        const std::size_t first = piece * kPiece;
        action(first, std::min(kPiece, rows - first), part, part + channels);
      }
    });
    one.assign(channels, 0.0);
    other.assign(channels, 0.0);
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const double* part = parts.data() + 2 * channels * piece;
      for (std::size_t c = 0; c < channels; ++c) {
        one[c] += part[c];
        other[c] += part[channels + c];
      }
    }
  }

  std::vector<double> one;
  std::vector<double> other;
};

void write_form(const Rows& size, const float* x, const float* scale, const float* shift, Form form, Team& team,
                void* out) {
  if (form == Form::kNothing) return;
  const auto channels = static_cast<std::size_t>(size.channels);
  const std::size_t words = (channels + 31) / 32;
  for_pieces(size, team, [&](std::size_t first, std::size_t rows) {
    const float* from = x + first * channels;
    if (form == Form::kBits) {
      kernels().affine_bits(from, rows, channels, scale, shift, static_cast<std::int32_t*>(out) + first * words);
    } else if (form == Form::kSigns) {
      kernels().affine_signs(from, rows, channels, scale, shift, static_cast<float*>(out) + first * channels);
    } else {
      kernels().affine(from, rows, channels, scale, shift, static_cast<float*>(out) + first * channels);
    }
  });
}

NormView view_of(const float* stats, std::size_t channels) {
  return {stats, stats + channels, stats + 2 * channels, stats + 3 * channels};
}

/// The array, or one of the same value where there is none.
const float* or_all(const float* given, float value, int channels, std::vector<float>& memory) {
  if (given != nullptr) return given;
  memory.assign(static_cast<std::size_t>(channels), value);
  return memory.data();
}

}  // namespace

void norm_forward(const Rows& size, const float* x, const Norm& norm, Form form, Team& team, float* stats, void* out) {
  const auto channels = static_cast<std::size_t>(size.channels);
  std::vector<double> mean(norm.running_mean, norm.running_mean + channels);
  std::vector<double> var(norm.running_var, norm.running_var + channels);
  if (norm.training) {
    const ColumnSums sums(size, team, [&](std::size_t first, std::size_t rows, double* sum, double* squares) {
      kernels().add_moments(x + first * channels, rows, channels, sum, squares);
    });
    const auto count = static_cast<double>(size.rows);
    for (std::size_t c = 0; c < channels; ++c) {
      mean[c] = sums.one[c] / count;
      var[c] = std::max(0.0, sums.other[c] / count - mean[c] * mean[c]);
      const double unbiased = var[c] * count / (count - 1);
      norm.running_mean[c] = static_cast<float>((1 - norm.momentum) * norm.running_mean[c] + norm.momentum * mean[c]);
      norm.running_var[c] = static_cast<float>((1 - norm.momentum) * norm.running_var[c] + norm.momentum * unbiased);
    }
  }
  for (std::size_t c = 0; c < channels; ++c) {
    const double rstd = 1 / std::sqrt(var[c] + norm.eps);
    stats[c] = static_cast<float>(mean[c]);
    stats[channels + c] = static_cast<float>(rstd);
    stats[2 * channels + c] = stats[channels + c] * norm.weight[c];
    stats[3 * channels + c] = norm.bias[c] - stats[c] * stats[2 * channels + c];
    stats[4 * channels + c] = std::numeric_limits<float>::quiet_NaN();
  }
  const NormView view = view_of(stats, channels);
  write_form(size, x, view.scale, view.shift, form, team, out);
}

void norm_backward(const Rows& size, const float* grad, const float* x, const float* stats, const float* passed,
                   int estimator, bool training, Team& team, float* to_x, float* to_weight, float* to_bias) {
  const auto channels = static_cast<std::size_t>(size.channels);
  const NormView view = view_of(stats, channels);
  const ColumnSums sums(size, team, [&](std::size_t first, std::size_t rows, double* sum, double* products) {
    const std::size_t at = first * channels;
    kernels().add_norm_sums[estimator](grad + at, x + at, rows, channels, view, sum, products);
  });
  std::vector<float> mean_grad(channels, 0.0f);
  std::vector<float> mean_product(channels, 0.0f);
  for (std::size_t c = 0; c < channels; ++c) {
    to_bias[c] = static_cast<float>(sums.one[c]);
    to_weight[c] = static_cast<float>(sums.other[c]);
    if (!training) continue;
    mean_grad[c] = static_cast<float>(sums.one[c] / static_cast<double>(size.rows));
    mean_product[c] = static_cast<float>(sums.other[c] / static_cast<double>(size.rows));
  }
  for_pieces(size, team, [&](std::size_t first, std::size_t rows) {
    const std::size_t at = first * channels;
    kernels().norm_gradient[estimator](grad + at, x + at, rows, channels, view, mean_grad.data(), mean_product.data(),
                                       passed == nullptr ? nullptr : passed + at, to_x + at);
  });
}

void sign_forward(const Rows& size, const float* x, const float* bias, Form form, Team& team, void* out) {
  std::vector<float> ones, zeros;
  const float* scale = or_all(nullptr, 1.0f, size.channels, ones);
  write_form(size, x, scale, or_all(bias, 0.0f, size.channels, zeros), form, team, out);
}

void sign_backward(const Rows& size, const float* grad, const float* x, const float* bias, int estimator, Team& team,
                   float* to_x) {
  const auto channels = static_cast<std::size_t>(size.channels);
  std::vector<float> zeros;
  const float* shift = or_all(bias, 0.0f, size.channels, zeros);
  for_pieces(size, team, [&](std::size_t first, std::size_t rows) {
    const std::size_t at = first * channels;
    kernels().sign_gradient[estimator](grad + at, x + at, rows, channels, shift, to_x + at);
  });
}

void prelu_forward(const Rows& size, const float* sums, const float* scale, const float* slope, const float* shortcut,
                   Team& team, float* out, std::int16_t* kept) {
  const auto channels = static_cast<std::size_t>(size.channels);
  std::vector<float> ones;
  const float* factor = or_all(scale, 1.0f, size.channels, ones);
  for_pieces(size, team, [&](std::size_t first, std::size_t rows) {
    const std::size_t at = first * channels;
    kernels().scaled_prelu(sums + at, rows, channels, factor, slope, shortcut == nullptr ? nullptr : shortcut + at,
                           out + at, kept == nullptr ? nullptr : kept + at);
  });
}

void prelu_backward(const Rows& size, const float* grad, const float* sums, const std::int16_t* whole,
                    const float* scale, const float* slope, Team& team, float* to_sums, float* to_scale,
                    float* to_slope) {
  const auto channels = static_cast<std::size_t>(size.channels);
  std::vector<float> ones;
  const float* factor = or_all(scale, 1.0f, size.channels, ones);
  const auto gradient = kernels().scaled_prelu_gradient[to_scale == nullptr ? 0 : 1];
  const ColumnSums found(size, team, [&](std::size_t first, std::size_t rows, double* of_slope, double* of_scale) {
    const auto pass = [&](std::size_t row, std::size_t count, const float* from) {
      const std::size_t at = row * channels;
      gradient(grad + at, from, count, channels, factor, slope, to_sums + at, of_slope, of_scale);
    };
    if (whole == nullptr) {
      pass(first, rows, sums + first * channels);
      return;
    }
    const std::size_t together = std::max<std::size_t>(1, kWidened / channels);
    const Scratch widened(together * channels);
    for (std::size_t row = first; row < first + rows; row += together) {
      const std::size_t count = std::min(together, first + rows - row);
      kernels().widen(whole + row * channels, count * channels, widened.data());
      pass(row, count, widened.data());
    }
  });
  for (std::size_t c = 0; c < channels; ++c) {
    to_slope[c] = static_cast<float>(found.one[c]);
    if (to_scale != nullptr) to_scale[c] = static_cast<float>(found.other[c]);
  }
}

void weight_signs(const Rows& size, const float* weight, Team& team, float* signs, float* scale) {
  const auto channels = static_cast<std::size_t>(size.channels);
  const ColumnSums sums(size, team, [&](std::size_t first, std::size_t rows, double* sizes, double*) {
    const std::size_t at = first * channels;
    kernels().weight_signs(weight + at, rows * channels, signs + at);
    if (scale != nullptr) kernels().add_sizes(weight + at, rows, channels, sizes);
  });
  for (std::size_t c = 0; scale != nullptr && c < channels; ++c) {
    scale[c] = static_cast<float>(sums.one[c] / static_cast<double>(size.rows));
  }
}

void weight_signs_backward(const Rows& size, const float* grad, const float* weight, Team& team, float* to_weight) {
  const auto channels = static_cast<std::size_t>(size.channels);
  for_pieces(size, team, [&](std::size_t first, std::size_t rows) {
    const std::size_t at = first * channels;
    kernels().clip_gradient(grad + at, weight + at, rows * channels, to_weight + at);
  });
}

}  // namespace bscnet
