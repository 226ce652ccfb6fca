#pragma once

#include <cstdint>
#include <vector>

#include "threads/team.h"
#include "training/convolution.h"
#include "training/groups.h"
#include "training/scratch.h"

namespace bscnet {

/// The real values of features, in `memory` where they are bits.
const float* values_of(const Features& x, std::int64_t rows, int channels, Team& team, Scratch& memory);

/// Rows in which every group is padded to whole vectors by zeros, in `memory`; the rows themselves where nothing has to
/// be added.
const float* padded_rows(const float* x, std::int64_t rows, int channels, const std::vector<Group>& groups, Team& team,
                         Scratch& memory);

}  // namespace bscnet
