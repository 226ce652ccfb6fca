#include "engine/schedule.h"

#include <algorithm>
#include <cstddef>

#include "kernels/kernels.h"

namespace bscnet {
namespace {

const Instruction& instruction_of(const Program& program, int index) {
  return program.instructions[static_cast<std::size_t>(index)];
}

/// Draws instructions into tasks. `tasks_` keeps its length meanwhile: what was drawn in leaves an idle task behind.
class Fusion {
 public:
  explicit Fusion(const Program& program)
      : program_(program),
        tasks_(plain_schedule(program)),
        reads_(program.values.size(), 0),
        maker_(program.values.size(), -1) {
    ++reads_[static_cast<std::size_t>(program.output)];  // by the caller
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      for (int id : reads_of(program, tasks_[i])) ++reads_[static_cast<std::size_t>(id)];
      const int out = tasks_[i].out;
      if (out >= 0) maker_[static_cast<std::size_t>(out)] = static_cast<int>(i);
    }
  }

  std::vector<Task> run() {
    for (Task& task : tasks_) draw_signs(task);
    for (Task& task : tasks_) draw_pooling(task);
    send_to_caller();
    const auto is_idle = [](const Task& task) { return task.is_idle(); };
    tasks_.erase(std::remove_if(tasks_.begin(), tasks_.end(), is_idle), tasks_.end());
    return std::move(tasks_);
  }

 private:
  int channels(int id) const { return program_.values[static_cast<std::size_t>(id)].channels; }
  const Instruction& instruction(const Task& task) const { return instruction_of(program_, task.instruction); }

  /// The task that makes a real value by itself, or null.
  Task* maker(int id) {
    const int index = maker_[static_cast<std::size_t>(id)];
    return index < 0 ? nullptr : &tasks_[static_cast<std::size_t>(index)];
  }
  bool is_read_once(int id) const { return reads_[static_cast<std::size_t>(id)] == 1; }

  static bool has_transform(const Instruction& instruction) {
    return instruction.as<ConvolutionOp>() != nullptr || instruction.as<MapOp>() != nullptr;
  }

  bool can_make_signs(const std::vector<int>& parts) {
    for (int id : parts) {
      const Task* made_by = maker(id);
      if (made_by == nullptr || made_by->signs.size() == kMostSigns || !has_transform(instruction(*made_by)) ||
          std::count(parts.begin(), parts.end(), id) != 1 ||
          (id != parts.back() && channels(id) % kTileChannels != 0)) {
        return false;
      }
    }
    return true;
  }

  void draw_signs(Task& task) {
    const Instruction& binarize = instruction(task);
    if (binarize.as<BinarizeOp>() == nullptr || !can_make_signs(binarize.in)) return;
    int first = 0;
    for (int id : binarize.in) {
      Task& made_by = *maker(id);
      made_by.signs.push_back({binarize.bits, first, task.instruction});
      if (--reads_[static_cast<std::size_t>(id)] == 0) made_by.out = -1;
      first += channels(id);
    }
    task.signs.clear();
  }

  void draw_pooling(Task& task) {
    const auto* conv = instruction(task).as<ConvolutionOp>();
    if (conv == nullptr || conv->geometry != ConvolutionOp::Geometry::kPointwise || conv->binary) return;
    const int input = instruction(task).in[0];
    Task* pooling = maker(input);
    if (pooling == nullptr || instruction(*pooling).as<PoolingOp>() == nullptr || !is_read_once(input)) return;
    task.pooled = pooling->instruction;
    pooling->out = -1;
  }

  void send_to_caller() {
    Task* last = maker(program_.output);
    if (last == nullptr || instruction(*last).as<ConvolutionOp>() == nullptr || !is_read_once(program_.output)) return;
    last->to_caller = true;
    last->out = -1;
  }

  const Program& program_;
  std::vector<Task> tasks_;
  std::vector<int> reads_;  ///< how often each value is read
  std::vector<int> maker_;  ///< place of the task that makes each real value, or -1
};

}  // namespace

std::vector<int> reads_of(const Program& program, const Task& task) {
  const Instruction& instruction = instruction_of(program, task.instruction);
  std::vector<int> reads = task.pooled < 0 ? instruction.in : instruction_of(program, task.pooled).in;
  for (const Step& step : instruction.steps) {
    if (step.value >= 0) reads.push_back(step.value);
  }
  return reads;
}

std::vector<Task> plain_schedule(const Program& program) {
  std::vector<Task> tasks(program.instructions.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    const int index = static_cast<int>(i);
    tasks[i].instruction = index;
    tasks[i].out = instruction.out;
    if (instruction.bits >= 0) tasks[i].signs.push_back({instruction.bits, 0, index});
  }
  return tasks;
}

std::vector<Task> fused_schedule(const Program& program) { return Fusion(program).run(); }

}  // namespace bscnet
