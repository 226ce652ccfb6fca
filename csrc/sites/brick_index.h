#pragma once

#include <cstdint>
#include <vector>

namespace bscnet {

/// Finds a brick by its key.
class BrickIndex {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffff;

  /// keys: of the bricks of level `level`, distinct; they must outlive the index.
  BrickIndex(const std::vector<std::uint64_t>& keys, int level);

  /// Positions of the 27 bricks around a brick (x fastest, itself in the middle), kAbsent where there is none.
  void find_around(std::uint64_t key, std::uint32_t* found) const;

 private:
  std::uint32_t find(std::uint64_t key) const;

  const std::vector<std::uint64_t>& keys_;
  int axis_bits_;  ///< of a brick's coordinate at this level
  int shift_;
  std::vector<std::uint32_t> slots_;  ///< open addressing
};

}  // namespace bscnet
