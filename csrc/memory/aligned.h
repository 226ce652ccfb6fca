#pragma once

#include <cstddef>
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
    const std::size_t bytes = (count * sizeof(T) + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<T*>(::operator new(bytes, std::align_val_t{kLine})));
    std::memset(static_cast<void*>(memory_.get()), 0, bytes);
  }

  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return memory_.get()[i]; }
  const T& operator[](std::size_t i) const { return memory_.get()[i]; }

 private:
  static constexpr std::size_t kLine = 64;

  struct Free {
    void operator()(T* memory) const { ::operator delete(memory, std::align_val_t{kLine}); }
  };
  std::unique_ptr<T, Free> memory_;
  std::size_t count_ = 0;
};

}  // namespace bscnet
