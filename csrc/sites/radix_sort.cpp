#include "sites/radix_sort.h"

#include <array>

namespace bscnet {
namespace {

constexpr int kDigitBits = 11;
constexpr int kDigits = 1 << kDigitBits;

}  // namespace

void radix_sort(std::vector<std::uint64_t>& keys, std::vector<std::uint32_t>& rows, std::uint64_t differing) {
  const std::size_t n = keys.size();
  std::vector<std::uint64_t> other_keys(n);
  std::vector<std::uint32_t> other_rows(n);
  for (int shift = 0; shift < 64; shift += kDigitBits) {
    if ((differing >> shift & (kDigits - 1)) == 0) continue;
    std::array<std::uint32_t, kDigits> start{};
    for (std::uint64_t key : keys) ++start[key >> shift & (kDigits - 1)];
    std::uint32_t sum = 0;
    for (std::uint32_t& entry : start) {
      const std::uint32_t count = entry;
      entry = sum;
      sum += count;
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t at = start[keys[i] >> shift & (kDigits - 1)]++;
      other_keys[at] = keys[i];
      other_rows[at] = rows[i];
    }
    keys.swap(other_keys);
    rows.swap(other_rows);
  }
}

}  // namespace bscnet
