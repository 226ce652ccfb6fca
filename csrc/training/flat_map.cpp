#include "training/flat_map.h"

#include <algorithm>
#include <limits>
#include <string>

#include "model/error.h"
#include "training/kernels.h"

namespace bscnet {
namespace {

constexpr std::int64_t kHeaderWords = sizeof(MapHeader) / sizeof(std::int32_t);

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Fault::kBadInput, "the kernel map is damaged: " + what);
}

}  // namespace

std::int64_t map_words(std::int64_t out_rows, std::int64_t cells, std::int64_t blocks, std::int64_t pairs) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (out_rows > kMost || pairs > kMost || blocks * cells >= kMost) {
    throw Error(Fault::kNoMemory, "a kernel map of " + std::to_string(out_rows) + " rows and " + std::to_string(pairs) +
                                      " pairs is too large");
  }
  return kHeaderWords + blocks + 1 + out_rows + blocks * cells + 1 + pairs + (pairs + 3) / 4;
}

FlatMap::FlatMap(const std::int32_t* words, std::int64_t size) : header_(reinterpret_cast<const MapHeader*>(words)) {
  if (size < kHeaderWords) refuse("it has no header");
  const MapHeader& h = *header_;
  if (h.magic != MapHeader::kMagic || h.version != MapHeader::kVersion) refuse("it is no map of this version");
  const bool counts = h.out_rows >= 0 && h.in_rows >= 0 && h.cells >= 1 && h.cells <= 125 && h.blocks >= 0 &&
                      h.blocks <= h.out_rows && h.pairs >= 0;
  if (!counts) refuse("a count is out of range");
  if (size < map_words(h.out_rows, h.cells, h.blocks, h.pairs)) refuse("it is too short");
  begin_ = words + kHeaderWords;
  order_ = begin_ + h.blocks + 1;
  start_ = order_ + h.out_rows;
  from_ = start_ + static_cast<std::int64_t>(h.blocks) * h.cells + 1;
  to_ = reinterpret_cast<const std::uint8_t*>(from_ + h.pairs);
  if (begin_[0] != 0 || begin_[h.blocks] != h.out_rows) refuse("its blocks do not hold all rows");
}

MapBlock FlatMap::block(int index) const {
  const MapHeader& h = *header_;
  MapBlock block;
  const std::int64_t first = begin_[index];
  const std::int64_t rows = begin_[index + 1] - first;
  if (first < 0 || rows < 1 || rows > kBlockRows || first + rows > h.out_rows) refuse("a block has no place");
  block.rows = static_cast<int>(rows);
  block.order = order_ + first;
  block.start = start_ + static_cast<std::int64_t>(index) * h.cells;
  const TrainingKernels& kernels = training_kernels();
  if (kernels.largest_row(block.order, rows) >= static_cast<std::uint32_t>(h.out_rows)) {
    refuse("an output row is out of range");
  }
  if (block.start[0] < 0 || block.start[h.cells] > h.pairs) refuse("a list has no place");
  for (int cell = 0; cell < h.cells; ++cell) {
    const std::int64_t count = static_cast<std::int64_t>(block.start[cell + 1]) - block.start[cell];
    if (count < 0 || count > rows) refuse("a list has no place");
  }
  const std::int64_t pairs = block.start[h.cells] - block.start[0];
  if (pairs == 0) return block;
  if (kernels.largest_row(from_ + block.start[0], pairs) >= static_cast<std::uint32_t>(h.in_rows)) {
    refuse("an input row is out of range");
  }
  if (kernels.largest_place(to_ + block.start[0], pairs) >= rows) refuse("a place is out of its block");
  return block;
}

void FlatMap::count_pairs(std::int64_t* counts) const {
  std::fill_n(counts, cells(), 0);
  for (int index = 0; index < blocks(); ++index) {
    const MapBlock place = block(index);
    for (int cell = 0; cell < cells(); ++cell) counts[cell] += place.start[cell + 1] - place.start[cell];
  }
}

}  // namespace bscnet
