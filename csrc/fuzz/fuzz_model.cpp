#include "fuzz/fuzz_model.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bscnet.h"
#include "fuzz/arrays.h"
#include "fuzz/clouds.h"
#include "model/crc32.h"
#include "model/description.h"
#include "model/error.h"
#include "model/safetensors.h"
#include "model/text.h"

FuzzCounts fuzz_counts;

namespace {

constexpr double kMaxWork = 3e6;

void demand(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "fuzz: %s (last error: %s)\n", what, bscnet_last_error());
  std::abort();
}

/// Puts the right checksum in the place of the one in the metadata, where there is one.
void mend_checksum(std::string& file) {
  const std::string key = "\"checksum\":\"";
  const std::size_t at = file.find(key);
  if (at == std::string::npos || file.size() - at < key.size() + 8) return;
  try {
    const auto parts = bscnet::read_safetensors(reinterpret_cast<const unsigned char*>(file.data()), file.size());
    const auto description = parts.metadata.find("description");
    if (description == parts.metadata.end()) return;
    file.replace(at + key.size(), 8, bscnet::checksum_of(description->second, parts.data, parts.data_bytes));
  } catch (const bscnet::Error&) {
  }
}

/// Multiplications and steps of one run, about.
double work_of(const std::string& file) {
  const auto program = bscnet::read_program(reinterpret_cast<const unsigned char*>(file.data()), file.size());
  double work = 0;
  for (const bscnet::Instruction& one : program.instructions) {
    if (const auto* conv = one.as<bscnet::ConvolutionOp>()) {
      work += static_cast<double>(conv->cells) * conv->in_channels * conv->out_channels;
    }
    for (const int value : {one.out, one.bits}) {
      if (value >= 0) {
        work += static_cast<double>(1 + one.steps.size()) * program.values[static_cast<std::size_t>(value)].channels;
      }
    }
  }
  return work * kMostSites;
}

/// Touches everything that is shown.
void look(void* user, std::int32_t, std::int32_t what, std::int32_t, std::int32_t, std::int64_t rows,
          std::int32_t channels, const std::int32_t* coords, const float* data) {
  auto& sum = *static_cast<double*>(user);
  for (std::int64_t i = 0; i < rows * 4; ++i) sum += coords[i];
  for (std::int64_t i = 0; i < rows * channels; ++i) {
    sum += std::isfinite(data[i]) ? 1 : 2;
    if (what == BSCNET_TRACE_BITS) demand(std::fabs(data[i]) == 1.0f, "a sign is neither -1 nor +1");
    if (what == BSCNET_TRACE_SUMS) demand(data[i] == std::round(data[i]), "a sum of signs is no integer");
  }
}

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0; }

void run_good(const bscnet_model* model, const GoodSites& good) {
  const auto channels = static_cast<std::size_t>(bscnet_in_channels(model));
  const auto classes = static_cast<std::size_t>(bscnet_num_classes(model));
  const std::size_t sites = good.coords.size() / 4;
  const std::vector<float> feats = features(sites * channels, good.extreme);
  std::vector<float> logits(sites * classes), again(sites * classes);
  const auto count = static_cast<std::int64_t>(sites);
  const int status = bscnet_run(model, count, good.coords.data(), feats.data(), 1, logits.data());
  demand(status == BSCNET_OK, "good sites are refused");
  std::vector<std::int32_t> coords(good.coords.size());
  std::vector<float> turned(feats.size());
  for (std::size_t u = 0; u < sites; ++u) {
    const std::size_t v = sites - 1 - u;
    std::memcpy(&coords[4 * v], &good.coords[4 * u], 4 * sizeof(std::int32_t));
    std::memcpy(&turned[channels * v], &feats[channels * u], channels * sizeof(float));
  }
  demand(bscnet_run(model, count, coords.data(), turned.data(), 2, again.data()) == BSCNET_OK,
         "turned sites are refused");
  for (std::size_t u = 0; u < sites; ++u) {
    for (std::size_t c = 0; c < classes; ++c) {
      demand(same(logits[u * classes + c], again[(sites - 1 - u) * classes + c]), "logits depend on threads or order");
    }
  }
  double sum = 0;
  demand(bscnet_trace(model, count, good.coords.data(), feats.data(), 1, look, &sum) == BSCNET_OK,
         "a trace is refused");
  fuzz_counts.runs += 2;
}

