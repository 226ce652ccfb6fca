#include "sites/sort_keys.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace bscnet {
namespace {

// Digits are as narrow as the number of passes allows: the fewer places keys go to, the better these fit the caches.
constexpr int kMostDigitBits = 11;
// Fewer keys are sorted sooner than a second thread is awake and has been waited for.
constexpr std::size_t kLeastPart = 1 << 16;

}  // namespace

SortKeys::SortKeys(std::size_t count, Arena& scratch) : count_(count) {
  constexpr std::uint64_t kBytes = 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t);
  keys_ = reinterpret_cast<std::uint64_t*>(scratch.reserve(count * kBytes));
  spare_keys_ = keys_ + count;
  spare_rows_ = reinterpret_cast<std::uint32_t*>(spare_keys_ + count);
}

std::uint64_t SortKeys::differing_bits(Team& team) const {
  std::atomic<std::uint64_t> differing{0};
  team.split(count_, kLeastPart, [&](std::size_t begin, std::size_t end, int) {
    std::uint64_t found = 0;
    for (std::size_t i = begin; i < end; ++i) found |= keys_[i] ^ keys_[0];
    differing.fetch_or(found, std::memory_order_relaxed);
  });
  return differing;
}

void SortKeys::sort(std::vector<std::uint32_t>& rows, Team& team) {
  const std::uint64_t differing = differing_bits(team);
  if (differing == 0) return;
  const int low = __builtin_ctzll(differing);
  const int span = 64 - __builtin_clzll(differing) - low;
  const int passes = (span + kMostDigitBits - 1) / kMostDigitBits;
  const int digit_bits = (span + passes - 1) / passes;
  const std::size_t digits = std::size_t{1} << digit_bits;
  // Each part of the keys counts its digits, then puts its keys behind those of the parts before it.
  const auto members = static_cast<std::size_t>(team.size());
  const std::size_t part = std::max(kLeastPart, (count_ + members - 1) / members);
  const std::size_t parts = (count_ + part - 1) / part;
  std::vector<std::uint32_t> places(parts * digits);
  std::uint32_t* from_rows = rows.data();
  std::uint32_t* to_rows = spare_rows_;
  for (int shift = low; shift < low + span; shift += digit_bits) {
    if ((differing >> shift & (digits - 1)) == 0) continue;
    std::fill(places.begin(), places.end(), 0u);
    team.split(count_, part, [&](std::size_t begin, std::size_t end, int) {
      std::uint32_t* place = places.data() + begin / part * digits;
      for (std::size_t i = begin; i < end; ++i) ++place[keys_[i] >> shift & (digits - 1)];
    });
    std::uint32_t sum = 0;
    for (std::size_t digit = 0; digit < digits; ++digit) {
      for (std::size_t which = 0; which < parts; ++which) {
        std::uint32_t& place = places[which * digits + digit];
        const std::uint32_t size = place;
        place = sum;
        sum += size;
      }
    }
    team.split(count_, part, [&](std::size_t begin, std::size_t end, int) {
      std::uint32_t* place = places.data() + begin / part * digits;
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint32_t at = place[keys_[i] >> shift & (digits - 1)]++;
        spare_keys_[at] = keys_[i];
        to_rows[at] = from_rows[i];
      }
    });
    std::swap(keys_, spare_keys_);
    std::swap(from_rows, to_rows);
  }
  if (from_rows != rows.data()) std::copy_n(from_rows, count_, rows.data());
}

}  // namespace bscnet
