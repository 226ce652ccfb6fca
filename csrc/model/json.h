#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bscnet {

/// One JSON value. A number without fraction and exponent that fits is an integer, any other a double.
class Json {
 public:
  enum class Kind { kNull, kBool, kInteger, kDouble, kString, kArray, kObject };
  using Member = std::pair<std::string, Json>;

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_number() const { return kind_ == Kind::kInteger || kind_ == Kind::kDouble; }
  bool boolean() const { return integer_ != 0; }
  std::int64_t integer() const { return integer_; }
  /// Of an integer too.
  double number() const { return kind_ == Kind::kInteger ? static_cast<double>(integer_) : double_; }
  const std::string& string() const { return string_; }
  const std::vector<Json>& array() const { return array_; }
  /// Members in ascending order of their names.
  const std::vector<Member>& object() const { return object_; }
  /// The member of that name, or null.
  const Json* find(std::string_view name) const;

 private:
  friend class JsonReader;
  Kind kind_ = Kind::kNull;
  std::int64_t integer_ = 0;
  double double_ = 0;
  std::string string_;
  std::vector<Json> array_;
  std::vector<Member> object_;
};

/// "a string", "an array", …
const char* name_of(Json::Kind kind);

/// The value that `text` holds: RFC 8259 and nothing else (no NaN, no comments, no bytes after the value), UTF-8, no
/// name twice in an object, at most 32 levels deep and 500,000 values, so that no text takes more than some 100 MB.
/// Throws Error (kBadFile); `what` names the text, as in "the file's header is not JSON at byte 7: …".
Json read_json(std::string_view text, const std::string& what);

}  // namespace bscnet
