#include "sites/pyramid.h"

#include <algorithm>
#include <array>

#include "cpu/target.h"
#include "sites/brick_index.h"
#include "sites/morton.h"

BSCNET_BEGIN_POPCOUNT

namespace bscnet {
namespace {

constexpr int kDirections = 27;

/// For each direction (x fastest, own brick in the middle): where its brick's voxels lie in the block.
struct BlockGeometry {
  std::uint16_t cell[kDirections][64] = {};
  std::uint64_t within[3][kDirections] = {};  ///< voxels no further from the own brick than 0, 1, 2

  constexpr BlockGeometry() {
    for (int direction = 0; direction < kDirections; ++direction) {
      const int step[3] = {direction % 3 - 1, direction / 3 % 3 - 1, direction / 9 - 1};
      for (unsigned voxel = 0; voxel < 64; ++voxel) {
        const std::array<std::uint32_t, 3> local = morton_axes(voxel);
        int at[3] = {};
        int distance = 0;
        for (int a = 0; a < 3; ++a) {
          at[a] = 2 + static_cast<int>(local[static_cast<std::size_t>(a)]) + 4 * step[a];
          distance = std::max({distance, 2 - at[a], at[a] - 5});
        }
        const bool inside = distance <= 2;
        cell[direction][voxel] = static_cast<std::uint16_t>(inside ? at[0] + 8 * at[1] + 64 * at[2] : 0);
        for (int reach = std::max(distance, 0); reach < 3; ++reach) {
          within[reach][direction] |= std::uint64_t{1} << voxel;
        }
      }
    }
  }
};

constexpr BlockGeometry kGeometry;  // made by the compiler: loading the library runs nothing

/// One bit for each byte that is not zero.
std::uint64_t nonzero_bytes(std::uint64_t word) {
  word |= word >> 4;
  word |= word >> 2;
  word |= word >> 1;
  word &= 0x0101010101010101ULL;
  return word * 0x0102040810204080ULL >> 56;
}

/// Makes room for so many bricks, so that nothing is copied as they come.
void expect_bricks(Level& level, std::size_t bricks) {
  level.brick_keys.reserve(bricks);
  level.masks.reserve(bricks);
  level.first_row.reserve(bricks + 1);
}

Level finest_level(const std::uint64_t* keys, std::size_t sites) {
  Level level;
  level.sites = sites;
  std::size_t bricks = 1;
  for (std::size_t i = 1; i < sites; ++i) bricks += keys[i] >> 6 != keys[i - 1] >> 6;
  expect_bricks(level, bricks);
  for (std::size_t i = 0; i < sites; ++i) {
    const std::uint64_t brick = keys[i] >> 6;
    if (i == 0 || brick != level.brick_keys.back()) {
      level.brick_keys.push_back(brick);
      level.masks.push_back(0);
      level.first_row.push_back(static_cast<std::uint32_t>(i));
    }
    level.masks.back() |= std::uint64_t{1} << (keys[i] & 63);
  }
  level.first_row.push_back(static_cast<std::uint32_t>(sites));
  return level;
}

/// The next level and both ways between it and `fine`.
Level coarser_level(Level& fine) {
  Level level;
  fine.parent.resize(fine.sites);
  std::size_t bricks = 1;
  std::size_t sites = 0;
  for (std::size_t brick = 0; brick < fine.bricks(); ++brick) {
    bricks += brick > 0 && fine.brick_keys[brick] >> 3 != fine.brick_keys[brick - 1] >> 3;
    sites += static_cast<std::size_t>(__builtin_popcountll(nonzero_bytes(fine.masks[brick])));
  }
  expect_bricks(level, bricks);
  level.sites = sites;
  level.first_child.reserve(sites + 1);
  level.child_mask.reserve(sites);
  for (std::size_t brick = 0; brick < fine.bricks(); ++brick) {
    const std::uint64_t key = fine.brick_keys[brick] >> 3;
    if (brick == 0 || key != level.brick_keys.back()) {
      level.brick_keys.push_back(key);
      level.masks.push_back(0);
      level.first_row.push_back(static_cast<std::uint32_t>(level.first_child.size()));
    }
    const std::uint64_t mask = fine.masks[brick];
    level.masks.back() |= nonzero_bytes(mask) << (8 * (fine.brick_keys[brick] & 7));
    std::uint32_t row = fine.first_row[brick];
    for (int byte = 0; byte < 8; ++byte) {
      const auto children = static_cast<std::uint8_t>(mask >> (8 * byte));
      if (children == 0) continue;
      const auto coarse = static_cast<std::uint32_t>(level.first_child.size());
      level.first_child.push_back(row);
      level.child_mask.push_back(children);
      for (int i = __builtin_popcount(children); i > 0; --i) fine.parent[row++] = coarse;
    }
  }
  level.first_row.push_back(static_cast<std::uint32_t>(level.sites));
  level.first_child.push_back(static_cast<std::uint32_t>(fine.sites));
  return level;
}

/// Bricks around each brick, halo entries and occupancy.
void surround(Level& level, int depth, int reach, Team& team, Arena& scratch) {
  const std::size_t bricks = level.bricks();
  const BrickIndex index(level.brick_keys, depth);
  const std::uint64_t* within = kGeometry.within[reach];
  auto* around =
      reinterpret_cast<std::uint32_t*>(scratch.reserve(std::uint64_t{bricks} * kDirections * sizeof(std::uint32_t)));
  level.halo_begin.resize(bricks + 1);
  level.occupancy.assign(bricks * 8, 0);
  constexpr std::size_t kGrain = 256;
  team.split(bricks, kGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t brick = begin; brick < end; ++brick) {
      std::uint32_t* found = around + brick * kDirections;
      index.find_around(level.brick_keys[brick], found);
      std::uint32_t count = 0;
      for (int direction = 0; direction < kDirections; ++direction) {
        if (found[direction] == BrickIndex::kAbsent) continue;
        count += static_cast<std::uint32_t>(__builtin_popcountll(level.masks[found[direction]] & within[direction]));
      }
      level.halo_begin[brick + 1] = count;
    }
  });
  for (std::size_t brick = 0; brick < bricks; ++brick) level.halo_begin[brick + 1] += level.halo_begin[brick];
  level.halo_row.resize(level.halo_begin[bricks]);
  level.halo_cell.resize(level.halo_begin[bricks]);
  team.split(bricks, kGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t brick = begin; brick < end; ++brick) {
      const std::uint32_t* found = around + brick * kDirections;
      std::uint64_t* occupied = level.occupancy.data() + 8 * brick;
      std::size_t entry = level.halo_begin[brick];
      for (int direction = 0; direction < kDirections; ++direction) {
        const std::uint32_t other = found[direction];
        if (other == BrickIndex::kAbsent) continue;
        const std::uint64_t mask = level.masks[other];
        const std::uint16_t* cells = kGeometry.cell[direction];
        for (std::uint64_t left = mask & within[direction]; left != 0; left &= left - 1) {
          const int voxel = __builtin_ctzll(left);
          const std::uint64_t below = mask & ((std::uint64_t{1} << voxel) - 1);
          const std::uint16_t cell = cells[voxel];
          level.halo_row[entry] = level.first_row[other] + static_cast<std::uint32_t>(__builtin_popcountll(below));
          level.halo_cell[entry] = cell;
          ++entry;
          occupied[cell >> 6] |= std::uint64_t{1} << (cell & 63);
        }
      }
    }
  });
}

