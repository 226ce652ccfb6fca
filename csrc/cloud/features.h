#pragma once

#include <vector>

#include "cloud/frame.h"
#include "cloud/points.h"
#include "cloud/voxels.h"
#include "model/program.h"
#include "threads/team.h"

namespace bscnet {

/// (voxels, in_channels), the features that the program's recipe makes of the points: means over each voxel's points
/// from integer sums, so that they depend neither on threads nor on the order of the points. What the recipe needs is
/// there. Throws Error (kBadInput) for a measured value that is not finite or far beyond its range.
std::vector<float> features_of(const Points& points, const Frame& frame, const Voxels& voxels, const Program& program,
                               Team& team);

}  // namespace bscnet
