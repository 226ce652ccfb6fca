#pragma once

#include <string>
#include <vector>

#include "model/fields.h"
#include "model/program.h"
#include "model/weights.h"

namespace bscnet {

/// Reads a model's instructions one after the other and checks that they are a program: each value is defined exactly
/// once and before it is used, kinds, levels and channels fit, each tensor is there and has its shape. Throws Error.
class InstructionReader {
 public:
  /// Value 0, the input, counts as defined. Both arguments have to outlive this.
  InstructionReader(const std::vector<Value>& values, Weights& weights);

  Instruction read(int index, const Json& json);
  /// Refuses values that nothing defined.
  void finish() const;
  /// The value is there to be used, and of that kind.
  const Value& use(const Fields& fields, const char* name, std::int64_t index, Value::Kind kind) const;

 private:
  struct Shape {
    int level = 0;
    int channels = 0;
  };
  /// The out and bits of an instruction whose result has that level and (unless 0) channels.
  Shape read_targets(const Fields& fields, Instruction& instruction, Shape shape) const;
  int read_target(const Fields& fields, const char* name, Value::Kind kind, bool optional, Shape& shape) const;
  std::vector<int> read_parts(const Fields& fields) const;
  std::vector<Step> read_steps(const Fields& fields, const std::string& prefix, Shape shape);
  Step read_step(const Fields& fields, const Json& json, const std::string& prefix, Shape shape);
  /// What the instruction is; what all kinds have is put into it.
  Instruction::Kind read_kind(const Fields& fields, const std::string& prefix, Instruction& instruction);
  ConvolutionOp read_conv(const Fields& fields, const std::string& prefix, Instruction& instruction);
  BinarizeOp read_binarize(const Fields& fields, Instruction& binarize) const;
  PoolingOp read_pool(const Fields& fields, Instruction& pool) const;
  MapOp read_map(const Fields& fields, const std::string& prefix, Instruction& map);
  ConcatenationOp read_concat(const Fields& fields, Instruction& concat) const;
  void define(int value);

  const std::vector<Value>& values_;
  Weights& weights_;
  std::vector<bool> defined_;
};

}  // namespace bscnet
