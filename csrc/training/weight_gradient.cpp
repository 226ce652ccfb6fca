#include <algorithm>
#include <vector>

#include "training/blocks.h"
#include "training/convolution.h"
#include "training/groups.h"
#include "training/kernels.h"
#include "training/operands.h"
#include "training/pieces.h"
#include "training/scratch.h"
#include "training/tile_convolution.h"

namespace bscnet {
namespace {

/// The gradient of a weight: for each piece of the rows, group and slice a sum of outer products.
class WeightGradient {
 public:
  WeightGradient(const Convolution& conv, const Features& x, const float* dy, Team& team, float* dw)
      : conv_(conv),
        groups_(split_channels(conv.out_channels, conv.groups)),
        slices_(static_cast<std::size_t>(conv.slices)),
        blocks_(conv.map, conv.out_rows),
        pieces_(blocks_.count()),
        dw_(dw) {
    constexpr int kNarrow = 16;
    constexpr int kLeastSigns = 32;  // fewer signs than that do not pay for the tables of four rows of dy
    by_input_ = groups_[0].channels < kNarrow && groups_[0].channels < conv.in_channels;
    in_place_ = !by_input_ && fill_lanes(groups_);
    if (!by_input_ && conv.in_channels >= kLeastSigns) signs_ = x.bits;
    if (signs_ == nullptr) x_ = values_of(x, conv.in_rows, conv.in_channels, team, expanded_);
    dy_ = dy;
    x_stride_ = static_cast<std::size_t>(conv.in_channels);
    dy_stride_ = static_cast<std::size_t>(conv.out_channels);
    const std::vector<Group> inputs = split_channels(conv.in_channels, 1);
    if (by_input_) {
      x_ = padded_rows(x_, conv.in_rows, conv.in_channels, inputs, team, padded_);
      x_stride_ = static_cast<std::size_t>(inputs[0].lanes);
    } else {
      dy_ = padded_rows(dy, conv.out_rows, conv.out_channels, groups_, team, padded_);
      dy_stride_ = static_cast<std::size_t>(total_lanes(groups_));
    }
    for (const Group& group : groups_) {
      const int lanes = by_input_ ? inputs[0].lanes : group.lanes;
      const int rows = by_input_ ? group.channels : conv.in_channels;
      if (in_place_) {
        sums_.push_back({static_cast<std::size_t>(group.first), rows, lanes, dy_stride_, x_stride_ * dy_stride_});
      } else {
        const std::size_t size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(lanes);
        sums_.push_back({total_, rows, lanes, static_cast<std::size_t>(lanes), size});
        total_ += slices_ * size;
      }
    }
    if (in_place_) total_ = slices_ * x_stride_ * dy_stride_;
    // In place the first piece adds to the result itself.
    memory_ = Scratch((static_cast<std::size_t>(pieces_.count) - (in_place_ ? 1 : 0)) * total_);
  }

  void add_up(Team& team) const {
    // A thread takes so many slices of a piece at a time that their sums fit into its second cache, and not so many
    // that threads had to wait for the last of them.
    constexpr std::size_t kCached = std::size_t{1} << 16;
    constexpr std::size_t kItems = 12;
    const auto pieces = static_cast<std::size_t>(pieces_.count);
    const std::size_t fitting = kCached * slices_ / total_;
    const std::size_t together = std::clamp<std::size_t>(std::min(fitting, slices_ * pieces / kItems), 1, slices_);
    const std::size_t parts = (slices_ + together - 1) / together;
    team.split(pieces * parts, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t item = begin; item < end; ++item) {
        const std::size_t first = item % parts * together;
        add_piece(static_cast<int>(item / parts), first, std::min(first + together, slices_));
      }
    });
  }

