#pragma once

#include <sstream>
#include <string>

#include "model/error.h"

/// A test is a function that registers itself; a failed check is reported with its place and the test goes on.
#define TEST(name)                                                  \
  static void name();                                               \
  static const checks::Registration registered_##name(#name, name); \
  static void name()

#define CHECK(condition) checks::note((condition) ? true : false, __FILE__, __LINE__, #condition)
#define CHECK_EQ(found, wanted) checks::equal((found), (wanted), __FILE__, __LINE__, #found)

/// The expression throws bscnet::Error (kBadFile) with a sentence that contains the fragment.
#define CHECK_REFUSED(expression, fragment) \
  checks::refused([&] { (void)(expression); }, (fragment), __FILE__, __LINE__, #expression)

namespace checks {

struct Registration {
  Registration(const char* name, void (*test)());
};

void note(bool passed, const char* file, int line, const std::string& what);

template <typename A, typename B>
void equal(const A& found, const B& wanted, const char* file, int line, const char* what) {
  std::ostringstream text;
  text << what << " is " << found << ", not " << wanted;
  note(found == wanted, file, line, text.str());
}

template <typename Action>
void refused(Action&& action, const std::string& fragment, const char* file, int line, const std::string& what) {
  try {
    action();
  } catch (const bscnet::Error& error) {
    const bool fits = error.fault() == bscnet::Fault::kBadFile;
    const bool says = std::string(error.what()).find(fragment) != std::string::npos;
    return note(fits && says, file, line, what + " says: " + error.what() + "; wanted in it: " + fragment);
  }
  note(false, file, line, what + " refuses nothing; wanted: " + fragment);
}

}  // namespace checks
