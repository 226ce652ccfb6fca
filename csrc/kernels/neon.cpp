// NEON of every 64-bit ARM (ARMv8-A).
#if defined(__aarch64__)

#include <arm_neon.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/kernels.h"

namespace bscnet {
namespace neon {

struct Floats {
  using Vector = float32x4_t;
  static constexpr int kWidth = 4;
  static constexpr int kPanel = 24;

  static Vector broadcast(float v) { return vdupq_n_f32(v); }
  static Vector load(const float* p) { return vld1q_f32(p); }
  static Vector load_part(const float* p, int width) {
    float lanes[kWidth] = {};
    for (int i = 0; i < std::min(width, kWidth); ++i) lanes[i] = p[i];
    return vld1q_f32(lanes);
  }
  static void store(float* p, Vector v) { vst1q_f32(p, v); }
  static void store_part(float* p, Vector v, int width) {
    float lanes[kWidth];
    vst1q_f32(lanes, v);
    for (int i = 0; i < std::min(width, kWidth); ++i) p[i] = lanes[i];
  }
  static Vector load(const Half* p) { return floats(vld1_u16(reinterpret_cast<const std::uint16_t*>(p))); }
  static Vector load_part(const Half* p, int width) {
    Half lanes[kWidth] = {};
    std::copy_n(p, std::min(width, kWidth), lanes);
    return load(lanes);
  }
  static void store(Half* p, Vector v) { vst1_u16(reinterpret_cast<std::uint16_t*>(p), halves(v)); }
  static void store_part(Half* p, Vector v, int width) {
    Half lanes[kWidth];
    store(lanes, v);
    std::copy_n(lanes, std::min(width, kWidth), p);
  }
  static uint16x4_t halves(Vector v) { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }
  static Vector floats(uint16x4_t bits) { return vcvt_f32_f16(vreinterpret_f16_u16(bits)); }
  static Vector rounded(Vector v) { return floats(halves(clamp(v, -kMostHalf, kMostHalf))); }
  static Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
  static Vector sub(Vector a, Vector b) { return vsubq_f32(a, b); }
  static Vector mul(Vector a, Vector b) { return vmulq_f32(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return vfmaq_f32(c, a, b); }
  // Maximum and clamp are comparisons: the instructions for them treat zeros and what is no number in another way than
  // the other levels.
  static Vector max(Vector a, Vector b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
  static Vector select_positive(Vector v, Vector yes, Vector no) { return vbslq_f32(vcgtzq_f32(v), yes, no); }
  static Vector clamp(Vector v, float low, float high) {
    const Vector least = vdupq_n_f32(low);
    const Vector most = vdupq_n_f32(high);
    const Vector above = max(v, least);
    return vbslq_f32(vcltq_f32(above, most), above, most);
  }
  static unsigned at_least(Vector v, Vector limit) {
    constexpr std::uint32_t kBit[kWidth] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vcgeq_f32(v, limit), vld1q_u32(kBit)));
  }
};

inline std::uint32_t window_slice(std::uint64_t slice) {
  return static_cast<std::uint32_t>((slice & 7) | (slice >> 5 & 070) | (slice >> 10 & 0700));
}

/// A word of 16, 32 or 64 bits, wherever it lies, in all lanes.
template <typename Word>
uint8x16_t broadcast(const std::uint8_t* p) {
  Word value;
  std::memcpy(&value, p, sizeof value);
  if constexpr (sizeof(Word) == 2) return vreinterpretq_u8_u16(vdupq_n_u16(value));
  if constexpr (sizeof(Word) == 4) return vreinterpretq_u8_u32(vdupq_n_u32(value));
  if constexpr (sizeof(Word) == 8) return vreinterpretq_u8_u64(vdupq_n_u64(value));
}

/// Four lanes of 32 bits: (terms - 2 count) as float, times scale.
inline void store_scaled(uint32x4_t count, int terms, const float* scale, float* out) {
  const int32x4_t sum = vsubq_s32(vdupq_n_s32(terms), vreinterpretq_s32_u32(vshlq_n_u32(count, 1)));
  vst1q_f32(out, vmulq_f32(vcvtq_f32_s32(sum), vld1q_f32(scale)));
}

/// A unit of lanes is two vectors.
constexpr int kUnitVectors = kUnitBytes / 16;
constexpr int kMaxUnits = 8;

/// Counts gather in bytes, which take 31 words of at most 8 before they are added up in lanes.
template <int kWordBits, int kUnits>
struct BitSum {
  static constexpr int kVectors = kUnits * kUnitVectors;
  static constexpr int kLanes = 128 / kWordBits;  // of a vector
  using Word = std::conditional_t<kWordBits == 16, std::uint16_t, std::uint32_t>;
  using Count = std::conditional_t<kWordBits == 16, uint16x8_t, uint32x4_t>;
  uint8x16_t bytes[kVectors];
  Count count[kVectors];
  int room = 31;

  BitSum() {
    for (int i = 0; i < kVectors; ++i) {
      bytes[i] = vdupq_n_u8(0);
      count[i] = Count{};
    }
  }

