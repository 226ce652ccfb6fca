#pragma once

#include <cstdint>
#include <vector>

#include "cloud/frame.h"
#include "cloud/points.h"
#include "threads/team.h"

namespace bscnet {

/// The occupied voxels of a cloud, in lexicographic order, and the points of each.
struct Voxels {
  std::vector<std::int32_t> coords;   ///< (voxels, 4): 0, x, y, z
  std::vector<std::uint32_t> first;   ///< (voxels + 1,) place in `points` of each voxel's first
  std::vector<std::uint32_t> points;  ///< all finite ones, those of a voxel side by side

  std::size_t count() const { return first.size() - 1; }

  /// How many numbers rows of so many for each voxel are. Throws std::bad_alloc where no machine like this holds them.
  std::size_t numbers(std::size_t columns) const;
};

/// points: at least one is finite.
Voxels voxels_of(const Points& points, const Frame& frame, Team& team);

}  // namespace bscnet
