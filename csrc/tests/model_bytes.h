#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Model files taken apart and put together again, for tests and fuzzing: nothing is checked, so that every kind of
/// wrong file can be made.
struct RawTensor {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

struct RawModel {
  std::string description;
  std::vector<RawTensor> tensors;
  std::string format = "bscnet", version = "2";

  RawTensor& tensor(const std::string& name);
  /// Replaces a piece of the description, which has to be there once at least.
  RawModel& replace(const std::string& piece, const std::string& other);
};

RawTensor float_tensor(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values);
/// (rows, channels) float32 with the given values in each row, over and over.
RawTensor rows_tensor(const std::string& name, std::int64_t channels, const std::vector<std::vector<float>>& rows);
RawTensor byte_tensor(const std::string& name, std::vector<std::int64_t> shape, const std::vector<int>& values);

/// Eight bytes of length, header, data.
std::string with_length(const std::string& header, const std::string& data);

/// The file, with a right checksum.
std::string file_of(const RawModel& model);

/// The parts of a valid model file.
RawModel parts_of(const std::string& file);

/// A network of two levels, three features and two classes with every instruction, geometry, step and type of weight.
RawModel sample_model();

/// The same as an older library wrote it.
RawModel sample_of_version_1();
