// Binary submanifold convolution of narrow groups by lists of neighbours, for AVX-512. Included by avx512.cpp inside
// its namespace and region, after generic_bits.h: hence no include guard.
//
// A loop over one site's neighbours ends after a number of turns that no CPU can foresee, and a wrong guess costs as
// much as several neighbours. So one loop goes over the neighbours of many sites and ends but once: the sums run on,
// and a site's own is the difference between what they were behind it and before it. They are put down after every step
// of a few neighbours, each time over the site's earlier ones; a site's last step is filled up with neighbours that
// count nothing, a row and weights of zeros.

// Widest groups and rows that go by lists: a neighbour of wider ones takes longer than a wrong guess. The offsets of
// their weights fit 16 bits.
constexpr int kListUnits = 4;
constexpr int kListWords = 16;

/// Neighbours of a step: filling up costs the more the more words a row has, putting sums down the more the fewer.
constexpr int list_step(int words) { return words == 1 ? 4 : words == 2 || words == 3 ? 3 : 1; }

/// What is added to the place of a site: byte offsets of the window's cells in the block, and of their weights.
struct WindowOffsets {
  __m512i rows, weights;
  __m512i no_row, no_weight;

  WindowOffsets(int row_bytes, int cell_bytes) {
    alignas(64) std::int16_t row[32] = {};
    alignas(64) std::uint16_t weight[32] = {};
    for (int k = 0; k < 27; ++k) {
      row[k] = static_cast<std::int16_t>(kWindow.step[k] * row_bytes);
      weight[k] = static_cast<std::uint16_t>(k * cell_bytes);
    }
    rows = _mm512_load_si512(row);
    weights = _mm512_load_si512(weight);
    no_row = _mm512_set1_epi16(static_cast<short>(kBlockCells * row_bytes));
    no_weight = _mm512_set1_epi16(static_cast<short>(27 * cell_bytes));
  }
};

/// Present neighbours of some sites: where in the block each one's row begins, and where its cell's weights.
template <int kStep>
struct NeighbourList {
  static constexpr int kSites = 16;
  static constexpr int kMostSteps = (27 + kStep - 1) / kStep;
  std::uint16_t row[kMostSteps * kStep * kSites + 32];
  std::uint16_t weight[kMostSteps * kStep * kSites + 32];
  std::uint8_t state[kMostSteps * kSites + 32];  ///< where the sums behind each step are put down
  std::size_t steps = 0;

  /// cells, present: of each site.
  void fill(const std::uint16_t* cells, const std::uint32_t* present, int sites, int shift_cell, int row_bytes,
            const WindowOffsets& offsets) {
    std::size_t step = 0;
    for (int i = 0; i < sites; ++i) {
      const int centre = (cells[i] - shift_cell) * row_bytes;
      const __m512i rows = _mm512_add_epi16(offsets.rows, _mm512_set1_epi16(static_cast<short>(centre)));
      _mm512_storeu_si512(row + step * kStep, _mm512_mask_compress_epi16(offsets.no_row, present[i], rows));
      _mm512_storeu_si512(weight + step * kStep,
                          _mm512_mask_compress_epi16(offsets.no_weight, present[i], offsets.weights));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(state + step), _mm256_set1_epi8(static_cast<char>(i + 1)));
      // A site without neighbours needs a state too.
      step += static_cast<std::size_t>(std::max(1, __builtin_popcount(present[i])) + kStep - 1) / kStep;
    }
    steps = step;
  }
};

/// Sums of a group of kUnits units. kWords: words of a row; 0: as many as the convolution says.
template <int kWordBits, int kUnits, int kWords>
void sum_list(const BitConv& conv, const ChannelGroup& group, const BrickView& brick, const std::uint8_t* block,
              float* tile, std::size_t stride) {
  constexpr int kStep = list_step(kWords);
  using List = NeighbourList<kStep>;
  constexpr int kWordBytes = kWordBits / 8;
  constexpr int kStateBytes = kUnits * kUnitBytes;
  const int words = kWords > 0 ? kWords : conv.words;
  const auto row_bytes = static_cast<int>(conv.row_bytes);
  const WindowOffsets offsets(row_bytes, words * kStateBytes);
  const std::uint32_t* present = brick.window(group.window);
  // Copies: for all the compiler knows, states that are put down could change what lies in memory.
  const std::uint8_t* const weight = group.weight;
  const std::uint16_t* const cells = brick.cells;
  const float* const scale = conv.scale + group.first;
  float* out = tile + group.first;
  const int in_channels = conv.in_channels;
  List list;
  alignas(64) std::uint8_t states[(List::kSites + 1) * kStateBytes];
  for (int first = 0; first < brick.sites; first += List::kSites) {
    const int sites = std::min(List::kSites, brick.sites - first);
    list.fill(cells + first, present + first, sites, group.shift_cell, row_bytes, offsets);
    BitSum<kWordBits, kUnits> sum;
    sum.put(states);
    const std::uint16_t* rows = list.row;
    const std::uint16_t* weights = list.weight;
    for (std::size_t step = 0; step < list.steps; ++step, rows += kStep, weights += kStep) {
#pragma GCC unroll 4
      for (int i = 0; i < kStep; ++i) {
        const std::uint8_t* row = block + std::size_t{rows[i]};
        const std::uint8_t* lanes = weight + std::size_t{weights[i]};
        for (int word = 0; word < words; ++word) sum.add(row + word * kWordBytes, lanes + word * kStateBytes);
      }
      sum.put(states + std::size_t{list.state[step]} * kStateBytes);
    }
    for (int i = 0; i < sites; ++i, out += stride) {
      const int terms = in_channels * __builtin_popcount(present[first + i]);
      BitSum<kWordBits, kUnits>::between(states + i * kStateBytes, states + (i + 1) * kStateBytes)
          .store(terms, scale, out);
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
    case 4:
      return sum_list<kWordBits, kUnits, 4>;
    default:
      return sum_list<kWordBits, kUnits, 0>;
  }
}

inline bool goes_by_lists(const BitConv& conv) {
  return conv.words <= kListWords && std::all_of(conv.groups.begin(), conv.groups.end(),
                                                 [](const ChannelGroup& group) { return group.units <= kListUnits; });
}

inline void sum_all_lists(const BitConv& conv, const BrickView& brick, std::uint8_t* block, float* tile,
                          std::size_t stride) {
  constexpr SumListOf kByUnits[2][kListUnits] = {
      {list_of_words<16, 1>, list_of_words<16, 2>, list_of_words<16, 3>, list_of_words<16, 4>},
      {list_of_words<32, 1>, list_of_words<32, 2>, list_of_words<32, 3>, list_of_words<32, 4>}};
  std::memset(block + kBlockCells * conv.row_bytes, 0, conv.row_bytes);  // the row that counts nothing
  for (const ChannelGroup& group : conv.groups) {
    kByUnits[conv.word_bits / 32][group.units - 1](conv.words)(conv, group, brick, block, tile, stride);
  }
}

inline void bit_submanifold(const BitConv& conv, const BrickView& brick, const std::uint8_t* bits, std::uint8_t* block,
                            float* tile, std::size_t stride) {
  fill_block(brick, bits, conv.row_bytes, block);
  if (goes_by_triples(conv)) return sum_all_triples(conv, brick, block, masks_of(conv, block), tile, stride);
  if (goes_by_lists(conv)) return sum_all_lists(conv, brick, block, tile, stride);
  sum_all_present(conv, brick, block, tile, stride);
}
