#include "cloud/frame.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "model/error.h"
#include "sites/ordering.h"

namespace bscnet {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Half of a cloud lies on each side of the middle; one voxel each is for rounding.
constexpr double kMostVoxels = 2.0 * std::min(kMaxCoord, -kMinCoord) - 2;

/// Of finite points, in metres.
struct Box {
  std::array<double, 3> low{kInfinity, kInfinity, kInfinity};
  std::array<double, 3> high{-kInfinity, -kInfinity, -kInfinity};
  std::size_t points = 0;

  void add(const double* xyz, double metres) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      low[axis] = std::min(low[axis], xyz[axis] * metres);
      high[axis] = std::max(high[axis], xyz[axis] * metres);
    }
    ++points;
  }

  void add(const Box& other) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      low[axis] = std::min(low[axis], other.low[axis]);
      high[axis] = std::max(high[axis], other.high[axis]);
    }
    points += other.points;
  }
};

Box box_of(const Points& points, double metres, Team& team) {
  std::vector<Box> boxes(static_cast<std::size_t>(team.size()));
  team.split(points.count, kPointsAtOnce, [&](std::size_t begin, std::size_t end, int member) {
    Box box;
    for (std::size_t point = begin; point < end; ++point) {
      if (points.finite(point)) box.add(points.xyz + 3 * point, metres);
    }
    boxes[static_cast<std::size_t>(member)].add(box);
  });
  Box whole;
  for (const Box& box : boxes) whole.add(box);
  return whole;
}

[[noreturn]] void refuse_point(const Points& points) {
  std::size_t point = 0;
  while (points.finite(point)) ++point;
  throw Error(Fault::kBadInput, "the coordinates of point " + std::to_string(point) +
                                    " are not finite (NaN or infinite); the model's reading refuses such points");
}

[[noreturn]] void refuse_size(const Box& box, const Frame& frame) {
  char text[320];
  std::snprintf(text, sizeof text,
                "the cloud is %.3g x %.3g x %.3g voxels of %g m large; at most %.0f a side are allowed: a unit of its "
                "coordinates is taken for %g m, as the model's reading says",
                (box.high[0] - box.low[0]) / frame.voxel_size, (box.high[1] - box.low[1]) / frame.voxel_size,
                (box.high[2] - box.low[2]) / frame.voxel_size, frame.voxel_size, kMostVoxels, frame.metres);
  throw Error(Fault::kBadInput, text);
}

}  // namespace

Frame frame_of(const Points& points, const Reading& reading, double voxel_size, Team& team) {
  Frame frame;
  frame.metres = reading.metres;
  frame.voxel_size = voxel_size;
  const Box box = box_of(points, frame.metres, team);
  if (box.points < points.count && !reading.drops_invalid) refuse_point(points);
  frame.points = box.points;
  if (box.points == 0) return frame;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    frame.middle[axis] = box.low[axis] / 2 + box.high[axis] / 2;
    frame.lowest[axis] = (box.low[axis] - frame.middle[axis]) / voxel_size + 0.5;
    const double first = std::floor(frame.lowest[axis]);
    const double last = std::floor((box.high[axis] - frame.middle[axis]) / voxel_size + 0.5);
    // The corners' own voxels too: far from 0 float64 is so coarse that the middle may be no middle.
    const bool fits = (box.high[axis] - box.low[axis]) / voxel_size <= kMostVoxels;
    if (!(fits && first >= kMinCoord && last <= kMaxCoord)) refuse_size(box, frame);
    frame.first[axis] = static_cast<std::int32_t>(first);
  }
  return frame;
}

}  // namespace bscnet
