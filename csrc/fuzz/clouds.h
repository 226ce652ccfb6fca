#pragma once

#include <cstdint>
#include <vector>

#include "bscnet.h"

/// A cloud as bscnet_label takes it, with as many values as the model wants.
struct PointCloud {
  std::vector<double> xyz;  ///< (points, 3)
  std::vector<std::uint8_t> rgb;
  std::vector<float> values;

  std::int64_t points() const { return static_cast<std::int64_t>(xyz.size() / 3); }
};

/// One of several clouds of a few points: within one voxel, of all sizes, far from 0, on faces of voxels, with numbers
/// that are not finite, with values out of all range.
PointCloud point_cloud(std::uint32_t choice, const bscnet_model* model);
