#pragma once

#include <cstddef>
#include <cstdint>

#include "threads/team.h"
#include "training/convolution.h"
#include "training/scratch.h"
#include "training/tiles.h"

namespace bscnet {

/// Whether all numbers are finite.
bool are_finite(const float* values, std::size_t count, Team& team);

/// Memory for bfloat16 numbers.
using TileScratch = ScratchOf<std::uint16_t>;

/// Rows of signs, each `repeats` times and filled up with zeros to width.
TileScratch sign_rows(const TileKernels& kernels, const std::int32_t* bits, std::int64_t rows, int channels,
                      int repeats, int width, Team& team);

/// Cycles of a pair without tiles (AVX-512), `channels` products with each of the lanes: of floats, of signs by tables,
/// and of signs in the gradient of a weight.
double float_cycles(int channels, int lanes);
double table_cycles(int channels, int lanes);
double sign_outer_cycles(int channels, int lanes);

/// Cycles of a pair by tiles: its row gathered and multiplied, the sums of its lanes added.
double product_cycles(const TileDepth& depth, int lanes);

/// Cycles of a place of a block by tiles in the gradient of a weight. slices: of which each reads what was made of dy.
double outer_cycles(int out_channels, int in_channels, int slices);

/// Whether tiles are to be taken where so many cycles are predicted by them and otherwise.
bool takes_tiles(const TileChoice& choice, double by_tiles, double otherwise);

}  // namespace bscnet
