#include "training/convolution.h"

#include <algorithm>
#include <vector>

#include "training/binary_convolution.h"
#include "training/blocks.h"
#include "training/groups.h"
#include "training/kernels.h"
#include "training/operands.h"
#include "training/parts.h"
#include "training/scratch.h"
#include "training/sign_convolution.h"
#include "training/tile_convolution.h"

namespace bscnet {
namespace {

/// One product that is added to the sums of a part of a block: through a cell of the map, from some of the input's
/// channels to some lanes.
struct Term {
  int cell;
  std::size_t first_channel;
  int channels;
  const float* weight;  ///< (channels, lanes), or (outputs, channels) where it is to be turned
  std::size_t weight_stride;
  int outputs;
  int lanes;
  std::size_t place;
};

/// Blocks that are few: a weight that comes from far away is read once for several of them, and turned where it is
/// used.
constexpr int kFewBlocks = 8;

/// Products of blocks and parts, each part with its terms in their order.
class Products {
 public:
  /// turn: the terms' weights lie across, and each is turned where it is used.
  Products(const Blocks& blocks, const Parts& parts, bool turn) : blocks_(blocks), parts_(parts), turn_(turn) {
    terms_.resize(parts.list().size());
  }

  void add(std::size_t part, const Term& term) {
    terms_[part].push_back(term);
    most_channels_ = std::max(most_channels_, static_cast<std::size_t>(term.channels));
  }

  /// y of x, whose rows are so many channels apart.
  void run(const float* x, int x_channels, Team& team, float* y, int y_channels) const {
    const std::size_t parts = terms_.size();
    const int together = blocks_.count() <= kFewBlocks ? (blocks_.count() + team.size() - 1) / team.size() : 1;
    const int bundles = (blocks_.count() + together - 1) / together;
    const std::size_t items = static_cast<std::size_t>(bundles) * parts;
    // Enough pieces for all threads to end at the same time, but not more than the work of handing them out is worth.
    const std::size_t grain = std::clamp<std::size_t>(items / (16 * static_cast<std::size_t>(team.size())), 1, 4);
    const auto widest = static_cast<std::size_t>(parts_.widest());
    team.split(items, grain, [&](std::size_t begin, std::size_t end, int) {
      const Scratch sums(static_cast<std::size_t>(together) * kTileRows * widest);
      const Scratch turned(turn_ ? most_channels_ * widest : 0);
      std::vector<Blocks::Block> bundle(static_cast<std::size_t>(together));
      for (std::size_t item = begin; item < end; ++item) {
        const std::size_t part = item % parts;
        if (item == begin || part == 0) take(static_cast<int>(item / parts) * together, bundle);
        add_up(bundle, part, x, static_cast<std::size_t>(x_channels), turned.data(), sums.data());
        const std::size_t tile = kTileRows * static_cast<std::size_t>(parts_.list()[part].lanes);
        for (std::size_t i = 0; i < bundle.size(); ++i) {
          write(bundle[i], part, sums.data() + i * tile, y, static_cast<std::size_t>(y_channels));
        }
      }
    });
  }

 private:
  static constexpr std::size_t kTileRows = kSpareRow + 1;

  void take(int first, std::vector<Blocks::Block>& bundle) const {
    bundle.resize(std::min(bundle.size(), static_cast<std::size_t>(blocks_.count() - first)));
    for (Blocks::Block& block : bundle) blocks_.take(first++, block);
  }

  void add_up(const std::vector<Blocks::Block>& bundle, std::size_t part, const float* x, std::size_t x_stride,
              float* turned, float* sums) const {
    const TrainingKernels& kernels = training_kernels();
    const auto stride = static_cast<std::size_t>(parts_.list()[part].lanes);
    std::fill_n(sums, bundle.size() * kTileRows * stride, 0.0f);
    for (const Term& term : terms_[part]) {
      bool ready = !turn_;
      for (std::size_t i = 0; i < bundle.size(); ++i) {
        const PairList list = blocks_.pairs(bundle[i], term.cell);
        if (list.count == 0) continue;
        if (!ready) kernels.transpose(term.weight, term.weight_stride, term.outputs, term.channels, turned, term.lanes);
        ready = true;
        kernels.add_products(x + term.first_channel, x_stride, term.channels, turn_ ? turned : term.weight,
                             turn_ ? static_cast<std::size_t>(term.lanes) : term.weight_stride, term.lanes, list.from,
                             list.to, list.count, sums + i * kTileRows * stride + term.place, stride);
      }
    }
  }

  void write(const Blocks::Block& block, std::size_t index, const float* sums, float* y, std::size_t y_stride) const {
    const Part& part = parts_.list()[index];
    for (std::size_t i = 0; i < part.pieces.size();) {
      const int first = part.pieces[i].channels.first;
      const int place = part.pieces[i].place;
      int channels = 0;
      // Groups that are not padded stand in the part as they do in a row.
      do {
        channels += part.pieces[i++].channels.channels;
      } while (i < part.pieces.size() && part.pieces[i].place == place + channels);
      training_kernels().scatter_rows(sums + place, static_cast<std::size_t>(part.lanes), block.place.order,
                                      block.place.rows, channels, y + first, y_stride);
    }
  }

