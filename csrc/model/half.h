#pragma once

#include <cstdint>
#include <cstring>

namespace bscnet {

/// A number of float16 (IEEE 754's binary16).
struct Half {
  std::uint16_t bits;
};

/// The largest number of float16.
constexpr float kMostHalf = 65504.0f;

/// The float32 of a float16; exact for every one of them.
inline float float_of(Half half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half.bits & 0x8000) << 16;
  const std::uint32_t rest = static_cast<std::uint32_t>(half.bits & 0x7fff) << 13;
  constexpr std::uint32_t kAllOnes = 31u << 23, kOffset = (127u - 15) << 23;  // exponents
  std::uint32_t word = rest + kOffset;
  if (rest >= kAllOnes) {  // infinite or NaN
    word += kOffset;
  } else if (rest < 1u << 23) {  // below the least normal number: whole steps of 2^-24
    constexpr float kLeast = 6.103515625e-05f;
    word += 1u << 23;
    float value;
    std::memcpy(&value, &word, sizeof value);
    value -= kLeast;
    std::memcpy(&word, &value, sizeof word);
  }
  word |= sign;
  float result;
  std::memcpy(&result, &word, sizeof result);
  return result;
}

/// The float16 nearest to a float32, the even one of two. Beyond its range, infinities too, it is the outermost number,
/// and of NaN the lowest: what is computed further stays finite.
inline Half half_of(float value) {
  const float above = value > -kMostHalf ? value : -kMostHalf;
  const float kept = above < kMostHalf ? above : kMostHalf;
  std::uint32_t word;
  std::memcpy(&word, &kept, sizeof word);
  const std::uint32_t sign = word >> 16 & 0x8000;
  word &= 0x7fffffff;
  constexpr std::uint32_t kLeastNormal = (127u - 14) << 23;
  if (word < kLeastNormal) {
    // A float32 from 0.5 up to 1 has steps of 2^-24, as float16 has here: the addition rounds.
    float moved;
    std::memcpy(&moved, &word, sizeof moved);
    moved += 0.5f;
    std::memcpy(&word, &moved, sizeof word);
    return {static_cast<std::uint16_t>(sign | (word - (126u << 23)))};
  }
  const std::uint32_t odd = word >> 13 & 1;
  word += 0xfff + odd - ((127u - 15) << 23);
  return {static_cast<std::uint16_t>(sign | word >> 13)};
}

/// The number that half_of keeps of a float32.
inline float rounded_to_half(float value) { return float_of(half_of(value)); }

}  // namespace bscnet
