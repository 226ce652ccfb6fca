#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bscnet.h"

/// Sites and features for tests.
struct Cloud {
  std::vector<std::int32_t> coords;  ///< (sites, 4)
  std::vector<float> feats;          ///< (sites, channels)
};

/// Distinct sites of two batches around the origin, about half of all cells filled, in random order; features -2 to 2.
Cloud random_cloud(int sites, int channels, unsigned seed);

struct FreeModel {
  void operator()(bscnet_model* model) const { bscnet_free(model); }
};
using Model = std::unique_ptr<bscnet_model, FreeModel>;

/// The model in those bytes; throws std::runtime_error with the reason where they are none.
Model loaded(const std::string& file);
