#pragma once

#include "training/convolution.h"

namespace bscnet {

/// The convolutions of convolution.h by tiles (see tiles.h), but for those of signs by signs, whose bits are counted.
/// Each returns whether it has done the work; it has not where no tiles are chosen, where neither operand is signs or
/// the other one is not finite, and, unless tiles are asked for, where the other kernels are predicted to be as fast.
/// Results do not depend on the number of threads and differ from those of other kernels by rounding.
bool convolve_by_tiles(const Convolution& conv, const Features& x, const float* weight, Team& team, float* y);
bool convolve_back_by_tiles(const Convolution& conv, const float* dy, const float* weight, Team& team, float* dx);
bool weight_gradient_by_tiles(const Convolution& conv, const Features& x, const float* dy, Team& team, float* dw);

}  // namespace bscnet
