// Vectors of 128 bits in WebAssembly.
#if defined(__wasm_simd128__)

#include <wasm_simd128.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/kernels.h"

namespace bscnet {
namespace simd128 {

/// Two sums a b + c in float64, where products are exact, and what of the sums is to be looked at again.
struct WideSum {
  v128_t product, add, sum;

  WideSum(v128_t a, v128_t b, v128_t c)
      : product(wasm_f64x2_mul(wasm_f64x2_promote_low_f32x4(a), wasm_f64x2_promote_low_f32x4(b))),
        add(wasm_f64x2_promote_low_f32x4(c)),
        sum(wasm_f64x2_add(product, add)) {}

  /// Where rounding the rounded sum to float32 may differ from rounding once: half way between two numbers of float32,
  /// of which those below its least normal one are fewer.
  v128_t doubtful() const {
    const v128_t cut_off = wasm_v128_and(sum, wasm_i64x2_const_splat(0x1fffffff));
    const v128_t half_way = wasm_i64x2_eq(cut_off, wasm_i64x2_const_splat(0x10000000));
    const v128_t small = wasm_f64x2_lt(wasm_f64x2_abs(sum), wasm_f64x2_const_splat(0x1p-126));
    return wasm_v128_or(half_way, wasm_v128_and(small, wasm_f64x2_ne(sum, wasm_f64x2_const_splat(0))));
  }

  /// The sums rounded to odd; see exact_fma.h.
  v128_t odd() const {
    const v128_t zero = wasm_f64x2_const_splat(0);
    const v128_t other = wasm_f64x2_sub(sum, product);
    const v128_t error =
        wasm_f64x2_add(wasm_f64x2_sub(product, wasm_f64x2_sub(sum, other)), wasm_f64x2_sub(add, other));
    const v128_t inexact = wasm_v128_or(wasm_f64x2_lt(error, zero), wasm_f64x2_gt(error, zero));
    const v128_t one = wasm_i64x2_const_splat(1);
    const v128_t even = wasm_i64x2_eq(wasm_v128_and(sum, one), wasm_i64x2_const_splat(0));
    const v128_t step = wasm_v128_or(wasm_i64x2_shr(wasm_v128_xor(sum, error), 63), one);  // by the signs 1 or -1
    return wasm_i64x2_add(sum, wasm_v128_and(step, wasm_v128_and(inexact, even)));
  }
};

inline v128_t high_half(v128_t v) { return wasm_i64x2_shuffle(v, v, 1, 1); }

inline v128_t narrow(v128_t low, v128_t high) {
  return wasm_i64x2_shuffle(wasm_f32x4_demote_f64x2_zero(low), wasm_f32x4_demote_f64x2_zero(high), 0, 2);
}

struct Floats {
  using Vector = v128_t;
  static constexpr int kWidth = 4;
  static constexpr int kPanel = 8;

