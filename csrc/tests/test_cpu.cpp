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
