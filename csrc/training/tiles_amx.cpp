// Tiles of Intel's AMX, which every CPU that has them has beside AVX-512.
#include "training/tiles.h"

#if defined(__x86_64__) && defined(__linux__) && __has_include(<amxtileintrin.h>)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "training/flat_map.h"

#pragma GCC push_options
#pragma GCC target( \
    "avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,bmi,bmi2,popcnt,amx-tile,amx-bf16,prefer-vector-width=512")

namespace bscnet {
namespace tiles_amx {

/// The tiles of the calling thread. The intrinsics of GCC 12 take the number of a tile as a word of the text, which no
/// template can give, and do not tell the compiler that they read and write memory; so the instructions stand here.
class Tiles {
 public:
  Tiles() {
    static constexpr Shapes kShapes;
    asm volatile("ldtilecfg %0" ::"m"(kShapes));
  }
  ~Tiles() { asm volatile("tilerelease"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int kTile>
  void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }

  template <int kTile>
  void load(const void* from, std::size_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(kTile) : "memory");
  }

  template <int kTile>
  void store(void* to, std::size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(kTile) : "memory");
  }

  template <int kSum, int kA, int kB>
  void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSum), "i"(kA), "i"(kB));
  }

 private:
  /// All eight tiles with 16 rows of 64 bytes.
  struct alignas(64) Shapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
  static_assert(sizeof(Shapes) == 64, "as ldtilecfg reads it");
};

#include "training/generic_tile_numbers.h"
#include "training/generic_tile_outer.h"
#include "training/generic_tile_products.h"

}  // namespace tiles_amx
}  // namespace bscnet

#pragma GCC pop_options

namespace bscnet {
namespace {

constexpr TileKernels kAmxTiles = {"amx",
                                   tiles_amx::sign_row,
                                   tiles_amx::real_row,
                                   tiles_amx::pack_weight,
                                   tiles_amx::add_products,
                                   tiles_amx::add_outer};

/// Whether the CPU has tiles of bfloat16 in the shape used here, and AVX-512 beside them.
bool cpu_has_tiles() {
  constexpr unsigned kBfloat16 = 1u << 22;
  constexpr unsigned kTile = 1u << 24;
  constexpr unsigned kOsxsave = 1u << 27;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kOsxsave) == 0) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kBfloat16) == 0 || (d & kTile) == 0) return false;
  if (__get_cpuid_count(0x1d, 1, &a, &b, &c, &d) == 0) return false;
  const bool shape = (b & 0xffff) >= 64 && b >> 16 >= 8 && (c & 0xffff) >= 16;
  __builtin_cpu_init();
  return shape && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("bmi2");
}

/// Whether the system keeps the tiles of a thread that it puts aside.
bool system_keeps_tiles() {
  constexpr unsigned kTileState = 3u << 17;
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kTileState) == kTileState;
}

/// Linux gives tiles to a process that asks for them, then to all its threads.
bool system_grants_tiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

const TileKernels* amx_tiles() {
  static const bool usable = cpu_has_tiles() && system_keeps_tiles() && system_grants_tiles();
  return usable ? &kAmxTiles : nullptr;
}

}  // namespace bscnet

#else

namespace bscnet {

const TileKernels* amx_tiles() { return nullptr; }

}  // namespace bscnet

#endif
