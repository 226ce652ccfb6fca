#include "engine/windows.h"

#include <algorithm>
#include <cstddef>

namespace bscnet {

bool LevelWindows::shifted() const {
  return std::any_of(shift_cells.begin(), shift_cells.end(), [](int step) { return step != 0; });
}

int LevelWindows::number_of(int shift_cell) const {
  return static_cast<int>(std::find(shift_cells.begin(), shift_cells.end(), shift_cell) - shift_cells.begin());
}

std::vector<LevelWindows> windows_of(const Program& program) {
  std::vector<LevelWindows> windows(static_cast<std::size_t>(program.levels));
  for (const Instruction& instruction : program.instructions) {
    const auto* conv = instruction.as<ConvolutionOp>();
    if (conv == nullptr || conv->geometry != ConvolutionOp::Geometry::kSubmanifold) continue;
    const Value& input = program.values[static_cast<std::size_t>(instruction.in[0])];
    LevelWindows& level = windows[static_cast<std::size_t>(input.level)];
    const std::vector<std::array<int, 3>> none{{0, 0, 0}};
    for (const std::array<int, 3>& shift : conv->shifts.empty() ? none : conv->shifts) {
      const int step = block_step(shift);
      if (level.number_of(step) == static_cast<int>(level.shift_cells.size())) level.shift_cells.push_back(step);
    }
  }
  return windows;
}

}  // namespace bscnet
