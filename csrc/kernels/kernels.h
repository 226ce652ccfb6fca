#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/half.h"

namespace bscnet {

// Arithmetic of a binary convolution. Signs are bits, a set bit is +1. For one output channel, one present neighbour
// and one word of input channels, xor of the neighbour's bits with the weight's marks the products that are -1, so
//
//   sum over channels of (+-1)(+-1) = channels - 2 popcount(xor).
//
// An absent neighbour is skipped. Over all present neighbours: sum = C_in * present - 2 * popcounts, an exact integer.
// Bits beyond C_in are 0 in activations and weights alike and so count nothing.
//
// Output channels lie side by side in lanes of 16 or 32 bits; a word of the neighbour's bits is sent to all lanes.
// Words of 16 bits serve widths like 16 and 48, which words of 32 bits would leave half empty.

/// Lanes are laid out in units of this many bytes; every implementation's vectors divide or are divided by it.
constexpr int kUnitBytes = 32;
/// Output channels whose triples fill a unit, see ChannelGroup::triple_weight.
constexpr int kTripleChannels = kUnitBytes / 8;
/// Cells of a brick's block: the brick of 4x4x4 voxels and two on every side; cell = x + 8 y + 64 z.
constexpr int kBlockCells = 512;
/// A triple of cells is read 8 bytes at a time, so what lies behind the last cell must be there.
constexpr std::size_t kBlockSlack = 64;
/// Packed rows of a block's cells, and as many masks.
constexpr std::size_t block_bytes(std::size_t row_bytes) { return 2 * (kBlockCells * row_bytes + kBlockSlack); }
/// Input channels up to which a real-valued convolution keeps a block of its input; wider ones gather pairs of rows.
constexpr int kRealBlockChannels = 8;
/// Channels of a tile's row are padded to a multiple of this, the widest float vector.
constexpr int kTileChannels = 16;
/// Rows of a tile: the sites of a brick, or as many rows of another operator.
constexpr int kTileRows = 64;

constexpr int padded_channels(int channels) { return (channels + kTileChannels - 1) / kTileChannels * kTileChannels; }

/// Bits of a word of packed activations with this many channels.
constexpr int word_bits(int channels) {
  const int rest = channels % 32;
  return rest >= 1 && rest <= 16 && channels <= 80 ? 16 : 32;
}
constexpr int words_of(int channels) { return (channels + word_bits(channels) - 1) / word_bits(channels); }
/// Bytes of a row of packed activations.
constexpr std::size_t packed_bytes(int channels) {
  return static_cast<std::size_t>(words_of(channels)) * static_cast<std::size_t>(word_bits(channels) / 8);
}

/// Output channels that share a shift.
struct ChannelGroup {
  int first = 0;  ///< channel
  int channels = 0;
  int units = 0;                         ///< of kUnitBytes in a row of lanes
  int shift_cell = 0;                    ///< the shift as a step in the block
  int window = 0;                        ///< the shift's number among those of the level
  const std::uint8_t* weight = nullptr;  ///< (cells, words, lanes); submanifold: and a cell of zeros behind them
  /// Submanifold, up to 16 input channels: (9 triples of cells along x, channels, 4 words of 16 bits, the last 0);
  /// channels are padded to a multiple of kTripleChannels. Null otherwise.
  const std::uint8_t* triple_weight = nullptr;
};

/// A binary convolution in the kernels' layout.
struct BitConv {
  int in_channels = 0;
  int words = 0;      ///< of a row of activations
  int word_bits = 0;  ///< 16 or 32, of words and lanes
  std::size_t row_bytes = 0;
  std::vector<ChannelGroup> groups;
  const float* scale = nullptr;  ///< (out_channels,) and kTileChannels more values that are read and not used
};

/// What a submanifold convolution sees of one brick.
struct BrickView {
  const std::uint16_t* cells = nullptr;  ///< cell in the block of each site
  int sites = 0;
  const std::uint64_t* occupancy = nullptr;  ///< (8,) occupied cells of the block, a word for each z
  const std::uint32_t* present = nullptr;    ///< of the brick's first site in the first window, see window()
  std::size_t level_sites = 0;
  const std::uint32_t* halo_row = nullptr;   ///< rows of the sites in the block …
  const std::uint16_t* halo_cell = nullptr;  ///< … and their cells
  std::size_t halo = 0;

