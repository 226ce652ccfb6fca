#pragma once

#include <string>
#include <string_view>

namespace bscnet {

/// Text from a file as it may stand in an error: in quotes, at most about 40 bytes, control characters shown as '?'.
std::string quoted(std::string_view text);

/// Bytes at the start of `text` that are valid UTF-8 (no overlong forms, no surrogates); text.size() where all are.
std::size_t valid_utf8(std::string_view text);

/// "[3, 4]"
template <typename List>
std::string listed(const List& numbers) {
  std::string text = "[";
  for (const auto& number : numbers) text += (text.size() > 1 ? ", " : "") + std::to_string(number);
  return text + "]";
}

}  // namespace bscnet
