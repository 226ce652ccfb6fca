#pragma once

#include <algorithm>

namespace bscnet {

/// Pieces of the blocks whose sums are added up apart: the same whatever the number of threads.
struct Pieces {
  static constexpr int kMost = 16;
  static constexpr int kLeastBlocks = 16;

  explicit Pieces(int block_count) : blocks(block_count) {
    const int wanted = std::clamp(blocks / kLeastBlocks, 1, kMost);
    per_piece = (blocks + wanted - 1) / wanted;
    count = (blocks + per_piece - 1) / per_piece;
  }

  int first(int piece) const { return piece * per_piece; }
  int last(int piece) const { return std::min(first(piece) + per_piece, blocks); }

  int blocks;
  int per_piece;
  int count;
};

}  // namespace bscnet
