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

  /// A tensor of float32 or float16 of that shape, all finite.
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape);
  /// The next row of an instruction's rows (float32, a value for each channel of its result). `what` names it in
  /// errors.
  std::vector<float> row(const std::string& prefix, const char* what, int channels, Range range = Range::kFinite);
  /// Refuses rows that the instruction did not take.
  void end_rows(const std::string& prefix);
  /// (rows…, ceil(bits / 8)) bytes, bit j of a byte first; bits past the last are zero.
  std::vector<std::uint8_t> bits(const std::string& name, std::vector<std::int64_t> rows, int bits);
  /// Refuses tensors that nobody took.
  void finish() const;

 private:
  Tensor take(const std::string& name, const std::vector<std::int64_t>& shape, const char* types);
  std::map<std::string, Tensor> tensors_;
  std::vector<float> rows_;  ///< of the instruction that is being read
  std::int64_t num_rows_ = 0;
  std::int64_t next_row_ = 0;
};

}  // namespace bscnet
