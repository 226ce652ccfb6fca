#include "memory/arena.h"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bscnet {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::align_val_t kAligned{kAlignment};
std::size_t up_to(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

#if defined(__linux__)
constexpr std::size_t kPage = 4096;
// From here on memory begins on a huge page and asks for such: a fresh one then costs few page faults, and rows that
// are read here and there few look-ups of addresses. What is left behind the last huge page comes in small ones.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

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
#endif

/// What a stretch of so many bytes takes.
std::size_t whole(std::size_t bytes) {
#if defined(__linux__)
  if (bytes >= kHugePage) return up_to(bytes, kPage);
#endif
  return up_to(bytes, kAlignment);
}

/// Of a whole() size. Throws std::bad_alloc.
std::uint8_t* take(std::size_t bytes) {
#if defined(__linux__)
  if (bytes >= kHugePage) return map(bytes);
#endif
  return static_cast<std::uint8_t*>(::operator new(bytes, kAligned));
}

void give_back(std::uint8_t* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
  if (bytes >= kHugePage) {
    munmap(memory, bytes);
    return;
  }
#endif
  ::operator delete(memory, kAligned);
}

}  // namespace

std::uint8_t* Arena::reserve(std::uint64_t bytes) {
  if (bytes > bytes_) {
    release();
    if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
    const std::size_t size = whole(static_cast<std::size_t>(bytes));
    memory_ = take(size);
    bytes_ = size;
  }
  allow_access(memory_, bytes_);
  return memory_;
}

void Arena::release() {
  if (memory_ == nullptr) return;
  allow_access(memory_, bytes_);
  give_back(memory_, bytes_);
  memory_ = nullptr;
  bytes_ = 0;
}

}  // namespace bscnet
