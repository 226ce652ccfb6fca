#include "cloud/voxels.h"

#include <cmath>
#include <cstdint>
#include <new>
#include <numeric>

#include "sites/ordering.h"
#include "sites/sort_keys.h"

namespace bscnet {
namespace {

constexpr std::uint64_t kAxis = (std::uint64_t{1} << kAxisBits) - 1;

std::vector<std::uint32_t> finite_points(const Points& points, std::size_t count) {
  std::vector<std::uint32_t> finite(count);
  if (count == points.count) {
    std::iota(finite.begin(), finite.end(), 0u);
    return finite;
  }
  std::size_t place = 0;
  for (std::size_t point = 0; point < points.count; ++point) {
    if (points.finite(point)) finite[place++] = static_cast<std::uint32_t>(point);
  }
  return finite;
}

/// x, y, z of a point's voxel as one number, counted from the frame's first voxel.
std::uint64_t key_of(const Frame& frame, const double* xyz) {
  std::uint64_t key = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto voxel = static_cast<std::int32_t>(std::floor(frame.position(xyz[axis], axis)));
    key = key << kAxisBits | static_cast<std::uint64_t>(voxel - frame.first[axis]);
  }
  return key;
}

void begin_voxel(Voxels& voxels, const Frame& frame, std::uint64_t key, std::size_t place) {
  voxels.first.push_back(static_cast<std::uint32_t>(place));
  voxels.coords.push_back(0);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::uint64_t offset = key >> (kAxisBits * static_cast<int>(2 - axis)) & kAxis;
    voxels.coords.push_back(frame.first[axis] + static_cast<std::int32_t>(offset));
  }
}

}  // namespace

std::size_t Voxels::numbers(std::size_t columns) const {
  if (columns > 0 && count() > SIZE_MAX / columns) throw std::bad_alloc();
  return count() * columns;
}

Voxels voxels_of(const Points& points, const Frame& frame, Team& team) {
  Voxels voxels;
  voxels.points = finite_points(points, frame.points);
  Arena scratch;
  SortKeys sorted(frame.points, scratch);
  std::uint64_t* const unsorted = sorted.data();
  team.split(sorted.size(), kPointsAtOnce, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      unsorted[i] = key_of(frame, points.xyz + std::size_t{3} * voxels.points[i]);
    }
  });
  sorted.sort(voxels.points, team);
  const std::uint64_t* const keys = sorted.data();
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || keys[i] != keys[i - 1]) begin_voxel(voxels, frame, keys[i], i);
  }
  voxels.first.push_back(static_cast<std::uint32_t>(sorted.size()));
  return voxels;
}

}  // namespace bscnet
