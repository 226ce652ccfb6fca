// Training with AVX2 and FMA.
#if defined(__x86_64__)

#include <immintrin.h>

#include <type_traits>

#include "training/kernels.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2,popcnt")

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

#include "training/generic_checks.h"
#include "training/generic_elementwise.h"
#include "training/generic_lanes.h"
#include "training/generic_outer.h"
#include "training/generic_panels.h"
#include "training/generic_rows.h"
#include "training/generic_signs.h"

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
                                       &training_avx2::kElementwise};

}  // namespace bscnet

#pragma GCC pop_options

#endif
