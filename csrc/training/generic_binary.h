// Binary convolutions, written once for all levels. Included into a level's namespace, which has
//
//   Counts  a vector of 32-bit counts: kWidth, load, store, and add_differing, which adds for each lane the bits in
//           which a word differs from the lane's

/// Word of up to 32 channels of each of kLanes lanes; kLanes 0: as many as `lanes` says.
template <int kLanes>
inline void pack_word(const float* weight, std::size_t weight_stride, int channels, int lanes, std::uint32_t* words) {
  std::uint32_t packed[kSignLanes] = {};
  const int width = kLanes > 0 ? kLanes : lanes;
  for (int c = 0; c < channels; ++c, weight += weight_stride) {
    for (int lane = 0; lane < width; ++lane) packed[lane] |= (weight[lane] > 0.0f ? 1u : 0u) << c;
  }
  for (int lane = 0; lane < kSignLanes; ++lane) words[lane] = packed[lane];
}

inline void pack_weight(const float* weight, std::size_t weight_stride, int channels, int lanes, std::uint32_t* words) {
  for (; channels > 0; channels -= 32, weight += 32 * weight_stride, words += kSignLanes) {
    const int width = channels < 32 ? channels : 32;
    if (lanes == kSignLanes) {
      pack_word<kSignLanes>(weight, weight_stride, width, lanes, words);
    } else {
      pack_word<0>(weight, weight_stride, width, lanes, words);
    }
  }
}

/// kWords words of each row and kVectors vectors of lanes.
template <int kWords, int kVectors>
inline void differing_list(const std::int32_t* bits, std::size_t words, const std::uint32_t* weight,
                           const std::int32_t* from, const std::uint8_t* to, int pairs, std::int32_t* tile) {
  Counts::Vector lanes[kWords][kVectors];
#pragma GCC unroll 16
  for (int w = 0; w < kWords; ++w) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) lanes[w][v] = Counts::load(weight + w * kSignLanes + v * Counts::kWidth);
  }
  for (int i = 0; i < pairs; ++i) {
    const std::int32_t* row = bits + static_cast<std::size_t>(from[i]) * words;
    auto* sum = reinterpret_cast<std::uint32_t*>(tile + to[i] * kSignLanes);
    Counts::Vector count[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) count[v] = Counts::load(sum + v * Counts::kWidth);
#pragma GCC unroll 16
    for (int w = 0; w < kWords; ++w) {
      const Counts::Vector word = Counts::broadcast(row[w]);
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) count[v] = Counts::add_differing(count[v], word, lanes[w][v]);
    }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) Counts::store(sum + v * Counts::kWidth, count[v]);
  }
}

/// As many words at a time as the registers hold.
template <int kVectors>
inline void differing_words(const std::int32_t* bits, std::size_t words, const std::uint32_t* weight,
                            const std::int32_t* from, const std::uint8_t* to, int pairs, std::int32_t* tile) {
  constexpr int kMostWords = 4;
  for (std::size_t left = words; left > 0;) {
    const std::size_t now = left < kMostWords ? left : kMostWords;
    switch (now) {
      case 1:
        differing_list<1, kVectors>(bits, words, weight, from, to, pairs, tile);
        break;
      case 2:
        differing_list<2, kVectors>(bits, words, weight, from, to, pairs, tile);
        break;
      case 3:
        differing_list<3, kVectors>(bits, words, weight, from, to, pairs, tile);
        break;
      default:
        differing_list<4, kVectors>(bits, words, weight, from, to, pairs, tile);
    }
    left -= now;
    bits += now;
    weight += now * kSignLanes;
  }
}

inline void add_differing(const std::int32_t* bits, std::size_t words, const std::uint32_t* weight, int lanes,
                          const std::int32_t* from, const std::uint8_t* to, int pairs, std::int32_t* tile) {
  constexpr auto vectors = [](int most) { return most > Counts::kWidth ? most / Counts::kWidth : 1; };
  if (lanes == 16) return differing_words<vectors(16)>(bits, words, weight, from, to, pairs, tile);
  if (lanes == 8) return differing_words<vectors(8)>(bits, words, weight, from, to, pairs, tile);
  differing_words<vectors(4)>(bits, words, weight, from, to, pairs, tile);
}

inline void write_sums(const std::int32_t* differing, int terms, int channels, float* out) {
  if (channels == kSignLanes) {
    for (int i = 0; i < kSignLanes; ++i) out[i] = static_cast<float>(terms - 2 * differing[i]);
  } else {
    for (int i = 0; i < channels; ++i) out[i] = static_cast<float>(terms - 2 * differing[i]);
  }
}
