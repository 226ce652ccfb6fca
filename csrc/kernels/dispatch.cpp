#include "kernels/dispatch.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "cpu/features.h"
#include "model/error.h"

namespace bscnet {
namespace {

constexpr const char* kVariable = "BSCNET_IMPLEMENTATION";

/// Kernels that the CPU and the operating system support, best first.
std::vector<const Kernels*> supported() {
  std::vector<const Kernels*> found;
#if defined(__x86_64__)
  if (cpu_features().avx512_bits) found.push_back(&kAvx512Kernels);
  if (cpu_features().avx2) found.push_back(&kAvx2Kernels);
#endif
#if defined(__aarch64__)
  found.push_back(&kNeonKernels);
#endif
#if defined(__wasm_simd128__)
  found.push_back(&kSimd128Kernels);
#endif
  found.push_back(&kScalarKernels);
  return found;
}

std::string joined(const std::vector<const Kernels*>& list) {
  std::string names;
  for (const Kernels* kernels : list) names += (names.empty() ? "" : ",") + std::string(kernels->name);
  return names;
}

/// What the variable says, or "".
std::string wanted_kernels() {
  const char* wanted = std::getenv(kVariable);
  return wanted == nullptr ? "" : wanted;
}

const Kernels& choose() {
  const std::vector<const Kernels*> list = supported();
  const std::string wanted = wanted_kernels();
  if (wanted.empty()) return *list.front();
  for (const Kernels* kernels : list) {
    if (wanted == kernels->name) return *kernels;
  }
  throw Error(Fault::kBadCall, std::string(kVariable) + " is '" + wanted + "'; this CPU can run " + joined(list));
}

}  // namespace

const Kernels& chosen_kernels() {
  static const Kernels& kernels = choose();
  return kernels;
}

bool kernels_are_forced() { return !wanted_kernels().empty(); }

const std::string& supported_kernels() {
  static const std::string names = joined(supported());
  return names;
}

}  // namespace bscnet
