#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/feature_recipe.h"
#include "model/reading.h"

namespace bscnet {

/// A network as a list of instructions over values: what a model file says, checked, before any kernel's layout.
///
/// A value holds one row for each site of its level: real rows (float32) or packed signs. Level l has the distinct
/// floor(u / 2^l) of the sites. Value 0 is the input. Each value is defined once, before it is used.
struct Value {
  enum class Kind { kReal, kBits };
  Kind kind = Kind::kReal;
  int level = 0;
  int channels = 0;
  bool half = false;  ///< real: every number is one of float16, so that 16 bits hold it; see find_halves
};

/// One operation on the result v of an instruction, channel by channel in float32.
struct Step {
  enum class Kind {
    kAffine,    ///< v = fma(v, a, b)
    kPrelu,     ///< v = v > 0 ? v : a * v
    kRprelu,    ///< t = v - a; v = (t > 0 ? t : b * t) + c
    kRelu,      ///< v = max(v, 0)
    kHardtanh,  ///< v = min(max(v, -1), 1)
    kBias,      ///< v = v + a
    kFloat16,   ///< v = the nearest number of float16, see half_of
    kAdd        ///< v = v + value at the site, or at the site's parent where the value is one level coarser
  };
  Kind kind = Kind::kRelu;
  int value = -1;                ///< kAdd: the real value that is added
  std::vector<float> a, b, c{};  ///< (channels,) each, as far as the kind uses them
};

/// Packing to signs: bit = (v >= threshold) XOR flip; a set bit is +1.
struct Binarizer {
  std::vector<float> threshold;    ///< (channels,), may be infinite, never NaN
  std::vector<std::uint8_t> flip;  ///< (channels,) 0 or 1
};

/// A sparse convolution.
struct ConvolutionOp {
  enum class Geometry { kSubmanifold, kStrided, kTransposed, kPointwise };

  Geometry geometry = Geometry::kPointwise;
  bool binary = false;  ///< operands are signs
  int in_channels = 0;
  int out_channels = 0;
  int cells = 0;                           ///< 27, 8, 8 or 1; x runs fastest
  std::vector<std::array<int, 3>> shifts;  ///< submanifold: one a channel group, contiguous groups as array_split
  std::vector<std::uint8_t> sign_weight;   ///< binary: (cells, out_channels, ceil(in_channels / 8)), set bit = +1
  std::vector<float> scale;                ///< binary: (out_channels,)
  std::vector<float> real_weight;          ///< real: (cells, in_channels, out_channels)
};

/// Real values side by side, to signs.
struct BinarizeOp {};

/// To the next coarser level: the maximum over the active children, else their sum / 8.
struct PoolingOp {
  bool max = false;
};

/// Steps on a real value.
struct MapOp {};

/// Real values side by side; one of the next coarser level gives each site its parent's row.
struct ConcatenationOp {};

struct Instruction {
  using Kind = std::variant<ConvolutionOp, BinarizeOp, PoolingOp, MapOp, ConcatenationOp>;

  Kind kind;
  std::vector<int> in;  ///< one value; binarize and concatenation: one or more
  int out = -1;         ///< the real value written, or -1
  int bits = -1;        ///< the packed value written, or -1
  std::vector<Step> steps;
  Binarizer binarizer;  ///< where bits >= 0

  /// What it is, or null where it is another kind.
  template <typename Wanted>
  const Wanted* as() const {
    return std::get_if<Wanted>(&kind);
  }
  /// The value that gives its result level and channels.
  int result() const { return out >= 0 ? out : bits; }
};

struct Program {
  int in_channels = 0;
  int num_classes = 0;
  int levels = 1;
  std::vector<Value> values;
  std::vector<Instruction> instructions;
  int output = 0;           ///< real, level 0, num_classes channels
  std::string description;  ///< the file's JSON text

  double voxel_size = 1;  ///< metres
  FeatureRecipe features;
  Reading reading;
};

/// Marks the values whose numbers are all of float16: those whose last step rounds to it, and such values side by side.
void find_halves(Program& program);

}  // namespace bscnet
