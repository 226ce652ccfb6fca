#include <cmath>
#include <cstdint>
#include <cstring>

#include "cpu/exact_fma.h"
#include "cpu/features.h"
#include "tests/check.h"

TEST(cpu_features_are_what_the_compiler_finds) {
  const bscnet::CpuFeatures& found = bscnet::cpu_features();
#if defined(__x86_64__)
  __builtin_cpu_init();
  const auto wanted = [](auto... have) { return (... && (have != 0)); };
  const bool bmi2 = __builtin_cpu_supports("bmi2") != 0;
  const bool avx2 =
      wanted(bmi2, __builtin_cpu_supports("avx2"), __builtin_cpu_supports("fma"), __builtin_cpu_supports("f16c"),
             __builtin_cpu_supports("bmi"), __builtin_cpu_supports("popcnt"));
  const bool avx512 = wanted(avx2, __builtin_cpu_supports("avx512f"), __builtin_cpu_supports("avx512bw"),
                             __builtin_cpu_supports("avx512vl"), __builtin_cpu_supports("avx512dq"));
  CHECK_EQ(found.bmi2, bmi2);
  CHECK_EQ(found.avx2, avx2);
  CHECK_EQ(found.avx512, avx512);
  CHECK_EQ(found.avx512_bits, wanted(avx512, __builtin_cpu_supports("avx512vpopcntdq"),
                                     __builtin_cpu_supports("avx512bitalg"), __builtin_cpu_supports("avx512vbmi2")));
#else
  CHECK(!found.bmi2 && !found.avx2 && !found.avx512 && !found.avx512_bits && !found.tiles);
#endif
}

TEST(fused_multiply_add_rounds_once) {
  // Products half way between two numbers of float32, and an addend that decides: in float64 it is lost.
  const float tiny = 0x1p-60f;
  for (const auto fma : {bscnet::exact_fma, bscnet::fma_by_doubles}) {
    CHECK_EQ(fma(1 + 0x1p-12f, 1 + 0x1p-12f, tiny), 1 + 0x1p-11f + 0x1p-23f);
    CHECK_EQ(fma(1 + 0x1p-12f, 1 + 0x1p-12f, -tiny), 1 + 0x1p-11f);
    CHECK_EQ(fma(-1 - 0x1p-12f, 1 + 0x1p-12f, -tiny), -1 - 0x1p-11f - 0x1p-23f);
    CHECK_EQ(fma(1 + 0x1p-12f, 1 + 3 * 0x1p-12f, -tiny), 1 + 0x1p-10f + 0x1p-23f);
    CHECK_EQ(fma(1 + 0x1p-12f, 1 + 3 * 0x1p-12f, tiny), 1 + 0x1p-10f + 0x1p-22f);
    CHECK_EQ(fma(3.0e38f, 3.0f, -1.0f), HUGE_VALF);
    CHECK(std::isnan(fma(HUGE_VALF, 0.0f, 1.0f)));
  }
  std::uint64_t state = 5;
  const auto next = [&] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    const auto bits = static_cast<std::uint32_t>(state >> 32);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  };
  int different = 0;
  for (int i = 0; i < 200000; ++i) {
    const float a = next(), b = next(), c = i % 2 == 0 ? next() : -a * b;
    const float one = bscnet::exact_fma(a, b, c), other = bscnet::fma_by_doubles(a, b, c);
    different += one == other || (std::isnan(one) && std::isnan(other)) ? 0 : 1;
  }
  CHECK_EQ(different, 0);
}
