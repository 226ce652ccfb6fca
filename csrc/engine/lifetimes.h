#pragma once

#include <vector>

#include "model/program.h"

namespace bscnet {

/// Stands before the first instruction: the input is there from then on.
constexpr int kInput = -1;

/// How long the values of a program are needed, and which of them lie in one place.
struct Lifetimes {
  std::vector<int> first;  ///< instruction that writes each value; kInput for the input
  std::vector<int> last;   ///< instruction that reads it last; the number of instructions for the output
  /// Value whose memory a value lies in, mostly its own. The sum of a shortcut replaces the shortcut where nobody reads
  /// that any more: each row is read before it is written.
  std::vector<int> home;

  explicit Lifetimes(const Program& program);
};

}  // namespace bscnet
