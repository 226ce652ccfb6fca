#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/feature_recipe.h"
#include "model/fields.h"

namespace bscnet {

/// The raw values that become -1 and 1.
struct Range {
  double low, high;
};

/// How the clouds of the model's data set are to be understood.
struct Reading {
  double metres = 1;                         ///< in a unit of the coordinates
  bool drops_invalid = false;                ///< points that are not finite are left out; else they are refused
  std::vector<std::optional<Range>> ranges;  ///< of the recipe's values; without one they stay as they are
  std::vector<std::int64_t> labels;          ///< of each class in the data set's own files; empty: not known
};

/// The entry "reading" of version 2 (docs/engine.md). Throws Error (kBadFile).
Reading read_reading(const Fields& reading, const FeatureRecipe& recipe, int num_classes);

/// What version 1 says of it in the entry "features": the ranges of measured values. Throws Error (kBadFile).
Reading reading_of_version_1(const Fields& features, const FeatureRecipe& recipe);

}  // namespace bscnet
