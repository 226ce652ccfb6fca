#include "model/model_file.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "model/error.h"
#include "model/safetensors.h"

namespace bscnet {
namespace {

constexpr std::uintmax_t kMaxBytes = std::uintmax_t{1} << 31;

[[noreturn]] void bad(const std::string& sentence) { throw Error(Fault::kBadFile, sentence); }

}  // namespace

std::vector<unsigned char> read_model_file(const char* name) {
  const std::filesystem::path path = std::filesystem::u8path(name);
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) bad("there is no such file");
  if (error) bad("it cannot be looked at: " + error.message());
  if (std::filesystem::is_directory(status)) bad("it is a folder; a model is a file");
  // a pipe or a device may never end
  if (!std::filesystem::is_regular_file(status)) bad("it is no regular file");
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) bad("its size cannot be told: " + error.message());
  if (size > kMaxBytes) {
    bad("it has " + std::to_string(size) + " bytes; a model has at most " + std::to_string(kMaxBytes));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) bad("it cannot be opened");
  const auto read = [&](unsigned char* to, std::size_t count) {
    return static_cast<bool>(file.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count)));
  };
  unsigned char first[8] = {};
  if (size >= sizeof first) {
    if (!read(first, sizeof first)) bad("it cannot be read");
    header_bytes(first, size);
    file.seekg(0);
  }
  std::vector<unsigned char> bytes(static_cast<std::size_t>(size));
  if (!read(bytes.data(), bytes.size())) bad("it cannot be read to its end");
  return bytes;
}

}  // namespace bscnet
