#include "engine/run.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace bscnet {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t row_bytes(const Value& value) {
  return value.kind == Value::Kind::kBits ? packed_bytes(value.channels)
                                          : static_cast<std::size_t>(value.channels) * sizeof(float);
}

}  // namespace

Run::Run(const Program& program, const std::vector<PackedInstruction>& packed, const Kernels& kernels,
         const Pyramid& pyramid, Team& team, Workspace& workspace)
    : program_(program),
      packed_(packed),
      kernels_(kernels),
      pyramid_(pyramid),
      team_(team),
      workspace_(workspace),
      memory_(program.values.size(), nullptr),
      last_use_(program.values.size(), -1),
      coords_(static_cast<std::size_t>(program.levels)) {
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    for (int id : program.instructions[i].in) last_use_[static_cast<std::size_t>(id)] = static_cast<int>(i);
    for (const Step& step : program.instructions[i].steps) {
      if (step.value >= 0) last_use_[static_cast<std::size_t>(step.value)] = static_cast<int>(i);
    }
  }
  last_use_[static_cast<std::size_t>(program.output)] = static_cast<int>(program.instructions.size());
  int widest = 0;
  std::size_t widest_row = 0;
  for (const Value& each : program.values) {
    widest = std::max(widest, each.channels);
    if (each.kind == Value::Kind::kBits) widest_row = std::max(widest_row, row_bytes(each));
  }
  for (int member = 0; member < team.size(); ++member) {
    Scratch scratch;
    scratch.tile = static_cast<float*>(workspace.take(kTileRows * tile_stride(widest) * sizeof(float)));
    scratch.block = static_cast<std::uint8_t*>(workspace.take(block_bytes(widest_row)));
    constexpr std::size_t kRealBlock = kBlockCells * kRealBlockChannels;
    scratch.real_block = static_cast<float*>(workspace.take(kRealBlock * sizeof(float)));
    scratch.block_rows = static_cast<std::uint32_t*>(workspace.take(kBlockCells * sizeof(std::uint32_t)));
    scratch_.push_back(scratch);
  }
}

void* Run::allocate(int id) {
  // Kernels may read a vector beyond the last row.
  const std::size_t bytes = level_of(id).sites * row_bytes(value(id)) + kTileChannels * sizeof(float);
  return memory_[static_cast<std::size_t>(id)] = workspace_.take(bytes);
}

void Run::release(int id) {
  void*& memory = memory_[static_cast<std::size_t>(id)];
  if (memory != nullptr) workspace_.give_back(memory);
  memory = nullptr;
}

void Run::load(const float* feats) {
  auto* rows = static_cast<float*>(allocate(0));
  const auto channels = static_cast<std::size_t>(program_.in_channels);
  const std::vector<std::uint32_t>& from = pyramid_.caller_rows();
  over_rows(from.size(), [&](std::size_t first, int count, Scratch&) {
    for (std::size_t row = first; row < first + static_cast<std::size_t>(count); ++row) {
      std::copy_n(feats + from[row] * channels, channels, rows + row * channels);
    }
  });
}

void Run::unload(float* logits) {
  const float* rows = real(program_.output);
  const auto classes = static_cast<std::size_t>(program_.num_classes);
  const std::vector<std::uint32_t>& to = pyramid_.caller_rows();
  over_rows(to.size(), [&](std::size_t first, int count, Scratch&) {
    for (std::size_t row = first; row < first + static_cast<std::size_t>(count); ++row) {
      std::copy_n(rows + row * classes, classes, logits + to[row] * classes);
    }
  });
}

void Run::execute(const std::function<void(const Visit&)>* visit, Times* times) {
  for (std::size_t i = 0; i < program_.instructions.size(); ++i) {
    const Instruction& instruction = program_.instructions[i];
    const Clock::time_point begin = Clock::now();
    const Job job = prepare(i);
    if (visit != nullptr) show_sums(i, job, *visit);
    perform(job);
    if (times != nullptr) {
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      const bool bits = instruction.op == Instruction::Op::kConv && instruction.binary;
      (bits ? times->bit_convolutions : times->real_parts) += seconds;
    }
    if (visit != nullptr) show(i, job, *visit);
    for (std::size_t id = 0; id < memory_.size(); ++id) {
      if (last_use_[id] <= static_cast<int>(i)) release(static_cast<int>(id));
    }
  }
}

Run::Job Run::prepare(std::size_t index) {
  const Instruction& instruction = program_.instructions[index];
  Job job;
  job.instruction = &instruction;
  job.packed = &packed_[index];
  const int result = instruction.out >= 0 ? instruction.out : instruction.bits;
  job.level = &level_of(result);
  job.channels = value(result).channels;
  job.stride = tile_stride(job.channels);
  for (const PackedStep& step : job.packed->steps) {
    StepView view{step.kind, step.a.data(), step.b.data(), step.c.data(), nullptr, nullptr};
    if (step.value >= 0) {
      view.value = real(step.value);
      if (value(step.value).level != value(result).level) view.parent = job.level->parent.data();
    }
    job.steps.push_back(view);
  }
  if (instruction.out >= 0) {
    // The sum of a shortcut may replace it where nobody reads the shortcut any more: each row is read before it is
    // written.
    void* reused = nullptr;
    for (const Step& step : instruction.steps) {
      const bool dies = step.value >= 0 && last_use_[static_cast<std::size_t>(step.value)] == static_cast<int>(index);
      const bool alone = std::count(instruction.in.begin(), instruction.in.end(), step.value) == 0;
      if (dies && alone && reused == nullptr && value(step.value).level == value(result).level) {
        const auto uses = std::count_if(instruction.steps.begin(), instruction.steps.end(),
                                        [&](const Step& other) { return other.value == step.value; });
        if (uses == 1) std::swap(reused, memory_[static_cast<std::size_t>(step.value)]);
      }
    }
    if (reused != nullptr) {
      memory_[static_cast<std::size_t>(instruction.out)] = reused;
    } else {
      allocate(instruction.out);
    }
  }
  if (instruction.bits >= 0) allocate(instruction.bits);
  Finish& finish = job.finish;
  finish.channels = job.channels;
  finish.num_steps = static_cast<int>(job.steps.size());
  if (instruction.out >= 0) finish.out = static_cast<float*>(memory_[static_cast<std::size_t>(instruction.out)]);
  if (instruction.bits >= 0) {
    finish.bits = static_cast<std::uint8_t*>(memory_[static_cast<std::size_t>(instruction.bits)]);
    finish.row_bytes = packed_bytes(job.channels);
    finish.pad_bytes = finish.row_bytes - static_cast<std::size_t>(padded_channels(job.channels) / 8);
    finish.threshold = job.packed->threshold.data();
    finish.flip = job.packed->flip.data();
  }
  return job;
}

void Run::perform(const Job& prepared) {
  Job job = prepared;
  job.finish.steps = job.steps.data();
  switch (job.instruction->op) {
    case Instruction::Op::kConv:
      return job.instruction->binary ? convolve_bits(job, job.packed->bit_conv) : convolve_reals(job);
    case Instruction::Op::kBinarize:
      return binarize(job);
    case Instruction::Op::kPool:
      return pool(job);
    case Instruction::Op::kMap:
      return map(job);
    case Instruction::Op::kConcat:
      return concatenate(job);
  }
}

}  // namespace bscnet
