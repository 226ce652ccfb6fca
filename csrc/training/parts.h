#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "training/groups.h"

namespace bscnet {

/// Lanes that are worked on together for a block: of one wide group a part, of narrow groups several.
struct Part {
  /// Channels of one group: `channels.lane` is where they stand in rows of all groups' lanes, `place` where in the
  /// part.
  struct Piece {
    std::size_t group;
    Group channels;
    int place;
  };
  std::vector<Piece> pieces;
  int lanes = 0;
};

/// Cuts the lanes of groups into parts of at most `most` lanes, a multiple of kPartStep.
class Parts {
 public:
  /// Wide groups are cut at multiples of this many lanes, so that pieces are whole vectors on every level.
  static constexpr int kPartStep = 16;

  Parts(const std::vector<Group>& groups, int most) : most_(most) {
    for (std::size_t g = 0; g < groups.size(); ++g) add(g, groups[g]);
  }

  const std::vector<Part>& list() const { return list_; }
  int widest() const {
    int lanes = 0;
    for (const Part& part : list_) lanes = std::max(lanes, part.lanes);
    return lanes;
  }

 private:
  void add(std::size_t index, Group left) {
    const int steps = (left.lanes + kPartStep - 1) / kPartStep;
    const int pieces = (left.lanes + most_ - 1) / most_;
    for (int i = 0; i < pieces; ++i) {
      const int lanes = std::min(left.lanes, (steps / pieces + (i < steps % pieces ? 1 : 0)) * kPartStep);
      const Group piece{left.first, std::min(left.channels, lanes), left.lane, lanes};
      if (list_.empty() || list_.back().lanes + lanes > most_) list_.emplace_back();
      list_.back().pieces.push_back({index, piece, list_.back().lanes});
      list_.back().lanes += lanes;
      left = {left.first + piece.channels, left.channels - piece.channels, left.lane + lanes, left.lanes - lanes};
    }
  }

  int most_;
  std::vector<Part> list_;
};

}  // namespace bscnet
