// The outer products of weight gradients, written once for all levels. Included into a level's namespace after
// generic_lanes.h; it has
//
//   kRegisters           vector registers for sums

/// Rows of p, from which factors come, and of q, from which lanes come, and lists of pairs of them.
template <bool kByInput>
struct OuterRows {
  const float* p;
  std::size_t p_stride;
  const float* q;
  std::size_t q_stride;
  const OuterPairs* lists;
  int count;
};

/// kRows rows and kVectors vectors of a sum of outer products, kept in registers over the pairs of all lists.
template <typename F, int kRows, int kVectors, bool kByInput>
inline void outer_panel(const OuterRows<kByInput>& rows, int row, int lane, bool fresh, float* sum,
                        std::size_t sum_stride) {
  typename F::Vector part[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      part[r][v] = fresh ? F::broadcast(0.0f) : F::load(sum + r * sum_stride + v * F::kWidth);
    }
  }
  for (const OuterPairs* list = rows.lists; list != rows.lists + rows.count; ++list) {
    for (int i = 0; i < list->count; ++i) {
      const auto in_row = static_cast<std::size_t>(list->from[i]);
      const auto out_row = static_cast<std::size_t>(list->order[list->to[i]]);
      const float* factors = rows.p + (kByInput ? out_row : in_row) * rows.p_stride + row;
      const float* lanes = rows.q + (kByInput ? in_row : out_row) * rows.q_stride + lane;
      typename F::Vector value[kVectors];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) value[v] = F::load(lanes + v * F::kWidth);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const typename F::Vector factor = F::broadcast(factors[r]);
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) part[r][v] = F::fma(factor, value[v], part[r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) F::store(sum + r * sum_stride + v * F::kWidth, part[r][v]);
  }
}

/// A panel of the last rows from `row` to `end`, of which there are at most kMost.
template <typename F, int kMost, int kVectors, bool kByInput>
inline void last_outer_panel(const OuterRows<kByInput>& rows, int row, int end, int lane, bool fresh, float* sum,
                             std::size_t sum_stride) {
  if constexpr (kMost > 0) {
    if (end - row == kMost) {
      outer_panel<F, kMost, kVectors>(rows, row, lane, fresh, sum, sum_stride);
    } else {
      last_outer_panel<F, kMost - 1, kVectors>(rows, row, end, lane, fresh, sum, sum_stride);
    }
  }
}

/// Rows of a panel of outer products: a power of two fits most widths.
constexpr int outer_rows(int vectors) { return kRegisters / vectors >= 16 ? 16 : kRegisters / vectors >= 8 ? 8 : 4; }

/// All sums, from all lists.
template <bool kByInput>
inline void outer_panels(const OuterRows<kByInput>& rows, int count, int lanes, bool fresh, float* sum,
                         std::size_t sum_stride) {
  for_lanes(lanes, [&](auto floats, auto vectors, int lane) {
    using F = decltype(floats);
    constexpr int kVectors = decltype(vectors)::value;
    constexpr int kRows = outer_rows(kVectors);
    float* at = sum + lane;
    int row = 0;
    for (; row + kRows <= count; row += kRows, at += kRows * sum_stride) {
      outer_panel<F, kRows, kVectors>(rows, row, lane, fresh, at, sum_stride);
    }
    last_outer_panel<F, kRows - 1, kVectors>(rows, row, count, lane, fresh, at, sum_stride);
  });
}

/// All sums, from so many lists at a time that their rows are still in the first cache when the next panel reads them.
template <bool kByInput>
inline void add_outer_rows(OuterRows<kByInput> rows, int count, int lanes, bool fresh, float* sum,
                           std::size_t sum_stride) {
  constexpr int kCachedFloats = 1 << 13;
  const OuterPairs* end = rows.lists + rows.count;
  for (; rows.lists != end; rows.lists += rows.count, fresh = false) {
    int pairs = rows.lists->count;
    for (rows.count = 1; rows.lists + rows.count != end; ++rows.count) {
      pairs += rows.lists[rows.count].count;
      if (pairs * (count + lanes) > kCachedFloats) break;
    }
    outer_panels(rows, count, lanes, fresh, sum, sum_stride);
  }
}

inline void add_outer(const float* x, std::size_t x_stride, int rows, const float* dy, std::size_t dy_stride, int lanes,
                      const OuterPairs* lists, int count, bool fresh, float* sum, std::size_t sum_stride) {
  add_outer_rows(OuterRows<false>{x, x_stride, dy, dy_stride, lists, count}, rows, lanes, fresh, sum, sum_stride);
}

inline void add_outer_by_input(const float* x, std::size_t x_stride, int lanes, const float* dy, std::size_t dy_stride,
                               int rows, const OuterPairs* lists, int count, bool fresh, float* sum,
                               std::size_t sum_stride) {
  add_outer_rows(OuterRows<true>{dy, dy_stride, x, x_stride, lists, count}, rows, lanes, fresh, sum, sum_stride);
}
