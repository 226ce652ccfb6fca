#include "training/kernels.h"

#include <cstring>

#include "kernels/dispatch.h"

namespace bscnet {
namespace {

const TrainingKernels& kernels_of_level() {
  const char* name = chosen_kernels().name;
#if defined(__x86_64__)
  if (std::strcmp(name, kAvx512Training.name) == 0) return kAvx512Training;
  if (std::strcmp(name, kAvx2Training.name) == 0) return kAvx2Training;
#endif
#if defined(__aarch64__)
  if (std::strcmp(name, kNeonTraining.name) == 0) return kNeonTraining;
#endif
  return kScalarTraining;
}

}  // namespace

const TrainingKernels& training_kernels() {
  static const TrainingKernels& kernels = kernels_of_level();
  return kernels;
}

}  // namespace bscnet
