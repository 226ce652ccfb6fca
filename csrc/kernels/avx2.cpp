// AVX2, FMA and BMI2 (Haswell, Zen and later).
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cpu/target.h"
#include "kernels/kernels.h"

BSCNET_BEGIN_TARGET(BSCNET_AVX2)

namespace bscnet {
namespace avx2 {

struct Floats {
  using Vector = __m256;
  static constexpr int kWidth = 8;
  static constexpr int kPanel = 8;

  static __m256i first(int width) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(width), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector broadcast(float v) { return _mm256_set1_ps(v); }
  static Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static Vector load_part(const float* p, int width) { return _mm256_maskload_ps(p, first(width)); }
  static void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  static void store_part(float* p, Vector v, int width) { _mm256_maskstore_ps(p, first(width), v); }
  static Vector load(const Half* p) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))); }
  static Vector load_part(const Half* p, int width) {
    Half lanes[kWidth] = {};
    std::copy_n(p, std::min(width, kWidth), lanes);
    return load(lanes);
  }
  static void store(Half* p, Vector v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), halves(v)); }
  static void store_part(Half* p, Vector v, int width) {
    Half lanes[kWidth];
    store(lanes, v);
    std::copy_n(lanes, std::min(width, kWidth), p);
  }
  static __m128i halves(Vector v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
  static Vector rounded(Vector v) { return _mm256_cvtph_ps(halves(clamp(v, -kMostHalf, kMostHalf))); }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
  static Vector select_positive(Vector v, Vector yes, Vector no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ));
  }
  static Vector clamp(Vector v, float low, float high) {
    return _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(low)), _mm256_set1_ps(high));
  }
  static unsigned at_least(Vector v, Vector limit) {
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(v, limit, _CMP_GE_OQ)));
  }
};

inline std::uint32_t window_slice(std::uint64_t slice) {
  return static_cast<std::uint32_t>(_pext_u64(slice, 0x070707));
}

/// Set bits of each byte, by a table of nibbles.
inline __m256i byte_counts(__m256i v) {
  const __m256i table =
      _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i nibble = _mm256_set1_epi8(15);
  return _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(v, nibble)),
                         _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
}

/// Eight lanes of 32 bits: (terms - 2 count) as float, times scale.
inline __m256 scaled(__m256i count, int terms, const float* scale) {
  const __m256i sum = _mm256_sub_epi32(_mm256_set1_epi32(terms), _mm256_slli_epi32(count, 1));
  return _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scale));
}

constexpr int kMaxUnits = 6;

/// Counts gather in bytes, which take 31 words of at most 8 before they are added up in lanes.
template <int kWordBits, int kUnits>
struct BitSum {
  __m256i bytes[kUnits];
  __m256i count[kUnits];
  int room = 31;

  BitSum() {
    for (int i = 0; i < kUnits; ++i) bytes[i] = count[i] = _mm256_setzero_si256();
  }

  void add(const std::uint8_t* word, const std::uint8_t* lanes) {
    if (room-- == 0) spill();
    const __m256i all = broadcast(word);
    for (int i = 0; i < kUnits; ++i) {
      const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes + kUnitBytes * i));
      bytes[i] = _mm256_add_epi8(bytes[i], byte_counts(_mm256_xor_si256(all, weight)));
    }
  }

  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kUnits; ++i) {
      const __m256i total = lane_sums(i);
      if constexpr (kWordBits == 16) {
        const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(total));
        const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(total, 1));
        _mm256_storeu_ps(out + 16 * i, scaled(low, terms, scale + 16 * i));
        _mm256_storeu_ps(out + 16 * i + 8, scaled(high, terms, scale + 16 * i + 8));
      } else {
        _mm256_storeu_ps(out + 8 * i, scaled(total, terms, scale + 8 * i));
      }
    }
  }

 private:
  __m256i lane_sums(int i) const {
    const __m256i pairs = _mm256_maddubs_epi16(bytes[i], _mm256_set1_epi8(1));
    if constexpr (kWordBits == 16) {
      return _mm256_add_epi16(count[i], pairs);
    } else {
      return _mm256_add_epi32(count[i], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
  }

  void spill() {
    for (int i = 0; i < kUnits; ++i) {
      count[i] = lane_sums(i);
      bytes[i] = _mm256_setzero_si256();
    }
    room = 30;
  }

  static __m256i broadcast(const std::uint8_t* word) {
    if constexpr (kWordBits == 16) {
      std::uint16_t value;
      std::memcpy(&value, word, 2);
      return _mm256_set1_epi16(static_cast<short>(value));
    } else {
      std::uint32_t value;
      std::memcpy(&value, word, 4);
      return _mm256_set1_epi32(static_cast<int>(value));
    }
  }
};

/// One unit of 32-bit lanes over a window; 27 words of at most 8 a byte fit the bytes.
struct Unit {
  struct Lanes {
    const std::uint8_t* weight;
  };
  __m256i bytes;

  Unit() : bytes(_mm256_setzero_si256()) {}
  static Lanes load_window(const std::uint8_t* weight) { return {weight}; }
  void add(const std::uint8_t* word, const std::uint8_t* mask, const Lanes& lanes, int k) {
    const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes.weight + kUnitBytes * k));
    const __m256i differing = _mm256_and_si256(_mm256_xor_si256(broadcast(word), weight), broadcast(mask));
    bytes = _mm256_add_epi8(bytes, byte_counts(differing));
  }
  void store(int terms, const float* scale, float* out) const {
    const __m256i pairs = _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1));
    _mm256_storeu_ps(out, scaled(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)), terms, scale));
  }

 private:
  static __m256i broadcast(const std::uint8_t* word) {
    int value;
    std::memcpy(&value, word, 4);
    return _mm256_set1_epi32(value);
  }
};

#include "kernels/triples256.h"

inline void fill_masks32(const std::uint64_t* occupancy, std::uint8_t* masks) {
  const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  for (int row = 0; row < 64; ++row, masks += 32) {
    const auto cells = static_cast<int>(occupancy[row >> 3] >> (8 * (row & 7)) & 0xff);
    const __m256i set = _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(cells), bit), bit);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(masks), set);
  }
}

inline void fill_masks16(const std::uint64_t* occupancy, std::uint8_t* masks) {
  const __m128i bit = _mm_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128);
  for (int row = 0; row < 64; ++row, masks += 16) {
    const auto cells = static_cast<short>(occupancy[row >> 3] >> (8 * (row & 7)) & 0xff);
    const __m128i set = _mm_cmpeq_epi16(_mm_and_si128(_mm_set1_epi16(cells), bit), bit);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(masks), set);
  }
}

// Each builds on those before it.
// clang-format off
#include "kernels/generic_bits.h"
#include "kernels/generic_windows.h"
#include "kernels/generic_reals.h"
#include "kernels/generic_finish.h"
// clang-format on

}  // namespace avx2

const Kernels kAvx2Kernels = {"avx2",
                              avx2::find_windows,
                              avx2::bit_submanifold,
                              avx2::bit_rows,
                              avx2::real_submanifold,
                              avx2::real_pairs,
                              avx2::real_rows,
                              avx2::pool,
                              avx2::widen,
                              avx2::finish_tile};

}  // namespace bscnet

BSCNET_END_TARGET

#endif
