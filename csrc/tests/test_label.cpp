// Labels from points: voxels, features and labels worked out by hand, what is refused, and that threads change nothing.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "bscnet.h"
#include "tests/check.h"
#include "tests/clouds.h"
#include "tests/model_bytes.h"

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

struct Labels {
  int status = BSCNET_OK;
  std::vector<std::int32_t> labels;
  std::vector<float> confidence;
};

/// One linear layer on voxels of 1 m whose logits are height and ten times i, which is scaled from 0..10 to -1..1.
RawModel height_or_value() {
  RawModel model = sample_model();
  model.replace("\"names\":[\"rgb\"]", "\"names\":[\"height\",\"i\"]");
  model.replace("\"scale\":{},\"labels\":[]", "\"scale\":{\"i\":[0,10]},\"labels\":[7,-3]");
  model.replace("\"voxel_size\":0.05", "\"voxel_size\":1").replace("\"in_channels\":3", "\"in_channels\":2");
  model.description.resize(model.description.find("\"values\""));
  model.description +=
      R"("values":[["real",0,2],["real",0,2]],"instructions":[{"op":"conv","geometry":"pointwise","operand":"real",)"
      R"("in":0,"out":1,"bits":-1,"steps":[]}],"output":1})";
  model.tensors = {float_tensor("0.weight", {1, 2, 2}, {1, 0, 0, 10})};
  return model;
}

Labels labelled(const RawModel& raw, const std::vector<double>& xyz, const std::vector<float>& values, int threads = 1,
                const std::uint8_t* rgb = nullptr) {
  const Model model = loaded(file_of(raw));
  const std::size_t points = xyz.size() / 3;
  Labels found{BSCNET_OK, std::vector<std::int32_t>(points, -99), std::vector<float>(points, -99)};
  found.status =
      bscnet_label(model.get(), static_cast<std::int64_t>(points), xyz.data(), rgb,
                   values.empty() ? nullptr : values.data(), threads, found.labels.data(), found.confidence.data());
  return found;
}

bool refused(const Labels& found, int status, const std::string& fragment) {
  const bool fits = found.status == status && std::string(bscnet_last_error()).find(fragment) != std::string::npos;
  if (!fits) std::printf("status %d: %s; wanted %d: %s\n", found.status, bscnet_last_error(), status, fragment.c_str());
  return fits;
}

/// The middle of the box is (0.5, 0.5, 1.5), so that z = 0 lies on the lower face of voxel -1 and z = 3 on that of 2.
const std::vector<double> kXyz = {0, 0, 0, 1, 1, 3, 0.2, 0.1, 0.5, 0.9, 0.9, 3};
const std::vector<float> kValues = {6, 5, 8, 6};

}  // namespace

TEST(label_by_hand) {
  // voxel of points 0 and 2: height 0.25, i (6 + 8) / 2 -> 0.4; of point 1: height 3, i 0; of point 3: height 3, i 0.2
  const Labels found = labelled(height_or_value(), kXyz, kValues);
  CHECK_EQ(found.status, BSCNET_OK);
  CHECK(found.labels == (std::vector<std::int32_t>{-3, 7, -3, 7}));
  CHECK(std::abs(found.confidence[0] - 1 / (1 + std::exp(-3.75))) < 1e-6);
  CHECK(std::abs(found.confidence[1] - 1 / (1 + std::exp(-3.0))) < 1e-6);
  CHECK(std::abs(found.confidence[3] - 1 / (1 + std::exp(-1.0))) < 1e-6);
  CHECK_EQ(found.confidence[0], found.confidence[2]);
}

TEST(label_in_other_units) {
  std::vector<double> feet = kXyz;
  for (double& coordinate : feet) coordinate /= 0.3048;
  const Labels found = labelled(height_or_value().replace("\"units\":null", "\"units\":\"ft\""), feet, kValues);
  CHECK(found.labels == (std::vector<std::int32_t>{-3, 7, -3, 7}));
}

