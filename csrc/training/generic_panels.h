// Products of convolutions by panels of pairs: many sums at a time, for levels with few registers or several
// multiply-adds a cycle. Included into a level's namespace after generic_lanes.h; it has
//
//   kRegisters           vector registers for sums

/// Rows of a panel whose sums fill the registers; more rows than 12 would need more addresses than there are registers.
constexpr int panel_rows(int vectors) { return kRegisters / vectors < 12 ? kRegisters / vectors : 12; }

/// kRows pairs and kVectors vectors of output channels, kept in registers over the input channels.
template <typename F, int kRows, int kVectors>
inline void product_panel(const float* x, std::size_t x_stride, int channels, const float* weight,
                          std::size_t weight_stride, const std::int32_t* from, const std::uint8_t* to, float* tile,
                          std::size_t tile_stride) {
  typename F::Vector sum[kRows][kVectors];
  const float* row[kRows];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    row[r] = x + static_cast<std::size_t>(from[r]) * x_stride;
    const float* out = tile + to[r] * tile_stride;
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[r][v] = F::load(out + v * F::kWidth);
  }
  for (int c = 0; c < channels; ++c, weight += weight_stride) {
    typename F::Vector w[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) w[v] = F::load(weight + v * F::kWidth);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const typename F::Vector value = F::broadcast(row[r][c]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[r][v] = F::fma(value, w[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    float* out = tile + to[r] * tile_stride;
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) F::store(out + v * F::kWidth, sum[r][v]);
  }
}

/// Panels of kRows pairs. What is left goes into one panel of as many pairs or two or one third of them, filled up with
/// pairs whose sums go to a row of the tile that nobody reads: fewer turns of shorter loops, whose ends the CPU could
/// not foresee.
template <typename F, int kRows, int kVectors>
inline void product_panels(const float* x, std::size_t x_stride, int channels, const float* weight,
                           std::size_t weight_stride, const std::int32_t* from, const std::uint8_t* to, int pairs,
                           float* tile, std::size_t tile_stride) {
  for (; pairs >= kRows; pairs -= kRows, from += kRows, to += kRows) {
    product_panel<F, kRows, kVectors>(x, x_stride, channels, weight, weight_stride, from, to, tile, tile_stride);
  }
  if (pairs == 0) return;
  std::int32_t last_from[kRows];
  std::uint8_t last_to[kRows];
  for (int i = 0; i < kRows; ++i) {
    last_from[i] = i < pairs ? from[i] : from[0];
    last_to[i] = i < pairs ? to[i] : kSpareRow;
  }
  constexpr int kPart = kRows % 3 == 0 ? kRows / 3 : kRows / 2;
  if (pairs <= kPart) {
    product_panel<F, kPart, kVectors>(x, x_stride, channels, weight, weight_stride, last_from, last_to, tile,
                                      tile_stride);
  } else if (pairs <= 2 * kPart) {
    product_panel<F, 2 * kPart, kVectors>(x, x_stride, channels, weight, weight_stride, last_from, last_to, tile,
                                          tile_stride);
  } else {
    product_panel<F, kRows, kVectors>(x, x_stride, channels, weight, weight_stride, last_from, last_to, tile,
                                      tile_stride);
  }
}

inline void add_products(const float* x, std::size_t x_stride, int channels, const float* weight,
                         std::size_t weight_stride, int lanes, const std::int32_t* from, const std::uint8_t* to,
                         int pairs, float* tile, std::size_t tile_stride) {
  for_lanes(lanes, [&](auto floats, auto vectors, int lane) {
    constexpr int kVectors = decltype(vectors)::value;
    product_panels<decltype(floats), panel_rows(kVectors), kVectors>(
        x, x_stride, channels, weight + lane, weight_stride, from, to, pairs, tile + lane, tile_stride);
  });
}
