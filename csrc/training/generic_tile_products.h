// The products of convolutions by tiles. Included after generic_tile_numbers.h, into the same namespace.

/// The sums of up to two tiles of rows and two of lanes, into kGathered rows of 2 * kTileLanes.
template <int kRows, int kLanes>
inline void product_panel(Tiles& tiles, const std::uint16_t* rows, const TileDepth& depth, const std::uint16_t* weight,
                          float* out) {
  constexpr std::size_t kLine = 2 * kTileDepth;
  constexpr std::size_t kOut = 2 * kTileLanes * sizeof(float);
  const int x_steps = depth.x_steps();
  const int weight_steps = depth.weight_steps();
  const std::size_t stride = static_cast<std::size_t>(x_steps) * kLine;
  const std::uint16_t* below = rows + static_cast<std::size_t>(kTileLanes * x_steps) * kTileDepth;
  const std::uint16_t* beside = weight + static_cast<std::size_t>(weight_steps) * kTileNumbers;
  tiles.template zero<0>();
  if constexpr (kLanes > 1) tiles.template zero<1>();
  if constexpr (kRows > 1) tiles.template zero<2>();
  if constexpr (kRows > 1 && kLanes > 1) tiles.template zero<3>();
  for (int step = 0, a = 0, b = 0; step < depth.steps(); ++step) {
    tiles.template load<4>(rows + a * kTileDepth, stride);
    tiles.template load<6>(weight + b * kTileNumbers, kLine);
    tiles.template multiply<0, 4, 6>();
    if constexpr (kLanes > 1) {
      tiles.template load<7>(beside + b * kTileNumbers, kLine);
      tiles.template multiply<1, 4, 7>();
    }
    if constexpr (kRows > 1) {
      tiles.template load<5>(below + a * kTileDepth, stride);
      tiles.template multiply<2, 5, 6>();
    }
    if constexpr (kRows > 1 && kLanes > 1) tiles.template multiply<3, 5, 7>();
    a = a + 1 == x_steps ? 0 : a + 1;
    b = b + 1 == weight_steps ? 0 : b + 1;
  }
  float* out_below = out + 2 * kTileLanes * kTileLanes;
  tiles.template store<0>(out, kOut);
  if constexpr (kLanes > 1) tiles.template store<1>(out + kTileLanes, kOut);
  if constexpr (kRows > 1) tiles.template store<2>(out_below, kOut);
  if constexpr (kRows > 1 && kLanes > 1) tiles.template store<3>(out_below + kTileLanes, kOut);
}

/// kLanes tiles of lanes of up to kGathered pairs.
template <int kLanes>
inline void add_lanes(Tiles& tiles, const std::uint16_t* rows, const TileDepth& depth, const std::uint16_t* weight,
                      const std::uint8_t* to, int pairs, float* sums, std::size_t sum_stride) {
  alignas(64) float out[kGathered * 2 * kTileLanes];
  if (pairs > kTileLanes) {
    product_panel<2, kLanes>(tiles, rows, depth, weight, out);
  } else {
    product_panel<1, kLanes>(tiles, rows, depth, weight, out);
  }
  for (int i = 0; i < pairs; ++i) {
    float* sum = sums + to[i] * sum_stride;
#pragma GCC unroll 1  // GCC makes vectors of a loop, not of the sixteen lines that it would make of it
    for (int lane = 0; lane < kLanes * kTileLanes; ++lane) sum[lane] += out[i * 2 * kTileLanes + lane];
  }
}

inline void add_term(Tiles& tiles, const TileTerm& term, std::size_t x_stride, std::uint16_t* gathered, float* sums,
                     std::size_t sum_stride) {
  const std::size_t width = static_cast<std::size_t>(term.depth.x_steps()) * kTileDepth;
  const std::size_t tile_size = static_cast<std::size_t>(term.depth.weight_steps()) * kTileNumbers;
  for (int first = 0; first < term.pairs; first += kGathered) {
    const int pairs = term.pairs - first < kGathered ? term.pairs - first : kGathered;
    for (int i = 0; i < pairs; ++i) {
      const std::uint16_t* row = term.x + static_cast<std::size_t>(term.from[first + i]) * x_stride;
      std::uint16_t* line = gathered + static_cast<std::size_t>(i) * width;
      for (std::size_t c = 0; c < width; c += kTileDepth) memcpy(line + c, row + c, sizeof *row * kTileDepth);
    }
    // The rest of a tile is multiplied, but not read.
    const int filled = (pairs + kTileLanes - 1) / kTileLanes * kTileLanes;
    memset(gathered + static_cast<std::size_t>(pairs) * width, 0,
           sizeof *gathered * static_cast<std::size_t>(filled - pairs) * width);
    const std::uint8_t* to = term.to + first;
    int tile = 0;
    for (; tile + 2 <= term.lane_tiles; tile += 2) {
      add_lanes<2>(tiles, gathered, term.depth, term.weight + static_cast<std::size_t>(tile) * tile_size, to, pairs,
                   sums + tile * kTileLanes, sum_stride);
    }
    if (tile < term.lane_tiles) {
      add_lanes<1>(tiles, gathered, term.depth, term.weight + static_cast<std::size_t>(tile) * tile_size, to, pairs,
                   sums + tile * kTileLanes, sum_stride);
    }
  }
}

inline void add_products(const TileTerm* terms, std::size_t count, std::size_t x_stride, std::uint16_t* gathered,
                         float* sums, std::size_t sum_stride) {
  Tiles tiles;
  for (std::size_t i = 0; i < count; ++i) {
    add_term(tiles, terms[i], x_stride, gathered, sums + terms[i].first_lane, sum_stride);
  }
}
