// Drives the fuzz target where there is no libFuzzer: a fixed number of mutations of the files given, the same each
// time.
//
//   fuzz_model INPUTS FILE...            inputs 0 .. INPUTS-1; prints what became of them
//   fuzz_model only=NUMBER FILE...       one of them again, the number that a failed run has printed

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/fuzz_model.h"
#include "fuzz/mutate.h"

// The sanitizers ask for these: every report ends in an abort, which say_which then sees.
#define BSCNET_ASKED extern "C" __attribute__((visibility("default")))
BSCNET_ASKED const char* __asan_default_options() { return "abort_on_error=1"; }
BSCNET_ASKED const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

unsigned long current = 0;

void say_which(int) {
  std::fprintf(stderr, "\nfuzz: this was input %lu; run it alone with only=%lu\n", current, current);
}

void run(const std::vector<std::string>& files, unsigned long number) {
  current = number;
  std::mt19937 random(static_cast<std::uint32_t>(number) * 2654435761u + 1);
  const std::string input = mutated(files, random);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> files;
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(files.back().data()), files.back().size());
  }
  if (files.empty() || fuzz_counts.refused != 0) {
    std::fprintf(stderr, "usage: %s INPUTS|only=NUMBER FILE...   (files: valid models)\n", argv[0]);
    return 2;
  }
  std::signal(SIGABRT, say_which);
  if (std::strncmp(argv[1], "only=", 5) == 0) {
    run(files, std::strtoul(argv[1] + 5, nullptr, 10));
  } else {
    const unsigned long inputs = std::strtoul(argv[1], nullptr, 10);
    for (unsigned long number = 0; number < inputs; ++number) run(files, number);
  }
  std::printf("refused %ld, loaded %ld, of these too much work %ld, runs %ld, labelled %ld\n", fuzz_counts.refused,
              fuzz_counts.loaded, fuzz_counts.too_much, fuzz_counts.runs, fuzz_counts.labelled);
  return 0;
}
