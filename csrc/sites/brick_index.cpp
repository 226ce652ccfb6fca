#include "sites/brick_index.h"

#include <algorithm>

#include "sites/morton.h"
#include "sites/ordering.h"

namespace bscnet {
namespace {

// A grid costs a look-up less than a hash table does, as long as clearing it is cheap.
constexpr std::size_t kGridSlotsPerBrick = 64;
// Half of the hash table stays free, so that probes are short.
constexpr std::size_t kHashSlotsPerBrick = 2;

std::uint64_t scatter(std::uint64_t key) { return key * 0x9e3779b97f4a7c15ULL; }

}  // namespace

BrickIndex::BrickIndex(const std::vector<std::uint64_t>& keys, int level)
    : keys_(keys), axis_bits_(kAxisBits - 2 - level) {
  is_grid_ = make_grid();
  if (!is_grid_) make_hash();
}

BrickIndex::Axes BrickIndex::axes_of(std::uint64_t key) const {
  return morton_axes(key & ((std::uint64_t{1} << (3 * axis_bits_)) - 1));
}

bool BrickIndex::make_grid() {
  Axes high{};
  low_ = {kAbsent, kAbsent, kAbsent};
  for (std::uint64_t key : keys_) {
    const Axes axes = axes_of(key);
    for (std::size_t a = 0; a < 3; ++a) {
      low_[a] = std::min(low_[a], axes[a]);
      high[a] = std::max(high[a], axes[a]);
    }
  }
  first_batch_ = batch_of(keys_.front());
  std::uint64_t slots = 1;  // a wide scene's do not fit 32 bits
  for (std::size_t a = 0; a < 3; ++a) {
    step_[a] = static_cast<std::size_t>(slots);
    slots *= high[a] - low_[a] + 3;  // one more on either side
    --low_[a];                       // may wrap below 0, as the differences to it do
  }
  batch_step_ = static_cast<std::size_t>(slots);
  slots *= batch_of(keys_.back()) - first_batch_ + 1;
  if (slots > kGridSlotsPerBrick * keys_.size()) return false;
  slots_.assign(static_cast<std::size_t>(slots), kAbsent);
  for (std::size_t i = 0; i < keys_.size(); ++i) slots_[grid_slot(keys_[i])] = static_cast<std::uint32_t>(i);
  return true;
}

std::size_t BrickIndex::grid_slot(std::uint64_t key) const {
  const Axes axes = axes_of(key);
  std::size_t slot = static_cast<std::size_t>(batch_of(key) - first_batch_) * batch_step_;
  for (std::size_t a = 0; a < 3; ++a) slot += (axes[a] - low_[a]) * step_[a];
  return slot;
}

void BrickIndex::make_hash() {
  int bits = 4;
  while ((std::size_t{1} << bits) < kHashSlotsPerBrick * keys_.size()) ++bits;
  shift_ = 64 - bits;
  slots_.assign(std::size_t{1} << bits, kAbsent);
  const std::size_t last = slots_.size() - 1;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    auto slot = static_cast<std::size_t>(scatter(keys_[i]) >> shift_);
    while (slots_[slot] != kAbsent) slot = (slot + 1) & last;
    slots_[slot] = static_cast<std::uint32_t>(i);
  }
}

std::uint32_t BrickIndex::hashed(std::uint64_t key) const {
  const std::size_t last = slots_.size() - 1;
  auto slot = static_cast<std::size_t>(scatter(key) >> shift_);
  while (slots_[slot] != kAbsent && keys_[slots_[slot]] != key) slot = (slot + 1) & last;
  return slots_[slot];
}

void BrickIndex::find_around(std::uint64_t key, std::uint32_t* found) const {
  if (is_grid_) {
    const std::uint32_t* middle = slots_.data() + grid_slot(key);
    for (std::size_t z = 0; z < 3; ++z) {
      for (std::size_t y = 0; y < 3; ++y, found += 3) {
        const std::uint32_t* row = middle + z * step_[2] + y * step_[1] - step_[2] - step_[1] - 1;
        for (std::size_t x = 0; x < 3; ++x) found[x] = row[x];
      }
    }
    return;
  }
  const std::uint64_t batch = batch_of(key) << (3 * axis_bits_);
  const Axes axes = axes_of(key);
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
        *found = exists ? hashed(batch | code[0][x] | code[1][y] | code[2][z]) : kAbsent;
      }
    }
  }
}

}  // namespace bscnet
