#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace bscnet {

/// The memory of a run in one stretch, which the next run may take over.
class Arena {
 public:
  Arena() = default;
  ~Arena() { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// At least so many bytes, aligned to 64, contents undefined. Where there are fewer, all that there was is gone.
  /// Throws std::bad_alloc.
  std::uint8_t* reserve(std::uint64_t bytes);
  std::size_t bytes() const { return bytes_; }

 private:
  void release();

  std::uint8_t* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

// AddressSanitizer shall know which parts of an arena are in use; without it these do nothing.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kWatchesMemory = true;
inline void forbid_access(const void* memory, std::size_t bytes) { __asan_poison_memory_region(memory, bytes); }
inline void allow_access(const void* memory, std::size_t bytes) { __asan_unpoison_memory_region(memory, bytes); }
#else
constexpr bool kWatchesMemory = false;
inline void forbid_access(const void*, std::size_t) {}
inline void allow_access(const void*, std::size_t) {}
#endif

}  // namespace bscnet
