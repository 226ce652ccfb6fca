#pragma once

#include <cstdint>
#include <vector>

namespace bscnet {

/// Sorts rows by their keys, stably: least significant digit first, over the digits in which keys differ. `differing`
/// has a bit set wherever two keys differ.
void radix_sort(std::vector<std::uint64_t>& keys, std::vector<std::uint32_t>& rows, std::uint64_t differing);

}  // namespace bscnet
