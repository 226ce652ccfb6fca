// Kernels written once over the vectors of a CPU level. A level's file defines, in a namespace of its own and inside a
// region compiled for that level, `Floats` and `BitSum`, and then includes this file there: hence no include guard, and
// no includes here (those of the level's file come before the region).
//
// Floats: kWidth and the operations used below. BitSum<kWordBits, kUnits>: sums of popcounts of kUnits units of lanes.
// kMaxUnits: units that fit the level's registers.

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
  // Masks beforehand: after a mispredicted loop end the next site's neighbours can begin at once.
  std::uint32_t masks[kTileRows];
  for (int site = 0; site < brick.sites; ++site) {
    masks[site] = window_mask(brick.occupancy, brick.cells[site] - group.shift_cell);
  }
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
// all 27 cells. They do that without a branch, with absent cells masked out.

/// For rows of one word of 32 bits and one unit of lanes. masks: a word for each cell of the block, all ones where
/// occupied.
inline void sum_window(const BitConv& conv, const ChannelGroup& group, const BrickView& brick,
                       const std::uint8_t* block, const std::uint8_t* masks, float* tile, std::size_t stride) {
  constexpr std::ptrdiff_t kWordBytes = 4;
  const Unit::Lanes weight = Unit::load_window(group.weight);
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - group.shift_cell;
    const std::uint8_t* row = block + centre * kWordBytes;
    const std::uint8_t* mask = masks + centre * kWordBytes;
    Unit sum;
#pragma GCC unroll 27
    for (int k = 0; k < 27; ++k) {
      sum.add(row + kWindow.step[k] * kWordBytes, mask + kWindow.step[k] * kWordBytes, weight, k);
    }
    const int terms = conv.in_channels * __builtin_popcount(window_mask(brick.occupancy, centre));
    sum.store(terms, conv.scale + group.first, tile + static_cast<std::size_t>(site) * stride + group.first);
  }
}

/// For rows of one word of 16 bits: three cells along x are 48 consecutive bits of the block and lie in one lane of 64.
/// The lane's last word is the cell beyond, which is left out of the sum.
template <int kUnits>
void sum_runs(const BitConv& conv, const ChannelGroup& group, int first, const BrickView& brick,
              const std::uint8_t* block, const std::uint8_t* masks, float* tile, std::size_t stride) {
  constexpr std::ptrdiff_t kWordBytes = 2;
  const int run_bytes = (group.channels + kRunChannels - 1) / kRunChannels * kUnitBytes;
  const std::uint8_t* weight = group.run_weight + first / kRunChannels * kUnitBytes;
  const int channel = group.first + first;
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - group.shift_cell;
    const std::uint8_t* row = block + (centre - 1) * kWordBytes;
    const std::uint8_t* mask = masks + (centre - 1) * kWordBytes;
    RunSum<kUnits> sum;
#pragma GCC unroll 9
    for (int run = 0; run < 9; ++run) {
      const std::ptrdiff_t step = (8 * (run % 3 - 1) + 64 * (run / 3 - 1)) * kWordBytes;
      sum.add(row + step, mask + step, weight + run * run_bytes);
    }
    const int terms = conv.in_channels * __builtin_popcount(window_mask(brick.occupancy, centre));
    sum.store(terms, conv.scale + channel, tile + static_cast<std::size_t>(site) * stride + channel);
  }
}

