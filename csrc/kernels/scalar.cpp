// Plain C++: the reference of the other levels, and what runs where none of them can.
#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cpu/exact_fma.h"
#include "cpu/target.h"
#include "kernels/kernels.h"

BSCNET_BEGIN_POPCOUNT

namespace bscnet {
namespace scalar {

struct Floats {
  using Vector = float;
  static constexpr int kWidth = 1;
  static constexpr int kPanel = 4;

  static Vector broadcast(float v) { return v; }
  static Vector load(const float* p) { return *p; }
  static Vector load_part(const float* p, int) { return *p; }
  static void store(float* p, Vector v) { *p = v; }
  static void store_part(float* p, Vector v, int) { *p = v; }
  static Vector load(const Half* p) { return float_of(*p); }
  static Vector load_part(const Half* p, int) { return float_of(*p); }
  static void store(Half* p, Vector v) { *p = half_of(v); }
  static void store_part(Half* p, Vector v, int) { *p = half_of(v); }
  static Vector rounded(Vector v) { return rounded_to_half(v); }
  static Vector add(Vector a, Vector b) { return a + b; }
  static Vector sub(Vector a, Vector b) { return a - b; }
  static Vector mul(Vector a, Vector b) { return a * b; }
  static Vector fma(Vector a, Vector b, Vector c) { return exact_fma(a, b, c); }
  static Vector max(Vector a, Vector b) { return a > b ? a : b; }
  static Vector select_positive(Vector v, Vector yes, Vector no) { return v > 0 ? yes : no; }
  static Vector clamp(Vector v, float low, float high) {
    const Vector above = v > low ? v : low;
    return above < high ? above : high;
  }
  static unsigned at_least(Vector v, Vector limit) { return v >= limit ? 1u : 0u; }
};

inline std::uint32_t window_slice(std::uint64_t slice) {
  return static_cast<std::uint32_t>((slice & 7) | (slice >> 5 & 070) | (slice >> 10 & 0700));
}

constexpr int kMaxUnits = 8;

template <int kWordBits, int kUnits>
struct BitSum {
  static constexpr int kLanes = kUnits * kUnitBytes * 8 / kWordBits;
  std::uint32_t count[kLanes] = {};

  void add(const std::uint8_t* word, const std::uint8_t* lanes) {
    const std::uint32_t all = read(word);
    for (int i = 0; i < kLanes; ++i) {
      count[i] += static_cast<std::uint32_t>(__builtin_popcount(all ^ read(lanes + i * (kWordBits / 8))));
    }
  }

  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kLanes; ++i) out[i] = static_cast<float>(terms - 2 * static_cast<int>(count[i])) * scale[i];
  }

 private:
  static std::uint32_t read(const std::uint8_t* p) {
    std::uint32_t value = 0;
    std::memcpy(&value, p, kWordBits / 8);  // little-endian
    return value;
  }
};

/// One unit of 32-bit lanes over a window.
struct Unit {
  static constexpr int kLanes = kUnitBytes / 4;
  struct Lanes {
    const std::uint8_t* weight;
  };
  std::uint32_t count[kLanes] = {};

  static Lanes load_window(const std::uint8_t* weight) { return {weight}; }
  void add(const std::uint8_t* word, const std::uint8_t* mask, const Lanes& lanes, int k) {
    const std::uint32_t all = read(word);
    const std::uint32_t counted = read(mask);
    for (int i = 0; i < kLanes; ++i) {
      const std::uint32_t weight = read(lanes.weight + kUnitBytes * k + 4 * i);
      count[i] += static_cast<std::uint32_t>(__builtin_popcount((all ^ weight) & counted));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kLanes; ++i) out[i] = static_cast<float>(terms - 2 * static_cast<int>(count[i])) * scale[i];
  }

 private:
  static std::uint32_t read(const std::uint8_t* p) {
    std::uint32_t value;
    std::memcpy(&value, p, 4);
    return value;
  }
};

/// Triples of cells along x in lanes of 64 bits.
template <int kUnits>
struct TripleSum {
  static constexpr int kLanes = kUnits * kTripleChannels;
  std::uint32_t count[kLanes] = {};

  void add(const std::uint8_t* row, const std::uint8_t* mask, const std::uint8_t* lanes) {
    const std::uint64_t all = read(row);
    const std::uint64_t counted = read(mask) & 0x0000ffffffffffffULL;
    for (int i = 0; i < kLanes; ++i) {
      count[i] += static_cast<std::uint32_t>(__builtin_popcountll((all ^ read(lanes + 8 * i)) & counted));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    for (int i = 0; i < kLanes; ++i) out[i] = static_cast<float>(terms - 2 * static_cast<int>(count[i])) * scale[i];
  }

 private:
  static std::uint64_t read(const std::uint8_t* p) {
    std::uint64_t value;
    std::memcpy(&value, p, 8);  // little-endian
    return value;
  }
};

template <typename Word>
void fill_masks(const std::uint64_t* occupancy, std::uint8_t* masks) {
  for (int cell = 0; cell < kBlockCells; ++cell, masks += sizeof(Word)) {
    const Word mask = (occupancy[cell >> 6] >> (cell & 63) & 1) != 0 ? static_cast<Word>(~Word{0}) : Word{0};
    std::memcpy(masks, &mask, sizeof mask);
  }
}
inline void fill_masks32(const std::uint64_t* occupancy, std::uint8_t* masks) {
  fill_masks<std::uint32_t>(occupancy, masks);
}
inline void fill_masks16(const std::uint64_t* occupancy, std::uint8_t* masks) {
  fill_masks<std::uint16_t>(occupancy, masks);
}

// Each builds on those before it.
// clang-format off
#include "kernels/generic_bits.h"
#include "kernels/generic_windows.h"
#include "kernels/generic_reals.h"
#include "kernels/generic_finish.h"
// clang-format on

}  // namespace scalar

const Kernels kScalarKernels = {"scalar",
                                scalar::find_windows,
                                scalar::bit_submanifold,
                                scalar::bit_rows,
                                scalar::real_submanifold,
                                scalar::real_pairs,
                                scalar::real_rows,
                                scalar::pool,
                                scalar::widen,
                                scalar::finish_tile};

}  // namespace bscnet

BSCNET_END_POPCOUNT
