// Passes over rows of features, written once for all levels; the compiler makes vectors of the loops over channels.
// Products and sums are rounded one by one, and sums over rows are kept in double in the order of the rows, so all
// levels give the same bits. Included into a level's namespace.

/// The gradient of a sign's stand-in at z.
template <int kEstimator>
inline float slope_of(float z) {
  const float size = z < 0.0f ? -z : z;
  if constexpr (kEstimator == kClip) return size <= 1.0f ? 1.0f : 0.0f;
  if constexpr (kEstimator == kApprox) return 2.0f - 2.0f * size > 0.0f ? 2.0f - 2.0f * size : 0.0f;
  return 1.0f;
}

inline void add_moments(const float* __restrict x, std::size_t rows, std::size_t channels, double* __restrict sum,
                        double* __restrict squares) {
  for (std::size_t row = 0; row < rows; ++row, x += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const double value = x[c];
      sum[c] += value;
      squares[c] += value * value;
    }
  }
}

inline void add_sizes(const float* __restrict x, std::size_t rows, std::size_t channels, double* __restrict sum) {
  for (std::size_t row = 0; row < rows; ++row, x += channels) {
    for (std::size_t c = 0; c < channels; ++c) sum[c] += static_cast<double>(x[c] < 0.0f ? -x[c] : x[c]);
  }
}

inline void affine(const float* __restrict x, std::size_t rows, std::size_t channels, const float* __restrict scale,
                   const float* __restrict shift, float* __restrict out) {
  for (std::size_t row = 0; row < rows; ++row, x += channels, out += channels) {
    for (std::size_t c = 0; c < channels; ++c) out[c] = x[c] * scale[c] + shift[c];
  }
}

inline void affine_signs(const float* __restrict x, std::size_t rows, std::size_t channels,
                         const float* __restrict scale, const float* __restrict shift, float* __restrict out) {
  for (std::size_t row = 0; row < rows; ++row, x += channels, out += channels) {
    for (std::size_t c = 0; c < channels; ++c) out[c] = x[c] * scale[c] + shift[c] >= 0.0f ? 1.0f : -1.0f;
  }
}

inline void affine_bits(const float* x, std::size_t rows, std::size_t channels, const float* scale, const float* shift,
                        std::int32_t* words) {
  for (std::size_t row = 0; row < rows; ++row, x += channels) {
    for (std::size_t first = 0; first < channels; first += 32) {
      const std::size_t last = first + 32 < channels ? first + 32 : channels;
      std::uint32_t word = 0;
      std::size_t c = first;
      for (; c + Widest::kWidth <= last; c += Widest::kWidth) {
        const auto scaled = Widest::mul(Widest::load(x + c), Widest::load(scale + c));
        word |= Widest::at_least_zero(Widest::add(scaled, Widest::load(shift + c))) << (c - first);
      }
      for (; c < last; ++c) {
        const float scaled = x[c] * scale[c];
        word |= (scaled + shift[c] >= 0.0f ? 1u : 0u) << (c - first);
      }
      *words++ = static_cast<std::int32_t>(word);
    }
  }
}

template <int kEstimator>
inline void add_norm_sums(const float* __restrict grad, const float* __restrict x, std::size_t rows,
                          std::size_t channels, const NormView& norm, double* __restrict sum,
                          double* __restrict products) {
  const float* __restrict mean = norm.mean;
  const float* __restrict rstd = norm.rstd;
  const float* __restrict scale = norm.scale;
  const float* __restrict shift = norm.shift;
  for (std::size_t row = 0; row < rows; ++row, x += channels, grad += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float to_z = grad[c] * slope_of<kEstimator>(x[c] * scale[c] + shift[c]);
      sum[c] += static_cast<double>(to_z);
      products[c] += static_cast<double>(to_z) * static_cast<double>((x[c] - mean[c]) * rstd[c]);
    }
  }
}

