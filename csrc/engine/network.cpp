#include "engine/network.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/lifetimes.h"
#include "engine/packed.h"
#include "engine/run.h"
#include "engine/schedule.h"
#include "engine/windows.h"
#include "kernels/dispatch.h"
#include "memory/arena.h"
#include "model/error.h"
#include "sites/ordering.h"
#include "sites/pyramid.h"
#include "threads/team.h"

namespace bscnet {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Reach of each level's submanifold convolutions, in voxels.
std::vector<int> halo_of(const std::vector<LevelWindows>& windows) {
  std::vector<int> halo;
  for (const LevelWindows& level : windows) halo.push_back(level.shift_cells.empty() ? 0 : level.shifted() ? 2 : 1);
  return halo;
}

void check_feats(std::int64_t sites, int channels, const float* feats) {
  const auto count = static_cast<std::size_t>(sites) * static_cast<std::size_t>(channels);
  // All exponent bits set: NaN or infinite. One pass without branches finds whether there is any.
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t word;
    std::memcpy(&word, feats + i, sizeof word);
    bad |= static_cast<std::uint32_t>((word & 0x7f800000u) == 0x7f800000u);
  }
  if (bad == 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(feats[i])) {
      const auto width = static_cast<std::size_t>(channels);
      throw Error(Fault::kBadInput, "feats hold NaN or infinite values, the first in row " + std::to_string(i / width) +
                                        ", channel " + std::to_string(i % width));
    }
  }
}

}  // namespace

struct Network::Packed {
  Program program;
  const Kernels& kernels;
  std::vector<PackedInstruction> instructions;
  std::vector<LevelWindows> windows;
  std::vector<Task> schedule;  ///< of a run
  Lifetimes lifetimes;
  std::vector<Task> traced_schedule;  ///< of a run that shows every value
  Lifetimes traced_lifetimes;

  mutable std::mutex mutex;  ///< of what follows
  std::size_t most_idle_bytes = kMostIdleBytes;
  mutable std::unique_ptr<Arena> idle;

  explicit Packed(Program from)
      : program(std::move(from)),
        kernels(chosen_kernels()),
        windows(windows_of(program)),
        schedule(fused_schedule(program)),
        lifetimes(program, schedule),
        traced_schedule(plain_schedule(program)),
        traced_lifetimes(program, traced_schedule) {
    for (Instruction& instruction : program.instructions) {
      instructions.push_back(pack_instruction(instruction, program, windows));
      // The kernels' copies serve from here on.
      if (auto* conv = std::get_if<ConvolutionOp>(&instruction.kind)) {
        std::vector<std::uint8_t>().swap(conv->sign_weight);
        std::vector<float>().swap(conv->real_weight);
      }
    }
  }

  std::unique_ptr<Arena> take_arena() const {
    const std::lock_guard<std::mutex> lock(mutex);
    return idle != nullptr ? std::move(idle) : std::make_unique<Arena>();
  }

  /// Of what runs at the same time leave behind, the largest stays.
  void keep(std::unique_ptr<Arena> arena) const {
    const std::lock_guard<std::mutex> lock(mutex);
    if (arena->bytes() > most_idle_bytes) return;
    if (idle == nullptr || idle->bytes() < arena->bytes()) idle = std::move(arena);
  }

  void keep_at_most(std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex);
    most_idle_bytes = bytes;
    if (idle != nullptr && idle->bytes() > bytes) idle.reset();
  }

  void run(std::int64_t sites, const std::int32_t* coords, const float* feats, int threads, float* logits,
           const std::function<void(const Visit&)>* visit, Times* times) const;
};

void Network::Packed::run(std::int64_t sites, const std::int32_t* coords, const float* feats, int threads,
                          float* logits, const std::function<void(const Visit&)>* visit, Times* times) const {
  check_threads(threads);
  if (sites < 0 || sites > std::numeric_limits<std::int32_t>::max()) {
    throw Error(Fault::kBadInput, std::to_string(sites) + " sites; allowed are 0 to 2147483647");
  }
  if (times != nullptr) *times = Times{};
  if (sites == 0) return;
  const Clock::time_point begin = Clock::now();
  check_feats(sites, program.in_channels, feats);
  Team team(threads);
  const Clock::time_point before_maps = Clock::now();
  std::unique_ptr<Arena> arena = take_arena();
  const Pyramid pyramid(order_sites(sites, coords, program.levels, team, *arena), halo_of(windows), team, *arena);
  const bool traced = visit != nullptr;
  Run run({program, traced ? traced_schedule : schedule, traced ? traced_lifetimes : lifetimes, windows, instructions},
          kernels, pyramid, team, *arena);
  const double maps = seconds_since(before_maps);
  run.load(feats);
  run.execute(logits, visit, times);
  if (times != nullptr) {
    times->kernel_maps = maps;
    times->workspace_bytes = static_cast<std::int64_t>(arena->bytes() + pyramid.bytes());
    times->rest = seconds_since(begin) - maps - times->bit_convolutions - times->real_parts;
  }
  keep(std::move(arena));
}

Network::Network(Program program) : packed_(std::make_unique<Packed>(std::move(program))) {}

Network::~Network() = default;

const Program& Network::program() const { return packed_->program; }

void Network::keep_at_most(std::size_t bytes) { packed_->keep_at_most(bytes); }

void Network::run(std::int64_t sites, const std::int32_t* coords, const float* feats, int threads, float* logits,
                  Times* times) const {
  packed_->run(sites, coords, feats, threads, logits, nullptr, times);
}

void Network::trace(std::int64_t sites, const std::int32_t* coords, const float* feats, int threads,
                    const std::function<void(const Visit&)>& visit) const {
  packed_->run(sites, coords, feats, threads, nullptr, &visit, nullptr);
}

}  // namespace bscnet
