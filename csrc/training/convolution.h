#pragma once

#include <cstddef>
#include <cstdint>

#include "threads/team.h"
#include "training/flat_map.h"

namespace bscnet {

/// A convolution: y[u] of channel group g = sum over slices s of W_s^(g)T x[v], where v is what the map's cell
/// cells[g][s] leads to from u.
struct Convolution {
  const FlatMap* map = nullptr;  ///< null: each row reads itself
  std::int64_t out_rows = 0;
  std::int64_t in_rows = 0;
  int slices = 1;  ///< of the weight (slices, in_channels, out_channels)
  int in_channels = 0;
  int out_channels = 0;
  int groups = 1;                       ///< of output channels, contiguous, the first ones larger by one if need be
  const std::int32_t* cells = nullptr;  ///< (groups, slices)
};

/// Features of a convolution: real values, or signs as bits (rows, ceil(channels / 32)).
struct Features {
  const float* values = nullptr;
  const std::int32_t* bits = nullptr;
};

/// y (out_rows, out_channels).
void convolve(const Convolution& conv, const Features& x, const float* weight, Team& team, float* y);

/// dx (in_rows, in_channels) from dy (out_rows, out_channels). `conv.map` and `cells` lead the other way round, from a
/// row of dx to the rows of dy that read it.
void convolve_back(const Convolution& conv, const float* dy, const float* weight, Team& team, float* dx);

/// dw (slices, in_channels, out_channels). Rows are added up in fixed pieces, and these in their order, so the result
/// does not depend on the number of threads.
void weight_gradient(const Convolution& conv, const Features& x, const float* dy, Team& team, float* dw);

}  // namespace bscnet
