#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "model/program.h"

namespace bscnet {

constexpr std::size_t kMostIdleBytes = std::size_t{512} << 20;

/// Where the time of a run went, in seconds, and the most memory the engine held at once.
struct Times {
  double kernel_maps = 0;
  double bit_convolutions = 0;
  double real_parts = 0;
  double rest = 0;
  std::int64_t workspace_bytes = 0;
};

/// A value (or a bit convolution's integer sums) as it was computed; rows are in the engine's own order.
struct Visit {
  enum class What { kReal = 0, kBits = 1, kSums = 2 };
  int instruction;
  What what;
  int value;
  int level;
  std::int64_t rows;
  int channels;
  const std::int32_t* coords;  ///< (rows, 4)
  const float* data;           ///< (rows, channels)
};

/// A program with its weights laid out for the kernels of the CPU at hand. Any number of threads may run it at once.
class Network {
 public:
  /// Throws Error where BSCNET_IMPLEMENTATION names kernels that this CPU cannot run.
  explicit Network(Program program);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  const Program& program() const;

  /// Working memory up to so many bytes stays for the next run, kMostIdleBytes at first; more goes back to the system.
  void keep_at_most(std::size_t bytes);

  /// coords: (sites, 4) batch, x, y, z; feats: (sites, in_channels); logits: (sites, num_classes), row order of coords.
  /// threads: 0 takes all. times may be null. Throws Error for arrays it refuses. The result depends neither on the
  /// number of threads nor on the order of the sites.
  void run(std::int64_t sites, const std::int32_t* coords, const float* feats, int threads, float* logits,
           Times* times) const;

  /// The same, showing every value to `visit` once it is there.
  void trace(std::int64_t sites, const std::int32_t* coords, const float* feats, int threads,
             const std::function<void(const Visit&)>& visit) const;

 private:
  struct Packed;
  std::unique_ptr<Packed> packed_;
};

}  // namespace bscnet
