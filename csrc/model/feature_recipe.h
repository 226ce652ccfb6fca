#pragma once

#include <string>
#include <vector>

#include "model/fields.h"

namespace bscnet {

/// One feature of a site: a mean over the points of its voxel.
struct Feature {
  enum class Kind {
    kRgb,     ///< colour / scale + offset, three channels
    kOne,     ///< the constant 1
    kHeight,  ///< metres above the cloud's lowest point
    kOffset,  ///< place in the voxel, -0.5 to 0.5, three channels
    kValue    ///< a measured value
  };
  Kind kind = Kind::kOne;
  int value = -1;  ///< kValue: which of the recipe's values

  int channels() const { return kind == Kind::kRgb || kind == Kind::kOffset ? 3 : 1; }
};

/// How the features of a site come from the points of a cloud.
struct FeatureRecipe {
  bool given = false;               ///< they come from elsewhere: only the caller knows how they are made
  std::vector<std::string> names;   ///< of all features
  std::vector<Feature> features;    ///< in the order of their channels, unless given
  std::vector<std::string> values;  ///< names of the measured values
  double scale = 1, offset = 0;     ///< of colours

  bool has(Feature::Kind kind) const;
};

/// The entry "features" of a description of that version (docs/engine.md), everything checked but version 1's "ranges".
/// Throws Error (kBadFile).
FeatureRecipe read_feature_recipe(const Fields& features, int version, int in_channels);

}  // namespace bscnet
