// The entries "features" and "reading" of both versions: what is read from them, and what is refused.
#include <string>
#include <utility>
#include <vector>

#include "model/description.h"
#include "tests/check.h"
#include "tests/model_bytes.h"

using bscnet::Feature;
using bscnet::Program;

namespace {

using Cases = std::vector<std::pair<std::string, const char*>>;

const char* const kRgb = R"({"kind":"rgb","scale":127.5,"offset":-1.0})";
const char* const kCloud = R"({"kind":"cloud","names":["rgb"],"scale":127.5,"offset":-1.0})";
const char* const kReading =
    R"({"units":null,"colors":"auto","columns":null,"invalid_points":"error","scale":{},"labels":[]})";

Program program_of(const RawModel& model) {
  const std::string file = file_of(model);
  return bscnet::read_program(reinterpret_cast<const unsigned char*>(file.data()), file.size());
}

Program with_features(const std::string& features) { return program_of(sample_model().replace(kCloud, features)); }

Program with_features_1(const std::string& features) {
  return program_of(sample_of_version_1().replace(kRgb, features));
}

/// The sample with features of a measured value, and one entry of its reading replaced.
Program with_reading(const std::string& piece, const std::string& other) {
  RawModel model = sample_model();
  model.replace(kCloud, R"({"kind":"cloud","names":["one","i","height"],"scale":1,"offset":0})");
  return program_of(model.replace(piece, other));
}

}  // namespace

TEST(features_of_both_versions) {
  const Program now = program_of(sample_model()), old = program_of(sample_of_version_1());
  for (const Program* program : {&now, &old}) {
    CHECK(program->features.features.size() == 1 && program->features.has(Feature::Kind::kRgb));
    CHECK(program->features.scale == 127.5 && program->features.offset == -1 && program->features.values.empty());
    CHECK(program->voxel_size == 0.05 && program->reading.metres == 1 && !program->reading.drops_invalid);
    CHECK(program->reading.ranges.empty() && program->reading.labels.empty());
  }
  const Program ranged =
      with_features_1(R"({"kind":"cloud","names":["one","i","height"],"scale":1,"offset":0,"ranges":{"i":[0,65535]}})");
  CHECK_EQ(ranged.features.features[1].value, 0);
  CHECK(ranged.features.values == std::vector<std::string>{"i"} && ranged.features.has(Feature::Kind::kHeight));
  CHECK(ranged.reading.ranges[0]->low == 0 && ranged.reading.ranges[0]->high == 65535);
  CHECK(with_features_1(R"({"kind":"given","names":["depth"]})").features.given);
  CHECK(with_features(R"({"kind":"given","names":["depth"]})").features.given);
  CHECK_EQ(with_features(R"({"kind":"cloud","names":["offset"],"scale":127.5,"offset":-1})").in_channels, 3);
}

TEST(features_refused) {
  const auto cloud = [](const std::string& names) {
    return R"({"kind":"cloud","names":)" + names + R"(,"scale":1,"offset":0})";
  };
  const Cases cases = {
      {cloud("[\"rgb\",\"one\"]"), "makes 4 channels, but \"in_channels\" is 3"},
      {cloud("[]"), "has no names; it must have at least one"},
      {cloud("[1]"), "has a name that is not a string"},
      {cloud("[\"one\",\"one\",\"i\"]"), "names \"one\" twice"},
      {cloud("\"rgb\""), "has a string for \"names\"; it must be an array"},
      {R"({"kind":"cloud","names":["rgb"],"scale":0,"offset":0})", "has 0 for \"scale\""},
      {R"({"kind":"cloud","names":["rgb"],"scale":1,"offset":0,"ranges":{}})", "unknown key \"ranges\"; allowed are"},
      {R"({"kind":"cloud","names":["rgb"],"scale":1})", "has no \"offset\""},
      {R"({"kind":"given","names":["rgb"],"scale":1})", "unknown key \"scale\"; allowed are kind, names"},
      {R"({"kind":"given"})", "has no \"names\""},
      {kRgb, "has \"rgb\" for \"kind\"; allowed are cloud, given"},
  };
  for (const auto& [features, says] : cases) CHECK_REFUSED(with_features(features), says);
}

