#include "model/instruction_reader.h"

#include <algorithm>
#include <cstdint>

#include "model/error.h"
#include "model/text.h"

namespace bscnet {
namespace {

using Geometry = ConvolutionOp::Geometry;

constexpr std::size_t kMaxSteps = 64;

const char* name_of(Value::Kind kind) { return kind == Value::Kind::kReal ? "real" : "bits"; }

std::string described(std::int64_t index, const Value& value) {
  return "value " + std::to_string(index) + " (" + name_of(value.kind) + ", level " + std::to_string(value.level) +
         ", " + std::to_string(value.channels) + " channels)";
}

int cells_of(Geometry geometry) {
  return geometry == Geometry::kSubmanifold ? 27 : geometry == Geometry::kPointwise ? 1 : 8;
}

int level_change(Geometry geometry) {
  return geometry == Geometry::kStrided ? 1 : geometry == Geometry::kTransposed ? -1 : 0;
}

}  // namespace

InstructionReader::InstructionReader(const std::vector<Value>& values, Weights& weights)
    : values_(values), weights_(weights), defined_(values.size(), false) {
  defined_[0] = true;
}

const Value& InstructionReader::use(const Fields& fields, const char* name, std::int64_t index,
                                    Value::Kind kind) const {
  const std::string role = "has " + std::to_string(index) + " in \"" + name + "\", ";
  if (index < 0 || index >= static_cast<std::int64_t>(values_.size())) {
    fields.fail(role + "but values are numbered 0 to " + std::to_string(values_.size() - 1));
  }
  const Value& value = values_[static_cast<std::size_t>(index)];
  if (!defined_[static_cast<std::size_t>(index)]) fields.fail(role + "a value that no earlier instruction defines");
  if (value.kind != kind)
    fields.fail("reads " + described(index, value) + "; it must be a value of kind " + name_of(kind));
  return value;
}

int InstructionReader::read_target(const Fields& fields, const char* name, Value::Kind kind, bool optional,
                                   Shape& shape) const {
  const std::int64_t last = static_cast<std::int64_t>(values_.size()) - 1;
  const int index = static_cast<int>(fields.integer(name, optional ? -1 : 0, last));
  if (index < 0) return index;
  const Value& value = values_[static_cast<std::size_t>(index)];
  if (defined_[static_cast<std::size_t>(index)]) {
    fields.fail("defines value " + std::to_string(index) + ", which is defined already; a value is defined once");
  }
  if (value.kind != kind || value.level != shape.level || (shape.channels != 0 && value.channels != shape.channels)) {
    Value needed{kind, shape.level, shape.channels == 0 ? value.channels : shape.channels};
    const std::string wanted = described(index, needed);
    fields.fail("writes " + described(index, value) + " as \"" + name + "\"; it must be " +
                wanted.substr(wanted.find('(')));
  }
  shape.channels = value.channels;
  return index;
}

InstructionReader::Shape InstructionReader::read_targets(const Fields& fields, Instruction& instruction,
                                                         Shape shape) const {
  instruction.out = read_target(fields, "out", Value::Kind::kReal, true, shape);
  instruction.bits = read_target(fields, "bits", Value::Kind::kBits, true, shape);
  if (instruction.out < 0 && instruction.bits < 0) fields.fail("writes nothing; \"out\" or \"bits\" must be a value");
  return shape;
}

std::vector<int> InstructionReader::read_parts(const Fields& fields) const {
  std::vector<int> parts;
  for (const Json& item : fields.array("in")) {
    if (!item.is(Json::Kind::kInteger)) fields.fail("has " + std::string(name_of(item.kind())) + " in the list \"in\"");
    use(fields, "in", item.integer(), Value::Kind::kReal);
    parts.push_back(static_cast<int>(item.integer()));
  }
  if (parts.empty()) fields.fail("has an empty list \"in\"; it needs at least one value");
  return parts;
}

Step InstructionReader::read_step(const Fields& fields, const Json& json, const std::string& prefix, Shape shape) {
  struct Kind {
    const char* name;
    Step::Kind kind;
    int tensors;
  };
  static constexpr Kind kKinds[] = {{"affine", Step::Kind::kAffine, 2},     {"prelu", Step::Kind::kPrelu, 1},
                                    {"rprelu", Step::Kind::kRprelu, 3},     {"relu", Step::Kind::kRelu, 0},
                                    {"hardtanh", Step::Kind::kHardtanh, 0}, {"bias", Step::Kind::kBias, 1},
                                    {"float16", Step::Kind::kFloat16, 0},   {"add", Step::Kind::kAdd, 0}};
  const std::vector<Json>& parts = json.array();
  if (parts.empty() || !parts[0].is(Json::Kind::kString)) {
    fields.fail("has a step that is no list starting with a name, such as [\"relu\"]");
  }
  for (const Kind& known : kKinds) {
    if (parts[0].string() != known.name) continue;
    Step step;
    step.kind = known.kind;
    const std::size_t length = known.kind == Step::Kind::kAdd ? 2 : 1;
    if (parts.size() != length || (length == 2 && !parts[1].is(Json::Kind::kInteger))) {
      fields.fail("has a malformed step " + quoted(known.name) + "; allowed is " +
                  (length == 2 ? "[\"add\", value]" : "the name alone"));
    }
    if (known.tensors > 0) step.a = weights_.row(prefix, known.name, shape.channels);
    if (known.tensors > 1) step.b = weights_.row(prefix, known.name, shape.channels);
    if (known.tensors > 2) step.c = weights_.row(prefix, known.name, shape.channels);
    if (length == 1) return step;
    const std::int64_t index = parts[1].integer();
    const Value& value = use(fields, "add", index, Value::Kind::kReal);
    if ((value.level != shape.level && value.level != shape.level + 1) || value.channels != shape.channels) {
      fields.fail("adds " + described(index, value) + " to level " + std::to_string(shape.level) + ", " +
                  std::to_string(shape.channels) +
                  " channels; it must be of that level or one more, with as many channels");
    }
    step.value = static_cast<int>(index);
    return step;
  }
  fields.fail("has the unknown step " + quoted(parts[0].string()) +
              "; allowed are affine, prelu, rprelu, relu, hardtanh, bias, float16, add");
}

std::vector<Step> InstructionReader::read_steps(const Fields& fields, const std::string& prefix, Shape shape) {
  const std::vector<Json>& list = fields.array("steps");
  if (list.size() > kMaxSteps) {
    fields.fail("has " + std::to_string(list.size()) + " steps; at most " + std::to_string(kMaxSteps) + " are allowed");
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < list.size(); ++i) {
    steps.push_back(read_step(fields, list[i], prefix, shape));
  }
  return steps;
}

ConvolutionOp InstructionReader::read_conv(const Fields& fields, const std::string& prefix, Instruction& instruction) {
  ConvolutionOp conv;
  fields.only({"op", "geometry", "operand", "in", "out", "bits", "shifts", "steps"});
  conv.geometry =
      static_cast<Geometry>(fields.choice("geometry", {"submanifold", "strided", "transposed", "pointwise"}));
  conv.binary = fields.choice("operand", {"bits", "real"}) == 0;
  conv.cells = cells_of(conv.geometry);
  const auto in = fields.get("in", Json::Kind::kInteger).integer();
  const Value& value = use(fields, "in", in, conv.binary ? Value::Kind::kBits : Value::Kind::kReal);
  instruction.in = {static_cast<int>(in)};
  conv.in_channels = value.channels;
  const Shape shape = read_targets(fields, instruction, {value.level + level_change(conv.geometry), 0});
  conv.out_channels = shape.channels;
  const bool submanifold = conv.geometry == Geometry::kSubmanifold;
  if (fields.has("shifts")) conv.shifts = fields.shifts("shifts", fields.get("shifts", Json::Kind::kArray));
  if (!submanifold && !conv.shifts.empty()) fields.fail("has shifts; only a submanifold convolution may have them");
  if (submanifold && (conv.shifts.empty() || conv.shifts.size() > static_cast<std::size_t>(conv.out_channels))) {
    fields.fail("has " + std::to_string(conv.shifts.size()) + " shifts; a submanifold convolution has 1 to " +
                std::to_string(conv.out_channels) + ", its output channels");
  }
  if (conv.binary) {
    conv.sign_weight = weights_.bits(prefix + "weight", {conv.cells, conv.out_channels}, conv.in_channels);
    conv.scale = weights_.row(prefix, "scale", conv.out_channels);
  } else {
    conv.real_weight = weights_.floats(prefix + "weight", {conv.cells, conv.in_channels, conv.out_channels});
  }
  instruction.steps = read_steps(fields, prefix, shape);
  return conv;
}

BinarizeOp InstructionReader::read_binarize(const Fields& fields, Instruction& binarize) const {
  fields.only({"op", "in", "bits"});
  binarize.in = read_parts(fields);
  Shape shape{values_[static_cast<std::size_t>(binarize.in[0])].level, 0};
  for (const int part : binarize.in) {
    const Value& value = values_[static_cast<std::size_t>(part)];
    if (value.level != shape.level) {
      fields.fail("reads " + described(part, value) + "; its parts must be of one level, " +
                  std::to_string(shape.level));
    }
    // saturates: any sum above the largest number of channels is refused just the same
    shape.channels = std::min(shape.channels + value.channels, 1 << 20);
  }
  binarize.bits = read_target(fields, "bits", Value::Kind::kBits, false, shape);
  return {};
}

PoolingOp InstructionReader::read_pool(const Fields& fields, Instruction& pool) const {
  fields.only({"op", "kind", "in", "out"});
  const PoolingOp kind{fields.choice("kind", {"avg", "max"}) == 1};
  const auto in = fields.get("in", Json::Kind::kInteger).integer();
  const Value& value = use(fields, "in", in, Value::Kind::kReal);
  pool.in = {static_cast<int>(in)};
  Shape shape{value.level + 1, value.channels};
  pool.out = read_target(fields, "out", Value::Kind::kReal, false, shape);
  return kind;
}

MapOp InstructionReader::read_map(const Fields& fields, const std::string& prefix, Instruction& map) {
  fields.only({"op", "in", "out", "bits", "steps"});
  const auto in = fields.get("in", Json::Kind::kInteger).integer();
  const Value& value = use(fields, "in", in, Value::Kind::kReal);
  map.in = {static_cast<int>(in)};
  const Shape shape = read_targets(fields, map, {value.level, value.channels});
  map.steps = read_steps(fields, prefix, shape);
  return {};
}

ConcatenationOp InstructionReader::read_concat(const Fields& fields, Instruction& concat) const {
  fields.only({"op", "in", "out"});
  concat.in = read_parts(fields);
  // the finest part gives the level, or lies one level above it: the written value decides which
  const auto last = static_cast<std::int64_t>(values_.size()) - 1;
  const auto out = static_cast<std::size_t>(fields.integer("out", 0, last));
  Shape shape{values_[out].level, 0};
  for (const int part : concat.in) {
    const Value& value = values_[static_cast<std::size_t>(part)];
    if (value.level != shape.level && value.level != shape.level + 1) {
      fields.fail("reads " + described(part, value) + "; its parts must be of the written value's level, " +
                  std::to_string(shape.level) + ", or one more");
    }
    shape.channels = std::min(shape.channels + value.channels, 1 << 20);
  }
  concat.out = read_target(fields, "out", Value::Kind::kReal, false, shape);
  return {};
}

void InstructionReader::define(int value) {
  if (value >= 0) defined_[static_cast<std::size_t>(value)] = true;
}

Instruction::Kind InstructionReader::read_kind(const Fields& fields, const std::string& prefix,
                                               Instruction& instruction) {
  static_assert(std::variant_size_v<Instruction::Kind> == 5, "a kind of instruction has no word in files");
  switch (fields.choice("op", {"conv", "binarize", "pool", "map", "concat"})) {
    case 0:
      return read_conv(fields, prefix, instruction);
    case 1:
      return read_binarize(fields, instruction);
    case 2:
      return read_pool(fields, instruction);
    case 3:
      return read_map(fields, prefix, instruction);
    default:
      return read_concat(fields, instruction);
  }
}

Instruction InstructionReader::read(int index, const Json& json) {
  const Fields fields(json, "instruction " + std::to_string(index));
  const std::string prefix = std::to_string(index) + ".";
  Instruction instruction;
  instruction.kind = read_kind(fields, prefix, instruction);
  if (instruction.bits >= 0) {
    const int channels = values_[static_cast<std::size_t>(instruction.bits)].channels;
    instruction.binarizer.threshold = weights_.row(prefix, "threshold", channels, Weights::Range::kInfinite);
    const std::vector<std::uint8_t> flips = weights_.bits(prefix + "flip", {}, channels);
    for (int c = 0; c < channels; ++c) {
      instruction.binarizer.flip.push_back((flips[static_cast<std::size_t>(c) / 8] >> (c % 8)) & 1u);
    }
  }
  weights_.end_rows(prefix);
  define(instruction.out);
  define(instruction.bits);
  return instruction;
}

void InstructionReader::finish() const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (defined_[i]) continue;
    throw Error(Fault::kBadFile, "no instruction defines " + described(static_cast<std::int64_t>(i), values_[i]));
  }
}

}  // namespace bscnet
