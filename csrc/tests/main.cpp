#include <cstdio>
#include <cstring>
#include <exception>
#include <vector>

#include "tests/check.h"

namespace {

struct Test {
  const char* name;
  void (*run)();
};

std::vector<Test>& tests() {
  static std::vector<Test> list;
  return list;
}

int checked = 0, failures = 0;

}  // namespace

namespace checks {

Registration::Registration(const char* name, void (*test)()) { tests().push_back({name, test}); }

void note(bool passed, const char* file, int line, const std::string& what) {
  ++checked;
  if (passed) return;
  ++failures;
  std::printf("%s:%d: %s\n", file, line, what.c_str());
}

}  // namespace checks

/// Runs the tests named by the arguments, or all.
int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);  // a test that hangs can be told by the last line
  int ran = 0;
  for (const Test& test : tests()) {
    bool wanted = argc == 1;
    for (int i = 1; i < argc; ++i) wanted = wanted || std::strcmp(argv[i], test.name) == 0;
    if (!wanted) continue;
    ++ran;
    const int before = failures;
    try {
      test.run();
    } catch (const std::exception& error) {
      ++failures;
      std::printf("an exception ended it: %s\n", error.what());
    }
    std::printf("%s %s\n", failures == before ? "passed" : "FAILED", test.name);
  }
  std::printf("%d tests, %d checks, %d failures\n", ran, checked, failures);
  return failures == 0 && ran > 0 ? 0 : 1;
}
