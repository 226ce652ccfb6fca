#include <algorithm>
#include <vector>

#include "training/blocks.h"
#include "training/groups.h"
#include "training/pieces.h"
#include "training/tile_convolution.h"
#include "training/tile_operands.h"

namespace bscnet {
namespace {

/// The gradient of a weight by tiles: for each piece of the rows, group and slice sums with output channels as rows and
/// input channels as columns.
class TileWeightGradient {
 public:
  TileWeightGradient(const TileKernels& kernels, const Convolution& conv, const Features& x, const float* dy,
                     Team& team)
      : kernels_(kernels),
        conv_(conv),
        dy_(dy),
        groups_(split_channels(conv.out_channels, conv.groups)),
        slices_(static_cast<std::size_t>(conv.slices)),
        blocks_(conv.map, conv.out_rows),
        pieces_(blocks_.count()),
        lane_tiles_(tiles_for(conv.in_channels)),
        lanes_(static_cast<std::size_t>(lane_tiles_) * kTileLanes),
        x_(sign_rows(kernels, x.bits, conv.in_rows, conv.in_channels, 1, lane_tiles_ * kTileLanes, team)) {
    for (const Group& group : groups_) {
      first_.push_back(total_);
      sum_size_.push_back(static_cast<std::size_t>(tiles_for(group.channels)) * kTileLanes * lanes_);
      total_ += slices_ * sum_size_.back();
      widest_ = std::max(widest_, group.channels);
    }
    memory_ = Scratch(static_cast<std::size_t>(pieces_.count) * total_);
  }

  void add_up(Team& team) const {
    // A thread takes so many slices of a piece at a time that their sums fit into its second cache, but no fewer than
    // make up for turning dy anew.
    constexpr std::size_t kCached = std::size_t{1} << 17;
    constexpr std::size_t kLeast = 9;
    const std::size_t together = std::min(std::max(kCached * slices_ / total_, kLeast), slices_);
    const std::size_t parts = (slices_ + together - 1) / together;
    team.split(static_cast<std::size_t>(pieces_.count) * parts, 1, [&](std::size_t begin, std::size_t end, int) {
      const TileScratch memory(outer_memory(widest_, lane_tiles_));
      for (std::size_t item = begin; item < end; ++item) {
        const std::size_t first = item % parts * together;
        add_piece(static_cast<int>(item / parts), first, std::min(first + together, slices_), memory.data());
      }
    });
  }

  /// The sums of all pieces, in their order, to dw.
  void write(Team& team, float* dw) const {
    team.split(slices_, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t s = begin; s < end; ++s) {
        for (std::size_t g = 0; g < groups_.size(); ++g) write_slice(g, s, dw);
      }
    });
  }

 private:
  float* sum_of(int piece, std::size_t group, std::size_t slice) const {
    return memory_.data() + static_cast<std::size_t>(piece) * total_ + first_[group] + slice * sum_size_[group];
  }

  void add_piece(int piece, std::size_t first_slice, std::size_t last_slice, std::uint16_t* memory) const {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      std::fill_n(sum_of(piece, g, first_slice), (last_slice - first_slice) * sum_size_[g], 0.0f);
    }
    Blocks::Block block;
    std::vector<TileCell> cells(last_slice - first_slice);
    for (int index = pieces_.first(piece); index < pieces_.last(piece); ++index) {
      blocks_.take(index, block);
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        for (std::size_t s = first_slice; s < last_slice; ++s) {
          const PairList list = blocks_.pairs(block, conv_.cells[g * slices_ + s]);
          cells[s - first_slice] = {list.from, list.to, list.count, sum_of(piece, g, s)};
        }
        const TileBlock rows{dy_ + groups_[g].first,
                             static_cast<std::size_t>(conv_.out_channels),
                             groups_[g].channels,
                             block.place.order,
                             block.place.rows,
                             x_.data(),
                             lanes_,
                             lane_tiles_};
        kernels_.add_outer(rows, cells.data(), cells.size(), memory);
      }
    }
  }

  void write_slice(std::size_t g, std::size_t s, float* dw) const {
    float* sum = sum_of(0, g, s);
    for (int piece = 1; piece < pieces_.count; ++piece) {
      const float* part = sum_of(piece, g, s);
      for (std::size_t i = 0; i < sum_size_[g]; ++i) sum[i] += part[i];
    }
    const auto out_channels = static_cast<std::size_t>(conv_.out_channels);
    float* out = dw + s * static_cast<std::size_t>(conv_.in_channels) * out_channels + groups_[g].first;
    for (int c = 0; c < conv_.in_channels; ++c, out += out_channels) {
      for (int o = 0; o < groups_[g].channels; ++o) out[o] = sum[static_cast<std::size_t>(o) * lanes_ + c];
    }
  }

  const TileKernels& kernels_;
  const Convolution& conv_;
  const float* dy_;
  std::vector<Group> groups_;
  std::size_t slices_;
  Blocks blocks_;
  Pieces pieces_;
  int lane_tiles_;
  std::size_t lanes_;
  TileScratch x_;
  std::vector<std::size_t> first_, sum_size_;  ///< of each group, in the memory of a piece
  std::size_t total_ = 0;                      ///< floats of a piece
  int widest_ = 0;
  Scratch memory_;
};

}  // namespace

bool weight_gradient_by_tiles(const Convolution& conv, const Features& x, const float* dy, Team& team, float* dw) {
  const TileChoice& choice = chosen_tiles();
  if (choice.kernels == nullptr || x.bits == nullptr) return false;
  double by_tiles = 0, otherwise = 0;
  for (const Group& group : split_channels(conv.out_channels, conv.groups)) {
    by_tiles += outer_cycles(group.channels, conv.in_channels, conv.slices);
    otherwise += sign_outer_cycles(conv.in_channels, group.channels);
  }
  // The other kernels take the pairs alone, tiles all places.
  const double share = conv.map == nullptr ? 1.0 : conv.map->mean_share();
  if (!takes_tiles(choice, by_tiles, share * otherwise)) return false;
  if (!are_finite(dy, static_cast<std::size_t>(conv.out_rows) * static_cast<std::size_t>(conv.out_channels), team)) {
    return false;
  }
  const TileWeightGradient gradient(*choice.kernels, conv, x, dy, team);
  gradient.add_up(team);
  gradient.write(team, dw);
  return true;
}

}  // namespace bscnet
