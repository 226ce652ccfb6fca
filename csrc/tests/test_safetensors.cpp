#include <cmath>
#include <cstring>
#include <string>

#include "model/safetensors.h"
#include "tests/check.h"
#include "tests/model_bytes.h"

namespace {

const unsigned char* bytes_of(const std::string& file) { return reinterpret_cast<const unsigned char*>(file.data()); }

std::map<std::string, bscnet::Tensor> tensors(const std::string& header, const std::string& data) {
  const std::string file = with_length(header, data);
  return bscnet::read_tensors(bscnet::read_safetensors(bytes_of(file), file.size()));
}

std::string entry(const char* dtype, const char* shape, const char* offsets) {
  return std::string("{\"dtype\":\"") + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

}  // namespace

TEST(safetensors_read) {
  const float values[] = {1.5f, -2.0f};
  std::string data(reinterpret_cast<const char*>(values), sizeof values);
  data += "abc";
  const std::string header = "{\"__metadata__\":{\"k\":\"v\"},\"b\":" + entry("U8", "[3,1]", "[8,11]") +
                             ",\"a\":" + entry("F32", "[2]", "[0,8]") + "}  ";
  const std::string file = with_length(header, data);
  const auto parts = bscnet::read_safetensors(bytes_of(file), file.size());
  CHECK_EQ(parts.metadata.at("k"), "v");
  const auto found = bscnet::read_tensors(parts);
  CHECK_EQ(found.size(), 2u);
  const std::vector<float> floats = bscnet::floats_of(found.at("a"));
  CHECK(floats.size() == 2 && floats[0] == 1.5f && floats[1] == -2.0f);
  CHECK(found.at("b").bytes == 3 && std::memcmp(found.at("b").data, "abc", 3) == 0);
  CHECK(found.at("b").shape == (std::vector<std::int64_t>{3, 1}));
  CHECK(tensors("{}", "").empty());
}

TEST(safetensors_beginning) {
  const auto read = [](const std::string& file) { return bscnet::read_safetensors(bytes_of(file), file.size()); };
  CHECK_REFUSED(read(""), "the file has 0 bytes");
  CHECK_REFUSED(read("1234567"), "the file has 7 bytes");
  CHECK_REFUSED(read(std::string(8, '\0')), "no safetensors file");
  CHECK_REFUSED(read(std::string(100, '\xFF')), "no safetensors file");
  CHECK_REFUSED(read(std::string("\x05\0\0\0\0\0\0\0{}", 10)), "a header of 5 bytes follows, the file has 10");
  CHECK_REFUSED(read(with_length("[]", "")), "no JSON object");
  CHECK_REFUSED(read(with_length("hello", "")), "the header of the file is not valid JSON");
  CHECK_REFUSED(read(with_length("{\"__metadata__\":{\"a\":1}}", "")), "the metadata \"a\" is not a string");
  unsigned char large[8] = {0, 0, 0, 0, 1, 0, 0, 0};
  CHECK_REFUSED(bscnet::header_bytes(large, std::uint64_t{1} << 40), "at most 67108864 are allowed");
}

TEST(safetensors_entries) {
  struct Case {
    const char *dtype, *shape, *offsets, *says;
  };
  const Case cases[] = {
      {"F64", "[1]", "[0,8]", "is of type \"F64\"; allowed are F32, F16 and U8"},
      {"U8", "[7]", "[0,8]", "has the shape [7] of U8 but 8 bytes"},
      {"F32", "[3]", "[0,8]", "has the shape [3] of F32 but 8 bytes"},
      {"F32", "[2]", "[0,7]", "but 7 bytes"},
      {"U8", "[-8]", "[0,8]", "no valid shape"},
      {"U8", "[8.0]", "[0,8]", "no valid shape"},
      {"U8", "8", "[0,8]", "no valid shape"},
      {"U8", "[9]", "[0,8]", "no valid shape"},
      {"U8", "[4,4]", "[0,8]", "empty or larger than the file"},
      {"U8", "[0]", "[0,0]", "empty or larger than the file"},
      {"U8", "[8,8,8,8,8,8,8,8]", "[0,8]", "empty or larger than the file"},
      {"U8", "[1,1,1,1,1,1,1,1,8]", "[0,8]", "has 9 dimensions; at most 8"},
      {"U8", "[8]", "[0,9]", "no valid data_offsets"},
      {"U8", "[8]", "[-1,7]", "no valid data_offsets"},
      {"U8", "[8]", "[8,0]", "must be a start and an end"},
      {"U8", "[8]", "[0,8,8]", "must be a start and an end"},
      {"U8", "[8]", "[0]", "must be a start and an end"},
      {"U8", "[8]", "[0,18446744073709551615]", "no valid data_offsets"},
      {"U8", "[7]", "[1,8]", "starts at byte 1 of the data, but 0 bytes stand before it"},
      {"U8", "[7]", "[0,7]", "the tensors cover 7 bytes, but the file has 8"},
  };
  for (const Case& one : cases) {
    CHECK_REFUSED(tensors("{\"t\":" + entry(one.dtype, one.shape, one.offsets) + "}", "12345678"), one.says);
  }
  CHECK_REFUSED(tensors("{\"t\":1}", ""), "is not described by an object");
  CHECK_REFUSED(tensors("{\"t\":{\"shape\":[1],\"data_offsets\":[0,1]}}", "1"), "has no dtype");
  CHECK_REFUSED(tensors("{\"t\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", "1"), "no valid shape");
  CHECK_REFUSED(tensors("{\"t\":{\"dtype\":\"U8\",\"shape\":[1]}}", "1"), "no valid data_offsets");
  CHECK_REFUSED(tensors("{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", "1"),
                "entries beside");
  CHECK_REFUSED(
      tensors("{\"a\":" + entry("U8", "[3]", "[0,3]") + ",\"b\":" + entry("U8", "[3]", "[2,5]") + "}", "12345"),
      "without gap or overlap");
  CHECK_REFUSED(tensors("{\"a\":" + entry("U8", "[2]", "[0,2]") + ",\"b\":" + entry("U8", "[2]", "[0,2]") + "}", "12"),
                "without gap or overlap");
  CHECK_REFUSED(
      tensors("{\"a\":" + entry("U8", "[2]", "[0,2]") + ",\"b\":" + entry("U8", "[2]", "[3,5]") + "}", "12345"),
      "without gap or overlap");
}
