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
  std::vector<SignsOut> signs;  ///< at most kMostSigns
  int pooled = -1;         ///< the pooling that makes the input of a real-valued pointwise convolution, tile by tile
  bool to_caller = false;  ///< the result is the network's and goes to the caller's rows

  bool is_idle() const { return out < 0 && signs.empty() && !to_caller; }
};

/// One task for each instruction.
std::vector<Task> plain_schedule(const Program& program);

/// The same results in fewer passes:
///
/// - signs of values side by side (binarize) are made where each value is made, and a value that nobody else reads is
///   not written at all;
/// - a real-valued pointwise convolution takes the rows of a pooling as they are made;
/// - the network's result goes to the caller's rows at once.
std::vector<Task> fused_schedule(const Program& program);

/// Ids of the values that a task reads.
std::vector<int> reads_of(const Program& program, const Task& task);

}  // namespace bscnet
