// The gradient of a weight by tiles: sums over places of a block, of dy (one row of a tile a channel) times the signs
// that a cell leads to. Included after generic_tile_numbers.h, into the same namespace.

constexpr int kPlaceSteps = kBlockRows / kTileDepth;

/// Where the tile of a channel tile, a step of places and a part of dy begins.
inline std::size_t turned_tile(int channel_tile, int step, int part) {
  return static_cast<std::size_t>((channel_tile * kPlaceSteps + step) * kRealParts + part) * kTileNumbers;
}

/// A tile of pairs (2 places, 16 channels) as one of rows (1 channel, 32 places): pairs stay together. Each shuffle
/// moves the first bit of a pair's number to its end, so four of them change its halves, pair of places and channel.
inline void turn(const std::uint16_t* pairs, std::uint16_t* out) {
  constexpr int kHalf = kTileLanes * kTileLanes / 2;
  std::uint32_t from[2 * kHalf];
  std::uint32_t to[2 * kHalf];
  memcpy(from, pairs, sizeof from);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < kHalf; ++i) {
      to[2 * i] = from[i];
      to[2 * i + 1] = from[kHalf + i];
    }
    memcpy(from, to, sizeof from);
  }
  memcpy(out, from, sizeof from);
}

/// The parts of dy at the places of a block, channels as rows; zeros beyond the places and the channels.
inline void turn_gradient(const TileBlock& block, std::uint16_t* turned) {
  for (int tile = 0; tile < tiles_for(block.channels); ++tile) {
    const int first = tile * kTileLanes;
    for (int step = 0; step * kTileDepth < block.rows; ++step) {
      std::uint16_t pairs[kRealParts][kTileNumbers];
      for (int pair = 0; pair < kTileLanes; ++pair) {
        PartsLine rows[2];
        for (int side = 0; side < 2; ++side) {
          const int place = step * kTileDepth + 2 * pair + side;
          float line[kTileLanes] = {};
          if (place < block.rows) {
            const std::size_t row = static_cast<std::size_t>(block.order[place]);
            take_line(block.dy + row * block.dy_stride + first, block.channels - first, line);
          }
          rows[side] = split_line(line);
        }
        for (int part = 0; part < kRealParts; ++part) {
          interleave(rows[0].part[part], rows[1].part[part], pairs[part] + pair * kTileDepth);
        }
      }
      for (int part = 0; part < kRealParts; ++part) turn(pairs[part], turned + turned_tile(tile, step, part));
    }
  }
}

/// The rows of x that a cell leads to from the places of a block, as pairs of places; zeros where it leads nowhere.
/// Returns the steps of places from which it leads somewhere, as bits.
inline unsigned pair_signs(const TileBlock& block, const TileCell& cell, std::uint16_t* paired) {
  static constexpr std::uint16_t kNothing[kTileLanes] = {};
  std::int32_t row_of[kBlockRows];
  for (int i = 0; i < kBlockRows; ++i) row_of[i] = -1;
  unsigned steps = 0;
  for (int i = 0; i < cell.pairs; ++i) {
    row_of[cell.to[i]] = cell.from[i];
    steps |= 1u << cell.to[i] / kTileDepth;
  }
  for (int place = 0; place < kBlockRows; place += 2) {
    const int step = place / kTileDepth;
    if ((steps >> step & 1) == 0) continue;
    const std::uint16_t* rows[2];
    for (int side = 0; side < 2; ++side) {
      const std::int32_t row = row_of[place + side];
      rows[side] = row < 0 ? nullptr : block.x + static_cast<std::size_t>(row) * block.x_stride;
    }
    for (int tile = 0; tile < block.lane_tiles; ++tile) {
      std::uint16_t* to = paired + static_cast<std::size_t>(tile * kPlaceSteps + step) * kTileNumbers +
                          place % kTileDepth / 2 * kTileDepth;
      const int lane = tile * kTileLanes;
      interleave(rows[0] == nullptr ? kNothing : rows[0] + lane, rows[1] == nullptr ? kNothing : rows[1] + lane, to);
    }
  }
  return steps;
}

