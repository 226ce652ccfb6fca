#pragma once

#include <cstdint>
#include <vector>

#include "kernels/kernels.h"
#include "sites/ordering.h"
#include "threads/team.h"

namespace bscnet {

/// A brick is a cube of 4x4x4 voxels; its sites are bits of one word, in Morton order, and consecutive rows.
/// Around a brick lies its block of kBlockCells cells: the brick and two voxels on every side.

/// One resolution: where its sites are, and what lies around each brick.
struct Level {
  std::size_t sites = 0;

  std::vector<std::uint64_t> brick_keys;  ///< ascending; (batch << 48 | Morton code) >> 6 of the level's voxels
  std::vector<std::uint64_t> masks;       ///< occupied voxels of each brick
  std::vector<std::uint32_t> first_row;   ///< (bricks + 1,) row of each brick's first site

  // The surroundings of a brick, where a submanifold convolution needs them.
  std::vector<std::uint32_t> halo_begin;  ///< (bricks + 1,) entries of each brick
  std::vector<std::uint32_t> halo_row;    ///< row of a site in the block
  std::vector<std::uint16_t> halo_cell;   ///< its cell in the block
  std::vector<std::uint64_t> occupancy;   ///< (bricks, 8) occupied cells of the block, a word for each z

  // The way to the next coarser level, where there is one.
  std::vector<std::uint32_t> parent;  ///< (sites,) row of floor(u / 2)

  // The way to the next finer level, where there is one. Children are consecutive rows, in the order of their cells.
  std::vector<std::uint32_t> first_child;  ///< (sites + 1,)
  std::vector<std::uint8_t> child_mask;    ///< (sites,) bit c: cell c of {0,1}^3 is active, x fastest

  std::size_t bricks() const { return masks.size(); }
};

/// Cell in its block of each of a brick's 64 voxels.
extern const std::uint16_t* const kCellOfVoxel;

/// All levels of a batch, from one sort.
class Pyramid {
 public:
  /// halo: for each level the reach of its submanifold convolutions in voxels: 0 (none), 1 or 2. The scratch is the one
  /// the ordering's keys lie in; it is free again afterwards.
  Pyramid(Ordering ordering, const std::vector<int>& halo, Team& team, Arena& scratch);

  const Level& level(int index) const { return levels_[static_cast<std::size_t>(index)]; }
  /// The caller's row of each row of level 0.
  const std::vector<std::uint32_t>& caller_rows() const { return caller_rows_; }
  /// (sites, 4) batch, x, y, z of a level's rows, in its own voxels.
  std::vector<std::int32_t> coords(int index) const;
  std::size_t bytes() const;

 private:
  std::vector<Level> levels_;
  std::vector<std::uint32_t> caller_rows_;
  std::int32_t origin_[3];
};

}  // namespace bscnet
