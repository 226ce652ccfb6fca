#include "model/safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "model/error.h"
#include "model/half.h"
#include "model/text.h"

namespace bscnet {
namespace {

constexpr std::size_t kPrefix = 8;
constexpr std::uint64_t kMaxHeader = 64u << 20;
constexpr std::size_t kMaxRank = 8;
constexpr const char* kMetadata = "__metadata__";

[[noreturn]] void bad(const std::string& sentence) { throw Error(Fault::kBadFile, sentence); }

Tensor::Type type_of(const std::string& tensor, const Json* dtype) {
  if (dtype == nullptr || !dtype->is(Json::Kind::kString)) bad("tensor " + quoted(tensor) + " has no dtype");
  if (dtype->string() == "F32") return Tensor::Type::kF32;
  if (dtype->string() == "F16") return Tensor::Type::kF16;
  if (dtype->string() == "U8") return Tensor::Type::kU8;
  bad("tensor " + quoted(tensor) + " is of type " + quoted(dtype->string()) + "; allowed are F32, F16 and U8");
}

std::size_t type_bytes(Tensor::Type type) {
  return type == Tensor::Type::kF32 ? 4 : type == Tensor::Type::kF16 ? 2 : 1;
}

/// Integers of an array, each 0..limit.
std::vector<std::int64_t> counts(const std::string& tensor, const char* what, const Json* list, std::size_t limit) {
  const auto fail = [&] {
    bad("tensor " + quoted(tensor) + " has no valid " + what + "; it must be a list of integers from 0 to " +
        std::to_string(limit));
  };
  if (list == nullptr || !list->is(Json::Kind::kArray)) fail();
  std::vector<std::int64_t> numbers;
  for (const Json& item : list->array()) {
    if (!item.is(Json::Kind::kInteger) || item.integer() < 0) fail();
    if (static_cast<std::uint64_t>(item.integer()) > limit) fail();
    numbers.push_back(item.integer());
  }
  return numbers;
}

Tensor read_tensor(const std::string& name, const Json& entry, const Safetensors& file) {
  if (!entry.is(Json::Kind::kObject)) bad("tensor " + quoted(name) + " is not described by an object");
  Tensor tensor;
  tensor.type = type_of(name, entry.find("dtype"));
  // a tensor of more elements than the buffer has bytes cannot be; nor can one of its sizes, since none may be zero
  tensor.shape = counts(name, "shape", entry.find("shape"), file.data_bytes);
  const auto offsets = counts(name, "data_offsets", entry.find("data_offsets"), file.data_bytes);
  if (tensor.shape.size() > kMaxRank) {
    bad("tensor " + quoted(name) + " has " + std::to_string(tensor.shape.size()) + " dimensions; at most " +
        std::to_string(kMaxRank) + " are allowed");
  }
  if (entry.object().size() != 3) bad("tensor " + quoted(name) + " has entries beside dtype, shape and data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    bad("tensor " + quoted(name) + " has data_offsets " + listed(offsets) + "; they must be a start and an end");
  }
  tensor.data = file.data + offsets[0];
  tensor.bytes = static_cast<std::size_t>(offsets[1] - offsets[0]);
  std::size_t elements = 1;
  for (const std::int64_t size : tensor.shape) {
    const auto count = static_cast<std::size_t>(size);
    // at least a byte each: more elements than the buffer has bytes cannot be, and the product cannot overflow
    if (count == 0 || elements > file.data_bytes / count) {
      bad("tensor " + quoted(name) + " has the shape " + listed(tensor.shape) +
          ", which is empty or larger than the file");
    }
    elements *= count;
  }
  const std::size_t element = type_bytes(tensor.type);
  if (tensor.bytes % element != 0 || tensor.bytes / element != elements) {
    bad("tensor " + quoted(name) + " has the shape " + listed(tensor.shape) + " of " + name_of(tensor.type) + " but " +
        std::to_string(tensor.bytes) + " bytes of data");
  }
  return tensor;
}

}  // namespace

const char* name_of(Tensor::Type type) {
  return type == Tensor::Type::kF32 ? "F32" : type == Tensor::Type::kF16 ? "F16" : "U8";
}

std::size_t header_bytes(const unsigned char* first_eight, std::uint64_t file_bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kPrefix; ++i) length |= static_cast<std::uint64_t>(first_eight[i]) << (8 * i);
  if (length < 2 || file_bytes < kPrefix || length > file_bytes - kPrefix) {
    bad("the file is no safetensors file, or a truncated one: its first eight bytes say that a header of " +
        std::to_string(length) + " bytes follows, the file has " + std::to_string(file_bytes) + " bytes");
  }
  if (length > kMaxHeader) {
    bad("the file's header has " + std::to_string(length) + " bytes; at most " + std::to_string(kMaxHeader) +
        " are allowed");
  }
  return static_cast<std::size_t>(length);
}

Safetensors read_safetensors(const unsigned char* bytes, std::size_t size) {
  if (size < kPrefix) {
    bad("the file has " + std::to_string(size) +
        " bytes; a safetensors file starts with eight that give its header's length");
  }
  const std::size_t length = header_bytes(bytes, size);
  Safetensors file;
  file.data = bytes + kPrefix + length;
  file.data_bytes = size - kPrefix - length;
  const std::string_view text(reinterpret_cast<const char*>(bytes + kPrefix), length);
  file.header = read_json(text, "the header of the file");
  if (!file.header.is(Json::Kind::kObject))
    bad("the header of the file is no JSON object, so it is no safetensors file");
  const Json* metadata = file.header.find(kMetadata);
  if (metadata == nullptr) return file;
  for (const auto& [name, value] : metadata->object()) {
    if (!value.is(Json::Kind::kString)) bad("the metadata " + quoted(name) + " is not a string");
    file.metadata[name] = value.string();
  }
  return file;
}

std::map<std::string, Tensor> read_tensors(const Safetensors& file) {
  std::map<std::string, Tensor> tensors;
  std::vector<std::pair<const unsigned char*, const std::string*>> places;
  for (const auto& [name, entry] : file.header.object()) {
    if (name == kMetadata) continue;
    tensors.emplace(name, read_tensor(name, entry, file));
    places.emplace_back(tensors[name].data, &name);
  }
  std::sort(places.begin(), places.end());
  const unsigned char* end = file.data;
  for (const auto& [start, name] : places) {
    if (start != end) {
      bad("tensor " + quoted(*name) + " starts at byte " + std::to_string(start - file.data) + " of the data, but " +
          std::to_string(end - file.data) + " bytes stand before it; tensors follow each other without gap or overlap");
    }
    end = start + tensors[*name].bytes;
  }
  if (end != file.data + file.data_bytes) {
    bad("the tensors cover " + std::to_string(end - file.data) + " bytes, but the file has " +
        std::to_string(file.data_bytes) + " bytes of data");
  }
  return tensors;
}

std::vector<float> floats_of(const Tensor& tensor) {
  if (tensor.type == Tensor::Type::kU8) throw Error(Fault::kBadFile, "bytes are no floats");
  std::vector<float> floats(tensor.bytes / type_bytes(tensor.type));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const unsigned char* at = tensor.data + i * type_bytes(tensor.type);
    std::uint32_t bits = static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8;
    if (tensor.type == Tensor::Type::kF16) {
      floats[i] = float_of(Half{static_cast<std::uint16_t>(bits)});
      continue;
    }
    bits |= static_cast<std::uint32_t>(at[2]) << 16 | static_cast<std::uint32_t>(at[3]) << 24;
    std::memcpy(&floats[i], &bits, sizeof bits);
  }
  return floats;
}

}  // namespace bscnet
