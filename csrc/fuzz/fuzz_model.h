#pragma once

#include <cstddef>
#include <cstdint>

/// What became of the inputs so far.
struct FuzzCounts {
  long refused = 0;   ///< no model
  long loaded = 0;    ///< a valid model …
  long too_much = 0;  ///< … whose run would take too long for this
  long runs = 0;      ///< runs that gave logits
  long labelled = 0;  ///< clouds that were given labels
};
extern FuzzCounts fuzz_counts;

/// Loads the bytes as a model, runs it on kind and hostile arrays and lets it label points. Ends the process where
/// something is wrong that no sanitizer sees: a status that does not fit, a sentence that is none, logits that depend
/// on threads or order.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
