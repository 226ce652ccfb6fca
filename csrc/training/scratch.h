#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace bscnet {

/// Memory for numbers on whole lines of cache; what it holds at first is not said.
template <typename Number>
class ScratchOf {
 public:
  ScratchOf() = default;
  explicit ScratchOf(std::size_t count) {
    const std::size_t bytes = (count * sizeof(Number) + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<Number*>(::operator new(bytes, std::align_val_t{kLine})));
  }

  Number* data() const { return memory_.get(); }

 private:
  static constexpr std::size_t kLine = 64;

  struct Free {
    void operator()(Number* memory) const { ::operator delete(memory, std::align_val_t{kLine}); }
  };
  std::unique_ptr<Number, Free> memory_;
};

using Scratch = ScratchOf<float>;

}  // namespace bscnet
