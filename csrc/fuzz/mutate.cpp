#include "fuzz/mutate.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/model_bytes.h"

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t count) { return count == 0 ? 0 : random() % count; }

template <typename List>
auto& any(List& list, Random& random) {
  return list[below(random, list.size())];
}

const std::vector<std::string> kNumbers = {"0",
                                           "1",
                                           "2",
                                           "3",
                                           "7",
                                           "8",
                                           "-1",
                                           "-2",
                                           "11",
                                           "12",
                                           "13",
                                           "1024",
                                           "1025",
                                           "2048",
                                           "2049",
                                           "4096",
                                           "8192",
                                           "2147483647",
                                           "4294967296",
                                           "0.5",
                                           "1e300",
                                           "-0.0",
                                           "1e999",
                                           "999999999999999999",
                                           "9223372036854775808",
                                           "9007199254740991",
                                           "1e-300",
                                           "01",
                                           "NaN"};
const std::vector<std::string> kWords = {"conv",        "binarize",
                                         "pool",        "map",
                                         "concat",      "submanifold",
                                         "strided",     "transposed",
                                         "pointwise",   "bits",
                                         "real",        "avg",
                                         "max",         "affine",
                                         "prelu",       "rprelu",
                                         "relu",        "hardtanh",
                                         "bias",        "add",
                                         "op",          "in",
                                         "out",         "steps",
                                         "shifts",      "kind",
                                         "geometry",    "operand",
                                         "values",      "output",
                                         "levels",      "rgb",
                                         "cloud",       "given",
                                         "names",       "ranges",
                                         "height",      "offset",
                                         "one",         "scale",
                                         "reading",     "labels",
                                         "units",       "colors",
                                         "columns",     "invalid_points",
                                         "error",       "drop",
                                         "radius",      "auto",
                                         "255",         "us-ft",
                                         "cm",          "value",
                                         "\\ud800",     "\\u0000",
                                         "\xC3\xA4",    "",
                                         "in_channels", "num_classes",
                                         "float16"};

/// Where a token or a bracketed part of a text stands.
struct Span {
  std::size_t start, size;
};

std::vector<Span> tokens(const std::string& text, bool numbers) {
  std::vector<Span> found;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') {
      const std::size_t end = text.find('"', at + 1);
      if (end == std::string::npos) break;
      if (!numbers) found.push_back({at + 1, end - at - 1});
      at = end;
    } else if (text[at] == '-' || (text[at] >= '0' && text[at] <= '9')) {
      const std::size_t end = std::min(text.find_first_not_of("0123456789.eE+-", at), text.size());
      if (numbers) found.push_back({at, end - at});
      at = end - 1;
    }
  }
  return found;
}

