#pragma once

#include <cstdint>
#include <vector>

#include "engine/windows.h"
#include "kernels/kernels.h"
#include "memory/aligned.h"
#include "model/program.h"

namespace bscnet {

/// A step with its arrays padded for the kernels; value and parent of an addition are filled in by each run.
struct PackedStep {
  StepView::Kind kind = StepView::Kind::kRelu;
  int value = -1;
  Aligned<float> a, b, c;
};

/// Output channels of a real-valued convolution that share a shift.
struct RealGroup {
  int first = 0;
  int lanes = 0;          ///< channels, padded
  int shift_cell = 0;     ///< the shift as a step in the block
  int window = 0;         ///< its number among those of the level
  Aligned<float> weight;  ///< (cells, in_channels, lanes)
};

/// An instruction in the kernels' layout.
struct PackedInstruction {
  std::vector<PackedStep> steps;
  Aligned<float> threshold;
  Aligned<std::uint16_t> flip;  ///< a bit a channel, 16 channels an entry

  BitConv bit_conv;  ///< points into the arrays below
  std::vector<Aligned<std::uint8_t>> sign_weights;
  Aligned<float> scale;
  std::vector<RealGroup> real_groups;
};

/// windows: of each level of the program.
PackedInstruction pack_instruction(const Instruction& instruction, const Program& program,
                                   const std::vector<LevelWindows>& windows);

}  // namespace bscnet
