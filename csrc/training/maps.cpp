#include "training/maps.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sites/pyramid.h"
#include "training/flat_map.h"

namespace bscnet {
namespace {

constexpr std::int32_t kAbsent = -1;

/// The pairs of one block.
struct Block {
  std::vector<std::int32_t> count;  ///< of each cell
  std::vector<std::int32_t> from;
  std::vector<std::uint8_t> to;
};

/// Puts blocks, whose rows begin at the places `begin`, together to a map.
std::vector<std::int32_t> joined(const std::vector<std::int32_t>& begin, const std::vector<std::int32_t>& order,
                                 std::int64_t in_rows, int cells, const std::vector<Block>& blocks) {
  std::int64_t pairs = 0;
  for (const Block& block : blocks) pairs += static_cast<std::int64_t>(block.from.size());
  const auto rows = static_cast<std::int64_t>(order.size());
  std::vector<std::int32_t> words(
      static_cast<std::size_t>(map_words(rows, cells, static_cast<std::int64_t>(blocks.size()), pairs)));
  MapHeader header{};
  header.magic = MapHeader::kMagic;
  header.version = MapHeader::kVersion;
  header.out_rows = static_cast<std::int32_t>(rows);
  header.in_rows = static_cast<std::int32_t>(in_rows);
  header.cells = cells;
  header.blocks = static_cast<std::int32_t>(blocks.size());
  header.pairs = static_cast<std::int32_t>(pairs);
  std::memcpy(words.data(), &header, sizeof header);
  std::int32_t* at = words.data() + sizeof header / sizeof *at;
  at = std::copy(begin.begin(), begin.end(), at);
  at = std::copy(order.begin(), order.end(), at);
  std::int32_t sum = 0;
  *at++ = sum;
  for (const Block& block : blocks) {
    for (std::int32_t count : block.count) *at++ = sum += count;
  }
  for (const Block& block : blocks) at = std::copy(block.from.begin(), block.from.end(), at);
  auto* to = reinterpret_cast<std::uint8_t*>(at);
  for (const Block& block : blocks) to = std::copy(block.to.begin(), block.to.end(), to);
  return words;
}

/// Consecutive bricks with at most kBlockRows sites together; first brick of each block.
std::vector<std::size_t> bricks_of_blocks(const Level& level) {
  std::vector<std::size_t> first;
  std::uint32_t end = 0;
  for (std::size_t brick = 0; brick < level.bricks(); ++brick) {
    if (first.empty() || level.first_row[brick + 1] > end) {
      first.push_back(brick);
      end = level.first_row[brick] + kBlockRows;
    }
  }
  first.push_back(level.bricks());
  return first;
}

/// Finds the pairs of blocks of bricks; the tables are kept from one block to the next.
class NeighbourSearch {
 public:
  NeighbourSearch(const Level& level, const std::vector<std::uint32_t>& caller_rows, int reach)
      : level_(level), caller_rows_(caller_rows), reach_(reach) {}

  Block pairs(std::size_t first_brick, std::size_t last_brick) {
    fill_tables(first_brick, last_brick);
    const int edge = 2 * reach_ + 1;
    const auto cells = static_cast<std::size_t>(edge * edge * edge);
    from_.resize(cells * kBlockRows);
    to_.resize(cells * kBlockRows);
    Block block;
    block.count.reserve(cells);
    std::size_t found = 0;
    for (int z = -reach_; z <= reach_; ++z) {
      for (int y = -reach_; y <= reach_; ++y) {
        for (int x = -reach_; x <= reach_; ++x) {
          const std::size_t before = found;
          const std::ptrdiff_t step = x + 8 * y + 64 * z;
          for (int site = 0; site < sites_; ++site) {
            const std::int32_t row = tables_[static_cast<std::size_t>(centre_[site] + step)];
            from_[found] = row;
            to_[found] = static_cast<std::uint8_t>(site);
            found += row != kAbsent;
          }
          block.count.push_back(static_cast<std::int32_t>(found - before));
        }
      }
    }
    block.from.assign(from_.begin(), from_.begin() + static_cast<std::ptrdiff_t>(found));
    block.to.assign(to_.begin(), to_.begin() + static_cast<std::ptrdiff_t>(found));
    return block;
  }

 private:
  /// For each brick the row at each cell of its block, and for each site its own cell.
  void fill_tables(std::size_t first_brick, std::size_t last_brick) {
    tables_.assign((last_brick - first_brick) * kBlockCells, kAbsent);
    sites_ = 0;
    for (std::size_t brick = first_brick; brick < last_brick; ++brick) {
      const std::size_t table = (brick - first_brick) * kBlockCells;
      for (std::size_t i = level_.halo_begin[brick]; i < level_.halo_begin[brick + 1]; ++i) {
        tables_[table + level_.halo_cell[i]] = static_cast<std::int32_t>(caller_rows_[level_.halo_row[i]]);
      }
      for (std::uint64_t left = level_.masks[brick]; left != 0; left &= left - 1) {
        centre_[static_cast<std::size_t>(sites_++)] =
            static_cast<std::ptrdiff_t>(table + kCellOfVoxel[__builtin_ctzll(left)]);
      }
    }
  }

