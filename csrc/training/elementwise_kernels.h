#pragma once

#include <cstddef>
#include <cstdint>

namespace bscnet {

/// Gradients that stand in for that of a sign, as the C functions number them; 0: there is no sign.
constexpr int kClip = 1;
constexpr int kApprox = 2;
constexpr int kEstimators = 3;

/// Statistics of a batch norm, an array of channels each.
struct NormView {
  const float* mean;
  const float* rstd;
  const float* scale;
  const float* shift;
};

/// Passes over consecutive rows of features; what they compute, generic_elementwise.h says.
struct ElementwiseKernels {
  using Size = std::size_t;

  void (*add_moments)(const float* x, Size rows, Size channels, double* sum, double* squares);
  void (*add_sizes)(const float* x, Size rows, Size channels, double* sum);
  void (*affine)(const float* x, Size rows, Size channels, const float* scale, const float* shift, float* out);
  void (*affine_signs)(const float* x, Size rows, Size channels, const float* scale, const float* shift, float* out);
  void (*affine_bits)(const float* x, Size rows, Size channels, const float* scale, const float* shift,
                      std::int32_t* words);
  void (*add_norm_sums[kEstimators])(const float* grad, const float* x, Size rows, Size channels, const NormView& norm,
                                     double* sum, double* products);
  void (*norm_gradient[kEstimators])(const float* grad, const float* x, Size rows, Size channels, const NormView& norm,
                                     const float* mean_grad, const float* mean_product, const float* passed,
                                     float* out);
  void (*sign_gradient[kEstimators])(const float* grad, const float* x, Size rows, Size channels, const float* shift,
                                     float* out);
  void (*scaled_prelu)(const float* sums, Size rows, Size channels, const float* scale, const float* slope,
                       const float* shortcut, float* out, std::int16_t* kept);
  void (*widen)(const std::int16_t* whole, Size count, float* out);
  /// By whether to_scale is wanted.
  void (*scaled_prelu_gradient[2])(const float* grad, const float* sums, Size rows, Size channels, const float* scale,
                                   const float* slope, float* out, double* to_slope, double* to_scale);
  void (*weight_signs)(const float* weight, Size count, float* signs);
  void (*clip_gradient)(const float* grad, const float* weight, Size count, float* out);
};

}  // namespace bscnet
