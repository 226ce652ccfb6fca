#include "tests/model_bytes.h"

#include <cstdio>
#include <stdexcept>

#include "model/description.h"
#include "model/safetensors.h"
#include "model/text.h"

namespace {

std::string escaped(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += code;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

}  // namespace

RawTensor& RawModel::tensor(const std::string& name) {
  for (RawTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  throw std::runtime_error("no tensor " + name);
}

RawModel& RawModel::replace(const std::string& piece, const std::string& other) {
  const std::size_t at = description.find(piece);
  if (at == std::string::npos) throw std::runtime_error("the description lacks " + piece);
  description.replace(at, piece.size(), other);
  return *this;
}

RawTensor float_tensor(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values) {
  RawTensor tensor{name, "F32", std::move(shape), ""};
  for (std::int64_t i = 0; i < elements(tensor.shape); ++i) {
    const float value = values[static_cast<std::size_t>(i) % values.size()];
    tensor.bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return tensor;
}

RawTensor rows_tensor(const std::string& name, std::int64_t channels, const std::vector<std::vector<float>>& rows) {
  RawTensor tensor{name, "F32", {static_cast<std::int64_t>(rows.size()), channels}, ""};
  for (const std::vector<float>& row : rows) tensor.bytes += float_tensor("", {channels}, row).bytes;
  return tensor;
}

RawTensor byte_tensor(const std::string& name, std::vector<std::int64_t> shape, const std::vector<int>& values) {
  RawTensor tensor{name, "U8", std::move(shape), ""};
  for (std::int64_t i = 0; i < elements(tensor.shape); ++i) {
    tensor.bytes += static_cast<char>(values[static_cast<std::size_t>(i) % values.size()]);
  }
  return tensor;
}

std::string with_length(const std::string& header, const std::string& data) {
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i)
    file[i] = static_cast<char>((static_cast<std::uint64_t>(header.size()) >> (8 * i)) & 0xFF);
  return file + header + data;
}

std::string file_of(const RawModel& model) {
  std::string entries, data;
  for (const RawTensor& tensor : model.tensors) {
    const std::size_t start = data.size();
    data += tensor.bytes;
    entries += "," + escaped(tensor.name) + ":{\"dtype\":" + escaped(tensor.dtype) +
               ",\"shape\":" + bscnet::listed(tensor.shape) + ",\"data_offsets\":[" + std::to_string(start) + "," +
               std::to_string(data.size()) + "]}";
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  const std::string checksum = bscnet::checksum_of(model.description, bytes, data.size());
  return with_length("{\"__metadata__\":{\"format\":" + escaped(model.format) +
                         ",\"version\":" + escaped(model.version) + ",\"checksum\":" + escaped(checksum) +
                         ",\"description\":" + escaped(model.description) + "}" + entries + "}",
                     data);
}

RawModel parts_of(const std::string& file) {
  const auto parts = bscnet::read_safetensors(reinterpret_cast<const unsigned char*>(file.data()), file.size());
  RawModel model;
  model.version = parts.metadata.at("version");
  model.description = parts.metadata.at("description");
  for (const auto& [name, tensor] : bscnet::read_tensors(parts)) {
    model.tensors.push_back({name, bscnet::name_of(tensor.type), tensor.shape,
                             std::string(reinterpret_cast<const char*>(tensor.data), tensor.bytes)});
  }
  return model;
}

RawModel sample_model() {
  RawModel model;
  model.description = R"({"version":2,"name":"sample","family":"unet","method":"bsc_net","stage":3,"precision":"a1w1",
"half":true,"data":"rooms","voxel_size":0.05,"class_names":["floor","wände"],"in_channels":3,"num_classes":2,
"features":{"kind":"cloud","names":["rgb"],"scale":127.5,"offset":-1.0},
"reading":{"units":null,"colors":"auto","columns":null,"invalid_points":"error","scale":{},"labels":[]},"radius":9,
"shift_plan":{"layer":[[0,0,0],[1,0,-1]]},"commit":null,
"levels":2,
"values":[["real",0,3],["bits",0,3],["real",0,4],["bits",0,4],["real",1,5],["real",1,4],["real",0,4],["bits",0,4],
["real",0,4],["real",0,9],["real",1,9],["real",0,2]],
"instructions":[
{"op":"binarize","in":[0],"bits":1},
{"op":"conv","geometry":"submanifold","operand":"bits","in":1,"out":2,"bits":3,"shifts":[[0,0,0],[1,0,-1]],
"steps":[["affine"],["prelu"],["float16"]]},
{"op":"conv","geometry":"strided","operand":"bits","in":3,"out":4,"bits":-1,"shifts":[],"steps":[["bias"],["rprelu"]]},
{"op":"pool","kind":"avg","in":2,"out":5},
{"op":"conv","geometry":"transposed","operand":"real","in":4,"out":6,"bits":-1,"steps":[["relu"],["add",5],["add",2]]},
{"op":"map","in":6,"out":-1,"bits":7,"steps":[["hardtanh"]]},
{"op":"conv","geometry":"pointwise","operand":"bits","in":7,"out":8,"bits":-1,"steps":[]},
{"op":"concat","in":[8,4],"out":9},
{"op":"pool","kind":"max","in":9,"out":10},
{"op":"conv","geometry":"pointwise","operand":"real","in":9,"out":11,"bits":-1,"steps":[]}],
"output":11})";
  const std::vector<float> mixed = {0.5f, -1.25f, 2.0f, -0.125f, 0.75f};
  model.tensors = {rows_tensor("0.rows", 3, {{0.0f}}),
                   byte_tensor("0.flip", {1}, {2}),
                   byte_tensor("1.weight", {27, 4, 1}, {5, 2, 7, 0, 3}),
                   rows_tensor("1.rows", 4, {mixed, mixed, mixed, {0.25f}, mixed}),
                   byte_tensor("1.flip", {1}, {9}),
                   byte_tensor("2.weight", {8, 5, 1}, {15, 6, 1}),
                   rows_tensor("2.rows", 5, {mixed, mixed, mixed, {0.1f}, mixed}),
                   byte_tensor("4.weight", {8, 5, 8}, {0, 0x3C, 0, 0xB8}),
                   rows_tensor("5.rows", 4, {{0.1f, -0.2f}}),
                   byte_tensor("5.flip", {1}, {0}),
                   byte_tensor("6.weight", {1, 4, 1}, {10, 3, 12, 15}),
                   rows_tensor("6.rows", 4, {mixed}),
                   float_tensor("9.weight", {1, 9, 2}, mixed)};
  RawTensor& half = model.tensor("4.weight");  // two bytes each: 1 and -0.5
  half.dtype = "F16";
  half.shape = {8, 5, 4};
  return model;
}

RawModel sample_of_version_1() {
  RawModel model = sample_model();
  model.version = "1";
  model.replace("\"version\":2", "\"version\":1");
  model.replace("{\"kind\":\"cloud\",\"names\":[\"rgb\"],", "{\"kind\":\"rgb\",");
  const std::size_t start = model.description.find("\"reading\"");
  model.description.erase(start, model.description.find("\"shift_plan\"") - start);
  return model;
}
