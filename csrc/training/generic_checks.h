// What maps are checked with, written once for all levels: the compiler makes vectors of it. Included into a level's
// namespace.

inline std::uint32_t largest_row(const std::int32_t* rows, std::int64_t count) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::uint32_t>(rows[i]);
    largest = row > largest ? row : largest;
  }
  return largest;
}

inline std::uint8_t largest_place(const std::uint8_t* places, std::int64_t count) {
  std::uint8_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) largest = places[i] > largest ? places[i] : largest;
  return largest;
}
