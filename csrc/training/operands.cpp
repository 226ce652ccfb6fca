#include "training/operands.h"

#include <algorithm>

#include "training/kernels.h"

namespace bscnet {
namespace {

/// Rows that a thread takes at a time.
constexpr std::size_t kRowGrain = 512;

}  // namespace

const float* values_of(const Features& x, std::int64_t rows, int channels, Team& team, Scratch& memory) {
  if (x.bits == nullptr) return x.values;
  const auto width = static_cast<std::size_t>(channels);
  const std::size_t words = (width + 31) / 32;
  memory = Scratch(static_cast<std::size_t>(rows) * width);
  team.split(static_cast<std::size_t>(rows), kRowGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      training_kernels().expand_signs(x.bits + row * words, channels, memory.data() + row * width);
    }
  });
  return memory.data();
}

const float* padded_rows(const float* x, std::int64_t rows, int channels, const std::vector<Group>& groups, Team& team,
                         Scratch& memory) {
  if (fill_lanes(groups)) return x;
  const auto stride = static_cast<std::size_t>(total_lanes(groups));
  memory = Scratch(static_cast<std::size_t>(rows) * stride);
  team.split(static_cast<std::size_t>(rows), kRowGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      const float* from = x + row * static_cast<std::size_t>(channels);
      float* to = memory.data() + row * stride;
      for (const Group& group : groups) {
        float* part = std::copy_n(from + group.first, group.channels, to + group.lane);
        std::fill_n(part, group.lanes - group.channels, 0.0f);
      }
    }
  });
  return memory.data();
}

}  // namespace bscnet
