#pragma once

#include <string>

#include "kernels/kernels.h"

namespace bscnet {

/// The kernels to use: those BSCNET_IMPLEMENTATION names, else the best this CPU and its system support. Chosen at
/// first use. Throws Error where the variable names kernels that are unknown or cannot run here.
const Kernels& chosen_kernels();

/// Whether BSCNET_IMPLEMENTATION names some.
bool kernels_are_forced();

/// Names of the kernels that can run here, comma separated, best first.
const std::string& supported_kernels();

}  // namespace bscnet
