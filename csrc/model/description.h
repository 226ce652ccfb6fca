#pragma once

#include <cstddef>

#include "model/program.h"

namespace bscnet {

/// The program in the bytes of a model file (docs/engine.md describes it), everything checked. Throws Error (kBadFile)
/// with one sentence that says what is wrong, where, and what is allowed. Nothing larger than a small multiple of the
/// file is ever allocated, whatever the file claims.
Program read_program(const unsigned char* bytes, std::size_t size);

/// The checksum of a model file, as it stands in its metadata: CRC-32 over the description's bytes and the data buffer.
std::string checksum_of(const std::string& description, const unsigned char* data, std::size_t data_bytes);

}  // namespace bscnet