/// mean_grad and mean_product: the means over all rows of what add_norm_sums adds up; zeros where the statistics are
/// not of the batch.
template <int kEstimator>
inline void norm_gradient(const float* __restrict grad, const float* __restrict x, std::size_t rows,
                          std::size_t channels, const NormView& norm, const float* __restrict mean_grad,
                          const float* __restrict mean_product, const float* __restrict passed, float* __restrict out) {
  const float* __restrict mean = norm.mean;
  const float* __restrict rstd = norm.rstd;
  const float* __restrict scale = norm.scale;
  const float* __restrict shift = norm.shift;
  for (std::size_t row = 0; row < rows; ++row, x += channels, grad += channels, out += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float to_z = grad[c] * slope_of<kEstimator>(x[c] * scale[c] + shift[c]);
      out[c] = scale[c] * (to_z - mean_grad[c] - (x[c] - mean[c]) * rstd[c] * mean_product[c]);
    }
    if (passed == nullptr) continue;
    for (std::size_t c = 0; c < channels; ++c) out[c] += passed[c];
    passed += channels;
  }
}

template <int kEstimator>
inline void sign_gradient(const float* __restrict grad, const float* __restrict x, std::size_t rows,
                          std::size_t channels, const float* __restrict shift, float* __restrict out) {
  for (std::size_t row = 0; row < rows; ++row, x += channels, grad += channels, out += channels) {
    for (std::size_t c = 0; c < channels; ++c) out[c] = grad[c] * slope_of<kEstimator>(x[c] + shift[c]);
  }
}

inline void scaled_prelu(const float* __restrict sums, std::size_t rows, std::size_t channels,
                         const float* __restrict scale, const float* __restrict slope, const float* __restrict shortcut,
                         float* __restrict out, std::int16_t* __restrict kept) {
  for (std::size_t row = 0; row < rows; ++row, sums += channels, out += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float t = sums[c] * scale[c];
      out[c] = t > 0.0f ? t : t * slope[c];
    }
    if (shortcut != nullptr) {
      for (std::size_t c = 0; c < channels; ++c) out[c] += shortcut[c];
      shortcut += channels;
    }
    if (kept != nullptr) {
      for (std::size_t c = 0; c < channels; ++c) kept[c] = static_cast<std::int16_t>(sums[c]);
      kept += channels;
    }
  }
}

inline void widen(const std::int16_t* __restrict whole, std::size_t count, float* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(whole[i]);
}

/// to_slope and, where kLearned, to_scale are added up.
template <bool kLearned>
inline void scaled_prelu_gradient(const float* __restrict grad, const float* __restrict sums, std::size_t rows,
                                  std::size_t channels, const float* __restrict scale, const float* __restrict slope,
                                  float* __restrict out, double* __restrict to_slope, double* __restrict to_scale) {
  for (std::size_t row = 0; row < rows; ++row, sums += channels, grad += channels, out += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float t = sums[c] * scale[c];
      const bool positive = t > 0.0f;
      const float to_t = positive ? grad[c] : grad[c] * slope[c];
      out[c] = to_t * scale[c];
      to_slope[c] += static_cast<double>(positive ? 0.0f : grad[c] * t);
      if constexpr (kLearned) to_scale[c] += static_cast<double>(to_t * sums[c]);
    }
  }
}

inline void weight_signs(const float* __restrict weight, std::size_t count, float* __restrict signs) {
  for (std::size_t i = 0; i < count; ++i) signs[i] = weight[i] >= 0.0f ? 1.0f : -1.0f;
}

inline void clip_gradient(const float* __restrict grad, const float* __restrict weight, std::size_t count,
                          float* __restrict out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = grad[i] * slope_of<kClip>(weight[i]);
}

constexpr ElementwiseKernels kElementwise = {
    add_moments,
    add_sizes,
    affine,
    affine_signs,
    affine_bits,
    {add_norm_sums<0>, add_norm_sums<kClip>, add_norm_sums<kApprox>},
    {norm_gradient<0>, norm_gradient<kClip>, norm_gradient<kApprox>},
    {sign_gradient<0>, sign_gradient<kClip>, sign_gradient<kApprox>},
    scaled_prelu,
    widen,
    {scaled_prelu_gradient<false>, scaled_prelu_gradient<true>},
    weight_signs,
    clip_gradient,
};
