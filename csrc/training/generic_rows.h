// Rows put to other places, written once for all levels. Included into a level's namespace after generic_lanes.h; it
// has
//
//   kSquare              edge of the squares of floats that it transposes in registers
//   transpose_square(from, from_stride, to, to_stride)

/// to[c][r] = from[r][c], and zeros where r is from `rows` up to `lanes`.
inline void transpose(const float* from, std::size_t from_stride, int rows, int columns, float* to, int lanes) {
  constexpr int kLine = 16;  // floats of a line of cache
  const auto to_stride = static_cast<std::size_t>(lanes);
  const auto at = [&](int r, int c) { return from + static_cast<std::size_t>(r) * from_stride + c; };
  const auto turned = [&](int r, int c) { return to + static_cast<std::size_t>(c) * to_stride + r; };
  const int whole_rows = rows / kSquare * kSquare;
  const int whole_columns = columns / kSquare * kSquare;
  for (int r = 0; r < whole_rows; r += kSquare) {
    for (int c = 0; c < whole_columns; c += kSquare) {
      if (c % kLine == 0) {
        for (int i = 0; i < kSquare; ++i) __builtin_prefetch(at(r + kSquare + i, c));
      }
      transpose_square(at(r, c), from_stride, turned(r, c), to_stride);
    }
  }
  for (int c = 0; c < columns; ++c) {
    for (int r = c < whole_columns ? whole_rows : 0; r < rows; ++r) *turned(r, c) = *at(r, c);
    for (int r = rows; r < lanes; ++r) *turned(r, c) = 0.0f;
  }
}

inline void scatter_rows(const float* from, std::size_t from_stride, const std::int32_t* to_row, int rows, int channels,
                         float* to, std::size_t to_stride) {
  const auto row = [&](int i) { return to + static_cast<std::size_t>(to_row[i]) * to_stride; };
  const int whole = channels / kLaneStep * kLaneStep;
  for_lanes(whole, [&](auto floats, auto vectors, int lane) {
    using F = decltype(floats);
    constexpr int kVectors = decltype(vectors)::value;
    for (int i = 0; i < rows; ++i) {
      const float* values = from + static_cast<std::size_t>(i) * from_stride + lane;
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) F::store(row(i) + lane + v * F::kWidth, F::load(values + v * F::kWidth));
    }
  });
  if (whole == channels) return;
  for (int i = 0; i < rows; ++i) {
    for (int c = whole; c < channels; ++c) row(i)[c] = from[static_cast<std::size_t>(i) * from_stride + c];
  }
}
