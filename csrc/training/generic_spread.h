// Bits spread over a word, for the levels without an instruction for it. Included into a level's namespace.

inline std::uint64_t spread_bits(std::uint32_t w) {
  std::uint64_t bits = w;
  bits = (bits | bits << 24) & 0x000000ff000000ff;
  bits = (bits | bits << 12) & 0x000f000f000f000f;
  bits = (bits | bits << 6) & 0x0303030303030303;
  return (bits | bits << 3) & 0x1111111111111111;
}
