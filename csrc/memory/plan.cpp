#include "memory/plan.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace bscnet {
namespace {

bool meet(const Need& a, const Need& b) { return a.first <= b.last && b.first <= a.last; }

std::uint64_t aligned(std::uint64_t bytes) { return (bytes + kPlanAlignment - 1) / kPlanAlignment * kPlanAlignment; }

}  // namespace

MemoryPlan plan_memory(const std::vector<Need>& needs) {
  std::vector<std::size_t> order(needs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return needs[a].bytes > needs[b].bytes; });
  MemoryPlan plan;
  plan.offset.resize(needs.size());
  std::vector<std::size_t> placed;  // by offset
  for (std::size_t id : order) {
    const std::uint64_t bytes = aligned(needs[id].bytes);
    std::uint64_t best = 0;
    std::uint64_t best_gap = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t end = 0;  // of those before that are there at the same time
    for (std::size_t other : placed) {
      if (!meet(needs[id], needs[other])) continue;
      const std::uint64_t begin = plan.offset[other];
      if (begin >= end && begin - end >= bytes && begin - end < best_gap) {
        best = end;
        best_gap = begin - end;
      }
      end = std::max(end, begin + aligned(needs[other].bytes));
    }
    if (best_gap == std::numeric_limits<std::uint64_t>::max()) best = end;
    plan.offset[id] = best;
    plan.bytes = std::max(plan.bytes, best + bytes);
    const auto behind = std::upper_bound(placed.begin(), placed.end(), best,
                                         [&](std::uint64_t at, std::size_t other) { return at < plan.offset[other]; });
    placed.insert(behind, id);
  }
  return plan;
}

}  // namespace bscnet
