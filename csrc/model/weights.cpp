#include "model/weights.h"

#include <cmath>
#include <cstring>

#include "model/error.h"
#include "model/text.h"

namespace bscnet {
namespace {

[[noreturn]] void bad(const std::string& name, const std::string& what) {
  throw Error(Fault::kBadFile, "tensor " + quoted(name) + " " + what);
}

}  // namespace

Tensor Weights::take(const std::string& name, const std::vector<std::int64_t>& shape, const char* types) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) bad(name, "is missing; it must be " + std::string(types) + " of shape " + listed(shape));
  Tensor tensor = std::move(found->second);
  tensors_.erase(found);
  const bool typed = std::strstr(types, name_of(tensor.type)) != nullptr;
  if (!typed || tensor.shape != shape) {
    bad(name, "is " + std::string(name_of(tensor.type)) + " of shape " + listed(tensor.shape) + "; it must be " +
                  types + " of shape " + listed(shape));
  }
  return tensor;
}

std::vector<float> Weights::floats(const std::string& name, const std::vector<std::int64_t>& shape, Range range,
                                   bool half) {
  std::vector<float> floats = floats_of(take(name, shape, half ? "F32 or F16" : "F32"));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    if (std::isfinite(floats[i]) || (range == Range::kInfinite && !std::isnan(floats[i]))) continue;
    bad(name, "holds " + std::string(std::isnan(floats[i]) ? "NaN" : "an infinity") + " at element " +
                  std::to_string(i) +
                  (range == Range::kFinite ? "; all have to be finite" : "; infinities alone are allowed"));
  }
  return floats;
}

std::vector<std::uint8_t> Weights::bits(const std::string& name, std::vector<std::int64_t> rows, int bits) {
  const std::size_t width = (static_cast<std::size_t>(bits) + 7) / 8;
  rows.push_back(static_cast<std::int64_t>(width));
  const Tensor tensor = take(name, rows, "U8");
  std::vector<std::uint8_t> bytes(tensor.data, tensor.data + tensor.bytes);
  const unsigned padding = bits % 8 == 0 ? 0u : 0xFFu & (0xFFu << (bits % 8));
  for (std::size_t last = width - 1; padding != 0 && last < bytes.size(); last += width) {
    if ((bytes[last] & padding) != 0) {
      bad(name, "has bits set past channel " + std::to_string(bits - 1) + " in byte " + std::to_string(last) +
                    "; they must be zero");
    }
  }
  return bytes;
}

void Weights::finish() const {
  if (!tensors_.empty()) bad(tensors_.begin()->first, "belongs to no instruction");
}

}  // namespace bscnet
