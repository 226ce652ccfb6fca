// Products by tiles, written once for the instruction and for what emulates it. Included into a namespace that has
//
//   Tiles   eight tiles: made and released by its constructor and destructor, with
//             zero<t>()                   sums of zero in tile t
//             load<t>(from, stride)       16 rows of 64 bytes, stride bytes apart
//             store<t>(to, stride)
//             multiply<sum, a, b>()       TDPBF16PS
//
// No template of the standard library is used here: its instances of one level could be taken for those of another.

/// bfloat16 numbers are the upper halves of floats.
inline std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(std::uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Three numbers of 8 bits that add up to a finite one of 24, each what is left after cutting off the one before. A
/// part below 2^-126 counts as 0 in a product, so that what is lost of a number is less than 2^-126.
struct RealParts {
  std::uint16_t low, middle, high;
};

inline RealParts split(float value) {
  constexpr std::uint32_t kUpper = 0xffff0000u;
  const std::uint32_t high = bits_of(value) & kUpper;
  const float rest = value - float_of(high);
  const std::uint32_t middle = bits_of(rest) & kUpper;
  const std::uint32_t low = bits_of(rest - float_of(middle));
  return {static_cast<std::uint16_t>(low >> 16), static_cast<std::uint16_t>(middle >> 16),
          static_cast<std::uint16_t>(high >> 16)};
}

// What follows works on local lines of a fixed length, since the compiler then knows that nothing overlaps.

inline void sign_row(const std::int32_t* words, int channels, int repeats, std::uint16_t* out, int width) {
  constexpr std::uint32_t kMinus = 0xbf80;
  const std::size_t bytes = sizeof *out * static_cast<std::size_t>(channels);
  for (int first = 0; first < channels; first += 32) {
    const auto word = static_cast<std::uint32_t>(words[first / 32]);
    std::uint16_t line[32];
    for (int c = 0; c < 32; ++c) line[c] = static_cast<std::uint16_t>(kMinus ^ (word >> c & 1) << 15);
    if (channels - first >= 32) {
      memcpy(out + first, line, sizeof line);
    } else {
      memcpy(out + first, line, sizeof *out * static_cast<std::size_t>(channels - first));
    }
  }
  for (int copy = 1; copy < repeats; ++copy) memcpy(out + copy * channels, out, bytes);
  const int filled = repeats * channels;
  if (filled < width) memset(out + filled, 0, sizeof *out * static_cast<std::size_t>(width - filled));
}

/// A line of numbers as its low, middle and high parts.
struct PartsLine {
  std::uint16_t part[kRealParts][kTileLanes];
};

inline PartsLine split_line(const float (&values)[kTileLanes]) {
  PartsLine line;
#pragma GCC unroll 1
  for (int i = 0; i < kTileLanes; ++i) {
    const RealParts parts = split(values[i]);
    line.part[0][i] = parts.low;
    line.part[1][i] = parts.middle;
    line.part[2][i] = parts.high;
  }
  return line;
}

/// Up to a line of numbers, zeros behind them.
inline void take_line(const float* values, int count, float (&line)[kTileLanes]) {
  if (count >= kTileLanes) {
    memcpy(line, values, sizeof line);
  } else {
    memset(line, 0, sizeof line);
    memcpy(line, values, sizeof *values * static_cast<std::size_t>(count));
  }
}

inline void real_row(const float* values, int channels, std::uint16_t* out, int width) {
  for (int first = 0; first < channels; first += kTileLanes) {
    float line[kTileLanes];
    take_line(values + first, channels - first, line);
    const PartsLine parts = split_line(line);
    const int count = channels - first < kTileLanes ? channels - first : kTileLanes;
    for (int part = 0; part < kRealParts; ++part) {
      std::uint16_t* to = out + part * channels + first;
      if (count == kTileLanes) {
        memcpy(to, parts.part[part], sizeof parts.part[part]);
      } else {
        memcpy(to, parts.part[part], sizeof *to * static_cast<std::size_t>(count));
      }
    }
  }
  const int filled = kRealParts * channels;
  if (filled < width) memset(out + filled, 0, sizeof *out * static_cast<std::size_t>(width - filled));
}

/// Two rows of a tile's depth as one row of pairs.
inline void interleave(const std::uint16_t* even, const std::uint16_t* odd, std::uint16_t* out) {
  std::uint16_t low[kTileLanes], high[kTileLanes];
  std::uint32_t pairs[kTileLanes];
  memcpy(low, even, sizeof low);
  memcpy(high, odd, sizeof high);
#pragma GCC unroll 1
  for (int i = 0; i < kTileLanes; ++i) pairs[i] = low[i] | static_cast<std::uint32_t>(high[i]) << 16;
  memcpy(out, pairs, sizeof pairs);
}

inline void pack_weight(const float* weight, std::size_t channel_stride, std::size_t lane_stride, int lanes,
                        const TileDepth& depth, std::uint16_t* line, std::uint16_t* out) {
  const int tiles = tiles_for(lanes);
  const int width = tiles * kTileLanes;
  const int steps = depth.weight_steps();
  const int copies = depth.weight_parts > 1 ? depth.weight_parts : depth.repeats();
  memset(out, 0, sizeof *out * static_cast<std::size_t>(tiles) * static_cast<std::size_t>(steps) * kTileNumbers);
  memset(line, 0, sizeof *line * static_cast<std::size_t>(kRealParts * width));
  for (int c = 0; c < depth.channels; ++c) {
    const float* row = weight + static_cast<std::size_t>(c) * channel_stride;
    for (int i = 0; i < lanes; ++i) {
      const float value = row[static_cast<std::size_t>(i) * lane_stride];
      const RealParts parts = split(value);
      line[i] = parts.low;
      line[width + i] = parts.middle;
      line[2 * width + i] = parts.high;
    }
    for (int copy = 0; copy < copies; ++copy) {
      // Signs are their own high part.
      const std::uint16_t* part = line + (depth.weight_parts > 1 ? copy : 2) * width;
      const int place = copy * depth.channels + c;
      const std::size_t at = static_cast<std::size_t>(place / kTileDepth) * kTileNumbers +
                             static_cast<std::size_t>(place % kTileDepth / 2 * kTileDepth + place % 2);
      for (int tile = 0; tile < tiles; ++tile) {
        std::uint16_t* to = out + static_cast<std::size_t>(tile) * static_cast<std::size_t>(steps) * kTileNumbers + at;
        for (int i = 0; i < kTileLanes; ++i) to[2 * i] = part[tile * kTileLanes + i];
      }
    }
  }
}
