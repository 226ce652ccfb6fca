#include "sites/sort_keys.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bscnet {
namespace {

constexpr int kDigitBits = 11;
constexpr int kDigits = 1 << kDigitBits;

}  // namespace

SortKeys::SortKeys(std::size_t count, Arena& scratch) : count_(count) {
  constexpr std::size_t kBytes = 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t);
  keys_ = reinterpret_cast<std::uint64_t*>(scratch.reserve(count * kBytes));
  spare_keys_ = keys_ + count;
  spare_rows_ = reinterpret_cast<std::uint32_t*>(spare_keys_ + count);
}

std::uint64_t SortKeys::differing_bits() const {
  std::uint64_t differing = 0;
  for (std::size_t i = 1; i < count_; ++i) differing |= keys_[i] ^ keys_[0];
  return differing;
}

void SortKeys::sort(std::vector<std::uint32_t>& rows) {
  const std::uint64_t differing = differing_bits();
  std::uint32_t* from_rows = rows.data();
  std::uint32_t* to_rows = spare_rows_;
  for (int shift = 0; shift < 64; shift += kDigitBits) {
    if ((differing >> shift & (kDigits - 1)) == 0) continue;
    std::array<std::uint32_t, kDigits> start{};
    for (std::size_t i = 0; i < count_; ++i) ++start[keys_[i] >> shift & (kDigits - 1)];
    std::uint32_t sum = 0;
    for (std::uint32_t& entry : start) {
      const std::uint32_t size = entry;
      entry = sum;
      sum += size;
    }
    for (std::size_t i = 0; i < count_; ++i) {
      const std::uint32_t at = start[keys_[i] >> shift & (kDigits - 1)]++;
      spare_keys_[at] = keys_[i];
      to_rows[at] = from_rows[i];
    }
    std::swap(keys_, spare_keys_);
    std::swap(from_rows, to_rows);
  }
  if (from_rows != rows.data()) std::copy_n(from_rows, count_, rows.data());
}

}  // namespace bscnet
