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

void check(const std::string& name, const std::vector<float>& floats, Weights::Range range,
           const std::string& where = "") {
  for (std::size_t i = 0; i < floats.size(); ++i) {
    if (std::isfinite(floats[i]) || (range == Weights::Range::kInfinite && !std::isnan(floats[i]))) continue;
    bad(name, "holds " + std::string(std::isnan(floats[i]) ? "NaN" : "an infinity") + " at element " +
                  std::to_string(i) + where +
                  (range == Weights::Range::kFinite ? "; all have to be finite" : "; infinities alone are allowed"));
  }
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

std::vector<float> Weights::floats(const std::string& name, const std::vector<std::int64_t>& shape) {
  std::vector<float> floats = floats_of(take(name, shape, "F32 or F16"));
  check(name, floats, Range::kFinite);
  return floats;
}

std::vector<float> Weights::row(const std::string& prefix, const char* what, int channels, Range range) {
  const std::string name = prefix + "rows";
  if (next_row_ == 0) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      bad(name, "is missing; its first row must be the " + std::string(what) + ", " + std::to_string(channels) +
                    " F32 numbers");
    }
    num_rows_ = found->second.shape.empty() ? 0 : found->second.shape[0];
    rows_ = floats_of(take(name, {num_rows_, channels}, "F32"));
  }
  if (next_row_ >= num_rows_) {
    bad(name, "has " + std::to_string(num_rows_) + " rows; one more must be the " + what);
  }
  const auto begin = rows_.begin() + next_row_ * channels;
  std::vector<float> row(begin, begin + channels);
  check(name, row, range, " of row " + std::to_string(next_row_) + " (" + what + ")");
  ++next_row_;
  return row;
}

void Weights::end_rows(const std::string& prefix) {
  if (next_row_ < num_rows_) {
    bad(prefix + "rows",
        "has " + std::to_string(num_rows_) + " rows; the instruction takes " + std::to_string(next_row_));
  }
  num_rows_ = next_row_ = 0;
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
