// Training with AVX-512.
#if defined(__x86_64__)

#include <immintrin.h>

#include <type_traits>

#include "cpu/target.h"
#include "training/kernels.h"

#if !defined(__clang__)
// GCC 12 takes its own header's undefined vectors (_mm512_undefined_ps) for mistakes.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
BSCNET_BEGIN_TARGET(BSCNET_AVX512 ",avx512vpopcntdq")

namespace bscnet {
namespace training_avx512 {

#include "training/vectors_x86.h"

struct Floats16 {
  using Vector = __m512;
  static constexpr int kWidth = 16;

  static Vector broadcast(float v) { return _mm512_set1_ps(v); }
  static Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
  static Vector mul(Vector a, Vector b) { return _mm512_mul_ps(a, b); }
  static Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm512_sub_ps(a, b); }
  static std::uint32_t at_least_zero(Vector v) { return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GE_OQ); }
};

using Widest = Floats16;
constexpr int kRegisters = 24;
constexpr int kMostVectors = 4;

template <typename Action>
inline void for_narrow(int lanes, const Action& action) {
  lanes >= Floats8::kWidth ? action(Floats8{}) : action(Floats4{});
}

inline void expand_signs(const std::int32_t* words, int channels, float* out) {
  const __m512 plus = _mm512_set1_ps(1.0f);
  const __m512 minus = _mm512_set1_ps(-1.0f);
  for (int c = 0; c < channels; c += 16) {
    const auto bits = static_cast<__mmask16>(static_cast<std::uint32_t>(words[c / 32]) >> (c % 32));
    const int width = channels - c < 16 ? channels - c : 16;
    _mm512_mask_storeu_ps(out + c, static_cast<__mmask16>((1u << width) - 1), _mm512_mask_mov_ps(minus, bits, plus));
  }
}

/// Sixteen counts.
struct Counts {
  using Vector = __m512i;
  static constexpr int kWidth = 16;

  static Vector broadcast(std::int32_t v) { return _mm512_set1_epi32(v); }
  static Vector load(const std::uint32_t* p) { return _mm512_loadu_si512(p); }
  static void store(std::uint32_t* p, Vector v) { _mm512_storeu_si512(p, v); }
  static Vector add_differing(Vector count, Vector a, Vector b) {
    return _mm512_add_epi32(count, _mm512_popcnt_epi32(_mm512_xor_si512(a, b)));
  }
};

template <int kLanes>
using FloatsOf = std::conditional_t<kLanes >= 16, Floats16, std::conditional_t<kLanes >= 8, Floats8, Floats4>>;
constexpr int kSignRows = 16;

#include "training/generic_binary.h"
#include "training/generic_checks.h"
#include "training/generic_elementwise.h"
#include "training/generic_lanes.h"
#include "training/generic_outer.h"
#include "training/generic_rows.h"
#include "training/generic_tables.h"
#include "training/held_products.h"

}  // namespace training_avx512

const TrainingKernels kAvx512Training = {"avx512",
                                         training_avx512::add_products,
                                         training_avx512::add_outer,
                                         training_avx512::add_outer_by_input,
                                         training_avx512::transpose,
                                         training_avx512::scatter_rows,
                                         training_avx512::expand_signs,
                                         training_avx512::largest_row,
                                         training_avx512::largest_place,
                                         &training_avx512::kElementwise,
                                         &training_avx512::kSigns};

}  // namespace bscnet

BSCNET_END_TARGET

#endif
