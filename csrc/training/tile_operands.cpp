#include "training/tile_operands.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace bscnet {
namespace {

constexpr std::size_t kRowGrain = 512;
constexpr std::size_t kNumberGrain = std::size_t{1} << 15;

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Tiles have to be predicted this much faster, since the prediction was never compared with a CPU that has them.
constexpr double kMargin = 1.3;

/// Vectors of 16 floats for lanes; two shorter ones take the time of one.
double vectors_for(int lanes) { return lanes / 16 + 0.5 * ((lanes % 16 >= 8) + (lanes % 8 > 0)); }

}  // namespace

bool are_finite(const float* values, std::size_t count, Team& team) {
  std::atomic<bool> finite{true};
  team.split(count, kNumberGrain, [&](std::size_t begin, std::size_t end, int) {
    std::uint32_t largest = 0;
    for (std::size_t i = begin; i < end; ++i) largest = std::max(largest, bits_of(values[i]) & 0x7fffffffu);
    if (largest >= 0x7f800000u) finite = false;
  });
  return finite;
}

TileScratch sign_rows(const TileKernels& kernels, const std::int32_t* bits, std::int64_t rows, int channels,
                      int repeats, int width, Team& team) {
  const auto stride = static_cast<std::size_t>(width);
  const std::size_t words = (static_cast<std::size_t>(channels) + 31) / 32;
  TileScratch made(static_cast<std::size_t>(rows) * stride);
  team.split(static_cast<std::size_t>(rows), kRowGrain, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      kernels.sign_row(bits + row * words, channels, repeats, made.data() + row * stride, width);
    }
  });
  return made;
}

// Cycles of one core. The other kernels, and all of the work by tiles but the product of two of them, were timed on a
// core with AVX-512 (Zen 4) at 16, 32 and 64 channels; to this come 16 cycles a product of two tiles, none hidden.

double float_cycles(int channels, int lanes) { return (channels + 2) * vectors_for(lanes); }
double table_cycles(int channels, int lanes) { return (0.26 * channels + 7) * vectors_for(lanes); }
double sign_outer_cycles(int channels, int lanes) { return (0.5 * channels + 11) * vectors_for(lanes); }

double product_cycles(const TileDepth& depth, int lanes) {
  const int tiles = tiles_for(lanes);
  return 4 + 6 * depth.x_steps() + 7 * tiles + 2 * depth.steps() * tiles;
}

double outer_cycles(int out_channels, int in_channels, int slices) {
  const int tiles = tiles_for(out_channels) * tiles_for(in_channels);
  return 8 + tiles_for(in_channels) + 5.5 * tiles + 3.0 * out_channels / slices;
}

bool takes_tiles(const TileChoice& choice, double by_tiles, double otherwise) {
  return choice.always || kMargin * by_tiles < otherwise;
}

}  // namespace bscnet
