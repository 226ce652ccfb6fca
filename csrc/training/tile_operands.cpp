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

/// Whether a piece of numbers is what `good` says, for all pieces.
template <typename Good>
bool all_pieces(const float* values, std::size_t count, Team& team, const Good& good) {
  std::atomic<bool> all{true};
  team.split(count, kNumberGrain, [&](std::size_t begin, std::size_t end, int) {
    if (all.load(std::memory_order_relaxed) && !good(values + begin, end - begin)) all = false;
  });
  return all;
}

/// Tiles have to be predicted this much faster, since the prediction was never compared with a CPU that has them.
constexpr double kMargin = 1.3;

/// Vectors of 16 floats for lanes; two shorter ones take the time of one.
double vectors_for(int lanes) { return lanes / 16 + 0.5 * ((lanes % 16 >= 8) + (lanes % 8 > 0)); }

}  // namespace

bool are_signs(const float* values, std::size_t count, Team& team) {
  return all_pieces(values, count, team, [](const float* piece, std::size_t size) {
    std::uint32_t differing = 0;
    for (std::size_t i = 0; i < size; ++i) differing |= (bits_of(piece[i]) & 0x7fffffffu) ^ 0x3f800000u;
    return differing == 0;
  });
}

bool are_finite(const float* values, std::size_t count, Team& team) {
  return all_pieces(values, count, team, [](const float* piece, std::size_t size) {
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < size; ++i) largest = std::max(largest, bits_of(piece[i]) & 0x7fffffffu);
    return largest < 0x7f800000u;
  });
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

// Cycles of one core. Floats, and all of the work by tiles but the product of two of them, were timed on a core with
// AVX-512 (Zen 4) at 16, 32 and 64 channels; to this come 16 cycles a product of two tiles, as if none were hidden.

double float_cycles(int channels, int lanes) { return (channels + 2) * vectors_for(lanes); }

double product_cycles(const TileDepth& depth, int lanes) {
  const int tiles = tiles_for(lanes);
  return 4 + 6 * depth.x_steps() + 7 * tiles + 2 * depth.steps() * tiles;
}

double outer_cycles(int out_channels, int in_channels, int slices) {
  const int tiles = tiles_for(out_channels) * tiles_for(in_channels);
  return 8 + tiles_for(in_channels) + 5.5 * tiles + 3.0 * out_channels / slices;
}

bool takes_tiles(const TileChoice& choice, double tile_cycles, double float_cycles) {
  return choice.always || kMargin * tile_cycles < float_cycles;
}

}  // namespace bscnet
