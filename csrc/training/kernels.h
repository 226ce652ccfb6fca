#pragma once

#include <cstddef>
#include <cstdint>

#include "training/elementwise_kernels.h"
#include "training/flat_map.h"
#include "training/sign_kernels.h"

namespace bscnet {

/// Rows and channels of an array at most.
constexpr std::int64_t kMostRows = 0x7fffffff;
constexpr int kMostChannels = 1 << 16;

/// Lanes come in multiples of this many, so that the shortest vectors end with a row.
constexpr int kLaneStep = 4;
constexpr int padded_lanes(int channels) { return (channels + kLaneStep - 1) / kLaneStep * kLaneStep; }

/// Row of a tile behind those of a block: what is added to it is not read.
constexpr int kSpareRow = kBlockRows;

/// Pairs of a list whose output rows are order[to[i]].
struct OuterPairs {
  const std::int32_t* from;
  const std::uint8_t* to;
  const std::int32_t* order;
  int count;
};

/// The kernels of training of one CPU level. A sum is a chain of fused multiply-adds in a fixed order, so all levels
/// give the same bits.
struct TrainingKernels {
  const char* name;

  /// tile[to[i]] += W^T x[from[i]] for each pair, channels in order.
  /// x: rows of `channels` floats, x_stride apart; weight: `channels` rows of lanes, weight_stride apart; lanes a
  /// multiple of kLaneStep; the tile has kSpareRow + 1 rows.
  void (*add_products)(const float* x, std::size_t x_stride, int channels, const float* weight,
                       std::size_t weight_stride, int lanes, const std::int32_t* from, const std::uint8_t* to,
                       int pairs, float* tile, std::size_t tile_stride);

  /// sum[r] += x[from[i]][r] * dy[order[to[i]]] for each pair of each list in order and each of `rows` rows of lanes;
  /// the sums start from 0 where they are fresh.
  void (*add_outer)(const float* x, std::size_t x_stride, int rows, const float* dy, std::size_t dy_stride, int lanes,
                    const OuterPairs* lists, int count, bool fresh, float* sum, std::size_t sum_stride);

  /// The same with x along the lanes: sum[r] += dy[order[to[i]]][r] * x[from[i]].
  void (*add_outer_by_input)(const float* x, std::size_t x_stride, int lanes, const float* dy, std::size_t dy_stride,
                             int rows, const OuterPairs* lists, int count, bool fresh, float* sum,
                             std::size_t sum_stride);

  /// to[c][r] = from[r][c] for c up to `columns`, and zeros where r is from `rows` up to `lanes`; rows of `to` are of
  /// `lanes` floats.
  void (*transpose)(const float* from, std::size_t from_stride, int rows, int columns, float* to, int lanes);

  /// to[to_row[i]] = from[i] for each of `rows` rows of channels.
  void (*scatter_rows)(const float* from, std::size_t from_stride, const std::int32_t* to_row, int rows, int channels,
                       float* to, std::size_t to_stride);

  /// +-1 for each bit of a row of words, bit c % 32 of word c // 32.
  void (*expand_signs)(const std::int32_t* words, int channels, float* out);

  /// The largest of rows and of places, 0 of none; negative rows count as large ones.
  std::uint32_t (*largest_row)(const std::int32_t* rows, std::int64_t count);
  std::uint8_t (*largest_place)(const std::uint8_t* places, std::int64_t count);

  const ElementwiseKernels* elementwise;
  const SignKernels* signs;
};

extern const TrainingKernels kScalarTraining;
#if defined(__x86_64__)
extern const TrainingKernels kAvx2Training;
extern const TrainingKernels kAvx512Training;
#endif
#if defined(__aarch64__)
extern const TrainingKernels kNeonTraining;
#endif

/// The kernels of the level that chosen_kernels() takes.
const TrainingKernels& training_kernels();

}  // namespace bscnet
