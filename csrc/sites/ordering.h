#pragma once

#include <cstdint>
#include <vector>

#include "memory/arena.h"
#include "threads/team.h"

namespace bscnet {

constexpr int kAxisBits = 16;
constexpr std::int32_t kMinCoord = -32766;
constexpr std::int32_t kMaxCoord = 32765;
constexpr std::int32_t kMaxBatch = 32767;

/// The sites of a batch in the engine's order: by batch, then along a Morton curve.
struct Ordering {
  const std::uint64_t* keys;        ///< ascending: batch << 48 | Morton code of the coordinates less origin
  std::vector<std::uint32_t> rows;  ///< the caller's row of each ordered site
  std::int32_t origin[3];           ///< a multiple of the edge of the coarsest level's brick
};

/// Orders sites and refuses (Error, kBadInput) coordinates out of range and duplicates.
/// coords: (sites, 4) batch, x, y, z; sites >= 1; levels: resolutions of the network. The keys lie in the scratch.
Ordering order_sites(std::int64_t sites, const std::int32_t* coords, int levels, Team& team, Arena& scratch);

}  // namespace bscnet
