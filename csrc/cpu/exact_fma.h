#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace bscnet {

/// fma(a, b, c) of float32, rounded once, by float64 alone.
///
/// The product is exact in float64. The sum there is rounded to odd: where it is not exact, the last bit becomes 1.
/// What is rounded so to 53 bits and then to 24 is rounded as if at once (Boldo and Melquiond, 2008).
inline float fma_by_doubles(float a, float b, float c) {
  const double product = static_cast<double>(a) * b;
  double sum = product + c;
  const double other = sum - product;
  const double error = (product - (sum - other)) + (c - other);  // exact (Knuth's TwoSum)
  if (error < 0 || error > 0) {                                  // no NaN
    std::int64_t bits;
    std::memcpy(&bits, &sum, sizeof bits);
    if ((bits & 1) == 0) bits += (error > 0) == (sum > 0) ? 1 : -1;
    std::memcpy(&sum, &bits, sizeof bits);
  }
  return static_cast<float>(sum);
}

/// fma(a, b, c) of float32, rounded once, on every machine. The functions that C libraries bring for WebAssembly and
/// for Windows round some ties the wrong way.
inline float exact_fma(float a, float b, float c) {
#if defined(__wasm__) || defined(_WIN32)
  return fma_by_doubles(a, b, c);
#else
  return std::fma(a, b, c);
#endif
}

}  // namespace bscnet
