#include "engine/lifetimes.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace bscnet {
namespace {

/// The value whose place the result of task `index` takes, or -1.
int replaced_by(const Program& program, const Task& task, const std::vector<int>& last, int index) {
  if (task.out < 0) return -1;
  const Instruction& instruction = program.instructions[static_cast<std::size_t>(task.instruction)];
  const std::vector<int> reads = reads_of(program, task);
  for (const Step& step : instruction.steps) {
    if (step.value < 0 || last[static_cast<std::size_t>(step.value)] != index) continue;
    const bool is_read_once = std::count(reads.begin(), reads.end(), step.value) == 1;
    const Value& shortcut = program.values[static_cast<std::size_t>(step.value)];
    const Value& sum = program.values[static_cast<std::size_t>(task.out)];
    if (is_read_once && shortcut.level == sum.level && shortcut.half == sum.half) return step.value;
  }
  return -1;
}

}  // namespace

Lifetimes::Lifetimes(const Program& program, const std::vector<Task>& schedule)
    : first(program.values.size(), kNever), last(program.values.size(), kNever), home(program.values.size()) {
  std::iota(home.begin(), home.end(), 0);
  first[0] = last[0] = kInput;
  const auto write = [&](int id, int now) {
    int& begin = first[static_cast<std::size_t>(id)];
    if (begin == kNever) begin = now;
    last[static_cast<std::size_t>(id)] = now;
  };
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const Task& task = schedule[i];
    const int now = static_cast<int>(i);
    for (int id : reads_of(program, task)) last[static_cast<std::size_t>(id)] = now;
    if (task.out >= 0) write(task.out, now);
    for (const SignsOut& signs : task.signs) write(signs.value, now);
  }
  last[static_cast<std::size_t>(program.output)] = static_cast<int>(schedule.size());
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const int replaced = replaced_by(program, schedule[i], last, static_cast<int>(i));
    if (replaced >= 0) home[static_cast<std::size_t>(schedule[i].out)] = home[static_cast<std::size_t>(replaced)];
  }
}

}  // namespace bscnet
