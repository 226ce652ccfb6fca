// Products of convolutions by weights that stay in registers, for levels that have 32 of them. Included into a level's
// namespace after generic_lanes.h.

/// Registers that hold weights, and sums that are added to in turn so that none waits for its last addition.
constexpr int kHeldWeights = 16;
constexpr int kSumsInTurn = 4;

/// Weights are fetched ahead by so many times what the registers hold: where pairs are few, they come from far away.
constexpr int kAhead = 2;

/// Adds the products of kPairs pairs with the weights of kChannels channels and kVectors vectors of lanes.
template <typename F, int kPairs, int kChannels, int kVectors>
__attribute__((always_inline)) inline void add_held(const float* x, std::size_t x_stride,
                                                    const typename F::Vector (&weight)[kChannels][kVectors],
                                                    const std::int32_t* from, const std::uint8_t* to, float* tile,
                                                    std::size_t tile_stride) {
  const float* row[kPairs];
  float* out[kPairs];
  typename F::Vector sum[kPairs][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kPairs; ++i) {
    row[i] = x + static_cast<std::size_t>(from[i]) * x_stride;
    out[i] = tile + to[i] * tile_stride;
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[i][v] = F::load(out[i] + v * F::kWidth);
  }
#pragma GCC unroll 16
  for (int c = 0; c < kChannels; ++c) {
#pragma GCC unroll 16
    for (int i = 0; i < kPairs; ++i) {
      const typename F::Vector value = F::broadcast(row[i][c]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sum[i][v] = F::fma(value, weight[c][v], sum[i][v]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kPairs; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) F::store(out[i] + v * F::kWidth, sum[i][v]);
  }
}

/// The products of kChannels channels for all pairs. A pair only loads its sums, adds to them and stores them; the rows
/// of a tile in a list are distinct, so the pairs that are worked on together do not meet.
template <typename F, int kChannels, int kVectors>
inline void held_products(const float* x, std::size_t x_stride, const float* weight, std::size_t weight_stride,
                          const std::int32_t* from, const std::uint8_t* to, int pairs, float* tile,
                          std::size_t tile_stride) {
  typename F::Vector held[kChannels][kVectors];
#pragma GCC unroll 16
  for (int c = 0; c < kChannels; ++c) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const float* lanes = weight + c * weight_stride + v * F::kWidth;
      held[c][v] = F::load(lanes);
      __builtin_prefetch(lanes + kAhead * kChannels * weight_stride);
    }
  }
  constexpr int kPairs = kVectors < kSumsInTurn ? kSumsInTurn / kVectors : 1;
  int i = 0;
  for (; i + kPairs <= pairs; i += kPairs) {
    add_held<F, kPairs, kChannels, kVectors>(x, x_stride, held, from + i, to + i, tile, tile_stride);
  }
  for (; i < pairs; ++i) add_held<F, 1, kChannels, kVectors>(x, x_stride, held, from + i, to + i, tile, tile_stride);
}

/// held_products of the last `channels` channels, of which there are at most kMost.
template <typename F, int kMost, int kVectors>
inline void last_products(int channels, const float* x, std::size_t x_stride, const float* weight,
                          std::size_t weight_stride, const std::int32_t* from, const std::uint8_t* to, int pairs,
                          float* tile, std::size_t tile_stride) {
  if constexpr (kMost > 0) {
    if (channels == kMost) {
      held_products<F, kMost, kVectors>(x, x_stride, weight, weight_stride, from, to, pairs, tile, tile_stride);
    } else {
      last_products<F, kMost - 1, kVectors>(channels, x, x_stride, weight, weight_stride, from, to, pairs, tile,
                                            tile_stride);
    }
  }
}

inline void add_products(const float* x, std::size_t x_stride, int channels, const float* weight,
                         std::size_t weight_stride, int lanes, const std::int32_t* from, const std::uint8_t* to,
                         int pairs, float* tile, std::size_t tile_stride) {
  for_lanes(lanes, [&](auto floats, auto vectors, int lane) {
    using F = decltype(floats);
    constexpr int kVectors = decltype(vectors)::value;
    constexpr int kChannels = kHeldWeights / kVectors;
    const float* rows = weight + lane;
    int c = 0;
    for (; c + kChannels <= channels; c += kChannels, rows += kChannels * weight_stride) {
      held_products<F, kChannels, kVectors>(x + c, x_stride, rows, weight_stride, from, to, pairs, tile + lane,
                                            tile_stride);
    }
    last_products<F, kChannels - 1, kVectors>(channels - c, x + c, x_stride, rows, weight_stride, from, to, pairs,
                                              tile + lane, tile_stride);
  });
}
