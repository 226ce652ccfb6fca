#include "training/maps.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "cpu/target.h"
#include "sites/pyramid.h"
#include "training/flat_map.h"

BSCNET_BEGIN_POPCOUNT

namespace bscnet {
namespace {

constexpr std::int32_t kAbsent = -1;

/// Pairs that are found one by one, block by block and in each cell by cell.
struct FoundPairs {
  std::vector<std::int32_t> from;
  std::vector<std::uint8_t> to;

  void add(std::int32_t row, std::size_t place) {
    from.push_back(row);
    to.push_back(static_cast<std::uint8_t>(place));
  }
};

/// Turns counts to places: start is the sum of all counts before.
void add_up(std::vector<std::int32_t>& start) {
  std::int64_t sum = 0;
  for (std::int32_t& entry : start) {
    sum += entry;
    map_words(0, 1, 0, sum);  // refuses what does not fit
    entry = static_cast<std::int32_t>(sum);
  }
}

PlannedMap planned(std::vector<std::int32_t> begin, std::vector<std::int32_t> order, std::vector<std::int32_t> start,
                   std::int64_t in_rows, FoundPairs pairs) {
  PlannedMap map;
  map.in_rows = in_rows;
  map.cells = 8;
  map.begin = std::move(begin);
  map.order = std::move(order);
  map.start = std::move(start);
  map.fill = [pairs = std::move(pairs)](Team&, std::int32_t* from, std::uint8_t* to) {
    std::copy(pairs.from.begin(), pairs.from.end(), from);
    std::copy(pairs.to.begin(), pairs.to.end(), to);
  };
  return map;
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

/// Sites of a brick with a neighbour in each of the cells, added to counts.
void count_neighbours(const Level& level, std::size_t brick, int reach, std::int32_t* counts) {
  std::uint64_t own[8] = {};
  for (std::uint64_t left = level.masks[brick]; left != 0; left &= left - 1) {
    const unsigned cell = kCellOfVoxel[__builtin_ctzll(left)];
    own[cell >> 6] |= std::uint64_t{1} << (cell & 63);
  }
  const std::uint64_t* occupied = level.occupancy.data() + 8 * brick;
  for (int z = -reach; z <= reach; ++z) {
    for (int y = -reach; y <= reach; ++y) {
      for (int x = -reach; x <= reach; ++x, ++counts) {
        const int step = x + 8 * y;
        for (int slice = 2; slice < 6; ++slice) {  // those of the brick itself
          const std::uint64_t there = occupied[slice + z];
          *counts += __builtin_popcountll(own[slice] & (step >= 0 ? there >> step : there << -step));
        }
      }
    }
  }
}

/// Finds the pairs of blocks of bricks; the tables are kept from one block to the next.
class NeighbourSearch {
 public:
  NeighbourSearch(const Level& level, const std::vector<std::uint32_t>& caller_rows, int reach)
      : level_(level), caller_rows_(caller_rows), reach_(reach) {
    const auto edge = static_cast<std::size_t>(2 * reach + 1);
    from_.resize(edge * edge * edge * kBlockRows);
    to_.resize(from_.size());
  }

  void write_pairs(std::size_t first_brick, std::size_t last_brick, std::int32_t* from, std::uint8_t* to) {
    fill_tables(first_brick, last_brick);
    std::size_t found = 0;
    for (int z = -reach_; z <= reach_; ++z) {
      for (int y = -reach_; y <= reach_; ++y) {
        for (int x = -reach_; x <= reach_; ++x) {
          const std::ptrdiff_t step = x + 8 * y + 64 * z;
          for (int site = 0; site < sites_; ++site) {
            const std::int32_t row = tables_[static_cast<std::size_t>(centre_[site] + step)];
            from_[found] = row;
            to_[found] = static_cast<std::uint8_t>(site);
            found += row != kAbsent;
          }
        }
      }
    }
    std::copy_n(from_.begin(), found, from);
    std::copy_n(to_.begin(), found, to);
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

TrainingSites::TrainingSites(std::int64_t sites, const std::int32_t* coords) {
  Team alone(1);
  Arena scratch;
  ordering_ = order_sites(sites, coords, 2, alone, scratch);
  keys_.assign(ordering_.keys, ordering_.keys + sites);
  ordering_.keys = keys_.data();  // those in the scratch end with it
  const Pyramid pyramid(ordering_, {0, 0}, alone, scratch);
  coarse_coords_ = pyramid.coords(1);
  first_child_.assign(pyramid.level(1).first_child.begin(), pyramid.level(1).first_child.end());
  child_.assign(ordering_.rows.begin(), ordering_.rows.end());
  parent_.resize(child_.size());
  for (std::size_t i = 0; i < child_.size(); ++i) {
    parent_[ordering_.rows[i]] = static_cast<std::int32_t>(pyramid.level(0).parent[i]);
  }
}

std::int64_t PlannedMap::words() const {
  return map_words(static_cast<std::int64_t>(order.size()), cells, static_cast<std::int64_t>(begin.size()) - 1,
                   start.back());
}

void PlannedMap::write(Team& team, std::int32_t* words) const {
  MapHeader header{};
  header.magic = MapHeader::kMagic;
  header.version = MapHeader::kVersion;
  header.out_rows = static_cast<std::int32_t>(order.size());
  header.in_rows = static_cast<std::int32_t>(in_rows);
  header.cells = cells;
  header.blocks = static_cast<std::int32_t>(begin.size()) - 1;
  header.pairs = start.back();
  words[this->words() - 1] = 0;  // places may end within it
  std::memcpy(words, &header, sizeof header);
  std::int32_t* at = words + sizeof header / sizeof *words;
  at = std::copy(begin.begin(), begin.end(), at);
  at = std::copy(order.begin(), order.end(), at);
  at = std::copy(start.begin(), start.end(), at);
  fill(team, at, reinterpret_cast<std::uint8_t*>(at + header.pairs));
}

PlannedMap TrainingSites::map(MapKind kind, Team& team) const {
  if (kind == MapKind::kChildren) return children();
  if (kind == MapKind::kParent) return parents();
  return neighbours(kind == MapKind::kCube3 ? 1 : 2, team);
}

PlannedMap TrainingSites::neighbours(int reach, Team& team) const {
  constexpr std::size_t kGrain = 8;
  Arena scratch;
  const auto pyramid = std::make_shared<const Pyramid>(ordering_, std::vector<int>{reach}, team, scratch);
  const Level& level = pyramid->level(0);
  const std::vector<std::size_t> first = bricks_of_blocks(level);
  const std::size_t blocks = first.size() - 1;
  const int edge = 2 * reach + 1;
  PlannedMap map;
  map.in_rows = sites();
  map.cells = edge * edge * edge;
  map.order = child_;
  for (std::size_t brick : first) map.begin.push_back(static_cast<std::int32_t>(level.first_row[brick]));
  const auto cells = static_cast<std::size_t>(map.cells);
  map.start.resize(blocks * cells + 1);
  team.split(blocks, kGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      std::int32_t* counts = map.start.data() + 1 + i * cells;
      for (std::size_t brick = first[i]; brick < first[i + 1]; ++brick) count_neighbours(level, brick, reach, counts);
    }
  });
  add_up(map.start);
  map.fill = [pyramid, first, reach, cells, start = map.start](Team& team, std::int32_t* from, std::uint8_t* to) {
    const Level& level = pyramid->level(0);
    team.split(first.size() - 1, kGrain, [&](std::size_t begin, std::size_t end, int) {
      NeighbourSearch search(level, pyramid->caller_rows(), reach);
      for (std::size_t i = begin; i < end; ++i) {
        const std::int32_t at = start[i * cells];
        search.write_pairs(first[i], first[i + 1], from + at, to + at);
      }
    });
  };
  return map;
}

PlannedMap TrainingSites::children() const {
  std::vector<std::int32_t> begin, order, start{0};
  FoundPairs pairs;
  const auto coarse = static_cast<std::size_t>(coarse_sites());
  for (std::size_t first = 0; first < coarse; first += kBlockRows) {
    const std::size_t last = std::min(first + kBlockRows, coarse);
    begin.push_back(static_cast<std::int32_t>(first));
    for (std::uint64_t cell = 0; cell < 8; ++cell) {
      for (std::size_t row = first; row < last; ++row) {
        for (std::int32_t i = first_child_[row]; i < first_child_[row + 1]; ++i) {
          const auto place = static_cast<std::size_t>(i);
          if ((ordering_.keys[place] & 7) == cell) pairs.add(child_[place], row - first);
        }
      }
      start.push_back(static_cast<std::int32_t>(pairs.from.size()));
    }
  }
  for (std::size_t row = 0; row < coarse; ++row) order.push_back(static_cast<std::int32_t>(row));
  begin.push_back(static_cast<std::int32_t>(coarse));
  return planned(std::move(begin), std::move(order), std::move(start), sites(), std::move(pairs));
}

PlannedMap TrainingSites::parents() const {
  std::vector<std::int32_t> begin, start{0};
  FoundPairs pairs;
  const std::size_t fine = child_.size();
  for (std::size_t first = 0; first < fine; first += kBlockRows) {
    const std::size_t last = std::min(first + kBlockRows, fine);
    begin.push_back(static_cast<std::int32_t>(first));
    for (std::uint64_t cell = 0; cell < 8; ++cell) {
      for (std::size_t place = first; place < last; ++place) {
        if ((ordering_.keys[place] & 7) != cell) continue;
        pairs.add(parent_[static_cast<std::size_t>(child_[place])], place - first);
      }
      start.push_back(static_cast<std::int32_t>(pairs.from.size()));
    }
  }
  begin.push_back(static_cast<std::int32_t>(fine));
  return planned(std::move(begin), child_, std::move(start), coarse_sites(), std::move(pairs));
}

}  // namespace bscnet

BSCNET_END_POPCOUNT