/// Up to two tiles of channels and two of lanes.
template <int kRows, int kLanes>
inline void outer_panel(Tiles& tiles, const std::uint16_t* turned, const std::uint16_t* paired, unsigned steps,
                        float* sums, std::size_t sum_stride) {
  constexpr std::size_t kLine = 2 * kTileDepth;
  const std::size_t bytes = sum_stride * sizeof(float);
  const std::uint16_t* turned_below = turned + turned_tile(1, 0, 0);
  const std::uint16_t* paired_beside = paired + static_cast<std::size_t>(kPlaceSteps) * kTileNumbers;
  float* below = sums + kTileLanes * sum_stride;
  tiles.template load<0>(sums, bytes);
  if constexpr (kLanes > 1) tiles.template load<1>(sums + kTileLanes, bytes);
  if constexpr (kRows > 1) tiles.template load<2>(below, bytes);
  if constexpr (kRows > 1 && kLanes > 1) tiles.template load<3>(below + kTileLanes, bytes);
  for (int step = 0; step < kPlaceSteps; ++step) {
    if ((steps >> step & 1) == 0) continue;
    tiles.template load<6>(paired + step * kTileNumbers, kLine);
    if constexpr (kLanes > 1) tiles.template load<7>(paired_beside + step * kTileNumbers, kLine);
    for (int part = 0; part < kRealParts; ++part) {
      tiles.template load<4>(turned + turned_tile(0, step, part), kLine);
      tiles.template multiply<0, 4, 6>();
      if constexpr (kLanes > 1) tiles.template multiply<1, 4, 7>();
      if constexpr (kRows > 1) {
        tiles.template load<5>(turned_below + turned_tile(0, step, part), kLine);
        tiles.template multiply<2, 5, 6>();
      }
      if constexpr (kRows > 1 && kLanes > 1) tiles.template multiply<3, 5, 7>();
    }
  }
  tiles.template store<0>(sums, bytes);
  if constexpr (kLanes > 1) tiles.template store<1>(sums + kTileLanes, bytes);
  if constexpr (kRows > 1) tiles.template store<2>(below, bytes);
  if constexpr (kRows > 1 && kLanes > 1) tiles.template store<3>(below + kTileLanes, bytes);
}

template <int kRows>
inline void outer_lanes(Tiles& tiles, const std::uint16_t* turned, const std::uint16_t* paired, unsigned steps,
                        int lane_tiles, float* sums) {
  const std::size_t stride = static_cast<std::size_t>(lane_tiles) * kTileLanes;
  int tile = 0;
  for (; tile + 2 <= lane_tiles; tile += 2, paired += 2 * kPlaceSteps * kTileNumbers) {
    outer_panel<kRows, 2>(tiles, turned, paired, steps, sums + tile * kTileLanes, stride);
  }
  if (tile < lane_tiles) outer_panel<kRows, 1>(tiles, turned, paired, steps, sums + tile * kTileLanes, stride);
}

inline void add_outer(const TileBlock& block, const TileCell* cells, std::size_t count, std::uint16_t* memory) {
  const int channel_tiles = tiles_for(block.channels);
  std::uint16_t* turned = memory;
  std::uint16_t* paired = memory + turned_tile(channel_tiles, 0, 0);
  turn_gradient(block, turned);
  Tiles tiles;
  for (std::size_t i = 0; i < count; ++i) {
    if (cells[i].pairs == 0) continue;
    const unsigned steps = pair_signs(block, cells[i], paired);
    const std::size_t sum_size = static_cast<std::size_t>(block.lane_tiles) * kTileLanes * kTileLanes;
    int tile = 0;
    for (; tile + 2 <= channel_tiles; tile += 2) {
      outer_lanes<2>(tiles, turned + turned_tile(tile, 0, 0), paired, steps, block.lane_tiles,
                     cells[i].sums + static_cast<std::size_t>(tile) * sum_size);
    }
    if (tile < channel_tiles) {
      outer_lanes<1>(tiles, turned + turned_tile(tile, 0, 0), paired, steps, block.lane_tiles,
                     cells[i].sums + static_cast<std::size_t>(tile) * sum_size);
    }
  }
}
