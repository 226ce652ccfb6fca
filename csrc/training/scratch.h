#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace bscnet {

/// Memory for floats on whole lines of cache; what it holds at first is not said.
class Scratch {
 public:
  Scratch() = default;
  explicit Scratch(std::size_t count) {
    constexpr std::size_t kLine = 64;
    const std::size_t bytes = (count * sizeof(float) + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<float*>(std::aligned_alloc(kLine, bytes == 0 ? kLine : bytes)));
    if (memory_ == nullptr) throw std::bad_alloc();
  }

  float* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  std::unique_ptr<float, Free> memory_;
};

}  // namespace bscnet
