#include "sites/brick_index.h"

#include "sites/morton.h"
#include "sites/ordering.h"

namespace bscnet {
namespace {

// Half of the slots stay free, so that probes are short.
constexpr std::size_t kSlotsPerBrick = 2;

std::uint64_t scatter(std::uint64_t key) { return key * 0x9e3779b97f4a7c15ULL; }

}  // namespace

BrickIndex::BrickIndex(const std::vector<std::uint64_t>& keys, int level)
    : keys_(keys), axis_bits_(kAxisBits - 2 - level) {
  int bits = 4;
  while ((std::size_t{1} << bits) < kSlotsPerBrick * keys.size()) ++bits;
  shift_ = 64 - bits;
  slots_.assign(std::size_t{1} << bits, kAbsent);
  const std::size_t last = slots_.size() - 1;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t slot = scatter(keys[i]) >> shift_;
    while (slots_[slot] != kAbsent) slot = (slot + 1) & last;
    slots_[slot] = static_cast<std::uint32_t>(i);
  }
}

std::uint32_t BrickIndex::find(std::uint64_t key) const {
  const std::size_t last = slots_.size() - 1;
  std::size_t slot = scatter(key) >> shift_;
  while (slots_[slot] != kAbsent && keys_[slots_[slot]] != key) slot = (slot + 1) & last;
  return slots_[slot];
}

void BrickIndex::find_around(std::uint64_t key, std::uint32_t* found) const {
  const int code_bits = 3 * axis_bits_;
  const std::uint64_t batch = key >> code_bits << code_bits;
  const std::array<std::uint32_t, 3> axes = morton_axes(key ^ batch);
  const std::uint32_t limit = std::uint32_t{1} << axis_bits_;
  std::uint64_t code[3][3];
  bool inside[3][3];
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::uint32_t step = 0; step < 3; ++step) {
      const std::uint32_t at = axes[a] + step - 1;  // wraps below 0, which is then beyond the limit
      inside[a][step] = at < limit;
      code[a][step] = spread_bits(at) << a;
    }
  }
  for (int z = 0; z < 3; ++z) {
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 3; ++x, ++found) {
        const bool exists = inside[0][x] && inside[1][y] && inside[2][z];
        *found = exists ? find(batch | code[0][x] | code[1][y] | code[2][z]) : kAbsent;
      }
    }
  }
}

}  // namespace bscnet
