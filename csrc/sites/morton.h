#pragma once

#include <array>
#include <cstdint>

namespace bscnet {

/// Spreads 16 bits to every third place.
constexpr std::uint64_t spread_bits(std::uint32_t axis) {
  std::uint64_t v = axis & 0xffff;
  v = (v | v << 16) & 0x0000ff0000ffULL;
  v = (v | v << 8) & 0x00f00f00f00fULL;
  v = (v | v << 4) & 0x0c30c30c30c3ULL;
  v = (v | v << 2) & 0x249249249249ULL;
  return v;
}

/// Takes every third bit, from bit 0 on; the inverse of spread_bits.
constexpr std::uint32_t gather_bits(std::uint64_t v) {
  v &= 0x249249249249ULL;
  v = (v | v >> 2) & 0x0c30c30c30c3ULL;
  v = (v | v >> 4) & 0x00f00f00f00fULL;
  v = (v | v >> 8) & 0x0000ff0000ffULL;
  v = (v | v >> 16) & 0xffff;
  return static_cast<std::uint32_t>(v);
}

/// Interleaves three 16-bit axes, x lowest. Halving a coordinate shifts its code by three bits, so one sort orders the
/// sites of every level, and the children of a coarse site are neighbours in the order.
constexpr std::uint64_t morton_code(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  return spread_bits(x) | spread_bits(y) << 1 | spread_bits(z) << 2;
}

constexpr std::array<std::uint32_t, 3> morton_axes(std::uint64_t code) {
  return {gather_bits(code), gather_bits(code >> 1), gather_bits(code >> 2)};
}

}  // namespace bscnet
