#pragma once

#include <cstddef>
#include <cstdint>

namespace bscnet {

/// A tile holds 16 rows of 16 sums, or of 32 bfloat16 numbers.
constexpr int kTileLanes = 16;
constexpr int kTileDepth = 32;
constexpr int kTileNumbers = kTileLanes * kTileDepth;
constexpr int tiles_for(int lanes) { return (lanes + kTileLanes - 1) / kTileLanes; }

/// bfloat16 numbers whose sum is a float32 number: 24 bits in three times 8.
constexpr int kRealParts = 3;

/// The numbers that one sum of products runs over, in steps of a tile: the channels once for each part, low ones first.
/// Of two operands one is signs, of one part, which is repeated where a step can hold channels of two parts.
struct TileDepth {
  int channels = 0;
  int x_parts = 1;
  int weight_parts = 1;

  bool whole() const { return channels % kTileDepth == 0; }
  int parts() const { return x_parts > weight_parts ? x_parts : weight_parts; }
  int steps() const { return (parts() * channels + kTileDepth - 1) / kTileDepth; }
  int x_steps() const { return whole() ? x_parts * channels / kTileDepth : steps(); }
  int weight_steps() const { return whole() ? weight_parts * channels / kTileDepth : steps(); }
  /// Times that the channels of signs stand in an operand.
  int repeats() const { return whole() ? 1 : parts(); }
};

/// What one cell of a map adds to the sums of a block.
struct TileTerm {
  const std::int32_t* from = nullptr;  ///< (pairs,) row of x
  const std::uint8_t* to = nullptr;    ///< (pairs,) row of the sums
  int pairs = 0;
  TileDepth depth;
  const std::uint16_t* x = nullptr;       ///< the first row; depth.x_steps() tiles wide
  const std::uint16_t* weight = nullptr;  ///< see TileKernels::pack_weight
  int lane_tiles = 0;
  std::size_t first_lane = 0;
};

/// The output rows of a block and what reads them, for the gradient of a weight.
struct TileBlock {
  const float* dy = nullptr;  ///< rows of channels, dy_stride apart
  std::size_t dy_stride = 0;
  int channels = 0;
  const std::int32_t* order = nullptr;  ///< (rows,) row of dy at each place
  int rows = 0;                         ///< kBlockRows at most
  const std::uint16_t* x = nullptr;     ///< rows of signs, x_stride apart, lane_tiles * kTileLanes of them padded
  std::size_t x_stride = 0;
  int lane_tiles = 0;
};

/// Pairs of one cell, and the sums (tiles_for(channels) * kTileLanes, lane_tiles * kTileLanes) that they are added to.
struct TileCell {
  const std::int32_t* from = nullptr;  ///< (pairs,) row of x
  const std::uint8_t* to = nullptr;    ///< (pairs,) place
  int pairs = 0;
  float* sums = nullptr;
};

/// The products of convolutions of which one operand is signs, by tiles of bfloat16 numbers. All products are exact and
/// all sums float32. Every table of kernels gives the same bits, those of the instruction TDPBF16PS.
struct TileKernels {
  const char* name;

  /// A row of signs from their bits (see expand_signs), `repeats` times, and zeros up to width.
  void (*sign_row)(const std::int32_t* words, int channels, int repeats, std::uint16_t* out, int width);

  /// The parts of a row of finite numbers after each other, and zeros up to width.
  void (*real_row)(const float* values, int channels, std::uint16_t* out, int width);

  /// The tiles of a weight, steps of a tile of lanes after each other, from number (channel, lane) at
  /// channel * channel_stride + lane * lane_stride. line: memory for kRealParts * lane_tiles * 2 * kTileLanes numbers.
  void (*pack_weight)(const float* weight, std::size_t channel_stride, std::size_t lane_stride, int lanes,
                      const TileDepth& depth, std::uint16_t* line, std::uint16_t* out);

  /// sums[to[i]] += W^T x[from[i]] for each pair of each term in order. gathered: memory for kGathered rows of x.
  void (*add_products)(const TileTerm* terms, std::size_t count, std::size_t x_stride, std::uint16_t* gathered,
                       float* sums, std::size_t sum_stride);

  /// Adds to the sums of each cell the products of dy (as rows) and x (as columns) over its pairs.
  /// memory: outer_memory(...) numbers.
  void (*add_outer)(const TileBlock& block, const TileCell* cells, std::size_t count, std::uint16_t* memory);
};

/// Pairs whose rows are gathered at a time.
constexpr int kGathered = 2 * kTileLanes;

/// Numbers of memory that add_outer takes for a block.
std::size_t outer_memory(int channels, int lane_tiles);

/// The instruction done in plain C++.
extern const TileKernels kEmulatedTiles;

/// The instruction itself; null where the compiler, the CPU or the system has no such tiles.
const TileKernels* amx_tiles();

/// The kernels to use, or null, and whether for all layers with an operand of signs or only where they are predicted to
/// be faster than floats.
struct TileChoice {
  const TileKernels* kernels = nullptr;
  bool always = false;
};

/// What BSCNET_TILES says: "off", "amx", "emulated"; where it is not set, AMX where the CPU has it, unless
/// BSCNET_IMPLEMENTATION asks for the kernels of a level. Throws Error where it says something else or AMX is missing.
const TileChoice& chosen_tiles();

}  // namespace bscnet
