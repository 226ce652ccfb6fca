#include "model/text.h"

namespace bscnet {
namespace {

constexpr std::size_t kShown = 40;

/// Bytes of the character that starts at text[at], or 0 where it is not UTF-8.
std::size_t character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - at < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0)) return 0;  // overlong; surrogate
  if ((first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90)) return 0;  // overlong; above U+10FFFF
  return size;
}

}  // namespace

std::size_t valid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = character(text, at);
    if (size == 0) break;
    at += size;
  }
  return at;
}

std::string quoted(std::string_view text) {
  std::string shown = "\"";
  std::size_t at = 0;
  while (at < text.size() && at < kShown) {
    const std::size_t size = character(text, at);
    const bool plain = size > 1 || (size == 1 && text[at] >= 0x20 && text[at] != 0x7F);
    if (plain) {
      shown.append(text.substr(at, size));
    } else {
      shown += '?';
    }
    at += size == 0 ? 1 : size;
  }
  return shown + (at < text.size() ? "…\"" : "\"");
}

}  // namespace bscnet