  /// Which cells of the 3x3x3 window at each site less a shift are occupied, a bit each, x fastest. Windows are found
  /// once for all layers of a level; they are numbered as the level's shifts are.
  const std::uint32_t* window(int number) const { return present + static_cast<std::size_t>(number) * level_sites; }
};

/// Rows of a real value: one of both, the other null.
struct Reals {
  const float* floats = nullptr;
  const Half* halves = nullptr;
};

/// One step of an output transform; arrays have padded_channels values.
struct StepView {
  enum class Kind { kAffine, kPrelu, kRprelu, kRelu, kHardtanh, kBias, kFloat16, kAdd };
  Kind kind;
  const float* a = nullptr;
  const float* b = nullptr;
  const float* c = nullptr;
  Reals value;                            ///< kAdd: (rows, channels)
  const std::uint32_t* parent = nullptr;  ///< kAdd: row of `value` for each row; null: the row itself
};

/// Where signs of a result go: bit = (v >= threshold) XOR flip.
struct SignsView {
  std::uint8_t* bits = nullptr;         ///< of the first of the result's channels in row 0
  std::size_t row_bytes = 0;            ///< from row to row
  std::size_t pad_bytes = 0;            ///< to clear behind the signs of each row
  const float* threshold = nullptr;     ///< (padded_channels,)
  const std::uint16_t* flip = nullptr;  ///< (padded_channels / 16,) a bit a channel
};
constexpr int kMostSigns = 2;

/// Output transform of a tile: steps, then the real value and packed signs, each where wanted.
struct Finish {
  const StepView* steps = nullptr;
  int num_steps = 0;
  int channels = 0;
  float* out = nullptr;       ///< (rows, channels)
  Half* half_out = nullptr;   ///< the same where the last step is kFloat16
  std::size_t first_row = 0;  ///< which row they begin with
  SignsView signs[kMostSigns];
  int num_signs = 0;
};

/// The kernels of one CPU level. All levels give the same bits. A tile is (kTileRows, stride) floats.
struct Kernels {
  const char* name;

  /// Present cells of the windows at `sites` cells of a block less a shift, see BrickView::window.
  void (*find_windows)(const std::uint64_t* occupancy, const std::uint16_t* cells, int sites, int shift_cell,
                       std::uint32_t* present);

  /// Binary submanifold convolution of one brick into a tile. `block` is scratch of block_bytes(row_bytes).
  void (*bit_submanifold)(const BitConv& conv, const BrickView& brick, const std::uint8_t* bits, std::uint8_t* block,
                          float* tile, std::size_t stride);

  /// Binary convolution of rows whose sources are consecutive: tile row i reads rows source[i], source[i] + 1, …
  /// through the cells that are set in cells[i], in their order.
  void (*bit_rows)(const BitConv& conv, const std::uint8_t* bits, const std::uint32_t* source,
                   const std::uint8_t* cells, int rows, float* tile, std::size_t stride);

  /// Real-valued submanifold convolution of one brick into a tile, for up to kRealBlockChannels input channels. `block`
  /// is scratch of kBlockCells * kRealBlockChannels floats; weight: (27, in_channels, lanes), lanes a multiple of
  /// kTileChannels.
  void (*real_submanifold)(const float* x, int in_channels, const float* weight, int lanes, int shift_cell, int window,
                           const BrickView& brick, float* block, float* tile, std::size_t stride);

  /// tile[to[i]] += W^T x[from[i]] for each pair, channels in order, one fma each.
  /// x: (rows, in_channels); weight: (in_channels, lanes), lanes a multiple of kTileChannels.
  void (*real_pairs)(const float* x, int in_channels, const float* weight, int lanes, const std::uint32_t* from,
                     const std::uint8_t* to, int pairs, float* tile, std::size_t stride);

  /// tile[i] = W^T x[i] for the first `rows` rows; otherwise as real_pairs.
  void (*real_rows)(const float* x, int in_channels, const float* weight, int lanes, int rows, float* tile,
                    std::size_t stride);

  /// Pooling: row i of `out` (rows, channels) is the sum / 8 or the maximum over the children of row i, which are rows
  /// first_child[i], first_child[i] + 1, … of x; the cells set in children[i], added with x slowest.
  void (*pool)(const Reals& x, int channels, bool max_pool, const std::uint32_t* first_child,
               const std::uint8_t* children, int rows, float* out);

  /// `count` numbers as float32. A vector may be read beyond the last.
  void (*widen)(const Half* from, std::size_t count, float* to);

  /// Output transform of the tile's first `rows` rows, which are rows first_row, first_row + 1, … of the values.
  void (*finish)(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride);
};

extern const Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif
#if defined(__aarch64__)
extern const Kernels kNeonKernels;
#endif
#if defined(__wasm_simd128__)
extern const Kernels kSimd128Kernels;
#endif

}  // namespace bscnet