TEST(label_names_and_needs) {
  const Model model = loaded(file_of(height_or_value()));
  CHECK(bscnet_needs_colors(model.get()) == 0 && bscnet_num_values(model.get()) == 1);
  CHECK_EQ(std::string(bscnet_value_name(model.get(), 0)), "i");
  CHECK(bscnet_value_name(model.get(), 1) == nullptr && bscnet_value_name(model.get(), -1) == nullptr);
  CHECK_EQ(bscnet_label(model.get(), 0, nullptr, nullptr, nullptr, 1, nullptr, nullptr), BSCNET_OK);
  std::int32_t label = 0;  // the confidence may be left out
  const float value = 3;
  CHECK_EQ(bscnet_label(model.get(), 1, kXyz.data(), nullptr, &value, 0, &label, nullptr), BSCNET_OK);
  CHECK_EQ(label, 7);
}

TEST(label_of_points_without_a_place) {
  std::vector<double> xyz = kXyz;
  std::vector<float> values = kValues;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  xyz.insert(xyz.begin() + 3, {0, kNan, 1e300});
  values.insert(values.begin() + 1, nan);
  xyz.insert(xyz.end(), {-kInfinity, 0, 0});
  values.push_back(nan);
  CHECK(refused(labelled(height_or_value(), xyz, values), BSCNET_BAD_INPUT, "coordinates of point 1 are not finite"));
  const RawModel drops = height_or_value().replace("\"error\"", "\"drop\"");
  Labels found = labelled(drops, xyz, values, 2);
  CHECK(found.labels == (std::vector<std::int32_t>{-3, 0, 7, -3, 7, 0}));
  CHECK(found.confidence[1] == 0 && found.confidence[5] == 0 && found.confidence[4] > 0.5f);
  found = labelled(RawModel(drops).replace("[7,-3]", "[0,-3]"), xyz, values);
  CHECK(found.labels == (std::vector<std::int32_t>{-3, -1, 0, -3, 0, -1}));
  found = labelled(RawModel(drops).replace("[7,-3]", "[]"), {kNan, 0, 0}, {1});
  CHECK(found.status == BSCNET_OK && found.labels[0] == -1 && found.confidence[0] == 0);
}

TEST(label_of_version_1) {
  RawModel model = sample_of_version_1();
  const std::vector<std::uint8_t> rgb = {0, 128, 255, 7, 7, 7};
  const Labels old = labelled(model, {0, 0, 0, 1, 2, 3}, {}, 1, rgb.data());
  const Labels now = labelled(sample_model(), {0, 0, 0, 1, 2, 3}, {}, 1, rgb.data());
  CHECK(old.status == BSCNET_OK && old.labels == now.labels && old.confidence == now.confidence);
  CHECK(std::all_of(old.labels.begin(), old.labels.end(), [](int label) { return label == 0 || label == 1; }));
}

TEST(label_refused_arguments) {
  const Model model = loaded(file_of(sample_model()));
  std::vector<std::int32_t> labels(2);
  const std::vector<std::uint8_t> rgb(6);
  const auto call = [&](const bscnet_model* of, std::int64_t points, const double* xyz, const std::uint8_t* colors,
                        std::int32_t threads, std::int32_t* into) {
    return Labels{bscnet_label(of, points, xyz, colors, nullptr, threads, into, nullptr), {}, {}};
  };
  const double* xyz = kXyz.data();
  CHECK(refused(call(nullptr, 2, xyz, rgb.data(), 1, labels.data()), BSCNET_BAD_CALL, "model is a null pointer"));
  CHECK(refused(call(model.get(), 2, nullptr, rgb.data(), 1, labels.data()), BSCNET_BAD_CALL, "xyz is a null"));
  CHECK(refused(call(model.get(), 2, xyz, rgb.data(), 1, nullptr), BSCNET_BAD_CALL, "labels is a null pointer"));
  CHECK(refused(call(model.get(), -1, xyz, rgb.data(), 1, labels.data()), BSCNET_BAD_INPUT, "number of points is -1"));
  CHECK(refused(call(model.get(), std::int64_t{1} << 40, xyz, rgb.data(), 1, labels.data()), BSCNET_BAD_INPUT,
                "1099511627776 points; allowed are 0 to 2147483647"));
  CHECK(refused(call(model.get(), 2, xyz, nullptr, 1, labels.data()), BSCNET_BAD_INPUT, "the model needs colours"));
  CHECK(refused(call(model.get(), 2, xyz, rgb.data(), -1, labels.data()), BSCNET_BAD_CALL, "threads is -1"));
  CHECK(refused(call(model.get(), 2, xyz, rgb.data(), 1025, labels.data()), BSCNET_BAD_CALL, "threads is 1025"));
}

