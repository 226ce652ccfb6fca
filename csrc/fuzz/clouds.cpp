#include "fuzz/clouds.h"

#include <array>
#include <cmath>
#include <limits>

namespace {

using Limits = std::numeric_limits<double>;

/// Places along one axis; a cloud has all triples of one of these lists.
const std::vector<std::vector<double>>& places() {
  static const std::vector<std::vector<double>> all = {
      {0, 0.5, 2.25},
      {0.01, 0.02, 0.03, 0.04},
      {-3, -0.05, 0.05},
      {4512345.25, 4512346.5, 4512346.75},
      {1e15, 1e15 + 1},
      {-1000, 0, 1500},
      {Limits::denorm_min(), 0.0, -0.0},
      {Limits::max(), -Limits::max()},
      {Limits::max(), std::nextafter(Limits::max(), 0.0)},
      {1e-300, 1e300},
      {Limits::quiet_NaN(), 0, 1},
      {Limits::infinity(), -Limits::infinity()},
  };
  return all;
}

float value_of(std::uint32_t choice, std::size_t place) {
  constexpr std::array<float, 8> kOdd = {0,     1e30f, std::numeric_limits<float>::quiet_NaN(),
                                         -1e9f, 1e6f,  std::numeric_limits<float>::infinity(),
                                         -0.0f, 1e-40f};
  if (choice % 4 == 0) return kOdd[(choice / 4 + place) % kOdd.size()];
  return static_cast<float>(static_cast<int>(place * 31 % 200) - 50) / 4;
}

}  // namespace

PointCloud point_cloud(std::uint32_t choice, const bscnet_model* model) {
  const std::vector<double>& along = places()[choice % places().size()];
  const auto values = static_cast<std::size_t>(bscnet_num_values(model));
  PointCloud cloud;
  for (const double x : along) {
    for (const double y : along) {
      for (const double z : along) {
        cloud.xyz.insert(cloud.xyz.end(), {x, y, z});
        for (int channel = 0; channel < 3; ++channel) {
          cloud.rgb.push_back(static_cast<std::uint8_t>(cloud.rgb.size() * 37));
        }
        for (std::size_t i = 0; i < values; ++i) cloud.values.push_back(value_of(choice / 16, cloud.values.size()));
      }
    }
  }
  return cloud;
}
