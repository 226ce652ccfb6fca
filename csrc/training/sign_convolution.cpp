#include "training/sign_convolution.h"

#include <algorithm>
#include <vector>

#include "training/blocks.h"
#include "training/kernels.h"
#include "training/scratch.h"
#include "training/sign_parts.h"

namespace bscnet {
namespace {

/// Blocks that share the tables of a slice at most: making them costs as much as ten pairs.
constexpr int kMostTogether = 8;

/// The sums of a few blocks.
class Sums {
 public:
  Sums(const Convolution& conv, const std::int32_t* bits, const float* weight, int most)
      : conv_(conv),
        bits_(bits),
        weight_(weight),
        words_((static_cast<std::size_t>(conv.in_channels) + 31) / 32),
        blocks_(static_cast<std::size_t>(most)),
        tiles_(static_cast<std::size_t>(most) * kTile),
        tables_(std::size_t{kTableChannels} / kRowsOfTable * kSumsOfTable * kSignLanes),
        rows_(std::size_t{kTableChannels} * kSignLanes) {}

  void take(const Blocks& blocks, int first, int count) {
    count_ = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < count_; ++i) blocks.take(first + static_cast<int>(i), blocks_[i]);
  }

  void add_up(const Blocks& blocks, const SignPart& part) {
    std::fill_n(tiles_.data(), count_ * kTile, 0.0f);
    for (int slice = 0; slice < conv_.slices; ++slice) {
      PairList lists[kMostTogether];
      int pairs = 0;
      for (std::size_t i = 0; i < count_; ++i) {
        lists[i] = blocks.pairs(blocks_[i], part.cells[slice]);
        pairs += lists[i].count;
      }
      if (pairs == 0) continue;
      for (int c = 0; c < conv_.in_channels; c += kTableChannels) add_channels(part, slice, c, lists);
    }
  }

  void write(const SignPart& part, float* y) const {
    for (std::size_t i = 0; i < count_; ++i) {
      training_kernels().scatter_rows(tiles_.data() + i * kTile, static_cast<std::size_t>(part.lanes),
                                      blocks_[i].place.order, blocks_[i].place.rows, part.channels, y + part.first,
                                      static_cast<std::size_t>(conv_.out_channels));
    }
  }

 private:
  static constexpr std::size_t kTile = std::size_t{kBlockRows} * kSignLanes;

  void add_channels(const SignPart& part, int slice, int first, const PairList* lists) {
    const SignKernels& kernels = *training_kernels().signs;
    const int channels = std::min(kTableChannels, conv_.in_channels - first);
    auto stride = static_cast<std::size_t>(conv_.out_channels);
    const float* rows = weight_ + part.first +
                        (static_cast<std::size_t>(slice) * static_cast<std::size_t>(conv_.in_channels) +
                         static_cast<std::size_t>(first)) *
                            stride;
    if (part.channels < part.lanes) {
      for (int c = 0; c < channels; ++c, rows += stride) {
        float* padded = rows_.data() + static_cast<std::size_t>(c) * kSignLanes;
        std::fill(std::copy_n(rows, part.channels, padded), padded + part.lanes, 0.0f);
      }
      rows = rows_.data();
      stride = kSignLanes;
    }
    kernels.fill_tables(rows, stride, channels, part.lanes, tables_.data());
    for (std::size_t i = 0; i < count_; ++i) {
      kernels.add_chosen(bits_ + first / 32, words_, channels, tables_.data(), part.lanes, lists[i].from, lists[i].to,
                         lists[i].count, tiles_.data() + i * kTile);
    }
  }

  const Convolution& conv_;
  const std::int32_t* bits_;
  const float* weight_;
  std::size_t words_;
  std::size_t count_ = 0;
  std::vector<Blocks::Block> blocks_;
  Scratch tiles_, tables_, rows_;
};

}  // namespace

bool signs_go_by_tables(const Convolution& conv) { return conv.in_channels >= kByteChannels; }

void convolve_signs(const Convolution& conv, const std::int32_t* bits, const float* weight, Team& team, float* y) {
  const std::vector<SignPart> parts = sign_parts(conv);
  const Blocks blocks(conv.map, conv.out_rows);
  const int together = std::clamp(blocks.count() / team.size(), 1, kMostTogether);
  const auto batches = static_cast<std::size_t>((blocks.count() + together - 1) / together);
  team.split(batches, 1, [&](std::size_t begin, std::size_t end, int) {
    Sums sums(conv, bits, weight, together);
    for (std::size_t batch = begin; batch < end; ++batch) {
      const int first = static_cast<int>(batch) * together;
      sums.take(blocks, first, std::min(together, blocks.count() - first));
      for (const SignPart& part : parts) {
        sums.add_up(blocks, part);
        sums.write(part, y);
      }
    }
  });
}

}  // namespace bscnet
