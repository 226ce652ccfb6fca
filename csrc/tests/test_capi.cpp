#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "bscnet.h"
#include "tests/check.h"
#include "tests/clouds.h"
#include "tests/model_bytes.h"

namespace {

/// The status, and the sentence contains the fragment.
bool fails(int status, int wanted, const char* fragment) {
  const bool as_wanted = status == wanted && std::strstr(bscnet_last_error(), fragment) != nullptr;
  if (!as_wanted) std::printf("status %d: %s; wanted %d: %s\n", status, bscnet_last_error(), wanted, fragment);
  return as_wanted;
}

/// A network of one convolution from one feature to two classes, with everything of the description that `instruction`
/// and `values` do not say.
RawModel one_layer(const std::string& values, const std::string& instructions, int output) {
  RawModel model = sample_model();
  const std::size_t start = model.description.find("\"in_channels\"");
  model.description = model.description.substr(0, start) +
                      "\"in_channels\":1,\"num_classes\":2,\"features\":{\"kind\":\"given\",\"names\":[\"one\"]},"
                      "\"reading\":{\"units\":null,\"colors\":\"auto\",\"columns\":null,\"invalid_points\":\"error\","
                      "\"scale\":{},\"labels\":[]},\"radius\":1,\"shift_plan\":{},\"commit\":null,\"levels\":2,"
                      "\"values\":[[\"real\",0,1]," +
                      values + "],\"instructions\":[" + instructions + "],\"output\":" + std::to_string(output) + "}";
  model.tensors.clear();
  return model;
}

const char* kSubmanifold =
    "{\"op\":\"conv\",\"geometry\":\"submanifold\",\"operand\":\"real\",\"in\":0,\"out\":1,\"bits\":-1,"
    "\"shifts\":[[0,0,0],[1,0,0]],\"steps\":[]}";

/// Three sites in a row along x, one apart, one in another batch.
const std::vector<std::int32_t> kRow = {0, 0, 5, -1, 0, 2, 5, -1, 0, 1, 5, -1, 0, -9, 5, -1, 7, 0, 5, -1};

std::vector<float> run(const Model& model, const std::vector<std::int32_t>& coords, const std::vector<float>& feats) {
  const auto sites = static_cast<std::int64_t>(coords.size() / 4);
  std::vector<float> logits(static_cast<std::size_t>(sites) * 2, -99.0f);
  CHECK_EQ(bscnet_run(model.get(), sites, coords.data(), feats.data(), 1, logits.data()), BSCNET_OK);
  return logits;
}

}  // namespace

TEST(capi_facts) {
  const Model model = loaded(file_of(sample_model()));
  CHECK_EQ(bscnet_in_channels(model.get()), 3);
  CHECK_EQ(bscnet_num_classes(model.get()), 2);
  CHECK_EQ(std::string(bscnet_description(model.get())), sample_model().description);
  CHECK_EQ(std::string(bscnet_version()), BSCNET_VERSION);
  CHECK(bscnet_in_channels(nullptr) == 0 && bscnet_num_classes(nullptr) == 0);
  CHECK(bscnet_needs_colors(model.get()) == 1 && bscnet_num_values(model.get()) == 0);
  CHECK(bscnet_needs_colors(nullptr) == 0 && bscnet_num_values(nullptr) == 0);
  CHECK(bscnet_value_name(nullptr, 0) == nullptr && bscnet_value_name(model.get(), 0) == nullptr);
  CHECK_EQ(std::string(bscnet_description(nullptr)), "");
  bscnet_free(nullptr);
  const std::string implementation = bscnet_implementation(), all = bscnet_implementations();
  CHECK(("," + all + ",").find("," + implementation + ",") != std::string::npos);
  CHECK(("," + all + ",").find(",scalar,") != std::string::npos);
}