  static Vector broadcast(float v) { return wasm_f32x4_splat(v); }
  static Vector load(const float* p) { return wasm_v128_load(p); }
  static Vector load_part(const float* p, int width) {
    float lanes[kWidth] = {};
    for (int i = 0; i < std::min(width, kWidth); ++i) lanes[i] = p[i];
    return wasm_v128_load(lanes);
  }
  static void store(float* p, Vector v) { wasm_v128_store(p, v); }
  static void store_part(float* p, Vector v, int width) {
    float lanes[kWidth];
    wasm_v128_store(lanes, v);
    for (int i = 0; i < std::min(width, kWidth); ++i) p[i] = lanes[i];
  }
  // There are no instructions for float16.
  static Vector load(const Half* p) {
    return wasm_f32x4_make(float_of(p[0]), float_of(p[1]), float_of(p[2]), float_of(p[3]));
  }
  static Vector load_part(const Half* p, int width) {
    Half lanes[kWidth] = {};
    std::copy_n(p, std::min(width, kWidth), lanes);
    return load(lanes);
  }
  static void store(Half* p, Vector v) { store_part(p, v, kWidth); }
  static void store_part(Half* p, Vector v, int width) {
    float lanes[kWidth];
    wasm_v128_store(lanes, v);
    for (int i = 0; i < std::min(width, kWidth); ++i) p[i] = half_of(lanes[i]);
  }
  static Vector rounded(Vector v) {
    Half lanes[kWidth];
    store(lanes, v);
    return load(lanes);
  }
  static Vector add(Vector a, Vector b) { return wasm_f32x4_add(a, b); }
  static Vector sub(Vector a, Vector b) { return wasm_f32x4_sub(a, b); }
  static Vector mul(Vector a, Vector b) { return wasm_f32x4_mul(a, b); }
  /// Exact, as exact_fma is; the two roundings that it saves are doubtful for one number in some hundred millions.
  static Vector fma(Vector a, Vector b, Vector c) {
    const WideSum low(a, b, c), high(high_half(a), high_half(b), high_half(c));
    if (__builtin_expect(wasm_v128_any_true(wasm_v128_or(low.doubtful(), high.doubtful())), 0)) {
      return narrow(low.odd(), high.odd());
    }
    return narrow(low.sum, high.sum);
  }
  // pmax(b, a) is a > b ? a : b, and pmin(b, a) is a < b ? a : b.
  static Vector max(Vector a, Vector b) { return wasm_f32x4_pmax(b, a); }
  static Vector select_positive(Vector v, Vector yes, Vector no) {
    return wasm_v128_bitselect(yes, no, wasm_f32x4_gt(v, wasm_f32x4_const_splat(0)));
  }
  static Vector clamp(Vector v, float low, float high) {
    return wasm_f32x4_pmin(wasm_f32x4_splat(high), wasm_f32x4_pmax(wasm_f32x4_splat(low), v));
  }
  static unsigned at_least(Vector v, Vector limit) {
    return static_cast<unsigned>(wasm_i32x4_bitmask(wasm_f32x4_ge(v, limit)));
  }
};

inline std::uint32_t window_slice(std::uint64_t slice) {
  return static_cast<std::uint32_t>((slice & 7) | (slice >> 5 & 070) | (slice >> 10 & 0700));
}

/// Four lanes of 32 bits: (terms - 2 count) as float, times scale.
inline void store_scaled(v128_t count, int terms, const float* scale, float* out) {
  const v128_t sum = wasm_i32x4_sub(wasm_i32x4_splat(terms), wasm_i32x4_shl(count, 1));
  wasm_v128_store(out, wasm_f32x4_mul(wasm_f32x4_convert_i32x4(sum), wasm_v128_load(scale)));
}

inline v128_t sums_of_four(v128_t bytes) {
  return wasm_u32x4_extadd_pairwise_u16x8(wasm_u16x8_extadd_pairwise_u8x16(bytes));
}

/// A unit of lanes is two vectors.
constexpr int kUnitVectors = kUnitBytes / 16;
constexpr int kMaxUnits = 4;

/// Counts gather in bytes, which take 31 words of at most 8 before they are added up in lanes.
template <int kWordBits, int kUnits>
struct BitSum {
  static constexpr int kVectors = kUnits * kUnitVectors;
  static constexpr int kLanes = 128 / kWordBits;  // of a vector
  v128_t bytes[kVectors];
  v128_t count[kVectors];
  int room = 31;

  BitSum() {
    for (int i = 0; i < kVectors; ++i) bytes[i] = count[i] = wasm_i8x16_const_splat(0);
  }

  void add(const std::uint8_t* word, const std::uint8_t* lanes) {
    if (room-- == 0) spill();
    const v128_t all = kWordBits == 16 ? wasm_v128_load16_splat(word) : wasm_v128_load32_splat(word);
    for (int i = 0; i < kVectors; ++i) {
      const v128_t differing = wasm_v128_xor(all, wasm_v128_load(lanes + 16 * i));
      bytes[i] = wasm_i8x16_add(bytes[i], wasm_i8x16_popcnt(differing));
    }
  }

  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kVectors; ++i, scale += kLanes, out += kLanes) {
      const v128_t total = lane_sums(i);
      if constexpr (kWordBits == 16) {
        store_scaled(wasm_u32x4_extend_low_u16x8(total), terms, scale, out);
        store_scaled(wasm_u32x4_extend_high_u16x8(total), terms, scale + 4, out + 4);
      } else {
        store_scaled(total, terms, scale, out);
      }
    }
  }

 private:
  v128_t lane_sums(int i) const {
    if constexpr (kWordBits == 16) {
      return wasm_i16x8_add(count[i], wasm_u16x8_extadd_pairwise_u8x16(bytes[i]));
    } else {
      return wasm_i32x4_add(count[i], sums_of_four(bytes[i]));
    }
  }

  void spill() {
    for (int i = 0; i < kVectors; ++i) {
      count[i] = lane_sums(i);
      bytes[i] = wasm_i8x16_const_splat(0);
    }
    room = 30;
  }
};