  void add(const std::uint8_t* word, const std::uint8_t* lanes) {
    if (room-- == 0) spill();
    const uint8x16_t all = broadcast<Word>(word);
    for (int i = 0; i < kVectors; ++i) {
      bytes[i] = vaddq_u8(bytes[i], vcntq_u8(veorq_u8(all, vld1q_u8(lanes + 16 * i))));
    }
  }

  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kVectors; ++i, scale += kLanes, out += kLanes) {
      const Count total = lane_sums(i);
      if constexpr (kWordBits == 16) {
        store_scaled(vmovl_u16(vget_low_u16(total)), terms, scale, out);
        store_scaled(vmovl_high_u16(total), terms, scale + 4, out + 4);
      } else {
        store_scaled(total, terms, scale, out);
      }
    }
  }

 private:
  Count lane_sums(int i) const {
    if constexpr (kWordBits == 16) {
      return vpadalq_u8(count[i], bytes[i]);
    } else {
      return vpadalq_u16(count[i], vpaddlq_u8(bytes[i]));
    }
  }

  void spill() {
    for (int i = 0; i < kVectors; ++i) {
      count[i] = lane_sums(i);
      bytes[i] = vdupq_n_u8(0);
    }
    room = 30;
  }
};

/// One unit of 32-bit lanes over a window; 27 words of at most 8 a byte fit the bytes.
struct Unit {
  struct Lanes {
    const std::uint8_t* weight;
  };
  uint8x16_t bytes[kUnitVectors];

  Unit() {
    for (uint8x16_t& half : bytes) half = vdupq_n_u8(0);
  }
  static Lanes load_window(const std::uint8_t* weight) { return {weight}; }
  void add(const std::uint8_t* word, const std::uint8_t* mask, const Lanes& lanes, int k) {
    const uint8x16_t all = broadcast<std::uint32_t>(word);
    const uint8x16_t counted = broadcast<std::uint32_t>(mask);
    for (int i = 0; i < kUnitVectors; ++i) {
      const uint8x16_t weight = vld1q_u8(lanes.weight + kUnitBytes * k + 16 * i);
      bytes[i] = vaddq_u8(bytes[i], vcntq_u8(vandq_u8(veorq_u8(all, weight), counted)));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kUnitVectors; ++i) {
      store_scaled(vpaddlq_u16(vpaddlq_u8(bytes[i])), terms, scale + 4 * i, out + 4 * i);
    }
  }
};

/// Triples of cells along x in lanes of 64 bits, counted in bytes.
template <int kUnits>
struct TripleSum {
  uint8x16_t count[kUnits * kUnitVectors];

  TripleSum() {
    for (uint8x16_t& half : count) half = vdupq_n_u8(0);
  }
  void add(const std::uint8_t* row, const std::uint8_t* mask, const std::uint8_t* lanes) {
    const uint8x16_t all = broadcast<std::uint64_t>(row);
    const uint8x16_t counted = broadcast<std::uint64_t>(mask);
    for (int i = 0; i < kUnits * kUnitVectors; ++i) {
      const uint8x16_t differing = vandq_u8(veorq_u8(all, vld1q_u8(lanes + 16 * i)), counted);
      count[i] = vaddq_u8(count[i], vcntq_u8(differing));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kUnits; ++i) {
      const uint32x4_t total = vpaddq_u32(triple_sums(count[2 * i]), triple_sums(count[2 * i + 1]));
      store_scaled(total, terms, scale + kTripleChannels * i, out + kTripleChannels * i);
    }
  }

 private:
  /// The counts of a lane's six bytes in its two halves.
  static uint32x4_t triple_sums(uint8x16_t bytes) {
    const uint8x16_t triple = vreinterpretq_u8_u64(vdupq_n_u64(0x0000ffffffffffff));
    return vpaddlq_u16(vpaddlq_u8(vandq_u8(bytes, triple)));
  }
};

inline void fill_masks32(const std::uint64_t* occupancy, std::uint8_t* masks) {
  constexpr std::uint32_t kBit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (int row = 0; row < 64; ++row, masks += 32) {
    const uint32x4_t cells = vdupq_n_u32(static_cast<std::uint32_t>(occupancy[row >> 3] >> (8 * (row & 7)) & 0xff));
    vst1q_u8(masks, vreinterpretq_u8_u32(vtstq_u32(cells, vld1q_u32(kBit))));
    vst1q_u8(masks + 16, vreinterpretq_u8_u32(vtstq_u32(cells, vld1q_u32(kBit + 4))));
  }
}

inline void fill_masks16(const std::uint64_t* occupancy, std::uint8_t* masks) {
  constexpr std::uint16_t kBit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (int row = 0; row < 64; ++row, masks += 16) {
    const uint16x8_t cells = vdupq_n_u16(static_cast<std::uint16_t>(occupancy[row >> 3] >> (8 * (row & 7)) & 0xff));
    vst1q_u8(masks, vreinterpretq_u8_u16(vtstq_u16(cells, vld1q_u16(kBit))));
  }
}

// Each builds on those before it.
// clang-format off
#include "kernels/generic_bits.h"
#include "kernels/generic_windows.h"
#include "kernels/generic_reals.h"
#include "kernels/generic_finish.h"
// clang-format on

}  // namespace neon

const Kernels kNeonKernels = {"neon",
                              neon::find_windows,
                              neon::bit_submanifold,
                              neon::bit_rows,
                              neon::real_submanifold,
                              neon::real_pairs,
                              neon::real_rows,
                              neon::pool,
                              neon::widen,
                              neon::finish_tile};

}  // namespace bscnet

#endif
