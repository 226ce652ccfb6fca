#include "cpu/features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace bscnet {
namespace {

#if defined(__x86_64__)

// Intel's manual, volume 2, CPUID, and volume 1, section 13.3 (XCR0).

struct Leaf {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

/// All zeros where the CPU has no such leaf.
Leaf leaf(unsigned number, unsigned part) {
  Leaf found;
  if (__get_cpuid_count(number, part, &found.a, &found.b, &found.c, &found.d) == 0) return {};
  return found;
}

constexpr bool has(std::uint64_t word, int bit) { return (word >> bit & 1) != 0; }
constexpr bool has_all(std::uint64_t word, std::uint64_t bits) { return (word & bits) == bits; }

constexpr std::uint64_t kVectorState = 1u << 1 | 1u << 2;
constexpr std::uint64_t kVector512State = 7u << 5;
constexpr std::uint64_t kTileState = 3u << 17;

/// The registers that the operating system saves when it changes threads.
std::uint64_t saved_state() {
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

CpuFeatures find_features() {
  const Leaf first = leaf(1, 0);
  const Leaf more = leaf(7, 0);
  CpuFeatures found;
  found.bmi2 = has(more.b, 8);
  if (!has(first.c, 27)) return found;  // the system saves no more than SSE's registers
  std::uint64_t saved = saved_state();
#if defined(__APPLE__)
  saved |= kVector512State;  // macOS saves them from their first use on, and says so only then
#endif
  const bool popcnt = has(first.c, 23), avx = has(first.c, 28), fma = has(first.c, 12), bmi = has(more.b, 3);
  const bool f16c = has(first.c, 29);
  found.avx2 = has_all(saved, kVectorState) && avx && has(more.b, 5) && fma && f16c && bmi && found.bmi2 && popcnt;
  const bool f = has(more.b, 16), dq = has(more.b, 17), bw = has(more.b, 30), vl = has(more.b, 31);
  found.avx512 = found.avx2 && has_all(saved, kVector512State) && f && dq && bw && vl;
  const bool vbmi2 = has(more.c, 6), bitalg = has(more.c, 12), vpopcntdq = has(more.c, 14);
  found.avx512_bits = found.avx512 && vbmi2 && bitalg && vpopcntdq;
  const Leaf palette = leaf(0x1d, 1);
  const bool shape = (palette.b & 0xffff) >= 64 && palette.b >> 16 >= 8 && (palette.c & 0xffff) >= 16;
  const bool bfloat16 = has(more.d, 22), tile = has(more.d, 24);
  found.tiles = has_all(saved, kTileState) && bfloat16 && tile && shape;
  return found;
}

#else

CpuFeatures find_features() { return {}; }

#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = find_features();
  return features;
}

}  // namespace bscnet
