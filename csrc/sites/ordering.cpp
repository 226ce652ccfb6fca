#include "sites/ordering.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <string>

#include "cpu/features.h"
#include "cpu/target.h"
#include "model/error.h"
#include "sites/morton.h"
#include "sites/sort_keys.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bscnet {
namespace {

constexpr std::size_t kSitesAtOnce = 1 << 16;  // fewer are not worth waiting for a second thread

struct Bounds {
  std::int32_t low[4];
  std::int32_t high[4];
};

Bounds bounds_of(std::int64_t sites, const std::int32_t* coords, Team& team) {
  Bounds all;
  for (int a = 0; a < 4; ++a) all.low[a] = all.high[a] = coords[a];
  std::mutex mutex;
  team.split(static_cast<std::size_t>(sites), kSitesAtOnce, [&](std::size_t begin, std::size_t end, int) {
    Bounds b;
    for (int a = 0; a < 4; ++a) b.low[a] = b.high[a] = coords[4 * begin + static_cast<std::size_t>(a)];
    for (std::size_t i = begin; i < end; ++i) {
      for (int a = 0; a < 4; ++a) {
        b.low[a] = std::min(b.low[a], coords[4 * i + static_cast<std::size_t>(a)]);
        b.high[a] = std::max(b.high[a], coords[4 * i + static_cast<std::size_t>(a)]);
      }
    }
    const std::lock_guard<std::mutex> lock(mutex);
    for (int a = 0; a < 4; ++a) {
      all.low[a] = std::min(all.low[a], b.low[a]);
      all.high[a] = std::max(all.high[a], b.high[a]);
    }
  });
  return all;
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

using MakeKeys = void (*)(const std::int32_t* coords, const std::int32_t* origin, std::size_t begin, std::size_t end,
                          std::uint64_t* keys);

void make_keys_anywhere(const std::int32_t* coords, const std::int32_t* origin, std::size_t begin, std::size_t end,
                        std::uint64_t* keys) {
  for (std::size_t i = begin; i < end; ++i) {
    const std::int32_t* c = coords + 4 * i;
    const std::uint64_t code =
        morton_code(static_cast<std::uint32_t>(c[1] - origin[0]), static_cast<std::uint32_t>(c[2] - origin[1]),
                    static_cast<std::uint32_t>(c[3] - origin[2]));
    keys[i] = static_cast<std::uint64_t>(c[0]) << (3 * kAxisBits) | code;
  }
}

#if defined(__x86_64__)
BSCNET_BEGIN_TARGET("bmi2")
/// The same with an instruction for spreading bits.
void make_keys_bmi2(const std::int32_t* coords, const std::int32_t* origin, std::size_t begin, std::size_t end,
                    std::uint64_t* keys) {
  constexpr std::uint64_t kX = 0x249249249249ULL;
  for (std::size_t i = begin; i < end; ++i) {
    const std::int32_t* c = coords + 4 * i;
    const std::uint64_t code = _pdep_u64(static_cast<std::uint32_t>(c[1] - origin[0]), kX) |
                               _pdep_u64(static_cast<std::uint32_t>(c[2] - origin[1]), kX << 1) |
                               _pdep_u64(static_cast<std::uint32_t>(c[3] - origin[2]), kX << 2);
    keys[i] = static_cast<std::uint64_t>(c[0]) << (3 * kAxisBits) | code;
  }
}
BSCNET_END_TARGET
#endif

MakeKeys best_make_keys() {
#if defined(__x86_64__)
  if (cpu_features().bmi2) return make_keys_bmi2;
#endif
  return make_keys_anywhere;
}

}  // namespace

Ordering order_sites(std::int64_t sites, const std::int32_t* coords, int levels, Team& team, Arena& scratch) {
  const Bounds bounds = bounds_of(sites, coords, team);
  check_range(bounds);
  Ordering ordering;
  // Bricks are 4 voxels wide, so those of the coarsest level are 4 * 2^(levels - 1) voxels of level 0.
  const std::int32_t edge = 4 << (levels - 1);
  for (int a = 0; a < 3; ++a) ordering.origin[a] = bounds.low[a + 1] & -edge;
  const auto n = static_cast<std::size_t>(sites);
  ordering.rows.resize(n);
  std::iota(ordering.rows.begin(), ordering.rows.end(), 0u);
  SortKeys keys(n, scratch);
  const MakeKeys make_keys = best_make_keys();
  std::uint64_t* const unsorted = keys.data();
  team.split(n, kSitesAtOnce, [&](std::size_t begin, std::size_t end, int) {
    make_keys(coords, ordering.origin, begin, end, unsorted);
  });
  keys.sort(ordering.rows, team);
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
