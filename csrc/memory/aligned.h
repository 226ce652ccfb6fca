#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace bscnet {

/// A fixed number of zeros, aligned to a cache line.
template <typename T>
class Aligned {
 public:
  Aligned() = default;
  explicit Aligned(std::size_t count) : count_(count) {
    constexpr std::size_t kLine = 64;
    const std::size_t bytes = (count * sizeof(T) + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<T*>(std::aligned_alloc(kLine, bytes == 0 ? kLine : bytes)));
    if (memory_ == nullptr) throw std::bad_alloc();
    std::memset(static_cast<void*>(memory_.get()), 0, bytes);
  }

  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return memory_.get()[i]; }
  const T& operator[](std::size_t i) const { return memory_.get()[i]; }

 private:
  struct Free {
    void operator()(T* memory) const { std::free(memory); }
  };
  std::unique_ptr<T, Free> memory_;
  std::size_t count_ = 0;
};

}  // namespace bscnet
