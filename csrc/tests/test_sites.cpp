// The kernel map against its definition: every site of every level once, and all that lies around it, and nothing else.
#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "sites/pyramid.h"
#include "tests/check.h"
#include "threads/team.h"

namespace {

using bscnet::Level;
using bscnet::Pyramid;
using Site = std::array<std::int32_t, 4>;

constexpr int kLevels = 4;

std::vector<Site> random_sites(unsigned seed, int batches, std::int32_t extent, int count) {
  std::mt19937 random(seed);
  std::set<Site> sites;
  for (int i = 0; i < count; ++i) {
    Site site{static_cast<std::int32_t>(random() % static_cast<unsigned>(batches))};
    for (std::size_t a = 1; a < 4; ++a) {
      site[a] = static_cast<std::int32_t>(random() % static_cast<unsigned>(2 * extent + 1)) - extent;
    }
    sites.insert(site);
  }
  std::vector<Site> list(sites.begin(), sites.end());
  std::shuffle(list.begin(), list.end(), random);
  return list;
}

std::int32_t half(std::int32_t v) { return v >= 0 ? v / 2 : -((1 - v) / 2); }

Site parent_of(const Site& site) { return {site[0], half(site[1]), half(site[2]), half(site[3])}; }

std::map<Site, std::uint32_t> rows_of(const Pyramid& pyramid, int level) {
  const std::vector<std::int32_t> coords = pyramid.coords(level);
  std::map<Site, std::uint32_t> rows;
  for (std::size_t i = 0; 4 * i < coords.size(); ++i) {
    rows[{coords[4 * i], coords[4 * i + 1], coords[4 * i + 2], coords[4 * i + 3]}] = static_cast<std::uint32_t>(i);
  }
  return rows;
}

/// Every pair (site, offset) of the 5x5x5 neighbourhood: there with the right row, or absent.
void check_surroundings(const Level& level, const std::map<Site, std::uint32_t>& rows) {
  std::vector<const Site*> site_of(rows.size());
  for (const auto& [site, row] : rows) site_of[row] = &site;
  bool right = true;
  for (std::size_t brick = 0; brick < level.bricks(); ++brick) {
    std::map<int, std::uint32_t> row_at;
    for (std::uint32_t i = level.halo_begin[brick]; i < level.halo_begin[brick + 1]; ++i) {
      right &= row_at.emplace(level.halo_cell[i], level.halo_row[i]).second;
    }
    std::uint32_t row = level.first_row[brick];
    for (unsigned voxel = 0; voxel < 64; ++voxel) {
      if ((level.masks[brick] >> voxel & 1) == 0) continue;
      const Site& site = *site_of[row++];
      for (int dz = -2; dz <= 2; ++dz) {
        for (int dy = -2; dy <= 2; ++dy) {
          for (int dx = -2; dx <= 2; ++dx) {
            const int cell = bscnet::kCellOfVoxel[voxel] + dx + 8 * dy + 64 * dz;
            const bool occupied = (level.occupancy[8 * brick + static_cast<std::size_t>(cell >> 6)] >> (cell & 63) & 1);
            const auto wanted = rows.find({site[0], site[1] + dx, site[2] + dy, site[3] + dz});
            right &= occupied == (wanted != rows.end());
            if (wanted != rows.end()) right &= row_at.count(cell) == 1 && row_at[cell] == wanted->second;
          }
        }
      }
    }
    right &= row == level.first_row[brick + 1];
  }
  CHECK(right);
}

void check_descent(const Level& fine, const Level& coarse, const std::map<Site, std::uint32_t>& fine_rows,
                   const std::map<Site, std::uint32_t>& coarse_rows) {
  std::set<Site> parents;
  bool right = true;
  for (const auto& [site, row] : fine_rows) {
    const Site parent = parent_of(site);
    parents.insert(parent);
    const auto found = coarse_rows.find(parent);
    right &= found != coarse_rows.end() && fine.parent[row] == found->second;
    if (!right) break;
    const int cell = (site[1] & 1) + 2 * (site[2] & 1) + 4 * (site[3] & 1);
    const unsigned mask = coarse.child_mask[found->second];
    const unsigned below = mask & ((1u << cell) - 1);
    right &= (mask >> cell & 1) != 0;
    right &= row == coarse.first_child[found->second] + static_cast<unsigned>(__builtin_popcount(below));
  }
  CHECK(right);
  CHECK_EQ(parents.size(), coarse_rows.size());
}

void check_all(const std::vector<Site>& sites, int threads) {
  bscnet::Team team(threads);
  const auto count = static_cast<std::int64_t>(sites.size());
  bscnet::Arena scratch;
  const Pyramid pyramid(bscnet::order_sites(count, sites.front().data(), kLevels, team, scratch),
                        std::vector<int>(kLevels, 2), team, scratch);
  std::vector<std::map<Site, std::uint32_t>> rows;
  for (int level = 0; level < kLevels; ++level) rows.push_back(rows_of(pyramid, level));
  CHECK_EQ(rows[0].size(), sites.size());
  bool same = true;
  for (std::size_t i = 0; i < sites.size(); ++i) same &= rows[0].count(sites[i]) == 1;
  for (const auto& [site, row] : rows[0]) same &= sites[pyramid.caller_rows()[row]] == site;
  CHECK(same);
  for (int level = 0; level < kLevels; ++level) {
    check_surroundings(pyramid.level(level), rows[static_cast<std::size_t>(level)]);
    if (level > 0) {
      check_descent(pyramid.level(level - 1), pyramid.level(level), rows[static_cast<std::size_t>(level - 1)],
                    rows[static_cast<std::size_t>(level)]);
    }
  }
}

}  // namespace

TEST(dense_sites_of_two_scenes) { check_all(random_sites(1, 2, 6, 1500), 2); }
TEST(sparse_sites_far_apart) { check_all(random_sites(2, 3, 32765, 400), 1); }
TEST(sites_between_those) { check_all(random_sites(3, 1, 40, 3000), 3); }
TEST(one_site) { check_all({{0, -1, 0, 7}}, 1); }

TEST(corners_of_the_range) {
  std::vector<Site> corners;
  for (std::int32_t x : {bscnet::kMinCoord, bscnet::kMaxCoord}) {
    for (std::int32_t y : {bscnet::kMinCoord, bscnet::kMaxCoord}) {
      for (std::int32_t z : {bscnet::kMinCoord, bscnet::kMaxCoord}) {
        for (std::int32_t batch : {0, bscnet::kMaxBatch}) {
          corners.push_back({batch, x, y, z});
          corners.push_back({batch, x == bscnet::kMinCoord ? x + 1 : x - 1, y, z});
        }
      }
    }
  }
  check_all(corners, 2);
}
