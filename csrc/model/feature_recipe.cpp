#include "model/feature_recipe.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "model/text.h"

namespace bscnet {
namespace {

using Kind = Feature::Kind;

/// What every cloud gives; any other name is a measured value.
constexpr std::array<std::pair<const char*, Kind>, 4> kComputed = {
    {{"rgb", Kind::kRgb}, {"one", Kind::kOne}, {"height", Kind::kHeight}, {"offset", Kind::kOffset}}};

/// The names of the features, each there once.
std::vector<std::string> feature_names(const Fields& features) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Json& name : features.array("names")) {
    if (!name.is(Json::Kind::kString)) features.fail("has a name that is not a string");
    if (!seen.insert(name.string()).second) features.fail("names " + quoted(name.string()) + " twice");
    names.push_back(name.string());
  }
  if (names.empty()) features.fail("has no names; it must have at least one");
  return names;
}

Feature feature_of(const std::string& name, std::vector<std::string>& values) {
  for (const auto& [known, kind] : kComputed) {
    if (name == known) return {kind, -1};
  }
  values.push_back(name);
  return {Kind::kValue, static_cast<int>(values.size()) - 1};
}

}  // namespace

bool FeatureRecipe::has(Feature::Kind kind) const {
  return std::any_of(features.begin(), features.end(), [&](const Feature& one) { return one.kind == kind; });
}

FeatureRecipe read_feature_recipe(const Fields& features, int version, int in_channels) {
  enum { kCloud, kGiven, kRgb };
  const int kind =
      version == 1 ? features.choice("kind", {"cloud", "given", "rgb"}) : features.choice("kind", {"cloud", "given"});
  std::vector<const char*> keys = {"kind"};
  if (kind != kRgb) keys.push_back("names");
  if (kind != kGiven) keys.insert(keys.end(), {"scale", "offset"});
  if (kind == kCloud && version == 1) keys.push_back("ranges");
  features.only(keys);
  FeatureRecipe recipe;
  recipe.given = kind == kGiven;
  recipe.names = kind == kRgb ? std::vector<std::string>{"rgb"} : feature_names(features);
  if (recipe.given) return recipe;
  recipe.scale = features.number("scale");
  recipe.offset = features.number("offset");
  if (recipe.scale == 0) features.fail("has 0 for \"scale\"; colours are divided by it");
  int channels = 0;
  for (const std::string& name : recipe.names) {
    recipe.features.push_back(feature_of(name, recipe.values));
    channels += recipe.features.back().channels();
  }
  if (channels != in_channels) {
    features.fail("makes " + std::to_string(channels) + " channels, but \"in_channels\" is " +
                  std::to_string(in_channels));
  }
  return recipe;
}

}  // namespace bscnet
