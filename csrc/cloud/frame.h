#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cloud/points.h"
#include "model/reading.h"
#include "threads/team.h"

namespace bscnet {

/// The voxel grid over a cloud: point p is in voxel floor((p - middle) / voxel_size + 1/2), so that the middle of the
/// cloud's bounding box is the middle of voxel 0. Lengths in metres, float64; no operation may be done in another
/// order.
struct Frame {
  double metres;      ///< in a unit of the coordinates
  double voxel_size;  ///< metres
  std::array<double, 3> middle{};
  std::array<double, 3> lowest{};       ///< position of the box's lowest corner, in voxels
  std::array<std::int32_t, 3> first{};  ///< the voxel of that corner
  std::size_t points = 0;               ///< that are finite

  /// Where a coordinate lies, in voxels.
  double position(double coordinate, std::size_t axis) const {
    return (coordinate * metres - middle[axis]) / voxel_size + 0.5;
  }
};

/// Throws Error (kBadInput): a point that is not finite where the reading refuses such, or a cloud that is larger than
/// the range of voxels. Without a finite point there is no box, only its number of points, 0.
Frame frame_of(const Points& points, const Reading& reading, double voxel_size, Team& team);

}  // namespace bscnet
