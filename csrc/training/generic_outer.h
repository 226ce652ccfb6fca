// The outer products of weight gradients, written once for all levels. Included into a level's namespace after
// generic_lanes.h; it has
//
//   kRegisters           vector registers for sums

/// The pairs of a list with their rows in two arrays; lanes come from q.
template <bool kByInput>
struct OuterRows {
  const float* p;
  std::size_t p_stride;
  const float* q;
  std::size_t q_stride;
  OuterPairs pairs;

  const float* p_row(int i) const { return p + (kByInput ? out_row(i) : in_row(i)) * p_stride; }
  const float* q_row(int i) const { return q + (kByInput ? in_row(i) : out_row(i)) * q_stride; }

 private:
  std::size_t in_row(int i) const { return static_cast<std::size_t>(pairs.from[i]); }
  std::size_t out_row(int i) const { return static_cast<std::size_t>(pairs.order[pairs.to[i]]); }
};

/// kRows rows and kVectors vectors of a sum of outer products, kept in registers over the pairs first..last.
template <typename F, int kRows, int kVectors, typename Rows>
inline void outer_panel(const Rows& rows, int row, int lane, int first, int last, bool fresh, float* sum,
                        std::size_t sum_stride) {
  typename F::Vector part[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      part[r][v] = fresh ? F::broadcast(0.0f) : F::load(sum + r * sum_stride + v * F::kWidth);
    }
  }
  for (int i = first; i < last; ++i) {
    const float* factors = rows.p_row(i) + row;
    const float* lanes = rows.q_row(i) + lane;
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
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) F::store(sum + r * sum_stride + v * F::kWidth, part[r][v]);
  }
}

/// Panels of kRows rows from `row` to `end`, and smaller ones for what is left.
template <typename F, int kRows, int kVectors, typename Rows>
inline void outer_panels(const Rows& rows, int row, int end, int lane, int first, int last, bool fresh, float* sum,
                         std::size_t sum_stride) {
  for (; row + kRows <= end; row += kRows, sum += kRows * sum_stride) {
    outer_panel<F, kRows, kVectors>(rows, row, lane, first, last, fresh, sum, sum_stride);
  }
  if constexpr (kRows > 1) {
    outer_panels<F, kRows / 2, kVectors>(rows, row, end, lane, first, last, fresh, sum, sum_stride);
  }
}

/// Rows of a panel of outer products: a power of two fits most widths.
constexpr int outer_rows(int vectors) { return kRegisters / vectors >= 16 ? 16 : kRegisters / vectors >= 8 ? 8 : 4; }

template <typename Rows>
inline void add_outer_rows(const Rows& rows, int count, int lanes, bool fresh, float* sum, std::size_t sum_stride) {
  // So many pairs that their rows are still in the first cache when the next panel reads them.
  constexpr int kPairs = 64;
  for (int first = 0; first < rows.pairs.count; first += kPairs) {
    const int last = rows.pairs.count - first < kPairs ? rows.pairs.count : first + kPairs;
    for_lanes(lanes, [&](auto floats, auto vectors, int lane) {
      constexpr int kVectors = decltype(vectors)::value;
      outer_panels<decltype(floats), outer_rows(kVectors), kVectors>(rows, 0, count, lane, first, last,
                                                                     fresh && first == 0, sum + lane, sum_stride);
    });
  }
}

inline void add_outer(const float* x, std::size_t x_stride, int rows, const float* dy, std::size_t dy_stride, int lanes,
                      const OuterPairs& pairs, bool fresh, float* sum, std::size_t sum_stride) {
  add_outer_rows(OuterRows<false>{x, x_stride, dy, dy_stride, pairs}, rows, lanes, fresh, sum, sum_stride);
}

inline void add_outer_by_input(const float* x, std::size_t x_stride, int lanes, const float* dy, std::size_t dy_stride,
                               int rows, const OuterPairs& pairs, bool fresh, float* sum, std::size_t sum_stride) {
  add_outer_rows(OuterRows<true>{dy, dy_stride, x, x_stride, pairs}, rows, lanes, fresh, sum, sum_stride);
}
