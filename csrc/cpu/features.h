#pragma once

namespace bscnet {

/// What an x86-64 CPU can do, as far as the operating system lets programs use it. All false on other CPUs.
struct CpuFeatures {
  bool bmi2 = false;
  bool avx2 = false;         ///< with FMA, F16C, BMI, BMI2 and POPCNT
  bool avx512 = false;       ///< F, BW, VL and DQ, with all of avx2
  bool avx512_bits = false;  ///< with VPOPCNTDQ, BITALG and VBMI2
  bool tiles = false;        ///< AMX: eight tiles of 16 rows of 64 bytes, and products of bfloat16 numbers
};

/// Those of this machine. The compilers' __builtin_cpu_supports asks for a library that not all of them bring.
const CpuFeatures& cpu_features();

}  // namespace bscnet
