#include "training/convolution.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "training/blocks.h"
#include "training/groups.h"
#include "training/kernels.h"
#include "training/scratch.h"

namespace bscnet {
namespace {

/// Blocks and rows that a thread takes at a time.
constexpr std::size_t kBlockGrain = 4;
constexpr std::size_t kRowGrain = 512;

/// One product that is added to the sums of a block: through a cell of the map, from some of the input's channels to
/// some lanes.
struct Term {
  int cell;
  std::size_t first_channel;
  int channels;
  const float* weight;
  std::size_t weight_stride;
  int lanes;
  std::size_t first_lane;
};

/// For each block the terms in their order, then its rows to where they belong.
void add_terms(const Blocks& blocks, const std::vector<Term>& terms, const float* x, int x_channels,
               const std::vector<Group>& out_groups, int out_channels, Team& team, float* y) {
  const TrainingKernels& kernels = training_kernels();
  const auto stride = static_cast<std::size_t>(total_lanes(out_groups));
  team.split(static_cast<std::size_t>(blocks.count()), kBlockGrain, [&](std::size_t begin, std::size_t end, int) {
    const Scratch memory((kSpareRow + 1) * stride);
    float* tile = memory.data();
    Blocks::Block block;
    for (std::size_t index = begin; index < end; ++index) {
      blocks.take(static_cast<int>(index), block);
      std::fill_n(tile, static_cast<std::size_t>(block.place.rows) * stride, 0.0f);
      std::fill_n(tile + kSpareRow * stride, stride, 0.0f);
      for (const Term& term : terms) {
        const PairList list = blocks.pairs(block, term.cell);
        if (list.count == 0) continue;
        kernels.add_products(x + term.first_channel, static_cast<std::size_t>(x_channels), term.channels, term.weight,
                             term.weight_stride, term.lanes, list.from, list.to, list.count, tile + term.first_lane,
                             stride);
      }
      for (int i = 0; i < block.place.rows; ++i) {
        const float* from = tile + static_cast<std::size_t>(i) * stride;
        float* to = y + static_cast<std::size_t>(block.place.order[i]) * static_cast<std::size_t>(out_channels);
        for (const Group& group : out_groups) std::copy_n(from + group.lane, group.channels, to + group.first);
      }
    }
  });
}

/// The real values of features, in memory of their own where they are bits.
const float* values_of(const Features& x, std::int64_t rows, int channels, Team& team, Scratch& memory) {
  if (x.bits == nullptr) return x.values;
  const auto width = static_cast<std::size_t>(channels);
  const std::size_t words = (width + 31) / 32;
  memory = Scratch(static_cast<std::size_t>(rows) * width);
  team.split(static_cast<std::size_t>(rows), kRowGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      training_kernels().expand_signs(x.bits + row * words, channels, memory.data() + row * width);
    }
  });
  return memory.data();
}

/// Rows in which every group is padded to whole vectors by zeros; the rows themselves where nothing has to be added.
const float* padded_rows(const float* x, std::int64_t rows, int channels, const std::vector<Group>& groups, Team& team,
                         Scratch& memory) {
  if (fill_lanes(groups)) return x;
  const auto stride = static_cast<std::size_t>(total_lanes(groups));
  memory = Scratch(static_cast<std::size_t>(rows) * stride);
  team.split(static_cast<std::size_t>(rows), kRowGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      const float* from = x + row * static_cast<std::size_t>(channels);
      float* to = memory.data() + row * stride;
      for (const Group& group : groups) {
        float* part = std::copy_n(from + group.first, group.channels, to + group.lane);
        std::fill_n(part, group.lanes - group.channels, 0.0f);
      }
    }
  });
  return memory.data();
}

/// out (columns, lanes) from weight (rows, stride): the first `columns` columns as rows, padded by zeros.
void transpose(const float* weight, int rows, int columns, std::size_t stride, float* out, int lanes) {
  constexpr int kTile = 16;
  const auto out_stride = static_cast<std::size_t>(lanes);
  for (int row = 0; row < rows; row += kTile) {
    const int last_row = std::min(row + kTile, rows);
    for (int column = 0; column < columns; ++column) {
      float* to = out + static_cast<std::size_t>(column) * out_stride;
      for (int r = row; r < last_row; ++r) to[r] = weight[static_cast<std::size_t>(r) * stride + column];
    }
  }
  for (int column = 0; column < columns; ++column) {
    float* to = out + static_cast<std::size_t>(column) * out_stride;
    std::fill(to + rows, to + lanes, 0.0f);
  }
}

