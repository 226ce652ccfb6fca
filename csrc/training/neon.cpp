// Training with NEON.
#if defined(__aarch64__)

#include <arm_neon.h>

#include <type_traits>

#include "training/kernels.h"

namespace bscnet {
namespace training_neon {

struct Floats4 {
  using Vector = float32x4_t;
  static constexpr int kWidth = 4;

  static Vector broadcast(float v) { return vdupq_n_f32(v); }
  static Vector load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Vector v) { vst1q_f32(p, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return vfmaq_f32(c, a, b); }
  static Vector mul(Vector a, Vector b) { return vmulq_f32(a, b); }
  static Vector add(Vector a, Vector b) { return vaddq_f32(a, b); }
  static Vector sub(Vector a, Vector b) { return vsubq_f32(a, b); }
  static std::uint32_t at_least_zero(Vector v) {
    constexpr std::uint32_t kBit[kWidth] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(vcgezq_f32(v), vld1q_u32(kBit)));
  }
};

using Widest = Floats4;
constexpr int kRegisters = 24;
constexpr int kMostVectors = 4;

template <typename Action>
inline void for_narrow(int, const Action& action) {
  action(Floats4{});
}

constexpr int kSquare = 4;

/// to[c][r] = from[r][c] of 4 x 4 floats.
inline void transpose_square(const float* from, std::size_t from_stride, float* to, std::size_t to_stride) {
  const float32x4x2_t ab = vtrnq_f32(vld1q_f32(from), vld1q_f32(from + from_stride));
  const float32x4x2_t cd = vtrnq_f32(vld1q_f32(from + 2 * from_stride), vld1q_f32(from + 3 * from_stride));
  for (int c = 0; c < 2; ++c) {
    vst1q_f32(to + c * to_stride, vcombine_f32(vget_low_f32(ab.val[c]), vget_low_f32(cd.val[c])));
    vst1q_f32(to + (c + 2) * to_stride, vcombine_f32(vget_high_f32(ab.val[c]), vget_high_f32(cd.val[c])));
  }
}

/// Four counts.
struct Counts {
  using Vector = uint32x4_t;
  static constexpr int kWidth = 4;

  static Vector broadcast(std::int32_t v) { return vdupq_n_u32(static_cast<std::uint32_t>(v)); }
  static Vector load(const std::uint32_t* p) { return vld1q_u32(p); }
  static void store(std::uint32_t* p, Vector v) { vst1q_u32(p, v); }
  static Vector add_differing(Vector count, Vector a, Vector b) {
    return vpadalq_u16(count, vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u32(veorq_u32(a, b)))));
  }
};

template <int>
using FloatsOf = Floats4;
constexpr int kSignRows = 16;

#include "training/generic_binary.h"
#include "training/generic_checks.h"
#include "training/generic_elementwise.h"
#include "training/generic_lanes.h"
#include "training/generic_outer.h"
#include "training/generic_panels.h"
#include "training/generic_rows.h"
#include "training/generic_signs.h"
#include "training/generic_spread.h"
#include "training/generic_tables.h"

}  // namespace training_neon

const TrainingKernels kNeonTraining = {"neon",
                                       training_neon::add_products,
                                       training_neon::add_outer,
                                       training_neon::add_outer_by_input,
                                       training_neon::transpose,
                                       training_neon::scatter_rows,
                                       training_neon::expand_signs,
                                       training_neon::largest_row,
                                       training_neon::largest_place,
                                       &training_neon::kElementwise,
                                       &training_neon::kSigns};

}  // namespace bscnet

#endif
