#pragma once

#include <cstddef>
#include <cstdint>

namespace bscnet {

struct OuterPairs;

// Products with signs. Four rows a, b, c, d of real values have 16 sums +-a +-b +-c +-d, which stand in a table; four
// signs, which are four neighbouring bits, choose one of them: one addition instead of four multiply-adds. Where the
// real values are signs too, all sums are whole numbers and exact.

/// Lanes that go through one table at most; others are 8 or 4.
constexpr int kSignLanes = 16;
/// Channels whose tables are made at a time, so that these stay in the first cache; whole words of bits.
constexpr int kTableChannels = 64;
/// Channels of two tables. Channels are filled up by rows of zeros to a multiple of these.
constexpr int kByteChannels = 8;
constexpr int kRowsOfTable = 4;
constexpr int kSumsOfTable = 16;

constexpr int table_channels(int channels) { return (channels + kByteChannels - 1) / kByteChannels * kByteChannels; }

/// The kernels of one CPU level for features that are signs: rows of words, bit c % 32 of word c // 32 set where
/// channel c is +1. A sum is a chain of additions in a fixed order, so all levels give the same bits.
struct SignKernels {
  /// The tables of table_channels(channels) rows, kRowsOfTable after the other: kSumsOfTable sums of `lanes` lanes
  /// each, bit r of a sum's number set where row r is added and not subtracted. lanes: 16, 8 or 4.
  void (*fill_tables)(const float* weight, std::size_t weight_stride, int channels, int lanes, float* tables);

  /// tile[to[i]] += the sums of the tables that row from[i] of bits chooses, for each pair, tables in order. Rows are
  /// `words` words apart, rows of the tile `lanes` floats.
  void (*add_chosen)(const std::int32_t* bits, std::size_t words, int channels, const float* tables, int lanes,
                     const std::int32_t* from, const std::uint8_t* to, int pairs, float* tile);

  /// sum[c] += +-dy[order[to[i]]] by channel c of row from[i] of bits, for each pair and each of `channels` rows of
  /// lanes, a multiple of kLaneStep: four pairs at a time, whose sums stand in a table. The sums start from 0 where
  /// they are fresh.
  void (*add_signed)(const std::int32_t* bits, int channels, const float* dy, std::size_t dy_stride, int lanes,
                     const OuterPairs& pairs, bool fresh, float* sum, std::size_t sum_stride);

  /// Signs of weight rows as bits: for each word of channels kSignLanes words, one a lane, bit c % 32 set where the
  /// lane's weight of channel c is +1. What is beyond the channels or the lanes is 0.
  void (*pack_weight)(const float* weight, std::size_t weight_stride, int channels, int lanes, std::uint32_t* words);

  /// tile[to[i]][lane] += bits in which row from[i] differs from the lane's words of the weight, for each pair. Rows of
  /// the tile are kSignLanes counts; lanes: 16, 8 or 4.
  void (*add_differing)(const std::int32_t* bits, std::size_t words, const std::uint32_t* weight, int lanes,
                        const std::int32_t* from, const std::uint8_t* to, int pairs, std::int32_t* tile);

  /// out[i] = terms - 2 * differing[i]: the sum of `terms` products of signs, so many of which are -1.
  void (*write_sums)(const std::int32_t* differing, int terms, int channels, float* out);
};

}  // namespace bscnet
