#pragma once

#include <cstddef>
#include <cstdint>

#include "threads/team.h"
#include "training/convolution.h"

namespace bscnet {

/// Whether all weights are +1 or -1.
bool are_signs(const float* weight, std::size_t count);

/// `convolve` where the weights are signs as well: sums of whole numbers by counting the products that are -1.
/// bits: (in_rows, ceil(in_channels / 32)).
void convolve_binary(const Convolution& conv, const std::int32_t* bits, const float* weight, Team& team, float* y);

}  // namespace bscnet
