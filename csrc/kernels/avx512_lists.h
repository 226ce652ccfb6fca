// Binary submanifold convolution of narrow groups by lists of neighbours, for AVX-512. Included
// by avx512.cpp inside its namespace and region, after generic_bits.h: hence no include guard.

// Widest groups and rows that go by lists.
constexpr int kListUnits = 4;
constexpr int kListWords = 16;

/// Present neighbours of some sites as one list: where in the block each one's row begins, and where its cell's
/// weights.
struct NeighbourList {
  static constexpr int kSites = 16;
  static constexpr int kMost = 27 * kSites;
  std::uint16_t row[kMost + 32];
  std::uint16_t weight[kMost + 32];
  int end[kSites];  ///< behind each site's neighbours

  /// steps: of the block's cells from the centre to the window's, times row_bytes.
  void fill(const BrickView& brick, int first, int sites, int shift_cell, int row_bytes, __m512i steps,
            __m512i weights);
};

inline void NeighbourList::fill(const BrickView& brick, int first, int sites, int shift_cell, int row_bytes,
                                __m512i steps, __m512i weights) {
  int count = 0;
  for (int site = 0; site < sites; ++site) {
    const int centre = brick.cells[first + site] - shift_cell;
    const std::uint32_t present = window_mask(brick.occupancy, centre);
    const __m512i rows = _mm512_add_epi16(steps, _mm512_set1_epi16(static_cast<short>(centre * row_bytes)));
    _mm512_storeu_si512(row + count, _mm512_maskz_compress_epi16(present, rows));
    _mm512_storeu_si512(weight + count, _mm512_maskz_compress_epi16(present, weights));
    count += __builtin_popcount(present);
    end[site] = count;
  }
}

/// Sums over the present neighbours of many sites in one loop, which ends but once: the sums run on, and each site's
/// own is the difference between what they were behind it and before it.
template <int kWordBits, int kUnits, int kWords>
void sum_list(const BitConv& conv, const ChannelGroup& group, const BrickView& brick, const std::uint8_t* block,
              float* tile, std::size_t stride) {
  constexpr int kWordBytes = kWordBits / 8;
  constexpr int kLaneBytes = kUnits * kUnitBytes;
  const int words = kWords > 0 ? kWords : conv.words;
  const auto row_bytes = static_cast<int>(conv.row_bytes);
  alignas(64) std::int16_t steps[32] = {};
  alignas(64) std::uint16_t weights[32] = {};
  for (int k = 0; k < 27; ++k) {
    steps[k] = static_cast<std::int16_t>(kWindow.step[k] * row_bytes);
    weights[k] = static_cast<std::uint16_t>(k * words * kLaneBytes);
  }
  const __m512i step_vector = _mm512_load_si512(steps);
  const __m512i weight_vector = _mm512_load_si512(weights);
  NeighbourList list;
  alignas(64) std::uint8_t states[(NeighbourList::kMost + 1) * kLaneBytes];
  for (int first = 0; first < brick.sites; first += NeighbourList::kSites) {
    const int sites = std::min(NeighbourList::kSites, brick.sites - first);
    list.fill(brick, first, sites, group.shift_cell, row_bytes, step_vector, weight_vector);
    BitSum<kWordBits, kUnits> sum;
    std::uint8_t* state = states;
    sum.put(state);
    for (int i = 0; i < list.end[sites - 1]; ++i) {
      const std::uint8_t* row = block + list.row[i];
      const std::uint8_t* lanes = group.weight + list.weight[i];
      for (int word = 0; word < words; ++word) sum.add(row + word * kWordBytes, lanes + word * kLaneBytes);
      state += kLaneBytes;
      sum.put(state);
    }
    int before = 0;
    for (int site = 0; site < sites; ++site) {
      const int after = list.end[site];
      const int terms = conv.in_channels * (after - before);
      BitSum<kWordBits, kUnits>::between(states + before * kLaneBytes, states + after * kLaneBytes)
          .store(terms, conv.scale + group.first, tile + static_cast<std::size_t>(first + site) * stride + group.first);
      before = after;
    }
  }
}

using SumList = void (*)(const BitConv&, const ChannelGroup&, const BrickView&, const std::uint8_t*, float*,
                         std::size_t);

using SumListOf = SumList (*)(int words);

template <int kWordBits, int kUnits>
SumList list_of_words(int words) {
  switch (words) {
    case 1:
      return sum_list<kWordBits, kUnits, 1>;
    case 2:
      return sum_list<kWordBits, kUnits, 2>;
    case 3:
      return sum_list<kWordBits, kUnits, 3>;
    default:
      return sum_list<kWordBits, kUnits, 0>;
  }
}

/// Lists pay where a neighbour's work is short against a mispredicted branch; their offsets must fit 16 bits.
inline bool goes_by_lists(const BitConv& conv) {
  int widest = 0;
  for (const ChannelGroup& group : conv.groups) widest = std::max(widest, group.units);
  return widest <= (conv.words == 1 ? kListUnits - 1 : kListUnits) && conv.words <= kListWords;
}

inline void sum_all_lists(const BitConv& conv, const BrickView& brick, const std::uint8_t* block, float* tile,
                          std::size_t stride) {
  constexpr SumListOf kByUnits[2][kListUnits] = {
      {list_of_words<16, 1>, list_of_words<16, 2>, list_of_words<16, 3>, list_of_words<16, 4>},
      {list_of_words<32, 1>, list_of_words<32, 2>, list_of_words<32, 3>, list_of_words<32, 4>}};
  for (const ChannelGroup& group : conv.groups) {
    kByUnits[conv.word_bits / 32][group.units - 1](conv.words)(conv, group, brick, block, tile, stride);
  }
}

inline void bit_submanifold(const BitConv& conv, const BrickView& brick, const std::uint8_t* bits, std::uint8_t* block,
                            float* tile, std::size_t stride) {
  fill_block(brick, bits, conv.row_bytes, block);
  if (is_narrow_run(conv)) return sum_all_runs(conv, brick, block, masks_of(conv, block), tile, stride);
  if (goes_by_lists(conv)) return sum_all_lists(conv, brick, block, tile, stride);
  sum_all_present(conv, brick, block, tile, stride);
}