TEST(capi_real_convolution_by_hand) {
  // channel 0 sums 1 + 10 cell over the present neighbours; channel 1 reads through the shift (1, 0, 0)
  RawModel model = one_layer("[\"real\",0,2]", kSubmanifold, 1);
  std::vector<float> weight;
  for (int cell = 0; cell < 27; ++cell) weight.insert(weight.end(), {cell * 10.0f + 1, cell * 10.0f + 1});
  model.tensors = {float_tensor("0.weight", {27, 1, 2}, weight)};
  // cells 12, 13, 14 are x - 1, x, x + 1; of channel 1 they read x - 2, x - 1, x
  const std::vector<float> found = run(loaded(file_of(model)), kRow, {1, 100, 10, 1, 1});
  const float a = 121, b = 131, c = 141;
  const std::vector<float> wanted = {b * 1 + c * 10,
                                     c * 1,  // x = 0: neighbours 0, 1
                                     a * 10 + b * 100,
                                     a * 1 + b * 10 + c * 100,  // x = 2
                                     a * 1 + b * 10 + c * 100,
                                     b * 1 + c * 10,  // x = 1
                                     b,
                                     c,  // alone
                                     b,
                                     c};
  CHECK(found == wanted);
}

TEST(capi_bit_convolution_by_hand) {
  // all weights +1: the sum counts the neighbours that are +1 less those that are -1
  RawModel model =
      one_layer("[\"bits\",0,1],[\"real\",0,2]",
                "{\"op\":\"binarize\",\"in\":[0],\"bits\":1},{\"op\":\"conv\",\"geometry\":\"submanifold\","
                "\"operand\":\"bits\",\"in\":1,\"out\":2,\"bits\":-1,\"shifts\":[[0,0,0]],\"steps\":[]}",
                2);
  model.tensors = {rows_tensor("0.rows", 1, {{0.5f}}), byte_tensor("0.flip", {1}, {0}),
                   byte_tensor("1.weight", {27, 2, 1}, {1, 0}), rows_tensor("1.rows", 2, {{0.5f, 2.0f}})};
  const std::vector<float> found = run(loaded(file_of(model)), kRow, {0.5f, 3, -1, 0.25f, 9});
  // signs of x = 0, 2, 1: +1 (equal to the threshold), +1, -1
  const std::vector<float> wanted = {0, 0, 0, 0, 0.5f, -2, -0.5f, 2, 0.5f, -2};
  CHECK(found == wanted);
}

TEST(capi_refused_calls) {
  bscnet_model* none = reinterpret_cast<bscnet_model*>(1);
  CHECK(fails(bscnet_load(nullptr, &none), BSCNET_BAD_CALL, "path is a null pointer") && none == nullptr);
  CHECK(fails(bscnet_load("x", nullptr), BSCNET_BAD_CALL, "model is a null pointer"));
  CHECK(fails(bscnet_load_memory(nullptr, 0, &none), BSCNET_BAD_CALL, "bytes is a null pointer"));
  CHECK(fails(bscnet_load_memory("", 0, nullptr), BSCNET_BAD_CALL, "model is a null pointer"));
  none = reinterpret_cast<bscnet_model*>(1);
  CHECK(fails(bscnet_load_memory("12345678", 8, &none), BSCNET_BAD_FILE, "safetensors") && none == nullptr);
  const Model model = loaded(file_of(sample_model()));
  const std::vector<std::int32_t> coords = {0, 1, 2, 3};
  const std::vector<float> feats = {1, 2, 3};
  std::vector<float> logits(2);
  const auto visit = [](void*, std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int64_t, std::int32_t,
                        const std::int32_t*, const float*) {};
  CHECK(fails(bscnet_run(nullptr, 1, coords.data(), feats.data(), 1, logits.data()), BSCNET_BAD_CALL, "model"));
  CHECK(fails(bscnet_run(model.get(), 1, nullptr, feats.data(), 1, logits.data()), BSCNET_BAD_CALL, "coords"));
  CHECK(fails(bscnet_run(model.get(), 1, coords.data(), nullptr, 1, logits.data()), BSCNET_BAD_CALL, "feats"));
  CHECK(fails(bscnet_run(model.get(), 1, coords.data(), feats.data(), 1, nullptr), BSCNET_BAD_CALL, "logits"));
  CHECK(fails(bscnet_run(model.get(), -1, coords.data(), feats.data(), 1, logits.data()), BSCNET_BAD_INPUT, "-1"));
  CHECK(
      fails(bscnet_trace(model.get(), 1, coords.data(), feats.data(), 1, nullptr, nullptr), BSCNET_BAD_CALL, "visit"));
  CHECK(fails(bscnet_trace(nullptr, 1, coords.data(), feats.data(), 1, visit, nullptr), BSCNET_BAD_CALL, "model"));
  CHECK_EQ(bscnet_run(model.get(), 0, nullptr, nullptr, 1, nullptr), BSCNET_OK);
  CHECK_EQ(bscnet_trace(model.get(), 0, nullptr, nullptr, 1, visit, nullptr), BSCNET_OK);
}

