// AVX-512 with VPOPCNTDQ and BITALG (Ice Lake, Zen 4 and later).
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cpu/target.h"
#include "kernels/kernels.h"

#if !defined(__clang__)
// GCC 12 takes its own header's undefined vectors (_mm512_undefined_ps) for mistakes.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
BSCNET_BEGIN_TARGET(BSCNET_AVX512 ",avx512vpopcntdq,avx512bitalg,avx512vbmi2")

namespace bscnet {
namespace avx512 {

struct Floats {
  using Vector = __m512;
  static constexpr int kWidth = 16;
  static constexpr int kPanel = 24;

  static __mmask16 first(int width) { return static_cast<__mmask16>((1u << width) - 1); }
  static Vector broadcast(float v) { return _mm512_set1_ps(v); }
  static Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static Vector load_part(const float* p, int width) { return _mm512_maskz_loadu_ps(first(width), p); }
  static void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  static void store_part(float* p, Vector v, int width) { _mm512_mask_storeu_ps(p, first(width), v); }
  static Vector load(const Half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))); }
  static Vector load_part(const Half* p, int width) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(width), p));
  }
  static void store(Half* p, Vector v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), halves(v)); }
  static void store_part(Half* p, Vector v, int width) { _mm256_mask_storeu_epi16(p, first(width), halves(v)); }
  static __m256i halves(Vector v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
  static Vector rounded(Vector v) { return _mm512_cvtph_ps(halves(clamp(v, -kMostHalf, kMostHalf))); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  static Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector max(Vector a, Vector b) { return _mm512_max_ps(a, b); }
  static Vector select_positive(Vector v, Vector yes, Vector no) {
    return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ), yes);
  }
  static Vector clamp(Vector v, float low, float high) {
    return _mm512_min_ps(_mm512_max_ps(v, _mm512_set1_ps(low)), _mm512_set1_ps(high));
  }
  static unsigned at_least(Vector v, Vector limit) { return _mm512_cmp_ps_mask(v, limit, _CMP_GE_OQ); }
};

inline std::uint32_t window_slice(std::uint64_t slice) {
  return static_cast<std::uint32_t>(_pext_u64(slice, 0x070707));
}

/// Sixteen lanes of 32 bits: (terms - 2 count) as float, times scale.
inline __m512 scaled(__m512i count, int terms, const float* scale) {
  const __m512i sum = _mm512_sub_epi32(_mm512_set1_epi32(terms), _mm512_slli_epi32(count, 1));
  return _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scale));
}

inline __m256 scaled(__m256i count, int terms, const float* scale) {
  const __m256i sum = _mm256_sub_epi32(_mm256_set1_epi32(terms), _mm256_slli_epi32(count, 1));
  return _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scale));
}

constexpr int kMaxUnits = 16;

/// Pairs of units in 512-bit vectors, an odd last one in 256 bits.
template <int kWordBits, int kUnits>
struct BitSum {
  static constexpr int kWide = kUnits / 2;
  static constexpr bool kOdd = kUnits % 2 == 1;
  __m512i wide[kWide > 0 ? kWide : 1];
  __m256i odd;

  BitSum() {
    for (__m512i& count : wide) count = _mm512_setzero_si512();
    odd = _mm256_setzero_si256();
  }

