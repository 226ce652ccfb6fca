#include "training/tile_convolution.h"

#include <algorithm>
#include <vector>

#include "training/binary_convolution.h"
#include "training/blocks.h"
#include "training/groups.h"
#include "training/tile_operands.h"

namespace bscnet {
namespace {

constexpr std::size_t kBlockGrain = 4;
constexpr std::size_t kRowGrain = 512;

/// One product that is added to the sums of a block: through a cell of the map.
struct Term {
  int cell;
  std::size_t first_number;  ///< in a row of x
  TileDepth depth;
  const std::uint16_t* weight;
  int lane_tiles;
  std::size_t first_lane;
};

/// Output channels: where they stand in a row of y and in one of sums.
struct Lanes {
  int first;
  int channels;
  std::size_t lane;
};

/// For each block the terms in their order, then its rows to where they belong.
void add_terms(const TileKernels& kernels, const Blocks& blocks, const std::vector<Term>& terms, const std::uint16_t* x,
               std::size_t x_stride, const std::vector<Lanes>& lanes, int channels, Team& team, float* y) {
  std::size_t widest = 0, stride = 0;
  for (const Term& term : terms) {
    widest = std::max(widest, static_cast<std::size_t>(term.depth.x_steps()) * kTileDepth);
    stride = std::max(stride, term.first_lane + static_cast<std::size_t>(term.lane_tiles) * kTileLanes);
  }
  team.split(static_cast<std::size_t>(blocks.count()), kBlockGrain, [&](std::size_t begin, std::size_t end, int) {
    const Scratch sums(kBlockRows * stride);
    const TileScratch gathered(kGathered * widest);
    std::vector<TileTerm> there;
    Blocks::Block block;
    for (std::size_t index = begin; index < end; ++index) {
      blocks.take(static_cast<int>(index), block);
      there.clear();
      for (const Term& term : terms) {
        const PairList list = blocks.pairs(block, term.cell);
        if (list.count == 0) continue;
        there.push_back({list.from, list.to, list.count, term.depth, x + term.first_number, term.weight,
                         term.lane_tiles, term.first_lane});
      }
      std::fill_n(sums.data(), static_cast<std::size_t>(block.place.rows) * stride, 0.0f);
      kernels.add_products(there.data(), there.size(), x_stride, gathered.data(), sums.data(), stride);
      for (int i = 0; i < block.place.rows; ++i) {
        const float* from = sums.data() + static_cast<std::size_t>(i) * stride;
        float* to = y + static_cast<std::size_t>(block.place.order[i]) * static_cast<std::size_t>(channels);
        for (const Lanes& part : lanes) std::copy_n(from + part.lane, part.channels, to + part.first);
      }
    }
  });
}

/// Weights of all slices of a group as tiles.
class PackedWeight {
 public:
  PackedWeight(const TileKernels& kernels, const float* weight, std::size_t slice_stride, std::size_t channel_stride,
               std::size_t lane_stride, int lanes, const TileDepth& depth, int slices, Team& team)
      : slice_size_(static_cast<std::size_t>(tiles_for(lanes) * depth.weight_steps()) * kTileNumbers),
        numbers_(static_cast<std::size_t>(slices) * slice_size_) {
    team.split(static_cast<std::size_t>(slices), 1, [&](std::size_t begin, std::size_t end, int) {
      const TileScratch line(static_cast<std::size_t>(kRealParts * tiles_for(lanes) * kTileLanes));
      for (std::size_t s = begin; s < end; ++s) {
        kernels.pack_weight(weight + s * slice_stride, channel_stride, lane_stride, lanes, depth, line.data(),
                            numbers_.data() + s * slice_size_);
      }
    });
  }

  const std::uint16_t* slice(std::size_t s) const { return numbers_.data() + s * slice_size_; }

 private:
  std::size_t slice_size_;
  TileScratch numbers_;
};

/// Rows of real numbers in which every group of channels is its three parts, filled up to whole steps.
TileScratch real_rows(const TileKernels& kernels, const float* values, std::int64_t rows, int channels,
                      const std::vector<Group>& groups, const std::vector<TileDepth>& depths, std::size_t stride,
                      Team& team) {
  TileScratch made(static_cast<std::size_t>(rows) * stride);
  team.split(static_cast<std::size_t>(rows), kRowGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      const float* from = values + row * static_cast<std::size_t>(channels);
      std::uint16_t* to = made.data() + row * stride;
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const int width = depths[g].x_steps() * kTileDepth;
        kernels.real_row(from + groups[g].first, groups[g].channels, to, width);
        to += width;
      }
    }
  });
  return made;
}

std::size_t weight_count(const Convolution& conv) {
  return static_cast<std::size_t>(conv.slices) * static_cast<std::size_t>(conv.in_channels) *
         static_cast<std::size_t>(conv.out_channels);
}