TEST(capi_refused_arrays) {
  const Model model = loaded(file_of(sample_model()));
  const auto status = [&](std::vector<std::int32_t> coords, float feature, int threads) {
    const std::size_t sites = coords.size() / 4;
    std::vector<float> feats(sites * 3, 0.5f), logits(sites * 2);
    feats.back() = feature;
    return bscnet_run(model.get(), static_cast<std::int64_t>(sites), coords.data(), feats.data(), threads,
                      logits.data());
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const std::int32_t least = std::numeric_limits<std::int32_t>::min(), most = std::numeric_limits<std::int32_t>::max();
  CHECK_EQ(status({0, -32766, 32765, -32766, 32767, 32765, -32766, 32765}, 0.0f, 1), BSCNET_OK);
  for (const float feature : {nan, infinity, -infinity}) {
    CHECK(fails(status({0, 0, 0, 0, 0, 1, 0, 0}, feature, 1), BSCNET_BAD_INPUT, ""));
  }
  for (const std::int32_t bad : {-32767, 32766, 65536, least, most}) {
    for (int axis = 1; axis < 4; ++axis) {
      std::vector<std::int32_t> coords = {0, 1, 2, 3, 0, 4, 5, 6};
      coords[4 + static_cast<std::size_t>(axis)] = bad;
      CHECK(fails(status(coords, 0.0f, 1), BSCNET_BAD_INPUT, std::to_string(bad).c_str()));
    }
  }
  for (const std::int32_t bad : {-1, 32768, least, most}) {
    CHECK(fails(status({bad, 0, 0, 0}, 0.0f, 1), BSCNET_BAD_INPUT, std::to_string(bad).c_str()));
  }
  CHECK(fails(status({0, 1, 2, 3, 0, 4, 5, 6, 0, 1, 2, 3}, 0.0f, 1), BSCNET_BAD_INPUT, ""));
  CHECK(fails(status({0, 1, 2, 3}, 0.0f, -1), BSCNET_BAD_CALL, "-1"));
  CHECK(fails(status({0, 1, 2, 3}, 0.0f, 1025), BSCNET_BAD_CALL, "1025"));
}

TEST(capi_timed_and_traced) {
  const Model model = loaded(file_of(sample_model()));
  const Cloud cloud = random_cloud(300, 3, 1);
  std::vector<float> logits(600), plain(600);
  bscnet_times times = {-1, -1, -1, -1, -1};
  CHECK_EQ(bscnet_run_timed(model.get(), 300, cloud.coords.data(), cloud.feats.data(), 1, logits.data(), &times), 0);
  CHECK(times.kernel_maps >= 0 && times.bit_convolutions >= 0 && times.real_parts >= 0 && times.rest >= 0);
  CHECK(times.kernel_maps + times.bit_convolutions + times.real_parts + times.rest > 0 && times.workspace_bytes > 0);
  CHECK_EQ(bscnet_run_timed(model.get(), 300, cloud.coords.data(), cloud.feats.data(), 1, plain.data(), nullptr), 0);
  CHECK(plain == logits);

  struct Seen {
    std::vector<std::pair<int, int>> what;  // kind and value
    std::vector<float> output;
    std::vector<std::int32_t> coords;
    bool signs = true, whole = true;
  } seen;
  const auto visit = [](void* user, std::int32_t, std::int32_t what, std::int32_t value, std::int32_t level,
                        std::int64_t rows, std::int32_t channels, const std::int32_t* coords, const float* data) {
    auto& into = *static_cast<Seen*>(user);
    into.what.emplace_back(what, value);
    for (std::int64_t i = 0; i < rows * channels; ++i) {
      if (what == BSCNET_TRACE_BITS && std::abs(data[i]) != 1.0f) into.signs = false;
      if (what == BSCNET_TRACE_SUMS && data[i] != std::round(data[i])) into.whole = false;
    }
    if (level == 0 && what == BSCNET_TRACE_REAL && value == 11) {
      into.output.assign(data, data + rows * channels);
      into.coords.assign(coords, coords + rows * 4);
    }
  };
  CHECK_EQ(bscnet_trace(model.get(), 300, cloud.coords.data(), cloud.feats.data(), 1, visit, &seen), BSCNET_OK);
  CHECK(seen.signs && seen.whole);
  const auto count = [&](int what) {
    int found = 0;
    for (const auto& one : seen.what) found += one.first == what;
    return found;
  };
  CHECK_EQ(count(BSCNET_TRACE_SUMS), 3);  // of three bit convolutions
  CHECK_EQ(count(BSCNET_TRACE_BITS), 3);  // values 1, 3 and 7
  CHECK_EQ(seen.output.size(), logits.size());
  std::size_t matched = 0;
  for (std::size_t row = 0; row < seen.coords.size() / 4; ++row) {
    for (std::size_t site = 0; site < 300; ++site) {
      if (std::memcmp(&seen.coords[4 * row], &cloud.coords[4 * site], 16) != 0) continue;
      matched += seen.output[2 * row] == logits[2 * site] && seen.output[2 * row + 1] == logits[2 * site + 1];
    }
  }
  CHECK_EQ(matched, 300u);
}

TEST(capi_files) {
  const char* temporary = std::getenv("TMPDIR");
  std::string folder = std::string(temporary == nullptr ? "/tmp" : temporary) + "/bscnet_capi_XXXXXX";
  CHECK(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/model.safetensors", fifo = folder + "/fifo";
  bscnet_model* model = nullptr;
  const auto load = [&] { return bscnet_load(path.c_str(), &model); };
  const auto write = [&](const std::string& bytes) {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    CHECK_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file), bytes.size());
    std::fclose(file);
  };
  CHECK(fails(load(), BSCNET_BAD_FILE, (path + ": there is no such file").c_str()));
  CHECK(fails(bscnet_load(folder.c_str(), &model), BSCNET_BAD_FILE, "it is a folder; a model is a file"));
  CHECK(fails(bscnet_load("", &model), BSCNET_BAD_FILE, "there is no such file"));
  CHECK(fails(bscnet_load((path + "/x").c_str(), &model), BSCNET_BAD_FILE, ""));
  CHECK(fails(bscnet_load(std::string(100000, 'x').c_str(), &model), BSCNET_BAD_FILE, ""));
  CHECK(fails(bscnet_load("/dev/zero", &model), BSCNET_BAD_FILE, "it is no regular file"));
  CHECK_EQ(mkfifo(fifo.c_str(), 0600), 0);
  CHECK(fails(bscnet_load(fifo.c_str(), &model), BSCNET_BAD_FILE, "it is no regular file"));
  write("");
  CHECK(fails(load(), BSCNET_BAD_FILE, "the file has 0 bytes"));
  write(std::string(1000, 'x'));
  CHECK(fails(load(), BSCNET_BAD_FILE, "no safetensors file"));
  CHECK_EQ(truncate(path.c_str(), off_t{1} << 32), 0);  // without the disk space
  CHECK(fails(load(), BSCNET_BAD_FILE, "it has 4294967296 bytes; a model has at most 2147483648"));
  CHECK(model == nullptr);
  write(file_of(sample_model()));
  CHECK_EQ(load(), BSCNET_OK);
  CHECK_EQ(bscnet_in_channels(model), 3);
  bscnet_free(model);
  std::remove(path.c_str());
  std::remove(fifo.c_str());
  std::remove(folder.c_str());
}