  const Blocks& blocks_;
  const Parts& parts_;
  bool turn_;
  std::size_t most_channels_ = 0;
  std::vector<std::vector<Term>> terms_;
};

/// Lanes of a part: narrow ones where there are few blocks for the threads to share.
int part_lanes(const Blocks& blocks, const Team& team) {
  constexpr int kWide = 64;
  constexpr int kNarrow = 32;
  constexpr int kBlocksOfThread = 4;
  return team.size() > 1 && blocks.count() < kBlocksOfThread * team.size() ? kNarrow : kWide;
}

}  // namespace

void convolve(const Convolution& conv, const Features& x, const float* weight, Team& team, float* y) {
  if (x.bits != nullptr) {
    const auto weights = static_cast<std::size_t>(conv.slices) * static_cast<std::size_t>(conv.in_channels) *
                         static_cast<std::size_t>(conv.out_channels);
    if (are_signs(weight, weights)) return convolve_binary(conv, x.bits, weight, team, y);
  }
  if (convolve_by_tiles(conv, x, weight, team, y)) return;
  if (x.bits != nullptr && signs_go_by_tables(conv)) return convolve_signs(conv, x.bits, weight, team, y);
  Scratch expanded, padded;
  const float* values = values_of(x, conv.in_rows, conv.in_channels, team, expanded);
  const std::vector<Group> groups = split_channels(conv.out_channels, conv.groups);
  const auto slices = static_cast<std::size_t>(conv.slices);
  const auto channels = static_cast<std::size_t>(conv.in_channels);
  const float* lanes_of_weight = padded_rows(weight, static_cast<std::int64_t>(conv.slices) * conv.in_channels,
                                             conv.out_channels, groups, team, padded);
  const auto stride = static_cast<std::size_t>(total_lanes(groups));
  const Blocks blocks(conv.map, conv.out_rows);
  const Parts parts(groups, part_lanes(blocks, team));
  Products products(blocks, parts, false);
  for (std::size_t p = 0; p < parts.list().size(); ++p) {
    for (const Part::Piece& piece : parts.list()[p].pieces) {
      for (std::size_t s = 0; s < slices; ++s) {
        products.add(p, {conv.cells[piece.group * slices + s], 0, conv.in_channels,
                         lanes_of_weight + s * channels * stride + piece.channels.lane, stride, piece.channels.channels,
                         piece.channels.lanes, static_cast<std::size_t>(piece.place)});
      }
    }
  }
  products.run(values, conv.in_channels, team, y, conv.out_channels);
}

void convolve_back(const Convolution& conv, const float* dy, const float* weight, Team& team, float* dx) {
  if (convolve_back_by_tiles(conv, dy, weight, team, dx)) return;
  const std::vector<Group> groups = split_channels(conv.out_channels, conv.groups);
  const std::vector<Group> inputs = split_channels(conv.in_channels, 1);
  const auto slices = static_cast<std::size_t>(conv.slices);
  const auto out_channels = static_cast<std::size_t>(conv.out_channels);
  const std::size_t slice_size = static_cast<std::size_t>(conv.in_channels) * out_channels;
  const auto lanes = static_cast<std::size_t>(inputs[0].lanes);
  const Blocks blocks(conv.map, conv.in_rows);
  const bool few = blocks.count() <= kFewBlocks;
  const Scratch turned(few ? 0 : slices * out_channels * lanes);
  if (!few) {
    team.split(slices, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t s = begin; s < end; ++s) {
        training_kernels().transpose(weight + s * slice_size, out_channels, conv.in_channels, conv.out_channels,
                                     turned.data() + s * out_channels * lanes, inputs[0].lanes);
      }
    });
  }
  const Parts parts(inputs, part_lanes(blocks, team));
  Products products(blocks, parts, few);
  for (std::size_t p = 0; p < parts.list().size(); ++p) {
    for (const Part::Piece& piece : parts.list()[p].pieces) {
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const auto first = static_cast<std::size_t>(groups[g].first);
        for (std::size_t s = 0; s < slices; ++s) {
          const float* slice =
              few ? weight + s * slice_size + static_cast<std::size_t>(piece.channels.first) * out_channels + first
                  : turned.data() + (s * out_channels + first) * lanes + piece.channels.lane;
          products.add(p, {conv.cells[g * slices + s], first, groups[g].channels, slice, few ? out_channels : lanes,
                           piece.channels.channels, piece.channels.lanes, static_cast<std::size_t>(piece.place)});
        }
      }
    }
  }
  products.run(dy, conv.out_channels, team, dx, conv.in_channels);
}

}  // namespace bscnet