TEST(features_of_version_1_refused) {
  const auto cloud = [](const std::string& names, const std::string& ranges) {
    return R"({"kind":"cloud","names":)" + names + R"(,"scale":1,"offset":0,"ranges":)" + ranges + "}";
  };
  const std::string names = "[\"one\",\"i\",\"height\"]";
  const Cases cases = {
      {cloud(names, "{}"), "has no range for the measured value \"i\""},
      {cloud("[\"rgb\"]", "{\"rgb\":[0,255]}"), "a range for \"rgb\", which is no measured value among its names"},
      {cloud("[\"rgb\"]", "{\"i\":[0,255]}"), "a range for \"i\", which is no measured value among its names"},
      {cloud(names, "{\"i\":[1,1]}"), "has for \"i\" no range [low, high] with low below high"},
      {cloud(names, "{\"i\":[0,1,2]}"), "has for \"i\" no range [low, high]"},
      {cloud(names, "{\"i\":[\"0\",1]}"), "has for \"i\" no range [low, high]"},
      {cloud(names, "{\"i\":7}"), "has for \"i\" no range [low, high]"},
      {cloud(names, "[]"), "has an array for \"ranges\"; it must be an object"},
      {R"({"kind":"cloud","names":["rgb"],"scale":1,"offset":0})", "has no \"ranges\""},
      {R"({"kind":"rgb","names":["rgb"],"scale":1,"offset":0})", "unknown key \"names\"; allowed are kind, scale"},
      {R"({"kind":"hsv"})", "has \"hsv\" for \"kind\"; allowed are cloud, given, rgb"},
  };
  for (const auto& [features, says] : cases) CHECK_REFUSED(with_features_1(features), says);
}

TEST(reading_read) {
  const Program plain = with_reading("\"units\":null", "\"units\":\"m\"");
  CHECK(plain.reading.metres == 1 && plain.reading.ranges.size() == 1 && !plain.reading.ranges[0].has_value());
  CHECK_EQ(with_reading("\"units\":null", "\"units\":\"us-ft\"").reading.metres, 1200.0 / 3937.0);
  CHECK_EQ(with_reading("\"units\":null", "\"units\":\"mm\"").reading.metres, 0.001);
  CHECK(with_reading("\"error\"", "\"drop\"").reading.drops_invalid);
  const Program scaled = with_reading("\"scale\":{}", "\"scale\":{\"i\":[-3,4.5],\"other\":[0,1]}");
  CHECK(scaled.reading.ranges[0]->low == -3 && scaled.reading.ranges[0]->high == 4.5);
  CHECK(with_reading("\"labels\":[]", "\"labels\":[9007199254740991,-5]").reading.labels ==
        (std::vector<std::int64_t>{9007199254740991, -5}));
  CHECK_EQ(with_reading("\"columns\":null", "\"columns\":[\"x\",\"y\",\"z\",\"i\"]").levels, 2);
  CHECK_EQ(with_reading("\"colors\":\"auto\"", "\"colors\":\"65535\"").levels, 2);
}

TEST(reading_refused) {
  struct Case {
    const char *piece, *other, *says;
  };
  const Case cases[] = {
      {kReading, "null", "the description has null for \"reading\"; it must be an object"},
      {"\"units\":null,", "", "the description's \"reading\" has no \"units\""},
      {"\"units\":null", "\"units\":\"inch\"", "has \"inch\" for \"units\"; allowed are m, cm, mm, ft, us-ft"},
      {"\"units\":null", "\"units\":1", "has an integer for \"units\"; it must be a string"},
      {"\"units\":null", "\"units\":null,\"angle\":1", "unknown key \"angle\"; allowed are units, colors, columns"},
      {"\"auto\"", "\"256\"", "has \"256\" for \"colors\"; allowed are auto, 1, 255, 65535"},
      {"\"auto\"", "255", "has an integer for \"colors\"; it must be a string"},
      {"\"columns\":null", "\"columns\":\"x\"", "has a string for \"columns\"; it must be an array"},
      {"\"columns\":null", "\"columns\":[1]", "has a column that is not a string"},
      {"\"columns\":null,", "", "has no \"columns\""},
      {"\"error\"", "\"keep\"", "has \"keep\" for \"invalid_points\"; allowed are error, drop"},
      {"\"scale\":{}", "\"scale\":[]", "has an array for \"scale\"; it must be an object"},
      {"\"scale\":{}", "\"scale\":{\"i\":[2,1]}", "has for \"i\" no range [low, high] with low below high"},
      {"\"scale\":{}", "\"scale\":{\"other\":[1]}", "has for \"other\" no range [low, high]"},
      {"\"labels\":[]", "\"labels\":[1]", "has 1 labels; allowed are none or one a class, 2"},
      {"\"labels\":[]", "\"labels\":[1,2,3]", "has 3 labels; allowed are none or one a class, 2"},
      {"\"labels\":[]", "\"labels\":[4,4]", "has the label 4 for two classes"},
      {"\"labels\":[]", "\"labels\":[0,1.0]", "has a label that is no whole number between -2^53 and 2^53"},
      {"\"labels\":[]", "\"labels\":[0,9007199254740992]", "has a label that is no whole number between"},
      {"\"labels\":[]", "\"labels\":[0,-9007199254740992]", "has a label that is no whole number between"},
      {"\"labels\":[]", "\"labels\":{}", "has an object for \"labels\"; it must be an array"},
  };
  for (const Case& one : cases) CHECK_REFUSED(with_reading(one.piece, one.other), one.says);
}