  /// The sums of all pieces, in their order, to dw.
  void write(Team& team) const {
    if (in_place_) {
      add_pieces(team);
      return;
    }
    team.split(slices_, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t s = begin; s < end; ++s) {
        for (std::size_t g = 0; g < groups_.size(); ++g) write_slice(g, s);
      }
    });
  }

 private:
  /// Blocks whose pairs are added up together, which makes short lists longer.
  static constexpr int kBundle = 8;

  /// Where the sums of a group lie among those of a piece: for each slice rows of lanes.
  struct Sums {
    std::size_t first;
    int rows;
    int lanes;
    std::size_t row_stride;
    std::size_t slice_stride;
  };

  float* piece_sums(int piece) const {
    if (in_place_ && piece == 0) return dw_;
    return memory_.data() + static_cast<std::size_t>(piece - (in_place_ ? 1 : 0)) * total_;
  }

  float* sum_of(int piece, std::size_t group, std::size_t slice) const {
    return piece_sums(piece) + sums_[group].first + slice * sums_[group].slice_stride;
  }

  void add_piece(int piece, std::size_t first_slice, std::size_t last_slice) const {
    const std::size_t count = last_slice - first_slice;
    std::vector<char> fresh(groups_.size() * count, 1);
    std::vector<Blocks::Block> bundle(kBundle);
    const int last = pieces_.last(piece);
    for (int index = pieces_.first(piece); index < last;) {
      bundle.resize(static_cast<std::size_t>(std::min(kBundle, last - index)));
      for (Blocks::Block& block : bundle) blocks_.take(index++, block);
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        for (std::size_t i = 0; i < count; ++i) {
          if (add_pairs(bundle, g, first_slice + i, fresh[g * count + i] != 0, sum_of(piece, g, first_slice + i))) {
            fresh[g * count + i] = 0;
          }
        }
      }
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      for (std::size_t i = 0; i < count; ++i) {
        if (fresh[g * count + i] != 0) clear(g, sum_of(piece, g, first_slice + i));
      }
    }
  }

  /// Whether the blocks had pairs for the slice.
  bool add_pairs(const std::vector<Blocks::Block>& bundle, std::size_t g, std::size_t s, bool fresh, float* sum) const {
    OuterPairs lists[kBundle];
    int count = 0;
    for (const Blocks::Block& block : bundle) {
      const PairList list = blocks_.pairs(block, conv_.cells[g * slices_ + s]);
      if (list.count != 0) lists[count++] = {list.from, list.to, block.place.order, list.count};
    }
    if (count == 0) return false;
    const Sums& sums = sums_[g];
    const TrainingKernels& kernels = training_kernels();
    if (by_input_) {
      kernels.add_outer_by_input(x_, x_stride_, sums.lanes, dy_ + groups_[g].first, dy_stride_, sums.rows, lists, count,
                                 fresh, sum, sums.row_stride);
    } else {
      const float* dy = dy_ + (in_place_ ? groups_[g].first : groups_[g].lane);
      if (signs_ == nullptr) {
        kernels.add_outer(x_, x_stride_, sums.rows, dy, dy_stride_, sums.lanes, lists, count, fresh, sum,
                          sums.row_stride);
        return true;
      }
      for (int i = 0; i < count; ++i) {
        kernels.signs->add_signed(signs_, sums.rows, dy, dy_stride_, sums.lanes, lists[i], fresh && i == 0, sum,
                                  sums.row_stride);
      }
    }
    return true;
  }

  void clear(std::size_t g, float* sum) const {
    for (int r = 0; r < sums_[g].rows; ++r, sum += sums_[g].row_stride) std::fill_n(sum, sums_[g].lanes, 0.0f);
  }

  void add_pieces(Team& team) const {
    constexpr std::size_t kGrain = 1 << 12;
    if (pieces_.count == 1) return;
    team.split(total_, kGrain, [&](std::size_t begin, std::size_t end, int) {
      for (int piece = 1; piece < pieces_.count; ++piece) {
        const float* part = piece_sums(piece);
        for (std::size_t i = begin; i < end; ++i) dw_[i] += part[i];
      }
    });
  }

  void write_slice(std::size_t g, std::size_t s) const {
    const Sums& sums = sums_[g];
    float* sum = sum_of(0, g, s);
    for (int piece = 1; piece < pieces_.count; ++piece) {
      const float* part = sum_of(piece, g, s);
      for (std::size_t i = 0; i < sums.slice_stride; ++i) sum[i] += part[i];
    }
    const auto out_channels = static_cast<std::size_t>(conv_.out_channels);
    float* out = dw_ + s * static_cast<std::size_t>(conv_.in_channels) * out_channels + groups_[g].first;
    for (int c = 0; c < conv_.in_channels; ++c, out += out_channels) {
      for (int o = 0; o < groups_[g].channels; ++o) out[o] = sum[by_input_ ? o * sums.lanes + c : c * sums.lanes + o];
    }
  }

  const Convolution& conv_;
  std::vector<Group> groups_;
  std::size_t slices_;
  Blocks blocks_;
  Pieces pieces_;
  float* dw_;
  bool by_input_ = false;  ///< input channels along the vectors: for groups that are narrower than a vector
  bool in_place_ = false;  ///< sums lie as in dw
  const std::int32_t* signs_ = nullptr;  ///< features that stay bits
  const float* x_ = nullptr;
  const float* dy_ = nullptr;
  std::size_t x_stride_ = 0;
  std::size_t dy_stride_ = 0;
  std::vector<Sums> sums_;
  std::size_t total_ = 0;  ///< floats of a piece
  Scratch expanded_, padded_, memory_;
};

}  // namespace

void weight_gradient(const Convolution& conv, const Features& x, const float* dy, Team& team, float* dw) {
  if (conv.out_rows == 0) {
    const std::int64_t slice = static_cast<std::int64_t>(conv.in_channels) * conv.out_channels;
    std::fill_n(dw, conv.slices * slice, 0.0f);
    return;
  }
  if (weight_gradient_by_tiles(conv, x, dy, team, dw)) return;
  const WeightGradient gradient(conv, x, dy, team, dw);
  gradient.add_up(team);
  gradient.write(team);
}

}  // namespace bscnet
