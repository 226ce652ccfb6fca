#include "engine/lifetimes.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace bscnet {
namespace {

/// The value whose place the result of instruction `index` takes, or -1.
int replaced_by(const Program& program, const std::vector<int>& last, std::size_t index) {
  const Instruction& instruction = program.instructions[index];
  for (const Step& step : instruction.steps) {
    if (step.value < 0 || last[static_cast<std::size_t>(step.value)] != static_cast<int>(index)) continue;
    const bool read_as_input = std::count(instruction.in.begin(), instruction.in.end(), step.value) > 0;
    const auto uses = std::count_if(instruction.steps.begin(), instruction.steps.end(),
                                    [&](const Step& other) { return other.value == step.value; });
    const Value& shortcut = program.values[static_cast<std::size_t>(step.value)];
    const Value& sum = program.values[static_cast<std::size_t>(instruction.out)];
    if (!read_as_input && uses == 1 && shortcut.level == sum.level) return step.value;
  }
  return -1;
}

}  // namespace

Lifetimes::Lifetimes(const Program& program)
    : first(program.values.size(), kInput), last(program.values.size(), kInput), home(program.values.size()) {
  std::iota(home.begin(), home.end(), 0);
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    const int now = static_cast<int>(i);
    for (int id : instruction.in) last[static_cast<std::size_t>(id)] = now;
    for (const Step& step : instruction.steps) {
      if (step.value >= 0) last[static_cast<std::size_t>(step.value)] = now;
    }
    for (int id : {instruction.out, instruction.bits}) {
      if (id >= 0) first[static_cast<std::size_t>(id)] = last[static_cast<std::size_t>(id)] = now;
    }
  }
  last[static_cast<std::size_t>(program.output)] = static_cast<int>(program.instructions.size());
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const int out = program.instructions[i].out;
    const int replaced = out >= 0 ? replaced_by(program, last, i) : -1;
    if (replaced >= 0) home[static_cast<std::size_t>(out)] = home[static_cast<std::size_t>(replaced)];
  }
}

}  // namespace bscnet
