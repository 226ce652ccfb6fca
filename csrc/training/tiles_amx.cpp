// Tiles of Intel's AMX, which every CPU that has them has beside AVX-512.
#include "training/tiles.h"

#if defined(__x86_64__) && defined(__linux__) && __has_include(<amxtileintrin.h>)

#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "cpu/features.h"
#include "cpu/target.h"
#include "training/flat_map.h"

#if defined(__clang__)
#define BSCNET_WIDEST ""  // has no such word
#else
#define BSCNET_WIDEST ",prefer-vector-width=512"
#endif

BSCNET_BEGIN_TARGET(BSCNET_AVX512 ",amx-tile,amx-bf16" BSCNET_WIDEST)

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

BSCNET_END_TARGET

namespace bscnet {
namespace {

constexpr TileKernels kAmxTiles = {"amx",
                                   tiles_amx::sign_row,
                                   tiles_amx::real_row,
                                   tiles_amx::pack_weight,
                                   tiles_amx::add_products,
                                   tiles_amx::add_outer};

/// Linux gives tiles to a process that asks for them, then to all its threads.
bool system_grants_tiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

const TileKernels* amx_tiles() {
  static const bool usable = cpu_features().tiles && cpu_features().avx512 && system_grants_tiles();
  return usable ? &kAmxTiles : nullptr;
}

}  // namespace bscnet

#else

namespace bscnet {

const TileKernels* amx_tiles() { return nullptr; }

}  // namespace bscnet

#endif
