// Products with signs, written once for all levels. Included into a level's namespace after generic_binary.h; it has
// the vectors of floats and
//
//   FloatsOf<kLanes>  its widest vector of at most so many floats
//   kSignRows         rows of sums that its registers hold beside what else is needed
//   spread_bits(w)    bit i of the 16 lowest as bit 4 i

constexpr int kNibble = 4;

/// Floats of a table.
constexpr int table_size(int lanes) { return kSumsOfTable * lanes; }

/// The 16 sums of four rows of kVectors vectors.
template <typename F, int kVectors>
inline void fill_table(const float* const* row, float* table) {
  constexpr int kLanes = kVectors * F::kWidth;
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v, table += F::kWidth) {
    typename F::Vector low[kRowsOfTable], high[kRowsOfTable];
    for (int half = 0; half < 2; ++half) {
      const typename F::Vector a = F::load(row[2 * half] + v * F::kWidth);
      const typename F::Vector b = F::load(row[2 * half + 1] + v * F::kWidth);
      typename F::Vector* sums = half == 0 ? low : high;
      sums[0] = F::sub(F::sub(F::broadcast(0.0f), a), b);
      sums[1] = F::sub(a, b);
      sums[2] = F::sub(b, a);
      sums[3] = F::add(a, b);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kSumsOfTable; ++i) F::store(table + i * kLanes, F::add(low[i % 4], high[i / 4]));
  }
}

/// The sum in a table of kLanes lanes that the four bits of w from kBit on choose.
template <int kLanes, int kBit, typename Word>
inline const float* chosen(const float* table, Word w) {
  constexpr int kShift = kLanes == 16 ? 6 : kLanes == 8 ? 5 : kLanes == 4 ? 4 : 2;
  static_assert(sizeof(float) * kLanes == std::size_t{1} << kShift, "the shift is that from numbers to bytes");
  constexpr Word kMask = Word{kSumsOfTable - 1} << kShift;
  Word bytes;
  if constexpr (kBit <= kShift) {
    bytes = (w << (kShift - kBit)) & kMask;
  } else {
    bytes = (w >> (kBit - kShift)) & kMask;
  }
  return reinterpret_cast<const float*>(reinterpret_cast<const char*>(table) + bytes);
}

/// Adds for each of kPairs words the sums that its tables at kBit, kBit + 4, … below kEnd have.
template <typename F, int kVectors, int kPairs, int kBit, int kEnd>
inline void add_word(const std::uint32_t* word, const float* tables, typename F::Vector (*sum)[kVectors]) {
  constexpr int kLanes = kVectors * F::kWidth;
#pragma GCC unroll 16
  for (int p = 0; p < kPairs; ++p) {
    const float* found = chosen<kLanes, kBit>(tables, word[p]);
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[p][v] = F::add(sum[p][v], F::load(found + v * F::kWidth));
  }
  if constexpr (kBit + kNibble < kEnd) {
    add_word<F, kVectors, kPairs, kBit + kNibble, kEnd>(word, tables + table_size(kLanes), sum);
  }
}

/// kPairs pairs. The last word has kLastBytes bytes of channels, those before it are `whole` ones.
template <typename F, int kVectors, int kPairs, int kLastBytes>
[[gnu::always_inline]] inline void chosen_pairs(const std::int32_t* bits, std::size_t words, int whole,
                                                const float* tables, const std::int32_t* from, const std::uint8_t* to,
                                                float* tile) {
  constexpr int kLanes = kVectors * F::kWidth;
  typename F::Vector sum[kPairs][kVectors];
  const std::int32_t* row[kPairs];
  std::uint32_t word[kPairs];
#pragma GCC unroll 16
  for (int p = 0; p < kPairs; ++p) {
    row[p] = bits + static_cast<std::size_t>(from[p]) * words;
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) sum[p][v] = F::load(tile + to[p] * kLanes + v * F::kWidth);
  }
  for (int w = 0; w < whole; ++w, tables += 8 * table_size(kLanes)) {
#pragma GCC unroll 16
    for (int p = 0; p < kPairs; ++p) word[p] = static_cast<std::uint32_t>(row[p][w]);
    add_word<F, kVectors, kPairs, 0, 32>(word, tables, sum);
  }
