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
};

using Widest = Floats4;
constexpr int kRegisters = 24;
constexpr int kMostVectors = 4;

template <typename Action>
inline void for_narrow(int, const Action& action) {
  action(Floats4{});
}

#include "training/generic_checks.h"
#include "training/generic_products.h"
#include "training/generic_signs.h"

}  // namespace training_neon

const TrainingKernels kNeonTraining = {"neon",
                                       training_neon::add_products,
                                       training_neon::add_outer,
                                       training_neon::expand_signs,
                                       training_neon::largest_row,
                                       training_neon::largest_place};

}  // namespace bscnet

#endif
