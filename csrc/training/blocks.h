#pragma once

#include <algorithm>
#include <cstdint>

#include "training/flat_map.h"

namespace bscnet {

/// The blocks of a map, or, where there is none, of the map of one cell in which each row reads itself.
class Blocks {
 public:
  /// One block; the arrays of a row that reads itself lie in it, so it must stay where it was made.
  struct Block {
    MapBlock place;
    std::int32_t rows[kBlockRows];
    std::uint8_t places[kBlockRows];
  };

  Blocks(const FlatMap* map, std::int64_t rows) : map_(map), rows_(rows) {}

  int count() const {
    return map_ != nullptr ? map_->blocks() : static_cast<int>((rows_ + kBlockRows - 1) / kBlockRows);
  }

  void take(int index, Block& block) const {
    if (map_ != nullptr) {
      block.place = map_->block(index);
      return;
    }
    const std::int64_t first = static_cast<std::int64_t>(index) * kBlockRows;
    block.place.rows = static_cast<int>(std::min<std::int64_t>(kBlockRows, rows_ - first));
    block.place.order = block.rows;
    for (int i = 0; i < block.place.rows; ++i) {
      block.rows[i] = static_cast<std::int32_t>(first) + i;
      block.places[i] = static_cast<std::uint8_t>(i);
    }
  }

  PairList pairs(const Block& block, int cell) const {
    if (map_ != nullptr) return map_->pairs(block.place, cell);
    return {block.rows, block.places, block.place.rows};
  }

 private:
  const FlatMap* map_;
  std::int64_t rows_;
};

}  // namespace bscnet