void run_bad(const bscnet_model* model, const BadArrays& bad) {
  const auto channels = static_cast<std::size_t>(bscnet_in_channels(model));
  const std::size_t sites = bad.coords.size() / 4;
  std::vector<float> feats = features(sites * channels, false);
  feats.back() = bad.last_feature;
  std::vector<float> logits(sites * static_cast<std::size_t>(bscnet_num_classes(model)));
  const int status =
      bscnet_run(model, static_cast<std::int64_t>(sites), bad.coords.data(), feats.data(), bad.threads, logits.data());
  const bool threads = bad.threads >= 0 && bad.threads <= 1024;
  demand(status == (threads ? BSCNET_BAD_INPUT : BSCNET_BAD_CALL), "bad arrays are not refused");
  demand(*bscnet_last_error() != '\0', "bad arrays are refused without a word");
}

/// Points are labelled or refused, and the labels depend neither on threads nor on what the arrays held.
void label_points(const bscnet_model* model, std::uint32_t choice) {
  const PointCloud cloud = point_cloud(choice, model);
  const auto points = static_cast<std::size_t>(cloud.points());
  std::vector<std::int32_t> labels(points, 77), again(points, 99);
  std::vector<float> confidence(points, 77), sure(points, 99);
  const auto label = [&](int threads, std::vector<std::int32_t>& into, float* how_sure) {
    return bscnet_label(model, cloud.points(), cloud.xyz.data(), cloud.rgb.data(), cloud.values.data(), threads,
                        into.data(), how_sure);
  };
  const int status = label(1, labels, confidence.data());
  demand(status == BSCNET_OK || status == BSCNET_BAD_INPUT, "points give another status");
  demand(status == BSCNET_OK || std::strlen(bscnet_last_error()) > 10, "points are refused without a word");
  demand(label(2, again, sure.data()) == status, "the status depends on threads");
  if (status != BSCNET_OK) return;
  demand(labels == again, "labels depend on threads");
  for (std::size_t point = 0; point < points; ++point) {
    demand(same(confidence[point], sure[point]), "confidence depends on threads");
    demand(!(confidence[point] < 0 || confidence[point] > 1), "a confidence is beyond 0 to 1");
  }
  demand(label(1, again, nullptr) == BSCNET_OK && labels == again, "labels depend on the confidence");
  ++fuzz_counts.labelled;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  const std::uint32_t choice = bscnet::crc32(data, size);
  if (choice % 8 != 0) mend_checksum(file);
  bscnet_model* model = nullptr;
  const int status = bscnet_load_memory(file.data(), file.size(), &model);
  if (status != BSCNET_OK) {
    const std::string sentence = bscnet_last_error();
    demand(status == BSCNET_BAD_FILE && model == nullptr, "a bad file has another status, or a model");
    demand(sentence.size() > 10 && sentence.size() < 600, "a sentence is too short or too long");
    demand(bscnet::valid_utf8(sentence) == sentence.size(), "a sentence is not UTF-8");
    ++fuzz_counts.refused;
    return 0;
  }
  ++fuzz_counts.loaded;
  if (work_of(file) > kMaxWork) {
    ++fuzz_counts.too_much;
  } else {
    demand(bscnet_run(model, 0, nullptr, nullptr, 1, nullptr) == BSCNET_OK, "no sites are refused");
    run_good(model, good_sites()[choice / 8 % good_sites().size()]);
    run_bad(model, bad_arrays()[choice / 256 % bad_arrays().size()]);
    label_points(model, choice / 4096);
  }
  bscnet_free(model);
  return 0;
}
