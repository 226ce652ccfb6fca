// The products of convolutions, written once for all levels. Included into a level's namespace, which has
//
//   Widest               its widest vector of floats
//   kRegisters           vector registers for sums
//   kMostVectors         vectors of a row in a panel at most
//   for_narrow(lanes, f) calls f(F{}) with the vector F for the lanes that are too few for the widest, see for_lanes

/// Calls action(F, kVectors, lane) for pieces of the lanes: as many of the widest vectors as there are, then shorter
/// ones.
template <int kVectors, typename Action>
inline int for_whole(int lane, int lanes, const Action& action) {
  constexpr int kPiece = kVectors * Widest::kWidth;
  for (; lane + kPiece <= lanes; lane += kPiece) action(Widest{}, std::integral_constant<int, kVectors>{}, lane);
  if constexpr (kVectors > 1) {
    return for_whole<kVectors - 1>(lane, lanes, action);
  } else {
    return lane;
  }
}

template <typename Action>
inline void for_lanes(int lanes, const Action& action) {
  int lane = for_whole<kMostVectors>(0, lanes, action);
  while (lane < lanes) {
    for_narrow(lanes - lane, [&](auto floats) {
      action(floats, std::integral_constant<int, 1>{}, lane);
      lane += decltype(floats)::kWidth;
    });
  }
}

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

/// kRows rows and kVectors vectors of a sum of outer products, kept in registers over the pairs.
template <typename F, int kRows, int kVectors>
inline void outer_panel(const float* p, std::size_t p_stride, const float* q, std::size_t q_stride,
                        const std::int32_t* p_row, const std::int32_t* q_row, int pairs, float* sum,
                        std::size_t sum_stride) {
  typename F::Vector part[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) part[r][v] = F::load(sum + r * sum_stride + v * F::kWidth);
  }
  for (int i = 0; i < pairs; ++i) {
    const float* row = p + static_cast<std::size_t>(p_row[i]) * p_stride;
    const float* column = q + static_cast<std::size_t>(q_row[i]) * q_stride;
    typename F::Vector value[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) value[v] = F::load(column + v * F::kWidth);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const typename F::Vector factor = F::broadcast(row[r]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) part[r][v] = F::fma(factor, value[v], part[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) F::store(sum + r * sum_stride + v * F::kWidth, part[r][v]);
  }
}

template <typename F, int kRows, int kVectors>
inline void outer_panels(const float* p, std::size_t p_stride, int rows, const float* q, std::size_t q_stride,
                         const std::int32_t* p_row, const std::int32_t* q_row, int pairs, float* sum,
                         std::size_t sum_stride) {
  for (; rows >= kRows; rows -= kRows, p += kRows, sum += kRows * sum_stride) {
    outer_panel<F, kRows, kVectors>(p, p_stride, q, q_stride, p_row, q_row, pairs, sum, sum_stride);
  }
  if constexpr (kRows > 1) {
    outer_panels<F, kRows / 2, kVectors>(p, p_stride, rows, q, q_stride, p_row, q_row, pairs, sum, sum_stride);
  }
}

/// Rows of a panel of outer products: a power of two fits most widths.
constexpr int outer_rows(int vectors) { return kRegisters / vectors >= 16 ? 16 : kRegisters / vectors >= 8 ? 8 : 4; }

inline void add_outer(const float* p, std::size_t p_stride, int rows, const float* q, std::size_t q_stride, int lanes,
                      const std::int32_t* p_row, const std::int32_t* q_row, int pairs, float* sum,
                      std::size_t sum_stride) {
  // So many pairs that their rows are still in the first cache when the next panel reads them.
  constexpr int kPairs = 64;
  for (; pairs > 0; pairs -= kPairs, p_row += kPairs, q_row += kPairs) {
    for_lanes(lanes, [&](auto floats, auto vectors, int lane) {
      constexpr int kVectors = decltype(vectors)::value;
      outer_panels<decltype(floats), outer_rows(kVectors), kVectors>(
          p, p_stride, rows, q + lane, q_stride, p_row, q_row, pairs < kPairs ? pairs : kPairs, sum + lane, sum_stride);
    });
  }
}
