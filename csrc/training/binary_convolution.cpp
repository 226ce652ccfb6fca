#include "training/binary_convolution.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "training/blocks.h"
#include "training/kernels.h"
#include "training/sign_parts.h"

namespace bscnet {
namespace {

/// Blocks that a thread takes at a time.
constexpr std::size_t kBlockGrain = 4;

/// Signs of a weight as bits: for each part, slice and word of input channels kSignLanes words, one an output channel.
class BinaryWeight {
 public:
  BinaryWeight(const Convolution& conv, const std::vector<SignPart>& parts, const float* weight, Team& team)
      : slices_(static_cast<std::size_t>(conv.slices)),
        words_((static_cast<std::size_t>(conv.in_channels) + 31) / 32),
        bits_(parts.size() * slices_ * words_ * kSignLanes) {
    const auto stride = static_cast<std::size_t>(conv.out_channels);
    team.split(parts.size() * slices_, 1, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t item = begin; item < end; ++item) {
        const SignPart& part = parts[item / slices_];
        const float* rows = weight + item % slices_ * static_cast<std::size_t>(conv.in_channels) * stride + part.first;
        training_kernels().signs->pack_weight(rows, stride, conv.in_channels, part.channels,
                                              bits_.data() + item * words_ * kSignLanes);
      }
    });
  }

  std::size_t words() const { return words_; }
  const std::uint32_t* of(std::size_t part, std::size_t slice) const {
    return bits_.data() + (part * slices_ + slice) * words_ * kSignLanes;
  }

 private:
  std::size_t slices_;
  std::size_t words_;
  std::vector<std::uint32_t> bits_;
};

/// The sums of one block.
class BinarySums {
 public:
  BinarySums(const Convolution& conv, const Blocks& blocks, const std::int32_t* bits)
      : conv_(conv), blocks_(blocks), bits_(bits), tile_(std::size_t{kBlockRows} * kSignLanes) {}

  void take(int index) {
    blocks_.take(index, block_);
    counted_ = nullptr;
  }

  void add_up(const BinaryWeight& weight, const std::vector<SignPart>& parts, std::size_t number, float* y) {
    const SignKernels& kernels = *training_kernels().signs;
    const SignPart& part = parts[number];
    if (part.cells != counted_) count_pairs(part.cells);
    const auto rows = static_cast<std::size_t>(block_.place.rows);
    std::fill_n(tile_.data(), rows * kSignLanes, 0);
    for (std::size_t slice = 0; slice < static_cast<std::size_t>(conv_.slices); ++slice) {
      const PairList list = blocks_.pairs(block_, part.cells[slice]);
      kernels.add_differing(bits_, weight.words(), weight.of(number, slice), part.lanes, list.from, list.to, list.count,
                            tile_.data());
    }
    const auto stride = static_cast<std::size_t>(conv_.out_channels);
    for (std::size_t row = 0; row < rows; ++row) {
      kernels.write_sums(tile_.data() + row * kSignLanes, conv_.in_channels * pairs_[row], part.channels,
                         y + static_cast<std::size_t>(block_.place.order[row]) * stride + part.first);
    }
  }

 private:
  /// Pairs of each row through a group's cells.
  void count_pairs(const std::int32_t* cells) {
    std::fill_n(pairs_, kBlockRows, 0);
    for (int slice = 0; slice < conv_.slices; ++slice) {
      const PairList list = blocks_.pairs(block_, cells[slice]);
      for (int i = 0; i < list.count; ++i) ++pairs_[list.to[i]];
    }
    counted_ = cells;
  }

  const Convolution& conv_;
  const Blocks& blocks_;
  const std::int32_t* bits_;
  Blocks::Block block_;
  std::vector<std::int32_t> tile_;
  std::int32_t pairs_[kBlockRows];
  const std::int32_t* counted_ = nullptr;
};

}  // namespace

bool are_signs(const float* weight, std::size_t count) {
  constexpr std::size_t kChunk = 1024;  // a loop that ends early makes no vectors
  constexpr std::uint32_t kOne = 0x3f800000, kMagnitude = 0x7fffffff;
  for (std::size_t first = 0; first < count; first += kChunk) {
    const std::size_t last = std::min(first + kChunk, count);
    std::uint32_t other = 0;
    for (std::size_t i = first; i < last; ++i) {
      std::uint32_t word;
      std::memcpy(&word, weight + i, sizeof(word));
      other |= (word & kMagnitude) ^ kOne;
    }
    if (other != 0) return false;
  }
  return true;
}

void convolve_binary(const Convolution& conv, const std::int32_t* bits, const float* weight, Team& team, float* y) {
  const std::vector<SignPart> parts = sign_parts(conv);
  const Blocks blocks(conv.map, conv.out_rows);
  const BinaryWeight packed(conv, parts, weight, team);
  team.split(static_cast<std::size_t>(blocks.count()), kBlockGrain, [&](std::size_t begin, std::size_t end, int) {
    BinarySums sums(conv, blocks, bits);
    for (std::size_t index = begin; index < end; ++index) {
      sums.take(static_cast<int>(index));
      for (std::size_t part = 0; part < parts.size(); ++part) sums.add_up(packed, parts, part, y);
    }
  });
}

}  // namespace bscnet
