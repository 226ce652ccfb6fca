#include "model/guarded.h"

#include <cstdio>
#include <string>

namespace bscnet {
namespace {

// An array, so that writing down an error cannot run out of memory; there is room for a long path and a sentence.
thread_local char last_error[6144] = "";

}  // namespace

int failed(int status, const char* sentence) {
  std::snprintf(last_error, sizeof last_error, "%s", sentence);
  return status;
}

const char* last_failure() { return last_error; }

void need(const void* pointer, const char* name) {
  if (pointer == nullptr) throw Error(Fault::kBadCall, std::string(name) + " is a null pointer");
}

void need_count(std::int64_t count, const char* name) {
  if (count >= 0) return;
  throw Error(Fault::kBadInput,
              "the number of " + std::string(name) + " is " + std::to_string(count) + "; it must be 0 or more");
}

void need_range(std::int64_t value, std::int64_t low, std::int64_t high, const char* name) {
  if (value >= low && value <= high) return;
  throw Error(Fault::kBadInput, std::string(name) + " is " + std::to_string(value) + "; allowed are " +
                                    std::to_string(low) + " to " + std::to_string(high));
}

}  // namespace bscnet
