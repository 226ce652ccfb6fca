#pragma once

// Code between BSCNET_BEGIN_TARGET("avx2,fma") and BSCNET_END_TARGET may use these instructions; the rest of the file
// and all it includes may not, so nothing that several levels share is compiled for one of them. Headers stand before.

#define BSCNET_PRAGMA(words) _Pragma(#words)

#if defined(__clang__)
#define BSCNET_BEGIN_TARGET(features) \
  BSCNET_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define BSCNET_END_TARGET BSCNET_PRAGMA(clang attribute pop)
#else
#define BSCNET_BEGIN_TARGET(features) BSCNET_PRAGMA(GCC push_options) BSCNET_PRAGMA(GCC target(features))
#define BSCNET_END_TARGET BSCNET_PRAGMA(GCC pop_options)
#endif

// What CpuFeatures::avx2 and ::avx512 promise. Some releases of Clang count vectors of 512 bits apart from AVX-512, and
// Zig switches those off unless they are named.
#if defined(__clang__) && !defined(__apple_build_version__) && __clang_major__ >= 18 && __clang_major__ <= 21
#define BSCNET_VECTORS_512 "evex512,"
#else
#define BSCNET_VECTORS_512 ""
#endif
#define BSCNET_AVX2 "avx2,fma,f16c,bmi,bmi2,popcnt"
#define BSCNET_AVX512 BSCNET_VECTORS_512 "avx512f,avx512bw,avx512vl,avx512dq," BSCNET_AVX2

/// Every x86-64 CPU since 2008 counts bits in one instruction, and every 64-bit ARM.
#if defined(__x86_64__)
#define BSCNET_BEGIN_POPCOUNT BSCNET_BEGIN_TARGET("popcnt")
#define BSCNET_END_POPCOUNT BSCNET_END_TARGET
#else
#define BSCNET_BEGIN_POPCOUNT
#define BSCNET_END_POPCOUNT
#endif