TEST(label_refused_models_and_points) {
  CHECK(refused(labelled(height_or_value(), kXyz, {}), BSCNET_BAD_INPUT, "needs the measured values \"i\""));
  RawModel model = height_or_value();
  model.replace("\"cloud\",\"names\":[\"height\",\"i\"],\"scale\":127.5,\"offset\":-1.0",
                "\"given\",\"names\":[\"u\"]");
  CHECK(refused(labelled(model, kXyz, kValues), BSCNET_BAD_INPUT, "features that points do not give (\"u\")"));
  model = height_or_value().replace("[7,-3]", "[7,2147483648]");
  CHECK(refused(labelled(model, kXyz, kValues), BSCNET_BAD_INPUT, "the label of class 1 is 2147483648"));
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 6e6f}) {
    std::vector<float> values = kValues;
    values[2] = values[3] = value;
    CHECK(refused(labelled(height_or_value(), kXyz, values), BSCNET_BAD_INPUT, "the value \"i\" of point 2 is "));
    CHECK(refused(labelled(height_or_value().replace("{\"i\":[0,10]}", "{}"), kXyz, values), BSCNET_BAD_INPUT,
                  "allowed are -1e6 to 1e6"));
  }
  for (const double far : {65530.0, 1e9, -1e300, 1.7e308}) {
    CHECK(refused(labelled(height_or_value(), {0, 0, 0, 0, far, 0}, {1, 1}), BSCNET_BAD_INPUT, "at most 65528 a side"));
  }
  CHECK_EQ(labelled(height_or_value(), {0, 0, 0, 0, 65528, 0}, {1, 1}).status, BSCNET_OK);
  CHECK_EQ(labelled(height_or_value(), {1.7e308, 0, 0, 1.7e308, 0, 0}, {1, 1}).status, BSCNET_OK);
  // two neighbours among float64 numbers, 2^60 apart: the middle between them is one of the two
  const double far = std::ldexp(1.0, 112), next = std::nextafter(far, kInfinity);
  const RawModel wide = height_or_value().replace("\"voxel_size\":1,", "\"voxel_size\":2e13,");
  CHECK(refused(labelled(wide, {far, 0, 0, next, 0, 0}, {1, 1}), BSCNET_BAD_INPUT, "at most 65528 a side"));
}

TEST(label_threads_and_order_change_no_bit) {
  constexpr std::size_t kPoints = 40000;
  std::mt19937 random(3);
  std::vector<double> xyz(3 * kPoints);
  std::vector<std::uint8_t> rgb(3 * kPoints);
  for (double& coordinate : xyz) coordinate = static_cast<double>(random() % 100000) / 1e5;
  for (std::uint8_t& shade : rgb) shade = static_cast<std::uint8_t>(random());
  for (std::size_t point = 5; point < kPoints; point += 997) xyz[3 * point + 1] = kNan;
  const RawModel model = sample_model().replace("\"error\"", "\"drop\"");
  const Labels wanted = labelled(model, xyz, {}, 1, rgb.data());
  CHECK_EQ(wanted.status, BSCNET_OK);
  CHECK(std::count(wanted.labels.begin(), wanted.labels.end(), 0) > 100);
  CHECK(std::count(wanted.labels.begin(), wanted.labels.end(), 1) > 100);
  CHECK_EQ(std::count(wanted.labels.begin(), wanted.labels.end(), -1), 41);
  for (const int threads : {2, 4, 0}) {
    const Labels found = labelled(model, xyz, {}, threads, rgb.data());
    CHECK(found.labels == wanted.labels);
    CHECK(std::memcmp(found.confidence.data(), wanted.confidence.data(), 4 * kPoints) == 0);
  }
  std::vector<double> turned_xyz(xyz.rbegin(), xyz.rend());
  std::vector<std::uint8_t> turned_rgb(rgb.rbegin(), rgb.rend());
  for (std::size_t point = 0; point < kPoints; ++point) {
    std::swap(turned_xyz[3 * point], turned_xyz[3 * point + 2]);
    std::swap(turned_rgb[3 * point], turned_rgb[3 * point + 2]);
  }
  Labels found = labelled(model, turned_xyz, {}, 2, turned_rgb.data());
  std::reverse(found.labels.begin(), found.labels.end());
  CHECK(found.labels == wanted.labels);
}
