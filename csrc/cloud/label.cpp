#include "cloud/label.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cloud/features.h"
#include "cloud/frame.h"
#include "cloud/voxels.h"
#include "model/error.h"
#include "model/text.h"
#include "threads/team.h"

namespace bscnet {
namespace {

constexpr std::size_t kVoxelsAtOnce = 1 << 12;

[[noreturn]] void bad(const std::string& sentence) { throw Error(Fault::kBadInput, sentence); }

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + quoted(name);
  return all;
}

/// The points have what the features are made of.
void check_columns(const Points& points, const FeatureRecipe& recipe) {
  if (recipe.given) {
    bad("the model takes features that points do not give (" + quoted(recipe.names[0]) +
        (recipe.names.size() > 1 ? ", …" : "") + "): make them as in training and call bscnet_run");
  }
  if (recipe.has(Feature::Kind::kRgb) && points.rgb == nullptr)
    bad("the model needs colours, but rgb is a null pointer");
  if (!recipe.values.empty() && points.values == nullptr) {
    bad("the model needs the measured values " + joined(recipe.values) + ", but values is a null pointer");
  }
  constexpr std::size_t kMostPoints = std::numeric_limits<std::int32_t>::max();
  if (points.count > kMostPoints) bad(std::to_string(points.count) + " points; allowed are 0 to 2147483647");
}

/// Of each class.
std::vector<std::int32_t> labels_of(const Program& program) {
  std::vector<std::int32_t> labels;
  for (int index = 0; index < program.num_classes; ++index) {
    const std::int64_t label =
        program.reading.labels.empty() ? index : program.reading.labels[static_cast<std::size_t>(index)];
    labels.push_back(static_cast<std::int32_t>(label));
    if (labels.back() != label) {
      bad("the label of class " + std::to_string(index) + " is " + std::to_string(label) +
          ", which is no 32-bit number: run the model by bscnet_run, and look labels up in its description");
    }
  }
  return labels;
}

/// Of points that are left out: a label that is no class's.
std::int32_t no_label(const std::vector<std::int32_t>& labels) {
  return std::find(labels.begin(), labels.end(), 0) == labels.end() ? 0 : -1;
}

/// The first of the largest; NaN counts as larger than any.
std::size_t best_of(const float* logits, std::size_t classes) {
  std::size_t best = 0;
  for (std::size_t c = 0; c < classes && !std::isnan(logits[best]); ++c) {
    if (std::isnan(logits[c]) || logits[c] > logits[best]) best = c;
  }
  return best;
}

/// Softmax of the logits at the best class.
float confidence_of(const float* logits, std::size_t classes, std::size_t best) {
  double sum = 0;
  for (std::size_t c = 0; c < classes; ++c) sum += std::exp(logits[c] - logits[best]);
  return static_cast<float>(1 / sum);
}

}  // namespace

void label_points(const Network& network, const Points& points, int threads, std::int32_t* labels, float* confidence) {
  const Program& program = network.program();
  check_threads(threads);
  if (points.count == 0) return;
  check_columns(points, program.features);
  const std::vector<std::int32_t> label_of = labels_of(program);
  Team team(threads);
  const Frame frame = frame_of(points, program.reading, program.voxel_size, team);
  if (frame.points < points.count) {
    std::fill_n(labels, points.count, no_label(label_of));
    if (confidence != nullptr) std::fill_n(confidence, points.count, 0.0f);
  }
  if (frame.points == 0) return;
  const Voxels voxels = voxels_of(points, frame, team);
  const auto classes = static_cast<std::size_t>(program.num_classes);
  std::vector<float> logits(voxels.numbers(classes));
  const std::vector<float> features = features_of(points, frame, voxels, program, team);
  network.run(static_cast<std::int64_t>(voxels.count()), voxels.coords.data(), features.data(), threads, logits.data(),
              nullptr);
  team.split(voxels.count(), kVoxelsAtOnce, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t voxel = begin; voxel < end; ++voxel) {
      const float* row = logits.data() + classes * voxel;
      const std::size_t best = best_of(row, classes);
      const float sure = confidence == nullptr ? 0 : confidence_of(row, classes, best);
      for (std::uint32_t i = voxels.first[voxel]; i < voxels.first[voxel + 1]; ++i) {
        labels[voxels.points[i]] = label_of[best];
        if (confidence != nullptr) confidence[voxels.points[i]] = sure;
      }
    }
  });
}

}  // namespace bscnet
