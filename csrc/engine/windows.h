#pragma once

#include <array>
#include <vector>

#include "model/program.h"

namespace bscnet {

/// A shift as a step in a brick's block.
constexpr int block_step(const std::array<int, 3>& shift) { return shift[0] + 8 * shift[1] + 64 * shift[2]; }

/// What the submanifold convolutions of a level look at.
struct LevelWindows {
  std::vector<int> shift_cells;  ///< of all channel groups, each once, as steps in the block

  bool shifted() const;
  /// The number of a shift; it must be there.
  int number_of(int shift_cell) const;
};

/// Of each level of a program.
std::vector<LevelWindows> windows_of(const Program& program);

}  // namespace bscnet
