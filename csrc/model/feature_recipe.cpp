#include "model/feature_recipe.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/fields.h"
#include "model/text.h"

namespace bscnet {
namespace {

enum Kind { kRgb, kCloud, kGiven };

/// Channels of what every cloud gives; any other name is a measured value, of one channel.
const std::map<std::string, int> kComputed = {{"rgb", 3}, {"one", 1}, {"height", 1}, {"offset", 3}};

/// The names of the features, each there once.
std::set<std::string> feature_names(const Fields& features) {
  std::set<std::string> names;
  for (const Json& name : features.array("names")) {
    if (!name.is(Json::Kind::kString)) features.fail("has a name that is not a string");
    if (!names.insert(name.string()).second) features.fail("names " + quoted(name.string()) + " twice");
  }
  if (names.empty()) features.fail("has no names; it must have at least one");
  return names;
}

/// A range [low, high] of raw values, low below high, for each measured value.
void check_ranges(const Fields& features, const std::set<std::string>& names) {
  const Json& ranges = features.get("ranges", Json::Kind::kObject);
  for (const auto& [name, range] : ranges.object()) {
    if (names.count(name) == 0 || kComputed.count(name) != 0) {
      features.fail("has a range for " + quoted(name) + ", which is no measured value among its names");
    }
    const bool pair = range.is(Json::Kind::kArray) && range.array().size() == 2 && range.array()[0].is_number() &&
                      range.array()[1].is_number();
    if (!pair || !(range.array()[0].number() < range.array()[1].number())) {
      features.fail("has for " + quoted(name) + " no range [low, high] with low below high");
    }
  }
  for (const std::string& name : names) {
    if (kComputed.count(name) == 0 && ranges.find(name) == nullptr) {
      features.fail("has no range for the measured value " + quoted(name));
    }
  }
}

int channels_of(const std::set<std::string>& names) {
  int channels = 0;
  for (const std::string& name : names) {
    const auto computed = kComputed.find(name);
    channels += computed == kComputed.end() ? 1 : computed->second;
  }
  return channels;
}

}  // namespace

void check_feature_recipe(const Json& json, int in_channels) {
  const Fields features(json, "the description's \"features\"");
  const int kind = features.choice("kind", {"rgb", "cloud", "given"});
  if (kind == kRgb) features.only({"kind", "scale", "offset"});
  if (kind == kCloud) features.only({"kind", "names", "scale", "offset", "ranges"});
  if (kind == kGiven) features.only({"kind", "names"});
  if (kind != kGiven) {
    if (features.number("scale") == 0) features.fail("has 0 for \"scale\"; colours are divided by it");
    features.number("offset");
  }
  const std::set<std::string> names = kind == kRgb ? std::set<std::string>{"rgb"} : feature_names(features);
  if (kind == kGiven) return;
  if (kind == kCloud) check_ranges(features, names);
  const int channels = channels_of(names);
  if (channels != in_channels) {
    features.fail("makes " + std::to_string(channels) + " channels, but \"in_channels\" is " +
                  std::to_string(in_channels));
  }
}

}  // namespace bscnet