/// Every [...] and {...}.
std::vector<Span> parts(const std::string& text) {
  std::vector<Span> found;
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[' || text[at] == '{') open.push_back(at);
    if ((text[at] == ']' || text[at] == '}') && !open.empty()) {
      found.push_back({open.back(), at - open.back() + 1});
      open.pop_back();
    }
  }
  return found;
}

void change_text(std::string& text, Random& random) {
  const std::size_t how = below(random, 10);
  const std::vector<Span> found = how < 8 ? tokens(text, how < 5) : parts(text);
  if (found.empty()) return;
  const Span span = found[below(random, found.size())], other = found[below(random, found.size())];
  const std::string same_kind = text.substr(other.start, other.size);
  if (how < 2) {
    text.replace(span.start, span.size, any(kNumbers, random));
  } else if (how < 4) {  // a number that stands somewhere: likely to be valid here too
    text.replace(span.start, span.size, same_kind);
  } else if (how < 5) {
    text.replace(span.start, span.size, std::to_string(below(random, 16)));
  } else if (how < 7) {
    text.replace(span.start, span.size, any(kWords, random));
  } else if (how < 9) {
    text.replace(span.start, span.size, same_kind);
  } else {  // part: twice, or gone with the comma after it
    const std::string part = text.substr(span.start, span.size);
    const bool comma = text[std::min(span.start + span.size, text.size() - 1)] == ',';
    text.replace(span.start, span.size + (comma ? 1 : 0), random() % 2 ? part + "," + part + (comma ? "," : "") : "");
  }
}

void change_tensors(std::vector<RawTensor>& tensors, Random& random) {
  if (tensors.empty()) return;
  RawTensor &one = any(tensors, random), &other = any(tensors, random);
  switch (below(random, 9)) {
    case 0:
      std::swap(one.name, other.name);
      break;
    case 1:
      std::swap(one.bytes, other.bytes);
      break;
    case 2:
      one.dtype = random() % 2 ? other.dtype : std::string("F16");
      break;
    case 3:
      if (!one.shape.empty()) any(one.shape, random) = static_cast<std::int64_t>(random() % 40) - 2;
      break;
    case 4:
      one.shape = other.shape;
      break;
    case 5:
      one.bytes.resize(below(random, one.bytes.size() + 5));
      break;
    case 6:
      one.name = std::to_string(below(random, 12)) + (random() % 2 ? ".weight" : ".rows");
      break;
    case 7:
      if (random() % 2) {
        tensors.push_back(RawTensor(one));
      } else {
        tensors.erase(tensors.begin() + (&one - tensors.data()));
      }
      break;
    default:
      std::reverse(one.shape.begin(), one.shape.end());
  }
}

/// Numbers of a tensor: whole random bytes, or floats that are special.
void change_contents(std::vector<RawTensor>& tensors, Random& random) {
  if (tensors.empty()) return;
  RawTensor& one = any(tensors, random);
  const float special[] = {0.0f, -0.0f, 1e38f, -1e38f, 1e-45f, 3e4f, -1.0f, 1.0f / 0.0f, -1.0f / 0.0f, 0.0f / 0.0f};
  for (std::size_t i = 0; i + 4 <= one.bytes.size(); i += 4) {
    if (random() % 3 != 0) continue;
    const float value = special[below(random, random() % 8 ? 7 : 10)];
    const std::uint32_t whatever = random();
    std::memcpy(&one.bytes[i], one.dtype == "F32" ? static_cast<const void*>(&value) : &whatever, 4);
  }
}

void change_bytes(std::string& bytes, const std::string& other, Random& random) {
  const std::size_t at = below(random, bytes.size());
  switch (below(random, 8)) {
    case 0:
      bytes.resize(at);
      break;
    case 1:
      bytes.insert(at, std::string(below(random, 9), static_cast<char>(random())));
      break;
    case 2:
      bytes.erase(at, below(random, 9));
      break;
    case 3:
      bytes = bytes.substr(0, at) + other.substr(below(random, other.size()));
      break;
    case 4:
      if (bytes.size() > 8) bytes[below(random, 8)] = static_cast<char>(random());
      break;
    default:
      for (std::size_t flips = 1 + below(random, 4); flips > 0 && !bytes.empty(); --flips) {
        char& byte = any(bytes, random);
        byte = static_cast<char>(byte ^ (1 << below(random, 8)));
      }
  }
}

}  // namespace

std::string mutated(const std::vector<std::string>& files, std::mt19937& random) {
  std::string file = any(files, random);
  const std::size_t how = below(random, 20);
  if (how < 3) {
    change_bytes(file, any(files, random), random);
    return file;
  }
  if (how < 5) {  // the header's text; its length is made to fit
    std::size_t length = 0;
    for (std::size_t i = 0; i < 8; ++i)
      length |= static_cast<std::size_t>(static_cast<unsigned char>(file[i])) << (8 * i);
    std::string header = file.substr(8, length);
    change_text(header, random);
    return with_length(header, file.substr(8 + length));
  }
  RawModel model = parts_of(file);
  for (std::size_t changes = 1 + below(random, 2); changes > 0; --changes) {
    if (how < 13) {
      change_text(model.description, random);
    } else if (how < 16) {
      change_tensors(model.tensors, random);
    } else {
      change_contents(model.tensors, random);
    }
  }
  return file_of(model);
}
