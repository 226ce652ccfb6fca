#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <stdexcept>

#include "model/error.h"

namespace bscnet {

/// Notes a sentence for bscnet_last_error of this thread and returns the status.
int failed(int status, const char* sentence);

/// The sentence of this thread's last failed call.
const char* last_failure();

/// Runs the body of a C function: nothing may leave through it but a status.
template <typename Action>
int guarded(Action&& action) noexcept {
  try {
    action();
    return 0;
  } catch (const Error& error) {
    return failed(static_cast<int>(error.fault()), error.what());
  } catch (const std::bad_alloc&) {
    return failed(static_cast<int>(Fault::kNoMemory), "there is not enough memory for this model and cloud");
  } catch (const std::length_error&) {
    return failed(static_cast<int>(Fault::kNoMemory), "there is not enough memory for this model and cloud");
  } catch (const std::exception& error) {
    return failed(static_cast<int>(Fault::kBadCall), error.what());
  } catch (...) {
    return failed(static_cast<int>(Fault::kBadCall), "an unknown exception ended the call");
  }
}

/// Refuses a null pointer (Error, kBadCall).
void need(const void* pointer, const char* name);

/// Refuses a number of things below 0 (Error, kBadInput).
void need_count(std::int64_t count, const char* name);

/// Refuses a number outside of low..high (Error, kBadInput).
void need_range(std::int64_t value, std::int64_t low, std::int64_t high, const char* name);

}  // namespace bscnet