#pragma GCC unroll 16
  for (int p = 0; p < kPairs; ++p) word[p] = static_cast<std::uint32_t>(row[p][whole]);
  add_word<F, kVectors, kPairs, 0, kLastBytes * kByteChannels>(word, tables, sum);
#pragma GCC unroll 16
  for (int p = 0; p < kPairs; ++p) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) F::store(tile + to[p] * kLanes + v * F::kWidth, sum[p][v]);
  }
}

template <typename F, int kVectors, int kLastBytes>
inline void chosen_list(const std::int32_t* bits, std::size_t words, int whole, const float* tables,
                        const std::int32_t* from, const std::uint8_t* to, int pairs, float* tile) {
  // The chains of additions of several pairs run side by side.
  constexpr int kPairs = kVectors <= 2 ? 4 : kVectors <= 4 ? 2 : 1;
  for (; pairs >= kPairs; pairs -= kPairs, from += kPairs, to += kPairs) {
    chosen_pairs<F, kVectors, kPairs, kLastBytes>(bits, words, whole, tables, from, to, tile);
  }
  for (; pairs > 0; --pairs, ++from, ++to) {
    chosen_pairs<F, kVectors, 1, kLastBytes>(bits, words, whole, tables, from, to, tile);
  }
}

/// Calls action(F, kVectors) for 16, 8 or 4 lanes.
template <typename Action>
inline void for_table_lanes(int lanes, const Action& action) {
  const auto call = [&](auto constant) {
    using F = FloatsOf<decltype(constant)::value>;
    action(F{}, std::integral_constant<int, decltype(constant)::value / F::kWidth>{});
  };
  if (lanes == 16) return call(std::integral_constant<int, 16>{});
  if (lanes == 8) return call(std::integral_constant<int, 8>{});
  call(std::integral_constant<int, 4>{});
}

inline void add_chosen(const std::int32_t* bits, std::size_t words, int channels, const float* tables, int lanes,
                       const std::int32_t* from, const std::uint8_t* to, int pairs, float* tile) {
  const int bytes = table_channels(channels) / kByteChannels;
  const int whole = (bytes - 1) / 4;
  for_table_lanes(lanes, [&](auto floats, auto vectors) {
    using F = decltype(floats);
    constexpr int kVectors = decltype(vectors)::value;
    switch (bytes - 4 * whole) {
      case 1:
        return chosen_list<F, kVectors, 1>(bits, words, whole, tables, from, to, pairs, tile);
      case 2:
        return chosen_list<F, kVectors, 2>(bits, words, whole, tables, from, to, pairs, tile);
      case 3:
        return chosen_list<F, kVectors, 3>(bits, words, whole, tables, from, to, pairs, tile);
      default:
        return chosen_list<F, kVectors, 4>(bits, words, whole, tables, from, to, pairs, tile);
    }
  });
}

constexpr float kNoRow[kSignLanes] = {};

inline void fill_tables(const float* weight, std::size_t weight_stride, int channels, int lanes, float* tables) {
  for_table_lanes(lanes, [&](auto floats, auto vectors) {
    for (int c = 0; c < table_channels(channels); c += kRowsOfTable, tables += table_size(lanes)) {
      const float* row[kRowsOfTable];
      for (int r = 0; r < kRowsOfTable; ++r) {
        row[r] = c + r < channels ? weight + static_cast<std::size_t>(c + r) * weight_stride : kNoRow;
      }
      fill_table<decltype(floats), decltype(vectors)::value>(row, tables);
    }
  });
}

/// Tables of four pairs each at a time: so many that they stay in the first cache.
constexpr int kQuads = 16;
/// Channels whose signs of four pairs fill a word.
constexpr int kQuadChannels = 16;

/// part[r] += what the bits of channel r choose from a table, for channels from kRow to kRows.
template <typename F, int kRows, int kRow>
inline void add_quad(std::uint64_t signs, const float* table, typename F::Vector* part) {
  part[kRow] = F::add(part[kRow], F::load(chosen<F::kWidth, kRow * kNibble>(table, signs)));
  if constexpr (kRow + 1 < kRows) add_quad<F, kRows, kRow + 1>(signs, table, part);
}

