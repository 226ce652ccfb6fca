#include "training/pooling.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "model/error.h"

namespace bscnet {
namespace {

constexpr std::size_t kGrain = 512;

[[noreturn]] void refuse() { throw Error(Fault::kBadInput, "a row of the links between two levels is out of range"); }

/// Calls action(coarse row, begin, end) for each coarse row with its children as rows in begin..end.
template <typename Action>
void for_families(const Children& children, Team& team, const Action& action) {
  team.split(static_cast<std::size_t>(children.coarse_rows), kGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      const std::int64_t first = children.first_child[row];
      const std::int64_t last = children.first_child[row + 1];
      if (first < 0 || last <= first || last > children.fine_rows) refuse();
      for (std::int64_t i = first; i < last; ++i) {
        if (children.child[i] < 0 || children.child[i] >= children.fine_rows) refuse();
      }
      action(row, children.child + first, children.child + last);
    }
  });
}

/// y[v] = combine(… combine(x[first child], x[second child]) …) for each channel.
template <typename Combine>
void pool(const Children& children, int channels, const float* x, Team& team, float* y, const Combine& combine) {
  const auto width = static_cast<std::size_t>(channels);
  for_families(children, team, [&](std::size_t row, const std::int32_t* child, const std::int32_t* end) {
    float* out = y + row * width;
    std::copy_n(x + static_cast<std::size_t>(*child) * width, width, out);
    while (++child != end) {
      const float* other = x + static_cast<std::size_t>(*child) * width;
      for (std::size_t c = 0; c < width; ++c) out[c] = combine(out[c], other[c]);
    }
  });
}

}  // namespace

void pool_sum(const Children& children, int channels, const float* x, Team& team, float* y) {
  pool(children, channels, x, team, y, [](float a, float b) { return a + b; });
}

void pool_max(const Children& children, int channels, const float* x, Team& team, float* y) {
  pool(children, channels, x, team, y, [](float a, float b) { return a > b ? a : b; });
}

void pool_max_gradient(const Children& children, int channels, const float* x, const float* y, const float* dy,
                       Team& team, float* dx) {
  const auto width = static_cast<std::size_t>(channels);
  for_families(children, team, [&](std::size_t row, const std::int32_t* child, const std::int32_t* end) {
    const float* most = y + row * width;
    const float* gradient = dy + row * width;
    for (std::size_t c = 0; c < width; ++c) {
      int holders = 0;
      for (const std::int32_t* i = child; i != end; ++i)
        holders += x[static_cast<std::size_t>(*i) * width + c] == most[c];
      const float share = holders == 0 ? 0.0f : gradient[c] / static_cast<float>(holders);
      for (const std::int32_t* i = child; i != end; ++i) {
        const std::size_t at = static_cast<std::size_t>(*i) * width + c;
        dx[at] = x[at] == most[c] ? share : 0.0f;
      }
    }
  });
}

void unpool(std::int64_t fine_rows, std::int64_t coarse_rows, const std::int32_t* parent, int channels, const float* x,
            Team& team, float* y) {
  const auto width = static_cast<std::size_t>(channels);
  team.split(static_cast<std::size_t>(fine_rows), kGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      if (parent[row] < 0 || parent[row] >= coarse_rows) refuse();
      std::copy_n(x + static_cast<std::size_t>(parent[row]) * width, width, y + row * width);
    }
  });
}

}  // namespace bscnet
