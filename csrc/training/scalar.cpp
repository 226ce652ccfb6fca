// Training in plain C++: the reference of the other levels, and what runs where none of them can.
#include <type_traits>

#include "cpu/exact_fma.h"
#include "training/kernels.h"

namespace bscnet {
namespace training_scalar {

struct Floats1 {
  using Vector = float;
  static constexpr int kWidth = 1;

  static Vector broadcast(float v) { return v; }
  static Vector load(const float* p) { return *p; }
  static void store(float* p, Vector v) { *p = v; }
  static Vector fma(Vector a, Vector b, Vector c) { return exact_fma(a, b, c); }
  static Vector mul(Vector a, Vector b) { return a * b; }
  static Vector add(Vector a, Vector b) { return a + b; }
  static Vector sub(Vector a, Vector b) { return a - b; }
  static std::uint32_t at_least_zero(Vector v) { return v >= 0.0f ? 1u : 0u; }
};

using Widest = Floats1;
constexpr int kRegisters = 8;
constexpr int kMostVectors = 4;

template <typename Action>
inline void for_narrow(int, const Action& action) {
  action(Floats1{});
}

constexpr int kSquare = 1;

inline void transpose_square(const float* from, std::size_t, float* to, std::size_t) { *to = *from; }

/// One count.
struct Counts {
  using Vector = std::uint32_t;
  static constexpr int kWidth = 1;

  static Vector broadcast(std::int32_t v) { return static_cast<Vector>(v); }
  static Vector load(const std::uint32_t* p) { return *p; }
  static void store(std::uint32_t* p, Vector v) { *p = v; }
  static Vector add_differing(Vector count, Vector a, Vector b) {
    return count + static_cast<Vector>(__builtin_popcount(a ^ b));
  }
};

template <int>
using FloatsOf = Floats1;
constexpr int kSignRows = 8;

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

}  // namespace training_scalar

const TrainingKernels kScalarTraining = {"scalar",
                                         training_scalar::add_products,
                                         training_scalar::add_outer,
                                         training_scalar::add_outer_by_input,
                                         training_scalar::transpose,
                                         training_scalar::scatter_rows,
                                         training_scalar::expand_signs,
                                         training_scalar::largest_row,
                                         training_scalar::largest_place,
                                         &training_scalar::kElementwise,
                                         &training_scalar::kSigns};

}  // namespace bscnet
