#include "engine/run.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "memory/plan.h"

namespace bscnet {
namespace {

using Clock = std::chrono::steady_clock;

/// A function for each kind of a variant: the compiler names the kind that has none.
template <typename... Functions>
struct Cases : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Cases(Functions...) -> Cases<Functions...>;

std::size_t row_bytes(const Value& value) {
  if (value.kind == Value::Kind::kBits) return packed_bytes(value.channels);
  return static_cast<std::size_t>(value.channels) * (value.half ? sizeof(Half) : sizeof(float));
}

}  // namespace

Run::Run(const PreparedProgram& prepared, const Kernels& kernels, const Pyramid& pyramid, Team& team, Arena& arena)
    : program_(prepared.program),
      schedule_(prepared.schedule),
      lifetimes_(prepared.lifetimes),
      windows_(prepared.windows),
      packed_(prepared.packed),
      kernels_(kernels),
      pyramid_(pyramid),
      team_(team),
      memory_(program_.values.size(), nullptr),
      present_(windows_.size(), nullptr),
      coords_(windows_.size()) {
  lay_out(arena);
  find_windows();
}

std::uint64_t Run::bytes_of(int id) const {
  // Kernels may read a vector beyond the last row.
  return std::uint64_t{level_of(id).sites} * row_bytes(value(id)) + kTileChannels * sizeof(float);
}

void Run::lay_out(Arena& arena) {
  int widest = 0;
  std::size_t widest_row = 0;
  for (const Value& each : program_.values) {
    widest = std::max(widest, each.channels);
    if (each.kind == Value::Kind::kBits) widest_row = std::max(widest_row, row_bytes(each));
  }
  const int end = static_cast<int>(schedule_.size());
  std::vector<Need> needs;
  std::vector<std::size_t> need_of(program_.values.size());
  for (std::size_t id = 0; id < need_of.size(); ++id) {
    if (lifetimes_.home[id] != static_cast<int>(id) || lifetimes_.first[id] == Lifetimes::kNever) continue;
    need_of[id] = needs.size();
    needs.push_back({bytes_of(static_cast<int>(id)), lifetimes_.first[id], lifetimes_.last[id]});
  }
  for (std::size_t id = 0; id < need_of.size(); ++id) {
    if (lifetimes_.first[id] == Lifetimes::kNever) continue;
    need_of[id] = need_of[static_cast<std::size_t>(lifetimes_.home[id])];
    needs[need_of[id]].last = std::max(needs[need_of[id]].last, lifetimes_.last[id]);
  }
  const std::size_t first_window = needs.size();
  for (std::size_t level = 0; level < windows_.size(); ++level) {
    const std::uint64_t entries =
        std::uint64_t{windows_[level].shift_cells.size()} * pyramid_.level(static_cast<int>(level)).sites;
    needs.push_back({entries * sizeof(std::uint32_t), kInput, end});
  }
  // Of each thread, in the order of Scratch.
  const std::size_t first_scratch = needs.size();
  const std::size_t tile_bytes = kTileRows * tile_stride(widest) * sizeof(float);
  const std::size_t real_block_bytes = kBlockCells * kRealBlockChannels * sizeof(float);
  const std::size_t scratch_bytes[] = {tile_bytes, tile_bytes, block_bytes(widest_row), real_block_bytes,
                                       kBlockCells * sizeof(std::uint32_t)};
  for (int member = 0; member < team_.size(); ++member) {
    for (std::size_t bytes : scratch_bytes) needs.push_back({bytes, kInput, end});
  }
  const MemoryPlan plan = plan_memory(needs);
  std::uint8_t* begin = arena.reserve(plan.bytes);
  const auto place = [&](std::size_t need) { return begin + static_cast<std::size_t>(plan.offset[need]); };
  for (std::size_t id = 0; id < memory_.size(); ++id) memory_[id] = place(need_of[id]);
  for (std::size_t level = 0; level < present_.size(); ++level) {
    present_[level] = reinterpret_cast<std::uint32_t*>(place(first_window + level));
  }
  for (std::size_t need = first_scratch; need < needs.size(); need += std::size(scratch_bytes)) {
    const auto floats = [&](std::size_t at) { return reinterpret_cast<float*>(place(need + at)); };
    scratch_.push_back(
        {floats(0), floats(1), place(need + 2), floats(3), reinterpret_cast<std::uint32_t*>(place(need + 4))});
  }
  if (kWatchesMemory) {
    forbid_access(begin, arena.bytes());
    for (std::size_t need = 0; need < needs.size(); ++need) watched_.push_back({needs[need], place(need)});
  }
}

void Run::find_windows() {
  begin_task(kInput);
  for (std::size_t level = 0; level < windows_.size(); ++level) {
    const std::vector<int>& shift_cells = windows_[level].shift_cells;
    if (shift_cells.empty()) continue;
    const int index = static_cast<int>(level);
    over_bricks(index, [&](const BrickView& view, std::size_t first, Scratch&) {
      std::uint32_t* present = present_[level] + first;
      for (int shift_cell : shift_cells) {
        kernels_.find_windows(view.occupancy, view.cells, view.sites, shift_cell, present);
        present += view.level_sites;
      }
    });
  }
}

void Run::begin_task(int index) const {
  for (const Watched& each : watched_) {
    if (each.need.first == index) allow_access(each.memory, static_cast<std::size_t>(each.need.bytes));
  }
}

void Run::end_task(int index) const {
  for (const Watched& each : watched_) {
    if (each.need.last == index) forbid_access(each.memory, static_cast<std::size_t>(each.need.bytes));
  }
}

void Run::load(const float* feats) {
  float* rows = real(0);
  const auto channels = static_cast<std::size_t>(program_.in_channels);
  const std::vector<std::uint32_t>& from = pyramid_.caller_rows();
  over_rows(from.size(), [&](std::size_t first, int count, Scratch&) {
    for (std::size_t row = first; row < first + static_cast<std::size_t>(count); ++row) {
      std::copy_n(feats + from[row] * channels, channels, rows + row * channels);
    }
  });
}

void Run::unload(float* logits) {
  const auto classes = static_cast<std::size_t>(program_.num_classes);
  const std::vector<std::uint32_t>& to = pyramid_.caller_rows();
  over_rows(to.size(), [&](std::size_t first, int count, Scratch& scratch) {
    const float* rows = rows_of(program_.output, first, count, scratch.rows);
    for (std::size_t row = first; row < first + static_cast<std::size_t>(count); ++row, rows += classes) {
      std::copy_n(rows, classes, logits + to[row] * classes);
    }
  });
}

void Run::execute(float* logits, const std::function<void(const Visit&)>* visit, Times* times) {
  logits_ = logits;
  for (std::size_t i = 0; i < schedule_.size(); ++i) {
    const Clock::time_point begin = Clock::now();
    begin_task(static_cast<int>(i));
    const Job job = prepare(schedule_[i]);
    if (visit != nullptr) show_sums(job, *visit);
    perform(job);
    if (times != nullptr) {
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      const bool bits = job.convolution != nullptr && job.convolution->binary;
      (bits ? times->bit_convolutions : times->real_parts) += seconds;
    }
    if (visit != nullptr) show(job, *visit);
    end_task(static_cast<int>(i));
  }
  const bool is_there = lifetimes_.first[static_cast<std::size_t>(program_.output)] != Lifetimes::kNever;
  if (logits != nullptr && is_there) unload(logits);
}

Run::Job Run::prepare(const Task& task) {
  const auto index = static_cast<std::size_t>(task.instruction);
  const Instruction& instruction = program_.instructions[index];
  const Value& result = value(instruction.result());
  Job job;
  job.task = &task;
  job.instruction = &instruction;
  job.convolution = instruction.as<ConvolutionOp>();
  job.packed = &packed_[index];
  job.level_index = result.level;
  job.level = &pyramid_.level(result.level);
  job.channels = result.channels;
  job.stride = tile_stride(job.channels);
  for (const PackedStep& step : job.packed->steps) {
    StepView view{step.kind, step.a.data(), step.b.data(), step.c.data(), {}, nullptr};
    if (step.value >= 0) {
      view.value = reals(step.value);
      if (value(step.value).level != result.level) view.parent = job.level->parent.data();
    }
    job.steps.push_back(view);
  }
  Finish& finish = job.finish;
  finish.channels = job.channels;
  finish.num_steps = static_cast<int>(job.steps.size());
  if (task.out >= 0) {
    if (value(task.out).half) {
      finish.half_out = halves(task.out);
    } else {
      finish.out = real(task.out);
    }
  }
  for (const SignsOut& signs : task.signs) finish.signs[finish.num_signs++] = signs_view(signs, job.channels);
  return job;
}

SignsView Run::signs_view(const SignsOut& signs, int channels) const {
  const PackedInstruction& from = packed_[static_cast<std::size_t>(signs.from)];
  const int width = value(signs.value).channels;
  const auto first = static_cast<std::size_t>(signs.first_channel);
  SignsView view;
  view.bits = memory(signs.value) + first / 8;
  view.row_bytes = packed_bytes(width);
  if (signs.first_channel + channels == width) {
    view.pad_bytes = view.row_bytes - first / 8 - static_cast<std::size_t>(padded_channels(channels) / 8);
  }
  view.threshold = from.threshold.data() + first;
  view.flip = from.flip.data() + first / kTileChannels;
  return view;
}

void Run::perform(const Job& prepared) {
  Job job = prepared;
  job.finish.steps = job.steps.data();
  std::visit(Cases{[&](const ConvolutionOp& conv) {
                     conv.binary ? convolve_bits(job, job.packed->bit_conv) : convolve_reals(job);
                   },
                   [&](const BinarizeOp&) { binarize(job); }, [&](const PoolingOp&) { pool(job); },
                   [&](const MapOp&) { map(job); }, [&](const ConcatenationOp&) { concatenate(job); }},
             job.instruction->kind);
}

}  // namespace bscnet
