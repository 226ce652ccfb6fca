#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/safetensors.h"

namespace bscnet {

/// The tensors of a model file, each taken exactly once by the instruction that owns it. A shape is compared with the
/// tensor's own, which the file's size has paid for, before anything is allocated.
class Weights {
 public:
  enum class Range { kFinite, kInfinite };  ///< kInfinite: infinities are allowed, NaN never

  explicit Weights(std::map<std::string, Tensor> tensors) : tensors_(std::move(tensors)) {}

  /// A float32 tensor of that shape; where `half` is set float16 will do as well.
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape,
                            Range range = Range::kFinite, bool half = false);
  /// (rows…, ceil(bits / 8)) bytes, bit j of a byte first; bits past the last are zero.
  std::vector<std::uint8_t> bits(const std::string& name, std::vector<std::int64_t> rows, int bits);
  /// Refuses tensors that nobody took.
  void finish() const;

 private:
  Tensor take(const std::string& name, const std::vector<std::int64_t>& shape, const char* types);
  std::map<std::string, Tensor> tensors_;
};

}  // namespace bscnet
