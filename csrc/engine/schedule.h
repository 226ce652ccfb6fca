#pragma once

#include <vector>

#include "model/program.h"

namespace bscnet {

/// Signs of a task's result: a packed value, or some columns of one.
struct SignsOut {
  int value = -1;
  int first_channel = 0;  ///< a multiple of kTileChannels
  int from = -1;          ///< the instruction whose binarizer makes them
};

/// What is done in one pass over the rows of a level: an instruction, and what was drawn into it.
struct Task {
  int instruction = -1;
  int out = -1;                 ///< the real value written, or -1
  std::vector<SignsOut> signs;  ///< at most kMostSigns of Finish
};

/// One task for each instruction.
std::vector<Task> plain_schedule(const Program& program);

/// The same results in fewer passes:
///
/// - signs of values side by side (binarize) are made where each value is made, and a value that nobody else reads is
///   not written at all.
std::vector<Task> fused_schedule(const Program& program);

}  // namespace bscnet