/// kRows rows of the sum, whose signs begin at a bit, kept in registers over the tables.
template <typename F, int kRows>
[[gnu::always_inline]] inline void signed_panels(const std::uint64_t* signs, int bit, int rows, const float* tables,
                                                 int quads, float* sum, std::size_t sum_stride) {
  for (; rows >= kRows; rows -= kRows, bit += kRows * kNibble, sum += kRows * sum_stride) {
    typename F::Vector part[kRows];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) part[r] = F::load(sum + static_cast<std::size_t>(r) * sum_stride);
    for (int quad = 0; quad < quads; ++quad) {
      add_quad<F, kRows, 0>(signs[quad] >> bit, tables + quad * table_size(F::kWidth), part);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) F::store(sum + static_cast<std::size_t>(r) * sum_stride, part[r]);
  }
  if constexpr (kRows > 1) {
    signed_panels<F, kRows / 2>(signs, bit, rows, tables, quads, sum, sum_stride);
  }
}

/// One vector of lanes. The last four pairs are filled up with rows of zeros.
template <typename F>
inline void signed_lanes(const std::int32_t* bits, int channels, const float* dy, std::size_t dy_stride,
                         const OuterPairs& pairs, float* sum, std::size_t sum_stride) {
  constexpr int kPairs = kQuads * kRowsOfTable;
  const std::size_t words = (static_cast<std::size_t>(channels) + 31) / 32;
  alignas(64) float tables[kQuads * table_size(F::kWidth)];
  for (int first = 0; first < pairs.count; first += kPairs) {
    const int left = pairs.count - first;
    const int quads = left < kPairs ? (left + kRowsOfTable - 1) / kRowsOfTable : kQuads;
    const std::int32_t* row[kPairs];
    for (int quad = 0; quad < quads; ++quad) {
      const float* values[kRowsOfTable];
#pragma GCC unroll 4
      for (int r = 0; r < kRowsOfTable; ++r) {
        const int i = quad * kRowsOfTable + r;
        const int pair = first + (i < left ? i : 0);
        row[i] = bits + static_cast<std::size_t>(pairs.from[pair]) * words;
        const float* value = dy + static_cast<std::size_t>(pairs.order[pairs.to[pair]]) * dy_stride;
        values[r] = i < left ? value : kNoRow;
      }
      fill_table<F, 1>(values, tables + quad * table_size(F::kWidth));
    }
    for (int c = 0; c < channels; c += kQuadChannels) {
      std::uint64_t signs[kQuads];
      for (int quad = 0; quad < quads; ++quad) {
        signs[quad] = 0;
        for (int r = 0; r < kRowsOfTable; ++r) {
          const auto word = static_cast<std::uint32_t>(row[quad * kRowsOfTable + r][c / 32]);
          signs[quad] |= spread_bits(word >> (c % 32) & 0xffff) << r;
        }
      }
      const int rows = channels - c < kQuadChannels ? channels - c : kQuadChannels;
      signed_panels<F, kSignRows>(signs, 0, rows, tables, quads, sum + static_cast<std::size_t>(c) * sum_stride,
                                  sum_stride);
    }
  }
}

inline void add_signed(const std::int32_t* bits, int channels, const float* dy, std::size_t dy_stride, int lanes,
                       const OuterPairs& pairs, bool fresh, float* sum, std::size_t sum_stride) {
  if (fresh) {
    float* row = sum;
    for (int r = 0; r < channels; ++r, row += sum_stride) {
      for (int lane = 0; lane < lanes; ++lane) row[lane] = 0.0f;
    }
  }
  const auto add = [&](auto floats, int lane) {
    signed_lanes<decltype(floats)>(bits, channels, dy + lane, dy_stride, pairs, sum + lane, sum_stride);
  };
  int lane = 0;
  for (; lane + 16 <= lanes; lane += FloatsOf<16>::kWidth) add(FloatsOf<16>{}, lane);
  for (; lane + 8 <= lanes; lane += FloatsOf<8>::kWidth) add(FloatsOf<8>{}, lane);
  for (; lane < lanes; lane += FloatsOf<4>::kWidth) add(FloatsOf<4>{}, lane);
}

constexpr SignKernels kSigns = {fill_tables, add_chosen, add_signed, pack_weight, add_differing, write_sums};
