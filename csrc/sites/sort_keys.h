#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory/arena.h"
#include "threads/team.h"

namespace bscnet {

/// Keys to sort rows by. They lie in an arena, with what sorting needs beside them.
class SortKeys {
 public:
  SortKeys(std::size_t count, Arena& scratch);

  std::size_t size() const { return count_; }
  std::uint64_t* data() { return keys_; }

  /// Sorts rows and keys by the keys, stably: least significant digit first, over the digits in which keys differ.
  void sort(std::vector<std::uint32_t>& rows, Team& team);

 private:
  std::uint64_t differing_bits(Team& team) const;

  std::size_t count_;
  std::uint64_t* keys_;
  std::uint64_t* spare_keys_;
  std::uint32_t* spare_rows_;
};

}  // namespace bscnet
