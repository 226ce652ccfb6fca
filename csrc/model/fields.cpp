#include "model/fields.h"

#include <algorithm>
#include <utility>

#include "model/error.h"
#include "model/text.h"

namespace bscnet {

Fields::Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
  if (!json.is(Json::Kind::kObject)) fail("is " + std::string(name_of(json.kind())) + "; it must be an object");
}

void Fields::fail(const std::string& what) const { throw Error(Fault::kBadFile, where_ + " " + what); }

void Fields::only(const std::vector<const char*>& names) const {
  for (const auto& member : json_.object()) {
    const auto same = [&](const char* name) { return member.first == name; };
    if (std::any_of(names.begin(), names.end(), same)) continue;
    std::string allowed;
    for (const char* name : names) allowed += (allowed.empty() ? "" : ", ") + std::string(name);
    fail("has the unknown key " + quoted(member.first) + "; allowed are " + allowed);
  }
}

const Json& Fields::get(const char* name, Json::Kind kind) const {
  const Json* member = json_.find(name);
  if (member == nullptr) fail("has no \"" + std::string(name) + "\"");
  if (!member->is(kind)) {
    fail("has " + std::string(name_of(member->kind())) + " for \"" + name + "\"; it must be " + name_of(kind));
  }
  return *member;
}

std::int64_t Fields::integer(const char* name, std::int64_t low, std::int64_t high) const {
  const std::int64_t value = get(name, Json::Kind::kInteger).integer();
  if (value < low || value > high) {
    fail("has " + std::to_string(value) + " for \"" + name + "\"; allowed are " + std::to_string(low) + " to " +
         std::to_string(high));
  }
  return value;
}

double Fields::number(const char* name) const {
  const Json* member = json_.find(name);
  if (member != nullptr && member->is(Json::Kind::kInteger)) return member->number();
  return get(name, Json::Kind::kDouble).number();
}

int Fields::choice(const char* name, std::initializer_list<const char*> allowed) const {
  const std::string& value = string(name);
  const auto found = std::find(allowed.begin(), allowed.end(), value);
  if (found != allowed.end()) return static_cast<int>(found - allowed.begin());
  std::string all;
  for (const char* one : allowed) all += (all.empty() ? "" : ", ") + std::string(one);
  fail("has " + quoted(value) + " for \"" + name + "\"; allowed are " + all);
}

std::vector<std::array<int, 3>> Fields::shifts(const std::string& name, const Json& list) const {
  const auto refuse = [&] {
    fail("has bad shifts in " + quoted(name) + "; they must be a list of triples of -1, 0 and 1");
  };
  if (!list.is(Json::Kind::kArray)) refuse();
  std::vector<std::array<int, 3>> shifts;
  for (const Json& item : list.array()) {
    if (!item.is(Json::Kind::kArray) || item.array().size() != 3) refuse();
    std::array<int, 3> shift{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const Json& component = item.array()[axis];
      if (!component.is(Json::Kind::kInteger) || component.integer() < -1 || component.integer() > 1) refuse();
      shift[axis] = static_cast<int>(component.integer());
    }
    shifts.push_back(shift);
  }
  return shifts;
}

}  // namespace bscnet
