// Kernels written once over the vectors of a CPU level: binary convolutions.
//
// The generic_*.h files are included by each level's file in a namespace of its own, inside a region compiled for that
// level, after it has defined what they use: hence no include guards, and no includes here (those of the level's file
// come before the region). This one takes
//
//   BitSum<kWordBits, kUnits>   sums of popcounts of kUnits units of lanes
//   TripleSum<kUnits>              the same of lanes that hold a triple of cells along x
//   window_slice, fill_masks16  bits of a 3x3 part of a slice; masks of 16 bits for each cell of a block
//   kMaxUnits                   units that fit the level's registers

/// Words of each row into cells of the block.
template <std::size_t kRowBytes>
void scatter_rows(const BrickView& brick, const std::uint8_t* bits, std::uint8_t* block) {
  for (std::size_t i = 0; i < brick.halo; ++i) {
    std::memcpy(block + brick.halo_cell[i] * kRowBytes, bits + brick.halo_row[i] * kRowBytes, kRowBytes);
  }
}

inline void fill_block(const BrickView& brick, const std::uint8_t* bits, std::size_t row_bytes, std::uint8_t* block) {
  switch (row_bytes) {
    case 2:
      return scatter_rows<2>(brick, bits, block);
    case 4:
      return scatter_rows<4>(brick, bits, block);
    case 6:
      return scatter_rows<6>(brick, bits, block);
    case 8:
      return scatter_rows<8>(brick, bits, block);
    case 12:
      return scatter_rows<12>(brick, bits, block);
    case 16:
      return scatter_rows<16>(brick, bits, block);
    default:
      for (std::size_t i = 0; i < brick.halo; ++i) {
        std::memcpy(block + brick.halo_cell[i] * row_bytes, bits + brick.halo_row[i] * row_bytes, row_bytes);
      }
  }
}

/// Steps in the block from the centre of a 3x3x3 window to its cells, x fastest.
struct WindowSteps {
  int step[27];
  constexpr WindowSteps() : step() {
    for (int k = 0; k < 27; ++k) step[k] = (k % 3 - 1) + 8 * (k / 3 % 3 - 1) + 64 * (k / 9 - 1);
  }
};
constexpr WindowSteps kWindow;

/// Which cells of the 3x3x3 window around a cell of the block are occupied, x fastest.
inline std::uint32_t window_mask(const std::uint64_t* occupancy, int centre) {
  const std::uint64_t* slice = occupancy + (centre >> 6) - 1;
  const int corner = (centre & 63) - 9;
  return window_slice(slice[0] >> corner) | window_slice(slice[1] >> corner) << 9 |
         window_slice(slice[2] >> corner) << 18;
}

inline void find_windows(const std::uint64_t* occupancy, const std::uint16_t* cells, int sites, int shift_cell,
                         std::uint32_t* present) {
  for (int site = 0; site < sites; ++site) present[site] = window_mask(occupancy, cells[site] - shift_cell);
}

/// Sums over the present neighbours, one after the other. kWords: words of a row; 0: as many as the convolution says.
template <int kWordBits, int kUnits, int kWords>
void sum_present(const BitConv& conv, const ChannelGroup& group, int unit, const BrickView& brick,
                 const std::uint8_t* block, float* tile, std::size_t stride) {
  constexpr std::size_t kWordBytes = kWordBits / 8;
  const int words = kWords > 0 ? kWords : conv.words;
  const std::size_t row_bytes = kWords > 0 ? kWords * kWordBytes : conv.row_bytes;
  const std::size_t lane_bytes = static_cast<std::size_t>(group.units) * kUnitBytes;
  const std::size_t cell_bytes = lane_bytes * static_cast<std::size_t>(words);
  const std::uint8_t* weight = group.weight + static_cast<std::size_t>(unit) * kUnitBytes;
  const int channel = group.first + unit * (kUnitBytes / static_cast<int>(kWordBytes));
  const std::uint32_t* masks = brick.window(group.window);
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - group.shift_cell;
    const std::uint8_t* centre_row = block + static_cast<std::size_t>(centre) * row_bytes;
    const std::uint32_t present = masks[site];
    BitSum<kWordBits, kUnits> sum;
    for (std::uint32_t left = present; left != 0; left &= left - 1) {
      const auto k = static_cast<unsigned>(__builtin_ctz(left));
      const std::uint8_t* row = centre_row + kWindow.step[k] * static_cast<std::ptrdiff_t>(row_bytes);
      const std::uint8_t* lanes = weight + k * cell_bytes;
      for (int word = 0; word < words; ++word, row += kWordBytes, lanes += lane_bytes) sum.add(row, lanes);
    }
    const int terms = conv.in_channels * __builtin_popcount(present);
    sum.store(terms, conv.scale + channel, tile + static_cast<std::size_t>(site) * stride + channel);
  }
}

