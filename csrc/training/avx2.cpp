// Training with AVX2 and FMA.
#if defined(__x86_64__)

#include <immintrin.h>

#include <type_traits>

#include "cpu/target.h"
#include "training/kernels.h"

BSCNET_BEGIN_TARGET(BSCNET_AVX2)

namespace bscnet {
namespace training_avx2 {

#include "training/vectors_x86.h"

using Widest = Floats8;
constexpr int kRegisters = 12;
constexpr int kMostVectors = 3;

template <typename Action>
inline void for_narrow(int, const Action& action) {
  action(Floats4{});
}

/// Eight counts.
struct Counts {
  using Vector = __m256i;
  static constexpr int kWidth = 8;

  static Vector broadcast(std::int32_t v) { return _mm256_set1_epi32(v); }
  static Vector load(const std::uint32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const Vector*>(p)); }
  static void store(std::uint32_t* p, Vector v) { _mm256_storeu_si256(reinterpret_cast<Vector*>(p), v); }
  static Vector add_differing(Vector count, Vector a, Vector b) {
    const Vector of_nibble = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const Vector low = _mm256_set1_epi8(15);
    const Vector bits = _mm256_xor_si256(a, b);
    const Vector bytes =
        _mm256_add_epi8(_mm256_shuffle_epi8(of_nibble, _mm256_and_si256(bits, low)),
                        _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
    const Vector halves = _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1));
    return _mm256_add_epi32(count, _mm256_madd_epi16(halves, _mm256_set1_epi16(1)));
  }
};

template <int kLanes>
using FloatsOf = std::conditional_t<kLanes >= 8, Floats8, Floats4>;
constexpr int kSignRows = 8;

#include "training/generic_binary.h"
#include "training/generic_checks.h"
#include "training/generic_elementwise.h"
#include "training/generic_lanes.h"
#include "training/generic_outer.h"
#include "training/generic_panels.h"
#include "training/generic_rows.h"
#include "training/generic_signs.h"
#include "training/generic_tables.h"

}  // namespace training_avx2

const TrainingKernels kAvx2Training = {"avx2",
                                       training_avx2::add_products,
                                       training_avx2::add_outer,
                                       training_avx2::add_outer_by_input,
                                       training_avx2::transpose,
                                       training_avx2::scatter_rows,
                                       training_avx2::expand_signs,
                                       training_avx2::largest_row,
                                       training_avx2::largest_place,
                                       &training_avx2::kElementwise,
                                       &training_avx2::kSigns};

}  // namespace bscnet

BSCNET_END_TARGET

#endif
