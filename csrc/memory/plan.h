#pragma once

#include <cstdint>
#include <vector>

namespace bscnet {

/// Memory that is needed from one instruction to another, both included. Of all together there may be more than a
/// machine of 32 bits can address, hence the 64.
struct Need {
  std::uint64_t bytes = 0;
  int first = 0;
  int last = 0;
};

/// Where in one stretch of memory each need lies.
struct MemoryPlan {
  std::vector<std::uint64_t> offset;  ///< multiples of kPlanAlignment
  std::uint64_t bytes = 0;            ///< of the whole stretch
};

constexpr std::uint64_t kPlanAlignment = 64;

/// Places needs so that no two overlap that are there at the same time. The largest come first, each into the tightest
/// gap that holds it: what is large decides the total, and what is small fits in between.
MemoryPlan plan_memory(const std::vector<Need>& needs);

}  // namespace bscnet
