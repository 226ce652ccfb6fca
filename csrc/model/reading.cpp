#include "model/reading.h"

#include <algorithm>
#include <set>
#include <string>

#include "model/text.h"

namespace bscnet {
namespace {

constexpr std::int64_t kMostLabel = (std::int64_t{1} << 53) - 1;  // what every reader of JSON has exactly

Range read_range(const Fields& fields, const std::string& name, const Json& json) {
  const bool pair = json.is(Json::Kind::kArray) && json.array().size() == 2 && json.array()[0].is_number() &&
                    json.array()[1].is_number();
  if (!pair || !(json.array()[0].number() < json.array()[1].number())) {
    fields.fail("has for " + quoted(name) + " no range [low, high] with low below high");
  }
  return {json.array()[0].number(), json.array()[1].number()};
}

double metres_in_a_unit(const Fields& reading) {
  if (reading.is_null("units")) return 1;
  constexpr double kMetres[] = {1.0, 0.01, 0.001, 0.3048, 1200.0 / 3937.0};
  return kMetres[reading.choice("units", {"m", "cm", "mm", "ft", "us-ft"})];
}

void check_columns(const Fields& reading) {
  if (reading.is_null("columns")) return;
  for (const Json& name : reading.array("columns")) {
    if (!name.is(Json::Kind::kString)) reading.fail("has a column that is not a string");
  }
}

/// None, or one for each class.
std::vector<std::int64_t> read_labels(const Fields& reading, int num_classes) {
  std::vector<std::int64_t> labels;
  for (const Json& label : reading.array("labels")) {
    if (!label.is(Json::Kind::kInteger) || label.integer() < -kMostLabel || label.integer() > kMostLabel) {
      reading.fail("has a label that is no whole number between -2^53 and 2^53");
    }
    labels.push_back(label.integer());
  }
  if (!labels.empty() && labels.size() != static_cast<std::size_t>(num_classes)) {
    reading.fail("has " + std::to_string(labels.size()) + " labels; allowed are none or one a class, " +
                 std::to_string(num_classes));
  }
  std::set<std::int64_t> seen;
  for (const std::int64_t label : labels) {
    if (!seen.insert(label).second) reading.fail("has the label " + std::to_string(label) + " for two classes");
  }
  return labels;
}

}  // namespace

Reading read_reading(const Fields& reading, const FeatureRecipe& recipe, int num_classes) {
  reading.only({"units", "colors", "columns", "invalid_points", "scale", "labels"});
  Reading found;
  found.metres = metres_in_a_unit(reading);
  reading.choice("colors", {"auto", "1", "255", "65535"});
  check_columns(reading);
  found.drops_invalid = reading.choice("invalid_points", {"error", "drop"}) == 1;
  const Json& scale = reading.get("scale", Json::Kind::kObject);
  for (const auto& [name, range] : scale.object()) read_range(reading, name, range);
  for (const std::string& name : recipe.values) {
    const Json* range = scale.find(name);
    found.ranges.emplace_back();
    if (range != nullptr) found.ranges.back() = read_range(reading, name, *range);
  }
  found.labels = read_labels(reading, num_classes);
  return found;
}

Reading reading_of_version_1(const Fields& features, const FeatureRecipe& recipe) {
  Reading found;
  if (recipe.given || !features.has("names")) return found;  // of colours alone
  const Json& ranges = features.get("ranges", Json::Kind::kObject);
  for (const auto& [name, range] : ranges.object()) {
    if (std::find(recipe.values.begin(), recipe.values.end(), name) == recipe.values.end()) {
      features.fail("has a range for " + quoted(name) + ", which is no measured value among its names");
    }
    read_range(features, name, range);
  }
  for (const std::string& name : recipe.values) {
    const Json* range = ranges.find(name);
    if (range == nullptr) features.fail("has no range for the measured value " + quoted(name));
    found.ranges.emplace_back(read_range(features, name, *range));
  }
  return found;
}

}  // namespace bscnet
