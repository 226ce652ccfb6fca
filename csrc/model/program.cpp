#include "model/program.h"

#include <algorithm>
#include <cstddef>

namespace bscnet {

void find_halves(Program& program) {
  const auto value = [&](int id) -> Value& { return program.values[static_cast<std::size_t>(id)]; };
  for (const Instruction& instruction : program.instructions) {
    if (instruction.out < 0) continue;
    const std::vector<int>& in = instruction.in;
    value(instruction.out).half =
        instruction.as<ConcatenationOp>() != nullptr
            ? std::all_of(in.begin(), in.end(), [&](int id) { return value(id).half; })
            : !instruction.steps.empty() && instruction.steps.back().kind == Step::Kind::kFloat16;
  }
}

}  // namespace bscnet