  void add(const std::uint8_t* word, const std::uint8_t* lanes) {
    __m256i half;
    if constexpr (kWide > 0) {
      const __m512i all = broadcast(word);
      for (int i = 0; i < kWide; ++i) {
        const __m512i differing = _mm512_xor_si512(all, _mm512_loadu_si512(lanes + 64 * i));
        if constexpr (kWordBits == 16) {
          wide[i] = _mm512_add_epi16(wide[i], _mm512_popcnt_epi16(differing));
        } else {
          wide[i] = _mm512_add_epi32(wide[i], _mm512_popcnt_epi32(differing));
        }
      }
      half = _mm512_castsi512_si256(all);
    } else {
      half = half_broadcast(word);
    }
    if constexpr (kOdd) {
      const __m256i last = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes + 64 * kWide));
      const __m256i differing = _mm256_xor_si256(half, last);
      if constexpr (kWordBits == 16) {
        odd = _mm256_add_epi16(odd, _mm256_popcnt_epi16(differing));
      } else {
        odd = _mm256_add_epi32(odd, _mm256_popcnt_epi32(differing));
      }
    }
  }

  /// The running sums as they are, kUnits units.
  void put(std::uint8_t* memory) const {
    for (int i = 0; i < kWide; ++i) _mm512_storeu_si512(memory + 64 * i, wide[i]);
    if constexpr (kOdd) _mm256_storeu_si256(reinterpret_cast<__m256i*>(memory + 64 * kWide), odd);
  }

  /// What was added between two such states.
  static BitSum between(const std::uint8_t* before, const std::uint8_t* after) {
    BitSum sum;
    for (int i = 0; i < kWide; ++i) {
      const __m512i begin = _mm512_loadu_si512(before + 64 * i);
      const __m512i end = _mm512_loadu_si512(after + 64 * i);
      sum.wide[i] = kWordBits == 16 ? _mm512_sub_epi16(end, begin) : _mm512_sub_epi32(end, begin);
    }
    if constexpr (kOdd) {
      const __m256i begin = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(before + 64 * kWide));
      const __m256i end = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(after + 64 * kWide));
      sum.odd = kWordBits == 16 ? _mm256_sub_epi16(end, begin) : _mm256_sub_epi32(end, begin);
    }
    return sum;
  }

  void store(int terms, const float* scale, float* out) const {
    if constexpr (kWordBits == 16) {
      for (int i = 0; i < kWide; ++i, scale += 32, out += 32) {
        const __m512i low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(wide[i]));
        const __m512i high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(wide[i], 1));
        _mm512_storeu_ps(out, scaled(low, terms, scale));
        _mm512_storeu_ps(out + 16, scaled(high, terms, scale + 16));
      }
      if constexpr (kOdd) _mm512_storeu_ps(out, scaled(_mm512_cvtepu16_epi32(odd), terms, scale));
    } else {
      for (int i = 0; i < kWide; ++i, scale += 16, out += 16) _mm512_storeu_ps(out, scaled(wide[i], terms, scale));
      if constexpr (kOdd) _mm256_storeu_ps(out, scaled(odd, terms, scale));
    }
  }

 private:
  static __m512i broadcast(const std::uint8_t* word) {
    if constexpr (kWordBits == 16) {
      std::uint16_t value;
      std::memcpy(&value, word, 2);
      return _mm512_set1_epi16(static_cast<short>(value));
    } else {
      std::uint32_t value;
      std::memcpy(&value, word, 4);
      return _mm512_set1_epi32(static_cast<int>(value));
    }
  }
  static __m256i half_broadcast(const std::uint8_t* word) {
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

/// Set bits of each byte.
inline __m256i byte_counts(__m256i v) { return _mm256_popcnt_epi8(v); }

#include "kernels/triples256.h"

inline void fill_masks16(const std::uint64_t* occupancy, std::uint8_t* masks) {
  for (int z = 0; z < 8; ++z) {
    for (int y = 0; y < 8; y += 4, masks += 64) {
      const auto rows = static_cast<__mmask32>(occupancy[z] >> (8 * y));
      _mm512_storeu_si512(masks, _mm512_movm_epi16(rows));
    }
  }
}

// Each builds on those before it.
// clang-format off
#include "kernels/generic_bits.h"
#include "kernels/avx512_lists.h"
#include "kernels/generic_reals.h"
#include "kernels/generic_finish.h"
// clang-format on

}  // namespace avx512

const Kernels kAvx512Kernels = {"avx512",
                                avx512::find_windows,
                                avx512::bit_submanifold,
                                avx512::bit_rows,
                                avx512::real_submanifold,
                                avx512::real_pairs,
                                avx512::real_rows,
                                avx512::pool,
                                avx512::widen,
                                avx512::finish_tile};

}  // namespace bscnet

BSCNET_END_TARGET

#endif