// Narrow groups would wait longer for the mispredicted end of a loop over present neighbours than it takes to look at
// all cells. They do that without a branch, with absent cells masked out.

/// For rows of one word of 16 bits: three cells along x are 48 consecutive bits of the block and lie in one lane of 64.
/// The lane's last word is the cell beyond, which is left out of the sum.
template <int kUnits>
void sum_triples(const BitConv& conv, const ChannelGroup& group, int first, const BrickView& brick,
                 const std::uint8_t* block, const std::uint8_t* masks, float* tile, std::size_t stride) {
  constexpr std::ptrdiff_t kWordBytes = 2;
  const int triple_bytes = (group.channels + kTripleChannels - 1) / kTripleChannels * kUnitBytes;
  const std::uint8_t* weight = group.triple_weight + first / kTripleChannels * kUnitBytes;
  const int channel = group.first + first;
  const std::uint32_t* present = brick.window(group.window);
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - group.shift_cell;
    const std::uint8_t* row = block + (centre - 1) * kWordBytes;
    const std::uint8_t* mask = masks + (centre - 1) * kWordBytes;
    TripleSum<kUnits> sum;
#pragma GCC unroll 9
    for (int triple = 0; triple < 9; ++triple) {
      const std::ptrdiff_t step = (8 * (triple % 3 - 1) + 64 * (triple / 3 - 1)) * kWordBytes;
      sum.add(row + step, mask + step, weight + triple * triple_bytes);
    }
    const int terms = conv.in_channels * __builtin_popcount(present[site]);
    sum.store(terms, conv.scale + channel, tile + static_cast<std::size_t>(site) * stride + channel);
  }
}

/// All groups of a convolution by triples; the block is filled, masks are scratch.
inline void sum_all_triples(const BitConv& conv, const BrickView& brick, const std::uint8_t* block, std::uint8_t* masks,
                            float* tile, std::size_t stride) {
  fill_masks16(brick.occupancy, masks);
  for (const ChannelGroup& group : conv.groups) {
    int first = 0;
    for (; first + kTripleChannels < group.channels; first += 2 * kTripleChannels) {
      sum_triples<2>(conv, group, first, brick, block, masks, tile, stride);
    }
    for (; first < group.channels; first += kTripleChannels) {
      sum_triples<1>(conv, group, first, brick, block, masks, tile, stride);
    }
  }
}

template <int kWordBits, int kUnits>
void submanifold_units(const BitConv& conv, const ChannelGroup& group, int unit, const BrickView& brick,
                       const std::uint8_t* block, float* tile, std::size_t stride) {
  switch (conv.words) {
    case 1:
      return sum_present<kWordBits, kUnits, 1>(conv, group, unit, brick, block, tile, stride);
    case 2:
      return sum_present<kWordBits, kUnits, 2>(conv, group, unit, brick, block, tile, stride);
    case 3:
      return sum_present<kWordBits, kUnits, 3>(conv, group, unit, brick, block, tile, stride);
    default:
      return sum_present<kWordBits, kUnits, 0>(conv, group, unit, brick, block, tile, stride);
  }
}

