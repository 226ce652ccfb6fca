#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "model/json.h"

namespace bscnet {

/// The members of a JSON object, read with checks. Every error names the object and the member and says what is
/// allowed.
class Fields {
 public:
  /// `where` names the object in errors: "the description", "instruction 3". `json` has to outlive this.
  Fields(const Json& json, std::string where);

  const std::string& where() const { return where_; }
  [[noreturn]] void fail(const std::string& what) const;

  /// Refuses members but these.
  void only(const std::vector<const char*>& names) const;
  bool has(const char* name) const { return json_.find(name) != nullptr; }
  bool is_null(const char* name) const { return has(name) && json_.find(name)->is(Json::Kind::kNull); }

  /// A member of that kind; a missing or different one is refused.
  const Json& get(const char* name, Json::Kind kind) const;
  std::int64_t integer(const char* name, std::int64_t low, std::int64_t high) const;
  double number(const char* name) const;
  bool boolean(const char* name) const { return get(name, Json::Kind::kBool).boolean(); }
  const std::string& string(const char* name) const { return get(name, Json::Kind::kString).string(); }
  const std::vector<Json>& array(const char* name) const { return get(name, Json::Kind::kArray).array(); }
  /// The place in `allowed` of a string member.
  int choice(const char* name, std::initializer_list<const char*> allowed) const;
  /// `list` as triples with components -1, 0 or 1; `name` says in errors whose they are.
  std::vector<std::array<int, 3>> shifts(const std::string& name, const Json& list) const;

 private:
  const Json& json_;
  std::string where_;
};

}  // namespace bscnet
