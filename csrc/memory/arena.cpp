#include "memory/arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace bscnet {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kPage = 4096;
// From here on memory begins on a huge page and asks for such: a fresh one then costs few page faults, and rows that
// are read here and there few look-ups of addresses. What is left behind the last huge page comes in small ones.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t up_to(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

std::uint8_t* map(std::size_t bytes) {
  void* mapped = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::uint8_t*>(mapped);
  const std::size_t before =
      up_to(reinterpret_cast<std::uintptr_t>(begin), kHugePage) - reinterpret_cast<std::uintptr_t>(begin);
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kHugePage - before);
  madvise(begin + before, bytes, MADV_HUGEPAGE);
  return begin + before;
}

}  // namespace

std::uint8_t* Arena::reserve(std::size_t bytes) {
  if (bytes > bytes_) {
    release();
    if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
    if (bytes < kHugePage) {
      const std::size_t size = up_to(bytes, kAlignment);
      memory_ = static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, size));
      if (memory_ == nullptr) throw std::bad_alloc();
      bytes_ = size;
    } else {
      const std::size_t size = up_to(bytes, kPage);
      memory_ = map(size);
      bytes_ = size;
    }
  }
  allow_access(memory_, bytes_);
  return memory_;
}

void Arena::release() {
  if (memory_ == nullptr) return;
  allow_access(memory_, bytes_);
  if (bytes_ < kHugePage) {
    std::free(memory_);
  } else {
    munmap(memory_, bytes_);
  }
  memory_ = nullptr;
  bytes_ = 0;
}

}  // namespace bscnet
