// Tiles in plain C++: what the instruction's documentation says, step by step.
#include <cfloat>
#include <cmath>
#include <cstring>

#include "cpu/exact_fma.h"
#include "training/flat_map.h"
#include "training/tiles.h"

namespace bscnet {
namespace tiles_emulated {

/// What an operation that flushes denormals to zero leaves of an exact or rounded result.
inline float flushed(float value) { return std::fabs(value) < FLT_MIN ? std::copysign(0.0f, value) : value; }

/// a * b + c, rounded once. Whether a result is denormal is seen after rounding it to 24 bits, so one that was rounded
/// up to the smallest normal number in steps of denormals may still be one.
inline float fused(float a, float b, float c) {
  const float result = exact_fma(a, b, c);
  if (std::fabs(result) == FLT_MIN) {
    constexpr float kScale = 0x1p64f;
    if (std::fabs(exact_fma(a * kScale, b, c * kScale)) < FLT_MIN * kScale) return std::copysign(0.0f, result);
  }
  return flushed(result);
}

class Tiles {
 public:
  template <int kTile>
  void zero() {
    std::memset(tiles_[kTile], 0, kBytes);
  }

  template <int kTile>
  void load(const void* from, std::size_t stride) {
    for (std::size_t row = 0; row < kRows; ++row) {
      std::memcpy(tiles_[kTile] + row * kRow, static_cast<const unsigned char*>(from) + row * stride, kRow);
    }
  }

  template <int kTile>
  void store(void* to, std::size_t stride) const {
    for (std::size_t row = 0; row < kRows; ++row) {
      std::memcpy(static_cast<unsigned char*>(to) + row * stride, tiles_[kTile] + row * kRow, kRow);
    }
  }

  /// Two chains of sums for each lane, one of the even numbers and one of the odd ones; then their sum, then the
  /// tile's.
  template <int kSum, int kA, int kB>
  void multiply() {
    for (std::size_t row = 0; row < kRows; ++row) {
      float even[kTileLanes] = {};
      float odd[kTileLanes] = {};
      for (std::size_t pair = 0; pair < kTileLanes; ++pair) {
        const float a_even = number(kA, row, 2 * pair);
        const float a_odd = number(kA, row, 2 * pair + 1);
        for (std::size_t lane = 0; lane < kTileLanes; ++lane) {
          even[lane] = fused(a_even, number(kB, pair, 2 * lane), even[lane]);
          odd[lane] = fused(a_odd, number(kB, pair, 2 * lane + 1), odd[lane]);
        }
      }
      float sums[kTileLanes];
      std::memcpy(sums, tiles_[kSum] + row * kRow, kRow);
      for (int lane = 0; lane < kTileLanes; ++lane) {
        sums[lane] = flushed(flushed(sums[lane]) + flushed(even[lane] + odd[lane]));
      }
      std::memcpy(tiles_[kSum] + row * kRow, sums, kRow);
    }
  }

 private:
  static constexpr std::size_t kRows = 16;
  static constexpr std::size_t kRow = 64;
  static constexpr std::size_t kBytes = kRows * kRow;

  /// A bfloat16 number of a tile as a float; a denormal one counts as zero.
  float number(int tile, std::size_t row, std::size_t place) const {
    std::uint16_t half;
    std::memcpy(&half, tiles_[tile] + row * kRow + place * sizeof half, sizeof half);
    const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return flushed(value);
  }

  alignas(64) unsigned char tiles_[8][kBytes];
};

#include "training/generic_tile_numbers.h"
#include "training/generic_tile_outer.h"
#include "training/generic_tile_products.h"

}  // namespace tiles_emulated

const TileKernels kEmulatedTiles = {"emulated",
                                    tiles_emulated::sign_row,
                                    tiles_emulated::real_row,
                                    tiles_emulated::pack_weight,
                                    tiles_emulated::add_products,
                                    tiles_emulated::add_outer};

std::size_t outer_memory(int channels, int lane_tiles) {
  return tiles_emulated::turned_tile(tiles_for(channels), 0, 0) +
         static_cast<std::size_t>(lane_tiles * tiles_emulated::kPlaceSteps) * kTileNumbers;
}

}  // namespace bscnet