template <int kWordBits, int kUnits>
void row_units(const BitConv& conv, const ChannelGroup& group, int unit, const std::uint8_t* bits,
               const std::uint32_t* source, const std::uint8_t* cells, int rows, float* tile, std::size_t stride) {
  constexpr std::size_t kWordBytes = kWordBits / 8;
  const std::size_t lane_bytes = static_cast<std::size_t>(group.units) * kUnitBytes;
  const std::size_t cell_bytes = lane_bytes * static_cast<std::size_t>(conv.words);
  const std::uint8_t* weight = group.weight + static_cast<std::size_t>(unit) * kUnitBytes;
  const int channel = group.first + unit * (kUnitBytes / static_cast<int>(kWordBytes));
  for (int row = 0; row < rows; ++row) {
    const std::uint8_t* words = bits + source[row] * conv.row_bytes;
    BitSum<kWordBits, kUnits> sum;
    for (unsigned left = cells[row]; left != 0; left &= left - 1) {
      const std::uint8_t* lanes = weight + static_cast<std::size_t>(__builtin_ctz(left)) * cell_bytes;
      for (int word = 0; word < conv.words; ++word, words += kWordBytes, lanes += lane_bytes) sum.add(words, lanes);
    }
    const int terms = conv.in_channels * __builtin_popcount(cells[row]);
    sum.store(terms, conv.scale + channel, tile + static_cast<std::size_t>(row) * stride + channel);
  }
}

using SubmanifoldUnits = void (*)(const BitConv&, const ChannelGroup&, int, const BrickView&, const std::uint8_t*,
                                  float*, std::size_t);
using RowUnits = void (*)(const BitConv&, const ChannelGroup&, int, const std::uint8_t*, const std::uint32_t*,
                          const std::uint8_t*, int, float*, std::size_t);

template <int kWordBits, int... kIndex>
constexpr std::array<SubmanifoldUnits, kMaxUnits> submanifold_table(std::integer_sequence<int, kIndex...>) {
  return {submanifold_units<kWordBits, kIndex + 1>...};
}
template <int kWordBits, int... kIndex>
constexpr std::array<RowUnits, kMaxUnits> row_table(std::integer_sequence<int, kIndex...>) {
  return {row_units<kWordBits, kIndex + 1>...};
}

using AllUnits = std::make_integer_sequence<int, kMaxUnits>;

// More output channels than this share a neighbour's word well enough to skip absent ones instead.
constexpr int kTripleChannelsAtMost = 8;

/// Whether a convolution goes by triples.
inline bool goes_by_triples(const BitConv& conv) {
  const ChannelGroup& first = conv.groups.front();
  return first.triple_weight != nullptr && first.channels <= kTripleChannelsAtMost;
}

/// Scratch for masks behind the block's rows.
inline std::uint8_t* masks_of(const BitConv& conv, std::uint8_t* block) {
  return block + kBlockCells * conv.row_bytes + kBlockSlack;
}

/// All groups of a convolution over present neighbours; the block is filled.
inline void sum_all_present(const BitConv& conv, const BrickView& brick, const std::uint8_t* block, float* tile,
                            std::size_t stride) {
  static constexpr auto k16 = submanifold_table<16>(AllUnits{});
  static constexpr auto k32 = submanifold_table<32>(AllUnits{});
  for (const ChannelGroup& group : conv.groups) {
    for (int unit = 0; unit < group.units; unit += kMaxUnits) {
      const auto index = static_cast<std::size_t>(std::min(group.units - unit, kMaxUnits) - 1);
      (conv.word_bits == 16 ? k16 : k32)[index](conv, group, unit, brick, block, tile, stride);
    }
  }
}

inline void bit_rows(const BitConv& conv, const std::uint8_t* bits, const std::uint32_t* source,
                     const std::uint8_t* cells, int rows, float* tile, std::size_t stride) {
  static constexpr auto k16 = row_table<16>(AllUnits{});
  static constexpr auto k32 = row_table<32>(AllUnits{});
  for (const ChannelGroup& group : conv.groups) {
    for (int unit = 0; unit < group.units; unit += kMaxUnits) {
      const auto index = static_cast<std::size_t>(std::min(group.units - unit, kMaxUnits) - 1);
      (conv.word_bits == 16 ? k16 : k32)[index](conv, group, unit, bits, source, cells, rows, tile, stride);
    }
  }
}
