// Sorting against the library's: stable, whatever the keys, their number and that of the threads.
#include <algorithm>
#include <numeric>
#include <random>

#include "sites/sort_keys.h"
#include "tests/check.h"

namespace {

void check_sorting(std::size_t count, std::uint64_t used_bits) {
  std::mt19937_64 random(count + used_bits);
  std::vector<std::uint64_t> given(count), wanted;
  for (std::uint64_t& key : given) key = random() & used_bits;
  std::vector<std::uint32_t> in_order(count), wanted_rows;
  std::iota(in_order.begin(), in_order.end(), 0u);
  wanted_rows = in_order;
  std::stable_sort(wanted_rows.begin(), wanted_rows.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return given[a] < given[b]; });
  for (const std::uint32_t row : wanted_rows) wanted.push_back(given[row]);
  for (const int threads : {1, 2, 3}) {
    bscnet::Arena scratch;
    bscnet::Team team(threads);
    bscnet::SortKeys keys(count, scratch);
    std::copy(given.begin(), given.end(), keys.data());
    std::vector<std::uint32_t> rows = in_order;
    keys.sort(rows, team);
    CHECK(rows == wanted_rows && std::equal(wanted.begin(), wanted.end(), keys.data()));
  }
}

}  // namespace

TEST(keys_of_any_kind_are_sorted_stably) {
  for (const std::uint64_t used_bits : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xffffff},
                                        std::uint64_t{0x7f00000000fff000}, ~std::uint64_t{0}}) {
    // The last is more than two of the parts that threads are given.
    for (const std::size_t count : {1u, 2u, 5000u, 135000u}) check_sorting(count, used_bits);
  }
}