std::size_t count_of(std::int64_t rows, int channels) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(channels);
}

}  // namespace

bool convolve_by_tiles(const Convolution& conv, const Features& x, const float* weight, Team& team, float* y) {
  const TileChoice& choice = chosen_tiles();
  if (choice.kernels == nullptr) return false;
  const bool signs = x.bits != nullptr;
  if (!signs && !are_signs(weight, weight_count(conv))) return false;
  const TileDepth depth{conv.in_channels, signs ? 1 : kRealParts, signs ? kRealParts : 1};
  const std::vector<Group> groups = split_channels(conv.out_channels, conv.groups);
  double by_tiles = 0, otherwise = 0;
  for (const Group& group : groups) {
    by_tiles += product_cycles(depth, group.channels);
    otherwise +=
        signs ? table_cycles(conv.in_channels, group.channels) : float_cycles(conv.in_channels, group.channels);
  }
  if (!takes_tiles(choice, by_tiles, otherwise)) return false;
  const bool finite = signs ? are_finite(weight, weight_count(conv), team)
                            : are_finite(x.values, count_of(conv.in_rows, conv.in_channels), team);
  if (!finite) return false;

  const TileKernels& kernels = *choice.kernels;
  const int width = depth.x_steps() * kTileDepth;
  const auto stride = static_cast<std::size_t>(width);
  const TileScratch rows =
      signs ? sign_rows(kernels, x.bits, conv.in_rows, conv.in_channels, depth.repeats(), width, team)
            : real_rows(kernels, x.values, conv.in_rows, conv.in_channels, split_channels(conv.in_channels, 1), {depth},
                        stride, team);
  const auto slices = static_cast<std::size_t>(conv.slices);
  const auto out_channels = static_cast<std::size_t>(conv.out_channels);
  std::vector<PackedWeight> packed;
  std::vector<Term> terms;
  std::vector<Lanes> lanes;
  std::size_t lane = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    packed.emplace_back(kernels, weight + groups[g].first, static_cast<std::size_t>(conv.in_channels) * out_channels,
                        out_channels, std::size_t{1}, groups[g].channels, depth, conv.slices, team);
    const int tiles = tiles_for(groups[g].channels);
    for (std::size_t s = 0; s < slices; ++s) {
      terms.push_back({conv.cells[g * slices + s], 0, depth, packed.back().slice(s), tiles, lane});
    }
    lanes.push_back({groups[g].first, groups[g].channels, lane});
    lane += static_cast<std::size_t>(tiles) * kTileLanes;
  }
  add_terms(kernels, Blocks(conv.map, conv.out_rows), terms, rows.data(), stride, lanes, conv.out_channels, team, y);
  return true;
}

bool convolve_back_by_tiles(const Convolution& conv, const float* dy, const float* weight, Team& team, float* dx) {
  const TileChoice& choice = chosen_tiles();
  if (choice.kernels == nullptr || !are_signs(weight, weight_count(conv))) return false;
  const std::vector<Group> groups = split_channels(conv.out_channels, conv.groups);
  std::vector<TileDepth> depths;
  double by_tiles = 0, by_floats = 0;
  std::size_t stride = 0;
  for (const Group& group : groups) {
    depths.push_back({group.channels, kRealParts, 1});
    by_tiles += product_cycles(depths.back(), conv.in_channels);
    by_floats += float_cycles(group.channels, conv.in_channels);
    stride += static_cast<std::size_t>(depths.back().x_steps()) * kTileDepth;
  }
  if (!takes_tiles(choice, by_tiles, by_floats)) return false;
  if (!are_finite(dy, count_of(conv.out_rows, conv.out_channels), team)) return false;

  const TileKernels& kernels = *choice.kernels;
  const TileScratch rows = real_rows(kernels, dy, conv.out_rows, conv.out_channels, groups, depths, stride, team);
  const auto slices = static_cast<std::size_t>(conv.slices);
  const auto out_channels = static_cast<std::size_t>(conv.out_channels);
  std::vector<PackedWeight> packed;
  std::vector<Term> terms;
  std::size_t first = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    packed.emplace_back(kernels, weight + groups[g].first, static_cast<std::size_t>(conv.in_channels) * out_channels,
                        std::size_t{1}, out_channels, conv.in_channels, depths[g], conv.slices, team);
    for (std::size_t s = 0; s < slices; ++s) {
      terms.push_back(
          {conv.cells[g * slices + s], first, depths[g], packed.back().slice(s), tiles_for(conv.in_channels), 0});
    }
    first += static_cast<std::size_t>(depths[g].x_steps()) * kTileDepth;
  }
  add_terms(kernels, Blocks(conv.map, conv.in_rows), terms, rows.data(), stride, {{0, conv.in_channels, 0}},
            conv.in_channels, team, dx);
  return true;
}

}  // namespace bscnet
