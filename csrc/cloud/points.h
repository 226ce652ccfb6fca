#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace bscnet {

/// Points as a caller has them.
struct Points {
  std::size_t count;
  const double* xyz;        ///< (count, 3), in the unit of the model's reading
  const std::uint8_t* rgb;  ///< (count, 3), or null
  const float* values;      ///< (count, values of the model's recipe) as measured, or null

  bool finite(std::size_t point) const {
    const double* at = xyz + 3 * point;
    return std::isfinite(at[0]) && std::isfinite(at[1]) && std::isfinite(at[2]);
  }
};

/// Points that a thread takes at a time.
constexpr std::size_t kPointsAtOnce = std::size_t{1} << 14;

}  // namespace bscnet
