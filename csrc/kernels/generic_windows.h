// Binary submanifold convolution on levels without lists (avx512_lists.h). After generic_bits.h; see there. Takes
//
//   Unit            sums of popcounts of one unit of 32-bit lanes over a window
//   fill_masks32    masks of 32 bits for each cell of a block

/// For rows of one word of 32 bits and one unit of lanes. masks: a word for each cell of the block, all ones where
/// occupied.
inline void sum_window(const BitConv& conv, const ChannelGroup& group, const BrickView& brick,
                       const std::uint8_t* block, const std::uint8_t* masks, float* tile, std::size_t stride) {
  constexpr std::ptrdiff_t kWordBytes = 4;
  const Unit::Lanes weight = Unit::load_window(group.weight);
  const std::uint32_t* present = brick.window(group.window);
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - group.shift_cell;
    const std::uint8_t* row = block + centre * kWordBytes;
    const std::uint8_t* mask = masks + centre * kWordBytes;
    Unit sum;
#pragma GCC unroll 27
    for (int k = 0; k < 27; ++k) {
      sum.add(row + kWindow.step[k] * kWordBytes, mask + kWindow.step[k] * kWordBytes, weight, k);
    }
    const int terms = conv.in_channels * __builtin_popcount(present[site]);
    sum.store(terms, conv.scale + group.first, tile + static_cast<std::size_t>(site) * stride + group.first);
  }
}

inline bool is_one_unit(const BitConv& conv) {
  return conv.words == 1 && conv.word_bits == 32 &&
         std::all_of(conv.groups.begin(), conv.groups.end(),
                     [](const ChannelGroup& group) { return group.units == 1; });
}

inline void bit_submanifold(const BitConv& conv, const BrickView& brick, const std::uint8_t* bits, std::uint8_t* block,
                            float* tile, std::size_t stride) {
  fill_block(brick, bits, conv.row_bytes, block);
  std::uint8_t* masks = masks_of(conv, block);
  if (goes_by_triples(conv)) return sum_all_triples(conv, brick, block, masks, tile, stride);
  if (!is_one_unit(conv)) return sum_all_present(conv, brick, block, tile, stride);
  fill_masks32(brick.occupancy, masks);
  for (const ChannelGroup& group : conv.groups) sum_window(conv, group, brick, block, masks, tile, stride);
}
