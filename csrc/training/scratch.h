#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace bscnet {

/// Memory for numbers on whole lines of cache; what it holds at first is not said.
template <typename Number>
class ScratchOf {
 public:
  ScratchOf() = default;
  explicit ScratchOf(std::size_t count) {
    constexpr std::size_t kLine = 64;
    const std::size_t bytes = (count * sizeof(Number) + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<Number*>(std::aligned_alloc(kLine, bytes == 0 ? kLine : bytes)));
    if (memory_ == nullptr) throw std::bad_alloc();
  }

  Number* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(Number* memory) const { std::free(memory); }
  };
  std::unique_ptr<Number, Free> memory_;
};

using Scratch = ScratchOf<float>;

}  // namespace bscnet
