#pragma once

#include <cstdint>

#include "cloud/points.h"
#include "engine/network.h"

namespace bscnet {

/// The label of each point, and its confidence, which may be null: voxels, their features, the network, and the best
/// class of each point's voxel. bscnet.h says the rest. Throws Error.
void label_points(const Network& network, const Points& points, int threads, std::int32_t* labels, float* confidence);

}  // namespace bscnet
