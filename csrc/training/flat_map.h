#pragma once

#include <cstddef>
#include <cstdint>

namespace bscnet {

/// Output rows of a block of a kernel map at most: places in a block are bytes, and a block's sums stay in the cache.
constexpr int kBlockRows = 128;

/// The start of a kernel map in the caller's memory. A map is one piece of 32-bit words without pointers, so that it
/// can be copied, saved and sent to another process:
///
///   header
///   begin  (blocks + 1)          first place of each block in `order`
///   order  (out_rows)            output row at each place
///   start  (blocks * cells + 1)  first pair of each block and cell
///   from   (pairs)               input row
///   to     (pairs, bytes)        place of the output row in its block
///
/// Pairs of a block and cell stand in the order of their places.
struct MapHeader {
  static constexpr std::int32_t kMagic = 0x6d637362;  // "bscm"
  static constexpr std::int32_t kVersion = 1;

  std::int32_t magic;
  std::int32_t version;
  std::int32_t out_rows;
  std::int32_t in_rows;
  std::int32_t cells;
  std::int32_t blocks;
  std::int32_t pairs;
  std::int32_t reserved[9];
};
static_assert(sizeof(MapHeader) == 64, "the header is a line of cache");

/// Words of a map with these counts. Throws Error (kNoMemory) where they do not fit.
std::int64_t map_words(std::int64_t out_rows, std::int64_t cells, std::int64_t blocks, std::int64_t pairs);

/// One block of a map.
struct MapBlock {
  int rows = 0;
  const std::int32_t* order = nullptr;  ///< (rows,) output row of each place
  const std::int32_t* start = nullptr;  ///< (cells + 1,) into from and to
};

/// Pairs of one cell of a block.
struct PairList {
  const std::int32_t* from = nullptr;
  const std::uint8_t* to = nullptr;
  int count = 0;
};

/// A map that was given as words. The header is checked at once, every block when it is taken, so that no words,
/// whoever wrote them, lead out of the arrays.
class FlatMap {
 public:
  FlatMap(const std::int32_t* words, std::int64_t size);

  int out_rows() const { return header_->out_rows; }
  int in_rows() const { return header_->in_rows; }
  int cells() const { return header_->cells; }
  int blocks() const { return header_->blocks; }
  /// Of the cells of a row, the share that leads somewhere.
  double mean_share() const {
    const double places = static_cast<double>(header_->out_rows) * header_->cells;
    return places == 0 ? 0 : header_->pairs / places;
  }

  /// Throws Error (kBadInput) where the block holds a row or a place that is none.
  MapBlock block(int index) const;
  PairList pairs(const MapBlock& block, int cell) const {
    return {from_ + block.start[cell], to_ + block.start[cell], block.start[cell + 1] - block.start[cell]};
  }
  /// Pairs of each cell into counts (cells,).
  void count_pairs(std::int64_t* counts) const;

 private:
  const MapHeader* header_;
  const std::int32_t* begin_;
  const std::int32_t* order_;
  const std::int32_t* start_;
  const std::int32_t* from_;
  const std::uint8_t* to_;
};

}  // namespace bscnet
