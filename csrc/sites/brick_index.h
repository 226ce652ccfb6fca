#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace bscnet {

/// Finds a brick by its key: in a grid over the bricks' bounding box where they fill it well enough, else by hashing.
class BrickIndex {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffff;

  /// keys: of the bricks of level `level`, ascending and distinct; they must outlive the index.
  BrickIndex(const std::vector<std::uint64_t>& keys, int level);

  /// Positions of the 27 bricks around a brick (x fastest, itself in the middle), kAbsent where there is none.
  void find_around(std::uint64_t key, std::uint32_t* found) const;

 private:
  using Axes = std::array<std::uint32_t, 3>;

  bool make_grid();
  void make_hash();
  std::uint32_t hashed(std::uint64_t key) const;
  std::uint64_t batch_of(std::uint64_t key) const { return key >> (3 * axis_bits_); }
  Axes axes_of(std::uint64_t key) const;
  std::size_t grid_slot(std::uint64_t key) const;

  const std::vector<std::uint64_t>& keys_;
  int axis_bits_;                     ///< of a brick's coordinate at this level
  std::vector<std::uint32_t> slots_;  ///< of the grid, with an empty margin, or of the hash table (open addressing)

  Axes low_{};                         ///< of the grid: the least coordinates, less the margin
  std::array<std::size_t, 3> step_{};  ///< slots from one cell to the next along each axis
  std::size_t batch_step_ = 0;
  std::uint64_t first_batch_ = 0;

  int shift_ = 0;  ///< of the hash
  bool is_grid_ = false;
};

}  // namespace bscnet
