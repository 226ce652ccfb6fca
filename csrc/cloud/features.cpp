#include "cloud/features.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "model/error.h"
#include "model/text.h"

namespace bscnet {
namespace {

using Kind = Feature::Kind;

/// Steps of 1 in which places and measured values are added up; float32 has as many.
constexpr double kSteps = 1 << 24;
/// Of a measured value once it is scaled: beyond it the sum of a voxel could overflow.
constexpr double kLargest = 1e6;
constexpr std::size_t kVoxelsAtOnce = 1 << 12;

// Columns of what is added up of each point.
constexpr std::size_t kColor = 0, kPlace = 3, kValues = 6;

double scaled(float value, const std::optional<Range>& range) {
  if (!range) return value;
  return (value - range->low) / (range->high - range->low) * 2 - 1;
}

/// Makes the features of one voxel after the other.
class Maker {
 public:
  Maker(const Points& points, const Frame& frame, const Program& program)
      : points_(points),
        frame_(frame),
        program_(program),
        colored_(program.features.has(Kind::kRgb)),
        placed_(program.features.has(Kind::kOffset) || program.features.has(Kind::kHeight)),
        sums_(kValues + program.features.values.size()),
        means_(sums_.size()) {}

  void clear() { std::fill(sums_.begin(), sums_.end(), 0); }

  /// False where a measured value cannot be added.
  bool add(std::size_t point) {
    for (std::size_t i = 0; colored_ && i < 3; ++i) sums_[kColor + i] += points_.rgb[3 * point + i];
    for (std::size_t axis = 0; placed_ && axis < 3; ++axis) {
      const double at = frame_.position(points_.xyz[3 * point + axis], axis);
      sums_[kPlace + axis] += steps(at - std::floor(at));
    }
    const std::size_t values = program_.features.values.size();
    for (std::size_t i = 0; i < values; ++i) {
      const double value = scaled(points_.values[values * point + i], program_.reading.ranges[i]);
      if (!(std::abs(value) <= kLargest)) return false;
      sums_[kValues + i] += steps(value);
    }
    return true;
  }

  /// The features of the points added since `clear`.
  void write(std::size_t count, std::int32_t z, float* features) {
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      means_[i] = static_cast<double>(static_cast<std::int64_t>(sums_[i])) / static_cast<double>(count);
    }
    for (const Feature& feature : program_.features.features) {
      for (int channel = 0; channel < feature.channels(); ++channel) {
        *features++ = static_cast<float>(mean_of(feature, static_cast<std::size_t>(channel), z));
      }
    }
  }

 private:
  /// As many steps, added up modulo 2^64.
  static std::uint64_t steps(double value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(std::nearbyint(value * kSteps)));
  }

  double mean_of(const Feature& feature, std::size_t channel, std::int32_t z) const {
    switch (feature.kind) {
      case Kind::kRgb:
        return means_[kColor + channel] / program_.features.scale + program_.features.offset;
      case Kind::kOne:
        return 1;
      case Kind::kHeight:
        return (z + means_[kPlace + 2] / kSteps - frame_.lowest[2]) * program_.voxel_size;
      case Kind::kOffset:
        return means_[kPlace + channel] / kSteps - 0.5;
      case Kind::kValue:
        break;
    }
    return means_[kValues + static_cast<std::size_t>(feature.value)] / kSteps;
  }

  const Points& points_;
  const Frame& frame_;
  const Program& program_;
  const bool colored_, placed_;
  std::vector<std::uint64_t> sums_;
  std::vector<double> means_;
};

/// Names the first value that cannot be added up; there is one.
[[noreturn]] void refuse_value(const Points& points, const Program& program) {
  const std::size_t values = program.features.values.size();
  for (std::size_t point = 0;; ++point) {
    for (std::size_t i = 0; points.finite(point) && i < values; ++i) {
      const float value = points.values[values * point + i];
      const std::optional<Range>& range = program.reading.ranges[i];
      if (std::abs(scaled(value, range)) <= kLargest) continue;
      char text[160];
      if (range) {
        std::snprintf(text, sizeof text, " of point %zu is %g; the model was trained on %g to %g", point, value,
                      range->low, range->high);
      } else {
        std::snprintf(text, sizeof text, " of point %zu is %g; allowed are -1e6 to 1e6", point, value);
      }
      throw Error(Fault::kBadInput, "the value " + quoted(program.features.values[i]) + text);
    }
  }
}

}  // namespace

std::vector<float> features_of(const Points& points, const Frame& frame, const Voxels& voxels, const Program& program,
                               Team& team) {
  const auto channels = static_cast<std::size_t>(program.in_channels);
  std::vector<float> features(voxels.numbers(channels));
  std::atomic<bool> sound{true};
  team.split(voxels.count(), kVoxelsAtOnce, [&](std::size_t begin, std::size_t end, int) {
    Maker maker(points, frame, program);
    bool fine = true;
    for (std::size_t voxel = begin; voxel < end; ++voxel) {
      maker.clear();
      for (std::uint32_t i = voxels.first[voxel]; i < voxels.first[voxel + 1]; ++i) fine &= maker.add(voxels.points[i]);
      maker.write(voxels.first[voxel + 1] - voxels.first[voxel], voxels.coords[4 * voxel + 3],
                  features.data() + channels * voxel);
    }
    if (!fine) sound = false;
  });
  if (!sound) refuse_value(points, program);
  return features;
}

}  // namespace bscnet
