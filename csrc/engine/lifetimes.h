#pragma once

#include <vector>

#include "engine/schedule.h"
#include "model/program.h"

namespace bscnet {

/// Stands before the first task: the input is there from then on.
constexpr int kInput = -1;

/// How long the values of a schedule are needed, and which of them lie in one place.
struct Lifetimes {
  /// Of a value that is not written at all.
  static constexpr int kNever = -2;

  std::vector<int> first;  ///< task that first writes each value; kInput for the input
  std::vector<int> last;   ///< task that reads it last; the number of tasks for the output
  /// Value whose memory a value lies in, mostly its own. The sum of a shortcut replaces the shortcut where nobody reads
  /// that any more: each row is read before it is written.
  std::vector<int> home;

  Lifetimes(const Program& program, const std::vector<Task>& schedule);
};

}  // namespace bscnet
