#pragma once

#include <cstdint>

#include "threads/team.h"

namespace bscnet {

/// Which rows of a level each row of the next coarser one holds: child[first_child[v]] … child[first_child[v + 1] - 1].
/// Checked row by row: what leads out of the arrays is refused (Error, kBadInput).
struct Children {
  std::int64_t coarse_rows = 0;
  std::int64_t fine_rows = 0;
  const std::int32_t* first_child = nullptr;  ///< (coarse_rows + 1,)
  const std::int32_t* child = nullptr;        ///< (fine_rows,)
};

/// y (coarse rows, channels): sums over the children, in their order.
void pool_sum(const Children& children, int channels, const float* x, Team& team, float* y);

/// y (coarse rows, channels): maxima over the children.
void pool_max(const Children& children, int channels, const float* x, Team& team, float* y);

/// dx (fine rows, channels) of pool_max: dy goes in equal parts to the children that have the maximum.
void pool_max_gradient(const Children& children, int channels, const float* x, const float* y, const float* dy,
                       Team& team, float* dx);

/// y (fine rows, channels): for each row that of its parent.
void unpool(std::int64_t fine_rows, std::int64_t coarse_rows, const std::int32_t* parent, int channels, const float* x,
            Team& team, float* y);

}  // namespace bscnet
