#include "fuzz/arrays.h"

#include <array>
#include <limits>

namespace {

using Coords = std::vector<std::int32_t>;

constexpr std::int32_t kLow = -32766, kHigh = 32765, kMost = std::numeric_limits<std::int32_t>::max(),
                       kLeast = std::numeric_limits<std::int32_t>::min();

Coords cube(std::int32_t edge, std::int32_t x, std::int32_t y, std::int32_t z) {
  Coords coords;
  for (std::int32_t i = 0; i < edge * edge * edge; ++i) {
    const std::int32_t site[] = {0, x + i / (edge * edge), y + i / edge % edge, z + i % edge};
    coords.insert(coords.end(), site, site + 4);
  }
  return coords;
}

Coords corners_of_the_range() {
  Coords coords;
  for (int i = 0; i < 16; ++i) {
    const std::int32_t site[] = {i & 8 ? 32767 : 0, i & 1 ? kLow : kHigh, i & 2 ? kLow : kHigh, i & 4 ? kLow : kHigh};
    coords.insert(coords.end(), site, site + 4);
  }
  return coords;
}

/// Every third cell of a block of 6^3 around the origin, in two batches.
Coords scattered() {
  Coords coords;
  for (std::int32_t i = 0; i < 216; i += 3) {
    const std::int32_t site[] = {i % 2, i / 36 - 3, i / 6 % 6 - 3, (i % 6 + i / 36) % 6 - 3};
    coords.insert(coords.end(), site, site + 4);
  }
  return coords;
}

}  // namespace

const std::vector<GoodSites>& good_sites() {
  static const std::vector<GoodSites> all = {
      {{0, 0, 0, 0}, false},
      {{5, -1, -1, -1, 5, 0, 0, 0}, true},
      {cube(3, -1, -1, -1), false},
      {cube(4, kHigh - 3, kLow, 6), false},
      {cube(4, 0, 0, 0), true},
      {corners_of_the_range(), false},
      {scattered(), false},
      {scattered(), true},
      {{3, 7, 8, -9, 1, 7, 8, -9, 2, 7, 8, -9, 0, -700, 8, 9}, false},
  };
  return all;
}

const std::vector<BadArrays>& bad_arrays() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
  static const std::vector<BadArrays> all = [&] {
    std::vector<BadArrays> made = {
        {{0, 1, 1, 1, 0, 2, 2, 2, 0, 1, 1, 1}, 0, 1},
        {{0, 0, 0, 0, 0, 0, 0, 0}, 0, 2},
        {{0, 0, 0, 0}, kNan, 1},
        {cube(3, 0, 0, 0), kInfinity, 1},
        {cube(3, 0, 0, 0), -kInfinity, 2},
        {{0, 0, 0, 0}, 0, -1},
        {{0, 0, 0, 0}, 0, kLeast},
        {{0, 0, 0, 0}, 0, 1025},
        {{0, 0, 0, 0}, 0, kMost},
    };
    for (const std::int32_t wrong : {kLow - 1, kHigh + 1, kLeast, kMost, 1 << 16, -(1 << 16)}) {
      for (std::size_t axis = 0; axis < 4; ++axis) {
        Coords coords = {0, 5, 6, 7, 1, 8, 9, 1};
        coords[4 + axis] = axis == 0 && wrong == kHigh + 1 ? 32768 : wrong;
        made.push_back({coords, 0, 1});
      }
    }
    return made;
  }();
  return all;
}

std::vector<float> features(std::size_t count, bool extreme) {
  using Limits = std::numeric_limits<float>;
  const std::array<float, 8> large = {
      Limits::max(), -Limits::max(), Limits::denorm_min(), -0.0f, Limits::min(), -1e30f, 0.0f, 3.0f};
  std::vector<float> made(count);
  for (std::size_t i = 0; i < count; ++i) {
    made[i] =
        extreme ? large[(i * 7 + i / 8) % large.size()] : static_cast<float>(static_cast<int>(i * 37 % 41) - 20) / 8;
  }
  return made;
}
