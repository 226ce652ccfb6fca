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

/// Measured on other machines: a core adds up 1.7 vectors of products a cycle. The other figures are counts of
/// instructions, and of 16 cycles that a product of two tiles takes; no whole convolution by tiles has been timed yet.
constexpr double kVectorsPerCycle = 1.7;
constexpr double kMargin = 1.3;

int vectors_for(int lanes) { return lanes / 16 + (lanes % 16 > 8) + (lanes % 16 > 0); }

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

double float_cycles(int channels, int lanes) {
  const int vectors = vectors_for(lanes);
  return channels * vectors / kVectorsPerCycle + 2 * vectors;
}

double product_cycles(const TileDepth& depth, int lanes) {
  return depth.steps() * tiles_for(lanes) + 2 * depth.x_steps() + 3 * tiles_for(lanes);
}

double outer_cycles(int out_channels, int in_channels, int slices) {
  const double turned = 3.0 * out_channels / slices;
  const double tiles = static_cast<double>(tiles_for(out_channels)) * tiles_for(in_channels);
  return turned + tiles * (0.5 * kRealParts + 0.25) + 2 * tiles_for(in_channels);
}

bool takes_tiles(const TileChoice& choice, double tile_cycles, double float_cycles) {
  return choice.always || kMargin * tile_cycles < float_cycles;
}

}  // namespace bscnet