  const Level& level_;
  const std::vector<std::uint32_t>& caller_rows_;
  const int reach_;
  std::vector<std::int32_t> tables_;
  std::ptrdiff_t centre_[kBlockRows] = {};
  int sites_ = 0;
  std::vector<std::int32_t> from_;
  std::vector<std::uint8_t> to_;
};

}  // namespace

TrainingSites::TrainingSites(std::int64_t sites, const std::int32_t* coords)
    : ordering_(order_sites(sites, coords, 2)) {
  Team alone(1);
  const Pyramid pyramid(ordering_, {0, 0}, alone);
  coarse_coords_ = pyramid.coords(1);
  first_child_.assign(pyramid.level(1).first_child.begin(), pyramid.level(1).first_child.end());
  child_.assign(ordering_.rows.begin(), ordering_.rows.end());
  parent_.resize(child_.size());
  for (std::size_t i = 0; i < child_.size(); ++i) {
    parent_[ordering_.rows[i]] = static_cast<std::int32_t>(pyramid.level(0).parent[i]);
  }
}

std::vector<std::int32_t> TrainingSites::map(MapKind kind, Team& team) const {
  if (kind == MapKind::kChildren) return children();
  if (kind == MapKind::kParent) return parents();
  return neighbours(kind == MapKind::kCube3 ? 1 : 2, team);
}

std::vector<std::int32_t> TrainingSites::neighbours(int reach, Team& team) const {
  const Pyramid pyramid(ordering_, {reach}, team);
  const Level& level = pyramid.level(0);
  const std::vector<std::size_t> first = bricks_of_blocks(level);
  std::vector<Block> blocks(first.size() - 1);
  constexpr std::size_t kGrain = 8;
  team.split(blocks.size(), kGrain, [&](std::size_t begin, std::size_t end, int) {
    NeighbourSearch search(level, pyramid.caller_rows(), reach);
    for (std::size_t i = begin; i < end; ++i) blocks[i] = search.pairs(first[i], first[i + 1]);
  });
  std::vector<std::int32_t> begin;
  for (std::size_t brick : first) begin.push_back(static_cast<std::int32_t>(level.first_row[brick]));
  const int edge = 2 * reach + 1;
  return joined(begin, child_, sites(), edge * edge * edge, blocks);
}

std::vector<std::int32_t> TrainingSites::children() const {
  std::vector<std::int32_t> begin, order;
  std::vector<Block> blocks;
  const auto coarse = static_cast<std::size_t>(coarse_sites());
  for (std::size_t first = 0; first < coarse; first += kBlockRows) {
    const std::size_t last = std::min(first + kBlockRows, coarse);
    begin.push_back(static_cast<std::int32_t>(first));
    Block& block = blocks.emplace_back();
    for (std::uint64_t cell = 0; cell < 8; ++cell) {
      const std::size_t before = block.from.size();
      for (std::size_t row = first; row < last; ++row) {
        for (std::int32_t i = first_child_[row]; i < first_child_[row + 1]; ++i) {
          const auto place = static_cast<std::size_t>(i);
          if ((ordering_.keys[place] & 7) != cell) continue;
          block.from.push_back(child_[place]);
          block.to.push_back(static_cast<std::uint8_t>(row - first));
        }
      }
      block.count.push_back(static_cast<std::int32_t>(block.from.size() - before));
    }
  }
  for (std::size_t row = 0; row < coarse; ++row) order.push_back(static_cast<std::int32_t>(row));
  begin.push_back(static_cast<std::int32_t>(coarse));
  return joined(begin, order, sites(), 8, blocks);
}

std::vector<std::int32_t> TrainingSites::parents() const {
  std::vector<std::int32_t> begin;
  std::vector<Block> blocks;
  const std::size_t fine = child_.size();
  for (std::size_t first = 0; first < fine; first += kBlockRows) {
    const std::size_t last = std::min(first + kBlockRows, fine);
    begin.push_back(static_cast<std::int32_t>(first));
    Block& block = blocks.emplace_back();
    for (std::uint64_t cell = 0; cell < 8; ++cell) {
      const std::size_t before = block.from.size();
      for (std::size_t place = first; place < last; ++place) {
        if ((ordering_.keys[place] & 7) != cell) continue;
        block.from.push_back(parent_[static_cast<std::size_t>(child_[place])]);
        block.to.push_back(static_cast<std::uint8_t>(place - first));
      }
      block.count.push_back(static_cast<std::int32_t>(block.from.size() - before));
    }
  }
  begin.push_back(static_cast<std::int32_t>(fine));
  return joined(begin, child_, coarse_sites(), 8, blocks);
}

}  // namespace bscnet