/// One unit of 32-bit lanes over a window; 27 words of at most 8 a byte fit the bytes.
struct Unit {
  struct Lanes {
    const std::uint8_t* weight;
  };
  v128_t bytes[kUnitVectors];

  Unit() {
    for (v128_t& half : bytes) half = wasm_i8x16_const_splat(0);
  }
  static Lanes load_window(const std::uint8_t* weight) { return {weight}; }
  void add(const std::uint8_t* word, const std::uint8_t* mask, const Lanes& lanes, int k) {
    const v128_t all = wasm_v128_load32_splat(word);
    const v128_t counted = wasm_v128_load32_splat(mask);
    for (int i = 0; i < kUnitVectors; ++i) {
      const v128_t weight = wasm_v128_load(lanes.weight + kUnitBytes * k + 16 * i);
      const v128_t differing = wasm_v128_and(wasm_v128_xor(all, weight), counted);
      bytes[i] = wasm_i8x16_add(bytes[i], wasm_i8x16_popcnt(differing));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kUnitVectors; ++i) store_scaled(sums_of_four(bytes[i]), terms, scale + 4 * i, out + 4 * i);
  }
};

/// Triples of cells along x in lanes of 64 bits, counted in bytes.
template <int kUnits>
struct TripleSum {
  v128_t count[kUnits * kUnitVectors];

  TripleSum() {
    for (v128_t& half : count) half = wasm_i8x16_const_splat(0);
  }
  void add(const std::uint8_t* row, const std::uint8_t* mask, const std::uint8_t* lanes) {
    const v128_t all = wasm_v128_load64_splat(row);
    const v128_t counted = wasm_v128_load64_splat(mask);
    for (int i = 0; i < kUnits * kUnitVectors; ++i) {
      const v128_t differing = wasm_v128_and(wasm_v128_xor(all, wasm_v128_load(lanes + 16 * i)), counted);
      count[i] = wasm_i8x16_add(count[i], wasm_i8x16_popcnt(differing));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kUnits; ++i) {
      const v128_t low = triple_sums(count[2 * i]), high = triple_sums(count[2 * i + 1]);
      const v128_t total =
          wasm_i32x4_add(wasm_i32x4_shuffle(low, high, 0, 2, 4, 6), wasm_i32x4_shuffle(low, high, 1, 3, 5, 7));
      store_scaled(total, terms, scale + kTripleChannels * i, out + kTripleChannels * i);
    }
  }

 private:
  /// The counts of a lane's six bytes in its two halves.
  static v128_t triple_sums(v128_t bytes) {
    return sums_of_four(wasm_v128_and(bytes, wasm_i64x2_const_splat(0x0000ffffffffffff)));
  }
};

inline void fill_masks32(const std::uint64_t* occupancy, std::uint8_t* masks) {
  const v128_t low = wasm_i32x4_const(1, 2, 4, 8), high = wasm_i32x4_const(16, 32, 64, 128);
  for (int row = 0; row < 64; ++row, masks += 32) {
    const auto bits = static_cast<std::int32_t>(occupancy[row >> 3] >> (8 * (row & 7)) & 0xff);
    const v128_t cells = wasm_i32x4_splat(bits);
    wasm_v128_store(masks, wasm_i32x4_eq(wasm_v128_and(cells, low), low));
    wasm_v128_store(masks + 16, wasm_i32x4_eq(wasm_v128_and(cells, high), high));
  }
}

inline void fill_masks16(const std::uint64_t* occupancy, std::uint8_t* masks) {
  const v128_t bit = wasm_i16x8_const(1, 2, 4, 8, 16, 32, 64, 128);
  for (int row = 0; row < 64; ++row, masks += 16) {
    const auto cells = static_cast<std::int16_t>(occupancy[row >> 3] >> (8 * (row & 7)) & 0xff);
    wasm_v128_store(masks, wasm_i16x8_eq(wasm_v128_and(wasm_i16x8_splat(cells), bit), bit));
  }
}

// Each builds on those before it.
// clang-format off
#include "kernels/generic_bits.h"
#include "kernels/generic_windows.h"
#include "kernels/generic_reals.h"
#include "kernels/generic_finish.h"
// clang-format on

}  // namespace simd128

const Kernels kSimd128Kernels = {"simd128",
                                 simd128::find_windows,
                                 simd128::bit_submanifold,
                                 simd128::bit_rows,
                                 simd128::real_submanifold,
                                 simd128::real_pairs,
                                 simd128::real_rows,
                                 simd128::pool,
                                 simd128::widen,
                                 simd128::finish_tile};

}  // namespace bscnet

#endif
