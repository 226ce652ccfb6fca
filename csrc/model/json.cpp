#include "model/json.h"

#include <algorithm>
#include <cmath>
#include <locale>
#include <sstream>

#include "model/error.h"
#include "model/text.h"

namespace bscnet {
namespace {

constexpr int kMaxDepth = 32;
constexpr int kMaxValues = 500000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

class JsonReader {
 public:
  JsonReader(std::string_view text, const std::string& what) : text_(text), what_(what) {}

  Json read() {
    at_ = valid_utf8(text_);
    if (at_ != text_.size()) fail("the bytes are not UTF-8");
    at_ = 0;
    Json value = read_value(0);
    skip_space();
    if (at_ != text_.size()) fail("something follows the value");
    return value;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(Fault::kBadFile, what_ + " is not valid JSON at byte " + std::to_string(at_) + ": " + why);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json read_value(int depth) {
    if (depth > kMaxDepth) fail("values are nested more than " + std::to_string(kMaxDepth) + " deep");
    if (++values_ > kMaxValues) fail("there are more than " + std::to_string(kMaxValues) + " values");
    skip_space();
    Json value;
    if (take('{')) {
      value.kind_ = Json::Kind::kObject;
      read_members(value.object_, depth);
    } else if (take('[')) {
      value.kind_ = Json::Kind::kArray;
      read_elements(value.array_, depth);
    } else if (take('"')) {
      value.kind_ = Json::Kind::kString;
      value.string_ = read_string();
    } else if (take_word("true")) {
      value.kind_ = Json::Kind::kBool;
      value.integer_ = 1;
    } else if (take_word("false")) {
      value.kind_ = Json::Kind::kBool;
    } else if (!take_word("null")) {
      read_number(value);
    }
    return value;
  }

  void read_elements(std::vector<Json>& elements, int depth) {
    skip_space();
    if (take(']')) return;
    do {
      elements.push_back(read_value(depth + 1));
      skip_space();
    } while (take(','));
    if (!take(']')) fail("an array goes on with ',' or ends with ']'");
  }

  void read_members(std::vector<Json::Member>& members, int depth) {
    skip_space();
    if (take('}')) return;
    do {
      skip_space();
      if (!take('"')) fail("a name in an object stands in quotes");
      std::string name = read_string();
      skip_space();
      if (!take(':')) fail("a name in an object is followed by ':'");
      members.emplace_back(std::move(name), read_value(depth + 1));
      skip_space();
    } while (take(','));
    if (!take('}')) fail("an object goes on with ',' or ends with '}'");
    const auto before = [](const Json::Member& a, const Json::Member& b) { return a.first < b.first; };
    const auto same = [](const Json::Member& a, const Json::Member& b) { return a.first == b.first; };
    std::sort(members.begin(), members.end(), before);
    const auto twice = std::adjacent_find(members.begin(), members.end(), same);
    if (twice != members.end()) fail("the name " + quoted(twice->first) + " stands twice in an object");
  }

  std::string read_string() {
    std::string out;
    for (;;) {
      const std::size_t start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      out.append(text_.substr(start, at_ - start));
      if (take('"')) return out;
      if (!take('\\')) fail(at_ < text_.size() ? "a control character stands in a string" : "a string does not end");
      read_escape(out);
    }
  }

  void read_escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    if (take('u')) {
      std::uint32_t code = read_hex();
      if (code >= 0xD800 && code < 0xDC00 && take_word("\\u")) {
        const std::uint32_t low = read_hex();
        if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair stands alone");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
      if (code >= 0xD800 && code < 0xE000) fail("half of a surrogate pair stands alone");
      append_utf8(out, code);
      return;
    }
    const std::size_t which = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (which == std::string_view::npos) fail("a backslash is followed by an unknown escape");
    out += kMeant[which];
    ++at_;
  }

  std::uint32_t read_hex() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const int digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) fail("\\u needs four hexadecimal digits");
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return code;
  }

  void take_digits() {
    if (!is_digit(peek())) fail("a value or a digit is missing");
    while (is_digit(peek())) ++at_;
  }

  void read_number(Json& value) {
    const std::size_t start = at_;
    const bool negative = take('-');
    if (!take('0')) take_digits();
    bool whole = true;
    if (take('.')) {
      whole = false;
      take_digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      whole = false;
      ++at_;
      if (!take('+')) take('-');
      take_digits();
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    if (whole && read_integer(digits.substr(negative ? 1 : 0), negative, value)) return;
    // a stream of the classic locale reads '.' as the point whatever the program's locale is
    std::istringstream stream{std::string(digits)};
    stream.imbue(std::locale::classic());
    value.kind_ = Json::Kind::kDouble;
    stream >> value.double_;
    if (!std::isfinite(value.double_) || std::abs(value.double_) > 1e300) fail("a number is above 1e300");
  }

  static bool read_integer(std::string_view digits, bool negative, Json& value) {
    if (digits.size() > 18) return false;
    std::int64_t sum = 0;
    for (const char c : digits) sum = sum * 10 + (c - '0');
    value.kind_ = Json::Kind::kInteger;
    value.integer_ = negative ? -sum : sum;
    return true;
  }

  std::string_view text_;
  const std::string& what_;
  std::size_t at_ = 0;
  int values_ = 0;
};

const Json* Json::find(std::string_view name) const {
  const auto before = [](const Member& member, std::string_view wanted) { return member.first < wanted; };
  const auto found = std::lower_bound(object_.begin(), object_.end(), name, before);
  return found != object_.end() && found->first == name ? &found->second : nullptr;
}

const char* name_of(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::kNull:
      return "null";
    case Json::Kind::kBool:
      return "true or false";
    case Json::Kind::kInteger:
      return "an integer";
    case Json::Kind::kDouble:
      return "a number with a fraction";
    case Json::Kind::kString:
      return "a string";
    case Json::Kind::kArray:
      return "an array";
    case Json::Kind::kObject:
      return "an object";
  }
  return "";
}

Json read_json(std::string_view text, const std::string& what) { return JsonReader(text, what).read(); }

}  // namespace bscnet