/// Pieces of the rows whose sums are added up apart: the same whatever the number of threads.
struct Pieces {
  static constexpr int kMost = 16;
  static constexpr int kLeastBlocks = 16;

  explicit Pieces(int block_count) : blocks(block_count) {
    per_piece = std::max(kLeastBlocks, (blocks + kMost - 1) / kMost);
    count = (blocks + per_piece - 1) / per_piece;
  }

  int blocks;
  int per_piece;
  int count;
};

/// The gradient of a weight: for each piece of the rows, group and slice a sum of outer products.
class WeightGradient {
 public:
  WeightGradient(const Convolution& conv, const Features& x, const float* dy, Team& team)
      : conv_(conv),
        groups_(split_channels(conv.out_channels, conv.groups)),
        slices_(static_cast<std::size_t>(conv.slices)),
        blocks_(conv.map, conv.out_rows),
        pieces_(blocks_.count()) {
    constexpr int kNarrow = 16;
    by_input_ = groups_[0].channels < kNarrow && groups_[0].channels < conv.in_channels;
    x_ = values_of(x, conv.in_rows, conv.in_channels, team, expanded_);
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
      sums_.push_back(
          {total_, by_input_ ? group.channels : conv.in_channels, by_input_ ? inputs[0].lanes : group.lanes});
      total_ += slices_ * sums_.back().size();
    }
    memory_ = Scratch(static_cast<std::size_t>(pieces_.count) * total_);
  }

  void add_up(Team& team) const {
    // A thread takes so many slices of a piece at a time that their sums fit into its second cache.
    constexpr std::size_t kCached = std::size_t{1} << 16;
    const std::size_t together = std::clamp<std::size_t>(kCached * slices_ / total_, 1, slices_);
    const std::size_t parts = (slices_ + together - 1) / together;
    team.split(static_cast<std::size_t>(pieces_.count) * parts, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t item = begin; item < end; ++item) {
        const std::size_t first = item % parts * together;
        add_piece(static_cast<int>(item / parts), first, std::min(first + together, slices_));
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
  /// The sums of a group in the memory of a piece: for each slice rows of lanes.
  struct Sums {
    std::size_t first;
    int rows;
    int lanes;
    std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(lanes); }
  };

  float* sum_of(int piece, std::size_t group, std::size_t slice) const {
    return memory_.data() + static_cast<std::size_t>(piece) * total_ + sums_[group].first + slice * sums_[group].size();
  }

  void add_piece(int piece, std::size_t first_slice, std::size_t last_slice) const {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      std::fill_n(sum_of(piece, g, first_slice), (last_slice - first_slice) * sums_[g].size(), 0.0f);
    }
    Blocks::Block block;
    const int last = std::min((piece + 1) * pieces_.per_piece, pieces_.blocks);
    for (int index = piece * pieces_.per_piece; index < last; ++index) {
      blocks_.take(index, block);
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        for (std::size_t s = first_slice; s < last_slice; ++s) add_pairs(block, piece, g, s);
      }
    }
  }

  void add_pairs(const Blocks::Block& block, int piece, std::size_t g, std::size_t s) const {
    const PairList list = blocks_.pairs(block, conv_.cells[g * slices_ + s]);
    std::int32_t rows[kBlockRows];
    for (int i = 0; i < list.count; ++i) rows[i] = block.place.order[list.to[i]];
    const Sums& sums = sums_[g];
    const auto stride = static_cast<std::size_t>(sums.lanes);
    float* sum = sum_of(piece, g, s);
    const TrainingKernels& kernels = training_kernels();
    if (by_input_) {
      kernels.add_outer(dy_ + groups_[g].first, dy_stride_, sums.rows, x_, x_stride_, sums.lanes, rows, list.from,
                        list.count, sum, stride);
    } else {
      kernels.add_outer(x_, x_stride_, sums.rows, dy_ + groups_[g].lane, dy_stride_, sums.lanes, list.from, rows,
                        list.count, sum, stride);
    }
  }

  void write_slice(std::size_t g, std::size_t s, float* dw) const {
    float* sum = sum_of(0, g, s);
    for (int piece = 1; piece < pieces_.count; ++piece) {
      const float* part = sum_of(piece, g, s);
      for (std::size_t i = 0; i < sums_[g].size(); ++i) sum[i] += part[i];
    }
    const auto out_channels = static_cast<std::size_t>(conv_.out_channels);
    float* out = dw + s * static_cast<std::size_t>(conv_.in_channels) * out_channels + groups_[g].first;
    for (int c = 0; c < conv_.in_channels; ++c, out += out_channels) {
      for (int o = 0; o < groups_[g].channels; ++o) {
        out[o] = sum[by_input_ ? o * sums_[g].lanes + c : c * sums_[g].lanes + o];
      }
    }
  }

  const Convolution& conv_;
  std::vector<Group> groups_;
  std::size_t slices_;
  Blocks blocks_;
  Pieces pieces_;
  bool by_input_ = false;  ///< input channels along the vectors: for groups that are narrower than a vector
  const float* x_ = nullptr;
  const float* dy_ = nullptr;
  std::size_t x_stride_ = 0;
  std::size_t dy_stride_ = 0;
  std::vector<Sums> sums_;
  std::size_t total_ = 0;  ///< floats of a piece
  Scratch expanded_, padded_, memory_;
};

}  // namespace

