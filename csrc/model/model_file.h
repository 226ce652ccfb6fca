#pragma once

#include <vector>

namespace bscnet {

/// The bytes of a regular file of at most 2 GiB that starts as a safetensors file does. Throws Error (kBadFile) for
/// anything else: a missing or unreadable file, a folder, a pipe or device, an empty, foreign or larger file. The name
/// is UTF-8 on Windows, elsewhere the system's own bytes.
std::vector<unsigned char> read_model_file(const char* name);

}  // namespace bscnet