inline void sum_all_runs(const BitConv& conv, const BrickView& brick, const std::uint8_t* block,
                         const std::uint8_t* masks, float* tile, std::size_t stride) {
  for (const ChannelGroup& group : conv.groups) {
    int first = 0;
    for (; first + kRunChannels < group.channels; first += 2 * kRunChannels) {
      sum_runs<2>(conv, group, first, brick, block, masks, tile, stride);
    }
    for (; first < group.channels; first += kRunChannels) {
      sum_runs<1>(conv, group, first, brick, block, masks, tile, stride);
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
constexpr int kRunChannelsAtMost = 8;

inline bool is_one_unit(const BitConv& conv) {
  return conv.words == 1 && conv.word_bits == 32 &&
         std::all_of(conv.groups.begin(), conv.groups.end(),
                     [](const ChannelGroup& group) { return group.units == 1; });
}

inline void bit_submanifold(const BitConv& conv, const BrickView& brick, const std::uint8_t* bits, std::uint8_t* block,
                            float* tile, std::size_t stride) {
  static constexpr auto k16 = submanifold_table<16>(AllUnits{});
  static constexpr auto k32 = submanifold_table<32>(AllUnits{});
  fill_block(brick, bits, conv.row_bytes, block);
  std::uint8_t* masks = block + kBlockCells * conv.row_bytes + kBlockSlack;
  if (conv.groups.front().run_weight != nullptr && conv.groups.front().channels <= kRunChannelsAtMost) {
    fill_masks16(brick.occupancy, masks);
    return sum_all_runs(conv, brick, block, masks, tile, stride);
  }
  if (is_one_unit(conv)) {
    fill_masks32(brick.occupancy, masks);
    for (const ChannelGroup& group : conv.groups) sum_window(conv, group, brick, block, masks, tile, stride);
    return;
  }
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

/// kVectors vectors of output channels of each site, kept in registers over its neighbours. A cell of the block has
/// kCell floats, kChannels of them in use.
template <int kChannels, int kCell, int kVectors>
void real_window(const float* block, const float* weight, int lanes, int shift_cell, const BrickView& brick,
                 float* tile, std::size_t stride) {
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - shift_cell;
    const float* centre_row = block + centre * kCell;
    Floats::Vector sum[kVectors];
    for (Floats::Vector& part : sum) part = Floats::broadcast(0.0f);
    for (std::uint32_t left = window_mask(brick.occupancy, centre); left != 0; left &= left - 1) {
      const int k = __builtin_ctz(left);
      const float* row = centre_row + kWindow.step[k] * kCell;
      const float* w = weight + static_cast<std::ptrdiff_t>(k) * kChannels * lanes;
      for (int c = 0; c < kChannels; ++c, w += lanes) {
        const Floats::Vector value = Floats::broadcast(row[c]);
        for (int v = 0; v < kVectors; ++v) {
          sum[v] = Floats::fma(value, Floats::load(w + v * Floats::kWidth), sum[v]);
        }
      }
    }
    float* out = tile + static_cast<std::size_t>(site) * stride;
    for (int v = 0; v < kVectors; ++v) Floats::store(out + v * Floats::kWidth, sum[v]);
  }
}

/// Input rows into cells of the block. Whole cells are copied: a value is followed by memory of its own.
template <int kChannels, int kCell>
void fill_real_block(const float* x, const BrickView& brick, float* block) {
  for (std::size_t i = 0; i < brick.halo; ++i) {
    std::memcpy(block + brick.halo_cell[i] * kCell, x + static_cast<std::size_t>(brick.halo_row[i]) * kChannels,
                kCell * sizeof(float));
  }
}

template <int kChannels>
void real_submanifold_of(const float* x, const float* weight, int lanes, int shift_cell, const BrickView& brick,
                         float* block, float* tile, std::size_t stride) {
  constexpr int kCell = kChannels <= 4 ? 4 : 8;
  fill_real_block<kChannels, kCell>(x, brick, block);
  int lane = 0;
  for (; lane + 2 * Floats::kWidth <= lanes; lane += 2 * Floats::kWidth) {
    real_window<kChannels, kCell, 2>(block, weight + lane, lanes, shift_cell, brick, tile + lane, stride);
  }
  for (; lane < lanes; lane += Floats::kWidth) {
    real_window<kChannels, kCell, 1>(block, weight + lane, lanes, shift_cell, brick, tile + lane, stride);
  }
}

inline void real_submanifold(const float* x, int in_channels, const float* weight, int lanes, int shift_cell,
                             const BrickView& brick, float* block, float* tile, std::size_t stride) {
  constexpr decltype(&real_submanifold_of<1>) kByChannels[kRealBlockChannels] = {
      real_submanifold_of<1>, real_submanifold_of<2>, real_submanifold_of<3>, real_submanifold_of<4>,
      real_submanifold_of<5>, real_submanifold_of<6>, real_submanifold_of<7>, real_submanifold_of<8>};
  kByChannels[in_channels - 1](x, weight, lanes, shift_cell, brick, block, tile, stride);
}

/// Rows of a real-valued product: pairs whose products are added to the tile …
struct PairRows {
  static constexpr bool kAdds = true;
  const std::uint32_t* from;
  const std::uint8_t* to;

  std::size_t source(int i) const { return from[i]; }
  std::size_t target(int i) const { return to[i]; }
};

/// … or consecutive rows, each written to the tile's row of its number.
struct ConsecutiveRows {
  static constexpr bool kAdds = false;

  std::size_t source(int i) const { return static_cast<std::size_t>(i); }
  std::size_t target(int i) const { return static_cast<std::size_t>(i); }
};

/// kRows rows and kVectors vectors of output channels, kept in registers over the input channels.
template <int kRows, int kVectors, typename Rows>
void real_panel(const float* x, int in_channels, const float* weight, int lanes, const Rows& rows, int first,
                float* tile, std::size_t stride) {
  Floats::Vector sum[kRows][kVectors];
  const float* row[kRows];
  float* out[kRows];
  for (int r = 0; r < kRows; ++r) {
    row[r] = x + rows.source(first + r) * static_cast<std::size_t>(in_channels);
    out[r] = tile + rows.target(first + r) * stride;
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = Rows::kAdds ? Floats::load(out[r] + v * Floats::kWidth) : Floats::broadcast(0.0f);
    }
  }
  for (int c = 0; c < in_channels; ++c, weight += lanes) {
    Floats::Vector w[kVectors];
    for (int v = 0; v < kVectors; ++v) w[v] = Floats::load(weight + v * Floats::kWidth);
    for (int r = 0; r < kRows; ++r) {
      const Floats::Vector value = Floats::broadcast(row[r][c]);
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Floats::fma(value, w[v], sum[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) Floats::store(out[r] + v * Floats::kWidth, sum[r][v]);
  }
}

/// Panels of kRows rows, what is left in panels of half as many, and so on.
template <int kRows, int kVectors, typename Rows>
void real_columns(const float* x, int in_channels, const float* weight, int lanes, const Rows& rows, int first,
                  int count, float* tile, std::size_t stride) {
  for (; first + kRows <= count; first += kRows) {
    real_panel<kRows, kVectors>(x, in_channels, weight, lanes, rows, first, tile, stride);
  }
  if constexpr (kRows > 1) {
    real_columns<kRows / 2, kVectors>(x, in_channels, weight, lanes, rows, first, count, tile, stride);
  }
}

template <typename Rows>
void real_product(const float* x, int in_channels, const float* weight, int lanes, const Rows& rows, int count,
                  float* tile, std::size_t stride) {
  constexpr int kPanel = Floats::kPanel;
  int lane = 0;
  for (; lane + 4 * Floats::kWidth <= lanes; lane += 4 * Floats::kWidth) {
    real_columns<kPanel / 4, 4>(x, in_channels, weight + lane, lanes, rows, 0, count, tile + lane, stride);
  }
  for (; lane + 2 * Floats::kWidth <= lanes; lane += 2 * Floats::kWidth) {
    real_columns<kPanel / 2, 2>(x, in_channels, weight + lane, lanes, rows, 0, count, tile + lane, stride);
  }
  for (; lane < lanes; lane += Floats::kWidth) {
    real_columns<kPanel, 1>(x, in_channels, weight + lane, lanes, rows, 0, count, tile + lane, stride);
  }
}

inline void real_pairs(const float* x, int in_channels, const float* weight, int lanes, const std::uint32_t* from,
                       const std::uint8_t* to, int pairs, float* tile, std::size_t stride) {
  real_product(x, in_channels, weight, lanes, PairRows{from, to}, pairs, tile, stride);
}

inline void real_rows(const float* x, int in_channels, const float* weight, int lanes, int rows, float* tile,
                      std::size_t stride) {
  real_product(x, in_channels, weight, lanes, ConsecutiveRows{}, rows, tile, stride);
}

inline void pool(const float* x, int channels, bool max_pool, const std::uint32_t* first_child,
                 const std::uint8_t* children, int rows, float* out) {
  constexpr int kLexicographic[8] = {0, 4, 2, 6, 1, 5, 3, 7};
  const auto stride = static_cast<std::size_t>(channels);
  for (int row = 0; row < rows; ++row, out += stride) {
    const float* child[8];
    int count = 0;
    for (int cell : kLexicographic) {
      if ((children[row] >> cell & 1) == 0) continue;
      const unsigned below = children[row] & ((1u << cell) - 1);
      child[count++] = x + (first_child[row] + static_cast<unsigned>(__builtin_popcount(below))) * stride;
    }
    for (int channel = 0; channel < channels; channel += Floats::kWidth) {
      const int width = channels - channel;
      // A whole vector may be read: the last row is followed by memory of the value's own.
      Floats::Vector v = Floats::load(child[0] + channel);
      for (int i = 1; i < count; ++i) {
        const Floats::Vector other = Floats::load(child[i] + channel);
        v = max_pool ? Floats::max(v, other) : Floats::add(v, other);
      }
      if (!max_pool) v = Floats::mul(v, Floats::broadcast(0.125f));
      width >= Floats::kWidth ? Floats::store(out + channel, v) : Floats::store_part(out + channel, v, width);
    }
  }
}

/// One vector of channels through the steps; `channel` is its first, `width` how many of it exist in the values.
inline Floats::Vector transformed(const Finish& finish, std::size_t row, int channel, int width, Floats::Vector v) {
  for (int i = 0; i < finish.num_steps; ++i) {
    const StepView& step = finish.steps[i];
    switch (step.kind) {
      case StepView::Kind::kAffine:
        v = Floats::fma(v, Floats::load(step.a + channel), Floats::load(step.b + channel));
        break;
      case StepView::Kind::kPrelu:
        v = Floats::select_positive(v, v, Floats::mul(Floats::load(step.a + channel), v));
        break;
      case StepView::Kind::kRprelu: {
        const Floats::Vector t = Floats::sub(v, Floats::load(step.a + channel));
        v = Floats::add(Floats::select_positive(t, t, Floats::mul(Floats::load(step.b + channel), t)),
                        Floats::load(step.c + channel));
        break;
      }
      case StepView::Kind::kRelu:
        v = Floats::select_positive(v, v, Floats::broadcast(0.0f));
        break;
      case StepView::Kind::kHardtanh:
        v = Floats::clamp(v, -1.0f, 1.0f);
        break;
      case StepView::Kind::kBias:
        v = Floats::add(v, Floats::load(step.a + channel));
        break;
      case StepView::Kind::kAdd: {
        const std::size_t from = step.parent == nullptr ? row : step.parent[row];
        const float* other = step.value + from * static_cast<std::size_t>(finish.channels) + channel;
        v = Floats::add(v, width >= Floats::kWidth ? Floats::load(other) : Floats::load_part(other, width));
        break;
      }
    }
  }
  return v;
}

/// The transform of nearly every binary layer: PReLU, then the shortcut.
inline bool is_prelu_add(const Finish& finish) {
  return finish.num_steps == 2 && finish.steps[0].kind == StepView::Kind::kPrelu &&
         finish.steps[1].kind == StepView::Kind::kAdd;
}

enum class Steps { kNone, kPreluAdd, kAny };

/// kSteps: what the steps are known to be. kWhole: every vector is full.
template <Steps kSteps, bool kWhole>
void finish_rows(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  const auto channels = static_cast<std::size_t>(finish.channels);
  for (int r = 0; r < rows; ++r) {
    const std::size_t row = first_row + static_cast<std::size_t>(r);
    const float* in = tile + static_cast<std::size_t>(r) * stride;
    std::uint8_t* packed = finish.bits == nullptr ? nullptr : finish.bits + row * finish.row_bytes;
    float* out = finish.out == nullptr ? nullptr : finish.out + row * channels;
    const float* shortcut = nullptr;
    if constexpr (kSteps == Steps::kPreluAdd) {
      const StepView& add = finish.steps[1];
      shortcut = add.value + (add.parent == nullptr ? row : add.parent[row]) * channels;
    }
    for (int block = 0; block < finish.channels; block += kTileChannels) {
      unsigned signs = 0;
      for (int part = 0; part < kTileChannels; part += Floats::kWidth) {
        const int channel = block + part;
        const int width = kWhole ? Floats::kWidth : finish.channels - channel;
        if (width <= 0) break;
        Floats::Vector v = Floats::load(in + channel);
        if constexpr (kSteps == Steps::kPreluAdd) {
          v = Floats::select_positive(v, v, Floats::mul(Floats::load(finish.steps[0].a + channel), v));
          const bool whole = kWhole || width >= Floats::kWidth;
          v = Floats::add(v, whole ? Floats::load(shortcut + channel) : Floats::load_part(shortcut + channel, width));
        } else if constexpr (kSteps == Steps::kAny) {
          v = transformed(finish, row, channel, width, v);
        }
        if (out != nullptr) {
          kWhole || width >= Floats::kWidth ? Floats::store(out + channel, v)
                                            : Floats::store_part(out + channel, v, width);
        }
        if (packed != nullptr) signs |= Floats::at_least(v, Floats::load(finish.threshold + channel)) << part;
      }
      if (packed != nullptr) {
        signs ^= finish.flip[block / kTileChannels];
        // Bits beyond the channels must be 0.
        if (!kWhole && finish.channels - block < kTileChannels) signs &= (1u << (finish.channels - block)) - 1;
        const auto half = static_cast<std::uint16_t>(signs);
        std::memcpy(packed + block / 8, &half, 2);
      }
    }
    if (finish.pad_bytes > 0) std::memset(packed + padded_channels(finish.channels) / 8, 0, finish.pad_bytes);
  }
}

inline void finish_tile(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  const bool whole = finish.channels % kTileChannels == 0;
  if (is_prelu_add(finish)) {
    (whole ? finish_rows<Steps::kPreluAdd, true> : finish_rows<Steps::kPreluAdd, false>)(finish, first_row, rows, tile,
                                                                                         stride);
  } else if (finish.num_steps == 0) {
    (whole ? finish_rows<Steps::kNone, true> : finish_rows<Steps::kNone, false>)(finish, first_row, rows, tile, stride);
  } else {
    (whole ? finish_rows<Steps::kAny, true> : finish_rows<Steps::kAny, false>)(finish, first_row, rows, tile, stride);
  }
}
