#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bscnet.h"
#include "cloud/label.h"
#include "engine/network.h"
#include "kernels/dispatch.h"
#include "model/description.h"
#include "model/error.h"
#include "model/guarded.h"
#include "model/model_file.h"

struct bscnet_model {
  explicit bscnet_model(bscnet::Program program) : network(std::move(program)) {}
  bscnet::Network network;
};

namespace {

using bscnet::Error;
using bscnet::Fault;
using bscnet::guarded;
using bscnet::need;
using bscnet::need_count;

/// Arrays of no sites may be missing.
void need_arrays(const bscnet_model* model, std::int64_t sites, const void* coords, const void* feats) {
  need(model, "model");
  need_count(sites, "sites");
  if (sites == 0) return;
  need(coords, "coords");
  need(feats, "feats");
}

std::unique_ptr<bscnet_model> read_model(const void* bytes, std::size_t size) {
  return std::make_unique<bscnet_model>(bscnet::read_program(static_cast<const unsigned char*>(bytes), size));
}

}  // namespace

extern "C" {

int bscnet_load(const char* path, bscnet_model** model) {
  return guarded([&] {
    need(model, "model");
    *model = nullptr;
    need(path, "path");
    try {
      const std::vector<unsigned char> bytes = bscnet::read_model_file(path);
      *model = read_model(bytes.data(), bytes.size()).release();
    } catch (const Error& error) {
      if (error.fault() != Fault::kBadFile) throw;
      throw Error(Fault::kBadFile, std::string(path) + ": " + error.what());
    }
  });
}

int bscnet_load_memory(const void* bytes, size_t size, bscnet_model** model) {
  return guarded([&] {
    need(model, "model");
    *model = nullptr;
    need(bytes, "bytes");
    *model = read_model(bytes, size).release();
  });
}

void bscnet_free(bscnet_model* model) { delete model; }

int bscnet_keep_memory(bscnet_model* model, int64_t bytes) {
  return guarded([&] {
    need(model, "model");
    if (bytes < 0) {
      throw Error(Fault::kBadCall, "the memory to keep is " + std::to_string(bytes) + " bytes; it must be 0 or more");
    }
    model->network.keep_at_most(static_cast<std::size_t>(bytes));
  });
}

int bscnet_label(const bscnet_model* model, int64_t points, const double* xyz, const uint8_t* rgb, const float* values,
                 int32_t threads, int32_t* labels, float* confidence) {
  return guarded([&] {
    need(model, "model");
    need_count(points, "points");
    if (points > 0) {
      need(xyz, "xyz");
      need(labels, "labels");
    }
    bscnet::label_points(model->network, {static_cast<std::size_t>(points), xyz, rgb, values}, threads, labels,
                         confidence);
  });
}

int32_t bscnet_needs_colors(const bscnet_model* model) {
  return model != nullptr && model->network.program().features.has(bscnet::Feature::Kind::kRgb) ? 1 : 0;
}

int32_t bscnet_num_values(const bscnet_model* model) {
  return model == nullptr ? 0 : static_cast<int32_t>(model->network.program().features.values.size());
}

const char* bscnet_value_name(const bscnet_model* model, int32_t value) {
  if (value < 0 || value >= bscnet_num_values(model)) return nullptr;
  return model->network.program().features.values[static_cast<std::size_t>(value)].c_str();
}

int bscnet_run(const bscnet_model* model, int64_t sites, const int32_t* coords, const float* feats, int32_t threads,
               float* logits) {
  return bscnet_run_timed(model, sites, coords, feats, threads, logits, nullptr);
}

int bscnet_run_timed(const bscnet_model* model, int64_t sites, const int32_t* coords, const float* feats,
                     int32_t threads, float* logits, bscnet_times* times) {
  return guarded([&] {
    need_arrays(model, sites, coords, feats);
    if (sites > 0) need(logits, "logits");
    bscnet::Times found;
    model->network.run(sites, coords, feats, threads, logits, times == nullptr ? nullptr : &found);
    if (times == nullptr) return;
    *times = {found.kernel_maps, found.bit_convolutions, found.real_parts, found.rest, found.workspace_bytes};
  });
}

int bscnet_trace(const bscnet_model* model, int64_t sites, const int32_t* coords, const float* feats, int32_t threads,
                 bscnet_visit visit, void* user) {
  return guarded([&] {
    need_arrays(model, sites, coords, feats);
    if (visit == nullptr) throw Error(Fault::kBadCall, "visit is a null pointer");
    model->network.trace(sites, coords, feats, threads, [&](const bscnet::Visit& seen) {
      visit(user, seen.instruction, static_cast<int32_t>(seen.what), seen.value, seen.level, seen.rows, seen.channels,
            seen.coords, seen.data);
    });
  });
}

const char* bscnet_description(const bscnet_model* model) {
  return model == nullptr ? "" : model->network.program().description.c_str();
}

int32_t bscnet_in_channels(const bscnet_model* model) {
  return model == nullptr ? 0 : model->network.program().in_channels;
}

int32_t bscnet_num_classes(const bscnet_model* model) {
  return model == nullptr ? 0 : model->network.program().num_classes;
}

const char* bscnet_last_error(void) { return bscnet::last_failure(); }

const char* bscnet_implementation(void) {
  const char* name = nullptr;
  guarded([&] { name = bscnet::chosen_kernels().name; });
  return name;
}

const char* bscnet_implementations(void) {
  const char* names = "";
  guarded([&] { names = bscnet::supported_kernels().c_str(); });
  return names;
}

const char* bscnet_version(void) { return BSCNET_VERSION; }

}  // extern "C"