template <typename T>
std::size_t bytes_of(const std::vector<T>& values) {
  return values.capacity() * sizeof(T);
}

}  // namespace

const std::uint16_t* const kCellOfVoxel = kGeometry.cell[kDirections / 2];

Pyramid::Pyramid(Ordering ordering, const std::vector<int>& halo, Team& team, Arena& scratch)
    : caller_rows_(std::move(ordering.rows)), origin_{ordering.origin[0], ordering.origin[1], ordering.origin[2]} {
  levels_.reserve(halo.size());
  levels_.push_back(finest_level(ordering.keys, caller_rows_.size()));
  for (std::size_t i = 1; i < halo.size(); ++i) levels_.push_back(coarser_level(levels_.back()));
  for (std::size_t i = 0; i < halo.size(); ++i) {
    if (halo[i] > 0) surround(levels_[i], static_cast<int>(i), halo[i], team, scratch);
  }
}

std::vector<std::int32_t> Pyramid::coords(int index) const {
  const Level& level = levels_[static_cast<std::size_t>(index)];
  std::vector<std::int32_t> coords;
  coords.reserve(4 * level.sites);
  for (std::size_t brick = 0; brick < level.bricks(); ++brick) {
    for (std::uint64_t left = level.masks[brick]; left != 0; left &= left - 1) {
      const std::uint64_t key = level.brick_keys[brick] << 6 | static_cast<unsigned>(__builtin_ctzll(left));
      const int code_bits = 3 * (kAxisBits - index);
      const auto axes = morton_axes(key & ((std::uint64_t{1} << code_bits) - 1));
      coords.push_back(static_cast<std::int32_t>(key >> code_bits));
      for (int a = 0; a < 3; ++a) {
        coords.push_back(static_cast<std::int32_t>(axes[static_cast<std::size_t>(a)]) + (origin_[a] >> index));
      }
    }
  }
  return coords;
}

std::size_t Pyramid::bytes() const {
  std::size_t sum = bytes_of(caller_rows_);
  for (const Level& level : levels_) {
    sum += bytes_of(level.brick_keys) + bytes_of(level.masks) + bytes_of(level.first_row) + bytes_of(level.halo_begin) +
           bytes_of(level.halo_row) + bytes_of(level.halo_cell) + bytes_of(level.occupancy) + bytes_of(level.parent) +
           bytes_of(level.first_child) + bytes_of(level.child_mask);
  }
  return sum;
}

}  // namespace bscnet

BSCNET_END_POPCOUNT