void convolve(const Convolution& conv, const Features& x, const float* weight, Team& team, float* y) {
  Scratch expanded, packed;
  const float* values = values_of(x, conv.in_rows, conv.in_channels, team, expanded);
  const std::vector<Group> groups = split_channels(conv.out_channels, conv.groups);
  const auto channels = static_cast<std::size_t>(conv.in_channels);
  const float* lanes_of_weight = padded_rows(weight, static_cast<std::int64_t>(conv.slices) * conv.in_channels,
                                             conv.out_channels, groups, team, packed);
  const auto stride = static_cast<std::size_t>(total_lanes(groups));
  std::vector<Term> terms;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const Group& group = groups[g];
    for (std::size_t s = 0; s < static_cast<std::size_t>(conv.slices); ++s) {
      const float* slice = lanes_of_weight + s * channels * stride + group.lane;
      terms.push_back({conv.cells[g * static_cast<std::size_t>(conv.slices) + s], 0, conv.in_channels, slice, stride,
                       group.lanes, static_cast<std::size_t>(group.lane)});
    }
  }
  add_terms(Blocks(conv.map, conv.out_rows), terms, values, conv.in_channels, groups, conv.out_channels, team, y);
}

void convolve_back(const Convolution& conv, const float* dy, const float* weight, Team& team, float* dx) {
  const std::vector<Group> groups = split_channels(conv.out_channels, conv.groups);
  const std::vector<Group> inputs = split_channels(conv.in_channels, 1);
  const auto lanes = static_cast<std::size_t>(inputs[0].lanes);
  const auto slices = static_cast<std::size_t>(conv.slices);
  const std::size_t slice_size =
      static_cast<std::size_t>(conv.in_channels) * static_cast<std::size_t>(conv.out_channels);
  const std::size_t turned_size = static_cast<std::size_t>(conv.out_channels) * lanes;
  const Scratch turned(slices * turned_size);
  team.split(slices, 1, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t s = begin; s < end; ++s) {
      transpose(weight + s * slice_size, conv.in_channels, conv.out_channels,
                static_cast<std::size_t>(conv.out_channels), turned.data() + s * turned_size, inputs[0].lanes);
    }
  });
  std::vector<Term> terms;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto first = static_cast<std::size_t>(groups[g].first);
    for (std::size_t s = 0; s < slices; ++s) {
      const float* slice = turned.data() + s * turned_size + first * lanes;
      terms.push_back({conv.cells[g * slices + s], first, groups[g].channels, slice, lanes, inputs[0].lanes, 0});
    }
  }
  add_terms(Blocks(conv.map, conv.in_rows), terms, dy, conv.out_channels, inputs, conv.in_channels, team, dx);
}

void weight_gradient(const Convolution& conv, const Features& x, const float* dy, Team& team, float* dw) {
  if (conv.out_rows == 0) {
    const std::int64_t slice = static_cast<std::int64_t>(conv.in_channels) * conv.out_channels;
    std::fill_n(dw, conv.slices * slice, 0.0f);
    return;
  }
  const WeightGradient gradient(conv, x, dy, team);
  gradient.add_up(team);
  gradient.write(team, dw);
}

}  // namespace bscnet
