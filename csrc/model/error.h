#pragma once

#include <stdexcept>
#include <string>

namespace bscnet {

/// What can be wrong with what a caller gave; the values are those of bscnet.h.
enum class Fault { kBadFile = 1, kBadInput = 2, kNoMemory = 3, kBadCall = 4 };

/// One clear sentence about a bad file, bad arrays or a bad call. Everything the engine refuses is thrown as this.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& sentence) : std::runtime_error(sentence), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace bscnet
