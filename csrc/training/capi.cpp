// The C functions of bscnet_training.h: arguments are checked here, the work is done elsewhere.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bscnet_training.h"
#include "model/error.h"
#include "model/guarded.h"
#include "threads/shared_team.h"
#include "training/convolution.h"
#include "training/flat_map.h"
#include "training/kernels.h"
#include "training/maps.h"
#include "training/pooling.h"
#include "training/tiles.h"

struct bscnet_sites {
  bscnet_sites(std::int64_t sites, const std::int32_t* coords) : made(sites, coords) {}
  bscnet::TrainingSites made;
};

struct bscnet_map {
  bscnet::PlannedMap planned;
};

namespace {

using bscnet::Error;
using bscnet::Fault;
using bscnet::guarded;
using bscnet::need;
using bscnet::need_range;
using bscnet::SharedTeam;

using bscnet::kMostChannels;
using bscnet::kMostRows;

/// A convolution of the caller after all its numbers were checked.
class Checked {
 public:
  /// back: the map leads from input rows to output rows.
  Checked(const bscnet_convolution* conv, bool back) {
    need(conv, "conv");
    need_range(conv->out_rows, 0, kMostRows, "out_rows");
    need_range(conv->in_rows, 0, kMostRows, "in_rows");
    need_range(conv->slices, 1, 125, "slices");
    need_range(conv->in_channels, 1, kMostChannels, "in_channels");
    need_range(conv->out_channels, 1, kMostChannels, "out_channels");
    need_range(conv->groups, 1, conv->out_channels, "groups");
    made_ = {nullptr,           conv->out_rows,     conv->in_rows, conv->slices,
             conv->in_channels, conv->out_channels, conv->groups,  conv->cells};
    if (conv->map == nullptr) {
      check_alone();
    } else {
      check_map(*conv, back);
    }
  }
  Checked(const Checked&) = delete;
  Checked& operator=(const Checked&) = delete;

  const bscnet::Convolution& operator*() const { return made_; }

 private:
  void check_alone() {
    need_range(made_.slices, 1, 1, "slices of a convolution without a map");
    need_range(made_.groups, 1, 1, "groups of a convolution without a map");
    need_range(made_.in_rows, made_.out_rows, made_.out_rows, "in_rows of a convolution without a map");
    static constexpr std::int32_t kOnly = 0;
    made_.cells = &kOnly;
  }

  void check_map(const bscnet_convolution& conv, bool back) {
    map_.emplace(conv.map, conv.map_words);
    const std::int64_t from = back ? conv.in_rows : conv.out_rows;
    const std::int64_t to = back ? conv.out_rows : conv.in_rows;
    need_range(map_->out_rows(), from, from, "the number of rows that the map starts from");
    need_range(map_->in_rows(), to, to, "the number of rows that the map leads to");
    need(conv.cells, "cells");
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(conv.groups) * conv.slices; ++i) {
      need_range(conv.cells[i], 0, map_->cells() - 1, "a cell");
    }
    made_.map = &*map_;
  }

  std::optional<bscnet::FlatMap> map_;
  bscnet::Convolution made_;
};

bscnet::Features features(const bscnet::Convolution& conv, const float* values, const std::int32_t* bits) {
  if (values != nullptr && bits != nullptr) throw Error(Fault::kBadCall, "values and bits are both given");
  if (conv.in_rows > 0 && values == nullptr) need(bits, "values and bits");
  return {values, bits};
}

bscnet::Children children(std::int64_t coarse_rows, std::int64_t fine_rows, std::int32_t channels,
                          const std::int32_t* first_child, const std::int32_t* child) {
  need_range(coarse_rows, 1, kMostRows, "coarse_rows");
  need_range(fine_rows, 1, kMostRows, "fine_rows");
  need_range(channels, 1, kMostChannels, "channels");
  need(first_child, "first_child");
  need(child, "child");
  return {coarse_rows, fine_rows, first_child, child};
}

}  // namespace

