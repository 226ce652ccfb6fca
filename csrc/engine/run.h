#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/lifetimes.h"
#include "engine/network.h"
#include "engine/packed.h"
#include "engine/schedule.h"
#include "engine/windows.h"
#include "memory/arena.h"
#include "memory/plan.h"
#include "sites/pyramid.h"
#include "threads/team.h"

namespace bscnet {

// Pieces a thread takes at a time: small enough to share out the few bricks of a coarse level, at most some hundred
// sites.
constexpr std::size_t kBricksAtOnce = 32;
constexpr std::size_t kPiecesPerThread = 4;

inline std::size_t grain_of(std::size_t count, int threads) {
  const std::size_t pieces = static_cast<std::size_t>(threads) * kPiecesPerThread;
  return std::min(kBricksAtOnce, std::max<std::size_t>(1, count / pieces));
}

/// Floats from one row of a tile to the next. Lanes of the last channel group may reach beyond the padded channels.
inline std::size_t tile_stride(int channels) {
  return static_cast<std::size_t>(padded_channels(channels) + kTileChannels);
}

/// A program, what follows from it, and its arrays in the kernels' layout.
struct PreparedProgram {
  const Program& program;
  const std::vector<Task>& schedule;
  const Lifetimes& lifetimes;  ///< of the schedule
  const std::vector<LevelWindows>& windows;
  const std::vector<PackedInstruction>& packed;
};

/// One pass of a program over one batch.
class Run {
 public:
  Run(const PreparedProgram& prepared, const Kernels& kernels, const Pyramid& pyramid, Team& team, Arena& arena);

  /// feats: (sites, in_channels) in the caller's order.
  void load(const float* feats);
  /// Executes all tasks. visit and times may be null.
  /// logits: (sites, num_classes) in the caller's order; null: they are not wanted.
  void execute(float* logits, const std::function<void(const Visit&)>* visit, Times* times);

 private:
  /// Scratch of one thread.
  struct Scratch {
    float* tile;
    float* rows;  ///< as many rows of a value, for what is not written
    std::uint8_t* block;
    float* real_block;
    std::uint32_t* block_rows;
  };
  /// A task with everything that this batch adds to it.
  struct Job {
    const Task* task;
    const Instruction* instruction;
    const ConvolutionOp* convolution;  ///< null where it is none
    const PackedInstruction* packed;
    int level_index;  ///< of the output
    const Level* level;
    int channels;
    std::size_t stride;  ///< of a tile
    std::vector<StepView> steps;
    Finish finish;
  };

  /// A piece of the arena.
  struct Watched {
    Need need;
    const std::uint8_t* memory;
  };

  Job prepare(const Task& task);
  SignsView signs_view(const SignsOut& signs, int channels) const;
  void perform(const Job& job);
  /// Output transform of a tile.
  void finish(const Job& job, std::size_t first, int rows, const Scratch& scratch) const;
  void convolve_bits(const Job& job, const BitConv& conv);
  void convolve_reals(const Job& job);
  void binarize(const Job& job);
  void map(const Job& job);
  void concatenate(const Job& job);
  void pool(const Job& job);
  void pool_rows(const Instruction& pooling, const Level& level, std::size_t first, int rows, float* out) const;

  /// Source row and cells of `rows` rows from `first` on, for an operator that reads consecutive rows.
  void sources(const Job& job, std::size_t first, int rows, std::uint32_t* source, std::uint8_t* cells) const;
  BrickView brick_view(int level, std::size_t brick, std::uint16_t* cells) const;
  /// Calls work(first row, rows, scratch) for each tile of so many rows.
  template <typename Work>
  void over_rows(std::size_t rows, const Work& work);
  /// Calls work(view, first row, scratch) for each brick of a level.
  template <typename Work>
  void over_bricks(int level, const Work& work);

  void show(const Job& job, const std::function<void(const Visit&)>& visit);
  void show_sums(const Job& job, const std::function<void(const Visit&)>& visit);
  const std::vector<std::int32_t>& coords(int level);

  const Value& value(int id) const { return program_.values[static_cast<std::size_t>(id)]; }
  const Level& level_of(int id) const { return pyramid_.level(value(id).level); }
  std::uint8_t* memory(int id) const { return memory_[static_cast<std::size_t>(id)]; }
  float* real(int id) const { return reinterpret_cast<float*>(memory(id)); }
  Half* halves(int id) const { return reinterpret_cast<Half*>(memory(id)); }
  Reals reals(int id) const { return value(id).half ? Reals{nullptr, halves(id)} : Reals{real(id), nullptr}; }
  /// Rows of a real value as float32: where they lie, or widened into `scratch`, which has room for a tile.
  const float* rows_of(int id, std::size_t first, int rows, float* scratch) const;
  std::uint64_t bytes_of(int id) const;
  /// Places all values and the scratch of all threads in the arena.
  void lay_out(Arena& arena);
  void unload(float* logits);
  /// Fills the windows of all levels.
  void find_windows();
  /// Tell AddressSanitizer what task `index` may touch, and what is dead behind it.
  void begin_task(int index) const;
  void end_task(int index) const;

  const Program& program_;
  const std::vector<Task>& schedule_;
  const Lifetimes& lifetimes_;
  const std::vector<LevelWindows>& windows_;
  const std::vector<PackedInstruction>& packed_;
  const Kernels& kernels_;
  const Pyramid& pyramid_;
  Team& team_;
  std::vector<std::uint8_t*> memory_;    ///< of each value
  std::vector<std::uint32_t*> present_;  ///< of each level: (windows, sites), see BrickView::window
  float* logits_ = nullptr;
  std::vector<Scratch> scratch_;
  std::vector<Watched> watched_;  ///< empty unless kWatchesMemory
  std::vector<std::vector<std::int32_t>> coords_;
};

template <typename Work>
void Run::over_rows(std::size_t rows, const Work& work) {
  const std::size_t tiles = (rows + kTileRows - 1) / kTileRows;
  team_.split(tiles, grain_of(tiles, team_.size()), [&](std::size_t begin, std::size_t end, int member) {
    for (std::size_t tile = begin; tile < end; ++tile) {
      const std::size_t first = tile * kTileRows;
      work(first, static_cast<int>(std::min<std::size_t>(kTileRows, rows - first)),
           scratch_[static_cast<std::size_t>(member)]);
    }
  });
}

template <typename Work>
void Run::over_bricks(int index, const Work& work) {
  const Level& level = pyramid_.level(index);
  const std::size_t bricks = level.bricks();
  team_.split(bricks, grain_of(bricks, team_.size()), [&](std::size_t begin, std::size_t end, int member) {
    std::uint16_t cells[kTileRows];
    for (std::size_t brick = begin; brick < end; ++brick) {
      work(brick_view(index, brick, cells), level.first_row[brick], scratch_[static_cast<std::size_t>(member)]);
    }
  });
}

}  // namespace bscnet
