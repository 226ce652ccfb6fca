#pragma once

#include "training/convolution.h"

namespace bscnet {

/// Whether signs of so many channels go through tables of sums instead of multiply-adds. The rule is of widths alone,
/// so that the order of additions, and with it the last bit, is the same on every CPU.
bool signs_go_by_tables(const Convolution& conv);

/// `convolve` of signs: for each slice the tables of its weight rows, from which the signs of a pair choose.
/// bits: (in_rows, ceil(in_channels / 32)).
void convolve_signs(const Convolution& conv, const std::int32_t* bits, const float* weight, Team& team, float* y);

}  // namespace bscnet