extern "C" {

int bscnet_sites_create(int64_t sites, const int32_t* coords, bscnet_sites** made) {
  return guarded([&] {
    need(made, "made");
    *made = nullptr;
    need_range(sites, 1, kMostRows, "the number of sites");
    need(coords, "coords");
    *made = std::make_unique<bscnet_sites>(sites, coords).release();
  });
}

void bscnet_sites_free(bscnet_sites* sites) { delete sites; }

int64_t bscnet_sites_coarse(const bscnet_sites* sites) { return sites == nullptr ? 0 : sites->made.coarse_sites(); }

int bscnet_sites_links(const bscnet_sites* sites, int32_t* coords, int32_t* parent, int32_t* first_child,
                       int32_t* child) {
  return guarded([&] {
    need(sites, "sites");
    need(coords, "coords");
    need(parent, "parent");
    need(first_child, "first_child");
    need(child, "child");
    const auto copy = [](const std::vector<std::int32_t>& from, std::int32_t* to) {
      std::copy(from.begin(), from.end(), to);
    };
    copy(sites->made.coarse_coords(), coords);
    copy(sites->made.parent(), parent);
    copy(sites->made.first_child(), first_child);
    copy(sites->made.child(), child);
  });
}

int bscnet_map_create(const bscnet_sites* sites, int32_t kind, int32_t threads, bscnet_map** made) {
  return guarded([&] {
    need(made, "made");
    *made = nullptr;
    need(sites, "sites");
    if (kind != BSCNET_MAP_CUBE3 && kind != BSCNET_MAP_CUBE5 && kind != BSCNET_MAP_CHILDREN &&
        kind != BSCNET_MAP_PARENT) {
      throw Error(Fault::kBadInput, "the kind of a map is " + std::to_string(kind) + "; allowed are 3, 5, 2 and -2");
    }
    const SharedTeam team(threads);
    auto map = std::make_unique<bscnet_map>();
    map->planned = sites->made.map(static_cast<bscnet::MapKind>(kind), *team);
    *made = map.release();
  });
}

void bscnet_map_free(bscnet_map* map) { delete map; }

int64_t bscnet_map_words(const bscnet_map* map) { return map == nullptr ? 0 : map->planned.words(); }

int bscnet_map_write(const bscnet_map* map, int32_t threads, int32_t* words) {
  return guarded([&] {
    need(map, "map");
    need(words, "words");
    const SharedTeam team(threads);
    map->planned.write(*team, words);
  });
}

int bscnet_map_counts(const int32_t* map, int64_t words, int32_t cells, int64_t* counts) {
  return guarded([&] {
    need(map, "map");
    need(counts, "counts");
    const bscnet::FlatMap flat(map, words);
    need_range(cells, flat.cells(), flat.cells(), "cells");
    flat.count_pairs(counts);
  });
}

const char* bscnet_tiles(void) {
  const char* name = nullptr;
  guarded([&] {
    const bscnet::TileKernels* kernels = bscnet::chosen_tiles().kernels;
    name = kernels == nullptr ? "off" : kernels->name;
  });
  return name;
}

int bscnet_conv_forward(const bscnet_convolution* conv, const float* values, const int32_t* bits, const float* weight,
                        int32_t threads, float* y) {
  return guarded([&] {
    const Checked checked(conv, false);
    const bscnet::Features x = features(*checked, values, bits);
    need(weight, "weight");
    if (conv->out_rows == 0) return;
    need(y, "y");
    const SharedTeam team(threads);
    bscnet::convolve(*checked, x, weight, *team, y);
  });
}

int bscnet_conv_input_gradient(const bscnet_convolution* conv, const float* dy, const float* weight, int32_t threads,
                               float* dx) {
  return guarded([&] {
    const Checked checked(conv, true);
    need(weight, "weight");
    if (conv->in_rows == 0) return;
    need(dx, "dx");
    if (conv->out_rows > 0) need(dy, "dy");
    const SharedTeam team(threads);
    bscnet::convolve_back(*checked, dy, weight, *team, dx);
  });
}

int bscnet_conv_weight_gradient(const bscnet_convolution* conv, const float* values, const int32_t* bits,
                                const float* dy, int32_t threads, float* dw) {
  return guarded([&] {
    const Checked checked(conv, false);
    const bscnet::Features x = features(*checked, values, bits);
    need(dw, "dw");
    if (conv->out_rows > 0) need(dy, "dy");
    const SharedTeam team(threads);
    bscnet::weight_gradient(*checked, x, dy, *team, dw);
  });
}

int bscnet_pool_sum(int64_t coarse_rows, int64_t fine_rows, int32_t channels, const int32_t* first_child,
                    const int32_t* child, const float* x, int32_t threads, float* y) {
  return guarded([&] {
    const bscnet::Children links = children(coarse_rows, fine_rows, channels, first_child, child);
    need(x, "x");
    need(y, "y");
    const SharedTeam team(threads);
    bscnet::pool_sum(links, channels, x, *team, y);
  });
}

int bscnet_pool_max(int64_t coarse_rows, int64_t fine_rows, int32_t channels, const int32_t* first_child,
                    const int32_t* child, const float* x, int32_t threads, float* y) {
  return guarded([&] {
    const bscnet::Children links = children(coarse_rows, fine_rows, channels, first_child, child);
    need(x, "x");
    need(y, "y");
    const SharedTeam team(threads);
    bscnet::pool_max(links, channels, x, *team, y);
  });
}

int bscnet_pool_max_gradient(int64_t coarse_rows, int64_t fine_rows, int32_t channels, const int32_t* first_child,
                             const int32_t* child, const float* x, const float* y, const float* dy, int32_t threads,
                             float* dx) {
  return guarded([&] {
    const bscnet::Children links = children(coarse_rows, fine_rows, channels, first_child, child);
    need(x, "x");
    need(y, "y");
    need(dy, "dy");
    need(dx, "dx");
    const SharedTeam team(threads);
    bscnet::pool_max_gradient(links, channels, x, y, dy, *team, dx);
  });
}

int bscnet_unpool(int64_t fine_rows, int64_t coarse_rows, int32_t channels, const int32_t* parent, const float* x,
                  int32_t threads, float* y) {
  return guarded([&] {
    need_range(coarse_rows, 1, kMostRows, "coarse_rows");
    need_range(fine_rows, 1, kMostRows, "fine_rows");
    need_range(channels, 1, kMostChannels, "channels");
    need(parent, "parent");
    need(x, "x");
    need(y, "y");
    const SharedTeam team(threads);
    bscnet::unpool(fine_rows, coarse_rows, parent, channels, x, *team, y);
  });
}

}  // extern "C"
