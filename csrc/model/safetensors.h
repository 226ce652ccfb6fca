#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/json.h"

namespace bscnet {

/// A tensor that lies in somebody else's bytes, little-endian, C order, at any alignment.
struct Tensor {
  enum class Type { kF32, kF16, kU8 };
  Type type = Type::kU8;
  std::vector<std::int64_t> shape;
  const unsigned char* data = nullptr;
  std::size_t bytes = 0;
};

/// "F32", "F16" or "U8".
const char* name_of(Tensor::Type type);

/// A safetensors file: eight bytes with the header's length, the header (JSON), the data buffer.
struct Safetensors {
  std::map<std::string, std::string> metadata;
  Json header;
  const unsigned char* data = nullptr;
  std::size_t data_bytes = 0;
};

/// Length of the header, of a file of `file_bytes` that starts with these eight bytes; throws Error (kBadFile) where no
/// safetensors file starts so. With it a reader can refuse a foreign file of gigabytes before reading it.
std::size_t header_bytes(const unsigned char* first_eight, std::uint64_t file_bytes);

/// The file's parts and metadata; the tensors are not looked at. `bytes` has to outlive what is returned.
Safetensors read_safetensors(const unsigned char* bytes, std::size_t size);

/// The tensors. Refused: types but F32, F16, U8; shapes whose bytes are not those of the offsets; tensors that overlap,
/// leave gaps, or do not cover the data exactly.
std::map<std::string, Tensor> read_tensors(const Safetensors& file);

/// A tensor of type F32 or F16 as float32.
std::vector<float> floats_of(const Tensor& tensor);

}  // namespace bscnet
