#include "sites/ordering.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "model/error.h"
#include "sites/morton.h"
#include "sites/sort_keys.h"

namespace bscnet {
namespace {

struct Bounds {
  std::int32_t low[4];
  std::int32_t high[4];
};

Bounds bounds_of(std::int64_t sites, const std::int32_t* coords) {
  Bounds b;
  for (int a = 0; a < 4; ++a) b.low[a] = b.high[a] = coords[a];
  for (std::int64_t i = 0; i < sites; ++i) {
    for (int a = 0; a < 4; ++a) {
      b.low[a] = std::min(b.low[a], coords[4 * i + a]);
      b.high[a] = std::max(b.high[a], coords[4 * i + a]);
    }
  }
  return b;
}

void check_range(const Bounds& b) {
  if (b.low[0] < 0 || b.high[0] > kMaxBatch) {
    throw Error(Fault::kBadInput, "batch indices run from " + std::to_string(b.low[0]) + " to " +
                                      std::to_string(b.high[0]) + "; allowed are 0 to " + std::to_string(kMaxBatch));
  }
  const std::int32_t low = std::min({b.low[1], b.low[2], b.low[3]});
  const std::int32_t high = std::max({b.high[1], b.high[2], b.high[3]});
  if (low < kMinCoord || high > kMaxCoord) {
    throw Error(Fault::kBadInput, "coordinates run from " + std::to_string(low) + " to " + std::to_string(high) +
                                      " voxels; allowed are " + std::to_string(kMinCoord) + " to " +
                                      std::to_string(kMaxCoord));
  }
}

}  // namespace

Ordering order_sites(std::int64_t sites, const std::int32_t* coords, int levels, Arena& scratch) {
  const Bounds bounds = bounds_of(sites, coords);
  check_range(bounds);
  Ordering ordering;
  // Bricks are 4 voxels wide, so those of the coarsest level are 4 * 2^(levels - 1) voxels of level 0.
  const std::int32_t edge = 4 << (levels - 1);
  for (int a = 0; a < 3; ++a) ordering.origin[a] = bounds.low[a + 1] & -edge;
  const auto n = static_cast<std::size_t>(sites);
  ordering.rows.resize(n);
  std::iota(ordering.rows.begin(), ordering.rows.end(), 0u);
  SortKeys keys(n, scratch);
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t* c = coords + 4 * i;
    const std::uint64_t code = morton_code(static_cast<std::uint32_t>(c[1] - ordering.origin[0]),
                                           static_cast<std::uint32_t>(c[2] - ordering.origin[1]),
                                           static_cast<std::uint32_t>(c[3] - ordering.origin[2]));
    keys.data()[i] = static_cast<std::uint64_t>(c[0]) << (3 * kAxisBits) | code;
  }
  keys.sort(ordering.rows);
  ordering.keys = keys.data();
  std::size_t duplicates = 0;
  for (std::size_t i = 1; i < n; ++i) duplicates += ordering.keys[i] == ordering.keys[i - 1];
  if (duplicates != 0) {
    throw Error(Fault::kBadInput,
                std::to_string(duplicates) + " of " + std::to_string(sites) + " sites are duplicates");
  }
  return ordering;
}

}  // namespace bscnet
