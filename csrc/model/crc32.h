#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bscnet {

/// CRC-32 as zlib computes it (polynomial 0xEDB88320, reflected, inverted before and after). `crc` continues an earlier
/// one.
inline std::uint32_t crc32(const void* bytes, std::size_t size, std::uint32_t crc = 0) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xEDB88320u : 0u);
      made[i] = value;
    }
    return made;
  }();
  const auto* data = static_cast<const unsigned char*>(bytes);
  crc = ~crc;
  for (std::size_t i = 0; i < size; ++i) crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

}  // namespace bscnet
