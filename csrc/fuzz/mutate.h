#pragma once

#include <random>
#include <string>
#include <vector>

/// A changed copy of one of the files: bytes (flipped, cut, inserted, spliced), or the description's text (numbers,
/// words, whole parts), or tensors (names, types, shapes, contents) with header and checksum made to fit again.
std::string mutated(const std::vector<std::string>& files, std::mt19937& random);
