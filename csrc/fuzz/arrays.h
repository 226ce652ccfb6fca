#pragma once

#include <cstdint>
#include <vector>

/// No list of sites is longer.
constexpr double kMostSites = 80;

struct GoodSites {
  std::vector<std::int32_t> coords;  ///< (sites, 4)
  bool extreme = false;              ///< features as large and as small as float32 has them
};

struct BadArrays {
  std::vector<std::int32_t> coords;
  float last_feature = 0;
  int threads = 1;
};

/// Isolated sites, full cubes, corners of the range, many batches.
const std::vector<GoodSites>& good_sites();

/// Twice the same site, coordinates and batches out of range, NaN, infinities, numbers of threads that cannot be.
const std::vector<BadArrays>& bad_arrays();

/// Numbers about 1, or with `extreme` the largest, smallest and zeros of both signs.
std::vector<float> features(std::size_t count, bool extreme);
