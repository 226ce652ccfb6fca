#pragma once

#include <vector>

#include "training/kernels.h"

namespace bscnet {

/// Consecutive channels, and where they stand in rows in which each group is padded to whole vectors.
struct Group {
  int first = 0;
  int channels = 0;
  int lane = 0;
  int lanes = 0;
};

/// Channels in contiguous groups, the first ones larger by one where they do not divide.
inline std::vector<Group> split_channels(int channels, int groups) {
  std::vector<Group> list;
  Group next;
  for (int g = 0; g < groups; ++g) {
    next.channels = channels / groups + (g < channels % groups ? 1 : 0);
    next.lanes = padded_lanes(next.channels);
    list.push_back(next);
    next.first += next.channels;
    next.lane += next.lanes;
  }
  return list;
}

inline int total_lanes(const std::vector<Group>& groups) { return groups.back().lane + groups.back().lanes; }

/// Whether groups of these channels are whole vectors as they stand.
inline bool fill_lanes(const std::vector<Group>& groups) {
  for (const Group& group : groups) {
    if (group.lanes != group.channels) return false;
  }
  return true;
}

}  // namespace bscnet
