#pragma once

#include <algorithm>
#include <vector>

#include "training/convolution.h"
#include "training/groups.h"
#include "training/sign_kernels.h"

namespace bscnet {

/// Output channels of one group that are summed together: so many that their lanes are 16, 8 or 4.
struct SignPart {
  int first;
  int channels;
  int lanes;
  const std::int32_t* cells;  ///< (slices,) of the group
};

inline std::vector<SignPart> sign_parts(const Convolution& conv) {
  std::vector<SignPart> parts;
  const std::int32_t* cells = conv.cells;
  for (const Group& group : split_channels(conv.out_channels, conv.groups)) {
    for (int lane = 0; lane < group.lanes;) {
      const int left = group.lanes - lane;
      const int lanes = left >= kSignLanes ? kSignLanes : left >= kSignLanes / 2 ? kSignLanes / 2 : kLaneStep;
      parts.push_back({group.first + lane, std::min(group.channels - lane, lanes), lanes, cells});
      lane += lanes;
    }
    cells += conv.slices;
  }
  return parts;
}

}  // namespace bscnet
