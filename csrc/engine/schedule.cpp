#include "engine/schedule.h"

#include <algorithm>
#include <cstddef>

#include "kernels/kernels.h"

namespace bscnet {
namespace {

/// How often each value is read; the output once more, by the caller.
std::vector<int> reads_of(const Program& program) {
  std::vector<int> reads(program.values.size(), 0);
  ++reads[static_cast<std::size_t>(program.output)];
  for (const Instruction& instruction : program.instructions) {
    for (int id : instruction.in) ++reads[static_cast<std::size_t>(id)];
    for (const Step& step : instruction.steps) {
      if (step.value >= 0) ++reads[static_cast<std::size_t>(step.value)];
    }
  }
  return reads;
}

/// Where an instruction has its result in the output transform, which can make signs of it.
bool has_transform(const Instruction& instruction) {
  return instruction.op == Instruction::Op::kConv || instruction.op == Instruction::Op::kMap;
}

/// Draws binarize instructions into the tasks that make their inputs.
class SignFusion {
 public:
  SignFusion(const Program& program, std::vector<Task>& tasks)
      : program_(program), tasks_(tasks), reads_(reads_of(program)), maker_(program.values.size(), nullptr) {
    for (Task& task : tasks) {
      if (task.out >= 0) maker_[static_cast<std::size_t>(task.out)] = &task;
    }
  }

  void run() {
    for (Task& task : tasks_) {
      const Instruction& instruction = program_.instructions[static_cast<std::size_t>(task.instruction)];
      if (instruction.op == Instruction::Op::kBinarize && fits(instruction.in)) draw_in(task, instruction);
    }
  }

 private:
  int channels(int id) const { return program_.values[static_cast<std::size_t>(id)].channels; }

  bool fits(const std::vector<int>& parts) const {
    for (int id : parts) {
      const Task* maker = maker_[static_cast<std::size_t>(id)];
      if (maker == nullptr || maker->signs.size() == kMostSigns || std::count(parts.begin(), parts.end(), id) != 1) {
        return false;
      }
      if (!has_transform(program_.instructions[static_cast<std::size_t>(maker->instruction)])) return false;
      if (id != parts.back() && channels(id) % kTileChannels != 0) return false;
    }
    return true;
  }

  void draw_in(Task& task, const Instruction& binarize) {
    int first = 0;
    for (int id : binarize.in) {
      Task& maker = *maker_[static_cast<std::size_t>(id)];
      maker.signs.push_back({binarize.bits, first, task.instruction});
      if (--reads_[static_cast<std::size_t>(id)] == 0) maker.out = -1;
      first += channels(id);
    }
    task.signs.clear();
  }

  const Program& program_;
  std::vector<Task>& tasks_;
  std::vector<int> reads_;
  std::vector<Task*> maker_;  ///< of each real value, or null
};

}  // namespace

std::vector<Task> plain_schedule(const Program& program) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    const int index = static_cast<int>(i);
    Task task{index, instruction.out, {}};
    if (instruction.bits >= 0) task.signs.push_back({instruction.bits, 0, index});
    tasks.push_back(std::move(task));
  }
  return tasks;
}

std::vector<Task> fused_schedule(const Program& program) {
  std::vector<Task> tasks = plain_schedule(program);
  SignFusion(program, tasks).run();
  const auto is_idle = [](const Task& task) { return task.out < 0 && task.signs.empty(); };
  tasks.erase(std::remove_if(tasks.begin(), tasks.end(), is_idle), tasks.end());
  return tasks;
}

}  // namespace bscnet
