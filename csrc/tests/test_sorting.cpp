// Sorting against the library's: stable, whatever the keys, their number and that of the threads.
#include <algorithm>
#include <numeric>
#include <random>

#include "sites/sort_keys.h"
#include "tests/check.h"

namespace {

bool sorts(std::size_t count, std::uint64_t used_bits, int threads) {
  std::mt19937_64 random(count + used_bits);
  bscnet::Arena scratch;
  bscnet::Team team(threads);
  bscnet::SortKeys keys(count, scratch);
  std::vector<std::uint64_t> wanted(count);
  for (std::size_t i = 0; i < count; ++i) wanted[i] = keys.data()[i] = random() & used_bits;
  std::vector<std::uint32_t> rows(count), wanted_rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  std::iota(wanted_rows.begin(), wanted_rows.end(), 0u);
  std::stable_sort(wanted_rows.begin(), wanted_rows.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return wanted[a] < wanted[b]; });
  std::sort(wanted.begin(), wanted.end());
  keys.sort(rows, team);
  return rows == wanted_rows && std::equal(wanted.begin(), wanted.end(), keys.data());
}

}  // namespace

TEST(keys_of_any_kind_are_sorted_stably) {
  for (const std::uint64_t used_bits : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xffffff},
                                        std::uint64_t{0x7f00000000fff000}, ~std::uint64_t{0}}) {
    for (const std::size_t count : {1u, 2u, 5000u, 150000u}) {
      for (const int threads : {1, 2, 3}) CHECK(sorts(count, used_bits, threads));
    }
  }
}
