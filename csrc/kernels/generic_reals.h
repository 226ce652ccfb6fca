// Real-valued convolutions and pooling, written once. After generic_bits.h; see there. Takes
//
//   Floats    a vector of kWidth floats and its operations; kPanel vectors of sums fit the level's registers

/// kVectors vectors of output channels of each site, kept in registers over its neighbours. A cell of the block has
/// kCell floats, kChannels of them in use.
template <int kChannels, int kCell, int kVectors>
void real_window(const float* block, const float* weight, int lanes, int shift_cell, int window, const BrickView& brick,
                 float* tile, std::size_t stride) {
  const std::uint32_t* present = brick.window(window);
  for (int site = 0; site < brick.sites; ++site) {
    const int centre = brick.cells[site] - shift_cell;
    const float* centre_row = block + centre * kCell;
    Floats::Vector sum[kVectors];
    for (Floats::Vector& part : sum) part = Floats::broadcast(0.0f);
    for (std::uint32_t left = present[site]; left != 0; left &= left - 1) {
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
void real_submanifold_of(const float* x, const float* weight, int lanes, int shift_cell, int window,
                         const BrickView& brick, float* block, float* tile, std::size_t stride) {
  constexpr int kCell = kChannels <= 4 ? 4 : 8;
  fill_real_block<kChannels, kCell>(x, brick, block);
  int lane = 0;
  for (; lane + 2 * Floats::kWidth <= lanes; lane += 2 * Floats::kWidth) {
    real_window<kChannels, kCell, 2>(block, weight + lane, lanes, shift_cell, window, brick, tile + lane, stride);
  }
  for (; lane < lanes; lane += Floats::kWidth) {
    real_window<kChannels, kCell, 1>(block, weight + lane, lanes, shift_cell, window, brick, tile + lane, stride);
  }
}

inline void real_submanifold(const float* x, int in_channels, const float* weight, int lanes, int shift_cell,
                             int window, const BrickView& brick, float* block, float* tile, std::size_t stride) {
  constexpr decltype(&real_submanifold_of<1>) kByChannels[kRealBlockChannels] = {
      real_submanifold_of<1>, real_submanifold_of<2>, real_submanifold_of<3>, real_submanifold_of<4>,
      real_submanifold_of<5>, real_submanifold_of<6>, real_submanifold_of<7>, real_submanifold_of<8>};
  kByChannels[in_channels - 1](x, weight, lanes, shift_cell, window, brick, block, tile, stride);
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

/// Number: float or Half.
template <typename Number>
void pool_of(const Number* x, int channels, bool max_pool, const std::uint32_t* first_child,
             const std::uint8_t* children, int rows, float* out) {
  constexpr int kLexicographic[8] = {0, 4, 2, 6, 1, 5, 3, 7};
  const auto stride = static_cast<std::size_t>(channels);
  for (int row = 0; row < rows; ++row, out += stride) {
    const Number* child[8];
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

inline void pool(const Reals& x, int channels, bool max_pool, const std::uint32_t* first_child,
                 const std::uint8_t* children, int rows, float* out) {
  if (x.halves == nullptr) return pool_of(x.floats, channels, max_pool, first_child, children, rows, out);
  pool_of(x.halves, channels, max_pool, first_child, children, rows, out);
}

inline void widen(const Half* from, std::size_t count, float* to) {
  constexpr std::size_t kWidth = Floats::kWidth;
  std::size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) Floats::store(to + i, Floats::load(from + i));
  if (i < count) Floats::store_part(to + i, Floats::load(from + i), static_cast<int>(count - i));
}
