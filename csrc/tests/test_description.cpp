#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "model/description.h"
#include "tests/check.h"
#include "tests/model_bytes.h"

using bscnet::ConvolutionOp;
using bscnet::Instruction;
using bscnet::PoolingOp;
using bscnet::Program;
using bscnet::Step;
using bscnet::Value;

namespace {

Program program_of(const std::string& file) {
  return bscnet::read_program(reinterpret_cast<const unsigned char*>(file.data()), file.size());
}

Program program_of(const RawModel& model) { return program_of(file_of(model)); }

/// The sample with one piece of its description replaced.
Program changed(const std::string& piece, const std::string& other) {
  return program_of(sample_model().replace(piece, other));
}

/// The sample with one tensor in place of its namesake.
Program changed(RawTensor tensor) {
  RawModel model = sample_model();
  model.tensor(tensor.name) = tensor;
  return program_of(model);
}

}  // namespace

TEST(description_read) {
  const Program program = program_of(sample_model());
  CHECK(program.in_channels == 3 && program.num_classes == 2 && program.levels == 2 && program.output == 11);
  CHECK(program.values.size() == 12 && program.instructions.size() == 10);
  CHECK(program.values[4].kind == Value::Kind::kReal && program.values[4].level == 1 &&
        program.values[4].channels == 5);
  CHECK(program.description == sample_model().description);
  const Instruction& first = program.instructions[1];
  const auto& conv = std::get<ConvolutionOp>(first.kind);
  CHECK(conv.geometry == ConvolutionOp::Geometry::kSubmanifold && conv.binary);
  CHECK(conv.in_channels == 3 && conv.out_channels == 4 && conv.cells == 27 && first.out == 2 && first.bits == 3);
  CHECK(conv.shifts.size() == 2 && conv.shifts[1] == (std::array<int, 3>{1, 0, -1}));
  CHECK(conv.sign_weight.size() == 108 && conv.sign_weight[1] == 2 && conv.scale[1] == -1.25f);
  CHECK(first.steps.size() == 3 && first.steps[0].kind == Step::Kind::kAffine && first.steps[0].b[2] == 2.0f);
  CHECK(first.steps[1].kind == Step::Kind::kPrelu && first.steps[1].a.size() == 4 && first.steps[1].b.empty());
  CHECK(first.steps[2].kind == Step::Kind::kFloat16 && first.steps[2].a.empty());
  CHECK(program.values[2].half && !program.values[0].half && !program.values[5].half && !program.values[11].half);
  CHECK(first.binarizer.flip == (std::vector<std::uint8_t>{1, 0, 0, 1}) && first.binarizer.threshold[3] == -0.125f);
  const std::vector<Step>& steps = program.instructions[4].steps;
  const auto& up = std::get<ConvolutionOp>(program.instructions[4].kind);
  CHECK(up.geometry == ConvolutionOp::Geometry::kTransposed && !up.binary && up.real_weight.size() == 8 * 5 * 4);
  CHECK(up.real_weight[2] == 1.0f && up.real_weight[3] == -0.5f);
  CHECK(steps[1].kind == Step::Kind::kAdd && steps[1].value == 5 && steps[2].value == 2);
  CHECK(std::get<PoolingOp>(program.instructions[8].kind).max &&
        !std::get<PoolingOp>(program.instructions[3].kind).max);
  CHECK(program.instructions[7].in == (std::vector<int>{8, 4}));
  CHECK_EQ(changed("\"commit\":null", "\"commit\":\"abc\"").levels, 2);
}

TEST(description_of_version_1) {
  const Program old = program_of(sample_of_version_1()), now = program_of(sample_model());
  CHECK(old.values.size() == now.values.size() && old.instructions.size() == now.instructions.size());
  const auto weight = [](const Program& of) { return std::get<ConvolutionOp>(of.instructions[1].kind).sign_weight; };
  CHECK(weight(old) == weight(now) && old.output == now.output);
  CHECK_REFUSED(program_of(sample_of_version_1().replace("\"levels\":2", "\"levels\":2,\"radius\":9")),
                "unknown key \"radius\"");
  CHECK_REFUSED(program_of(sample_of_version_1().replace("\"levels\":2", "\"levels\":2,\"reading\":{}")),
                "unknown key \"reading\"");
}

TEST(description_metadata) {
  RawModel model = sample_model();
  model.format = "pt";
  CHECK_REFUSED(program_of(model), "is a safetensors file but not a bscnet model: its metadata has the format \"pt\"");
  model = sample_model();
  model.version = "3";
  CHECK_REFUSED(program_of(model), "format version \"3\"; this library reads versions \"1\" and \"2\"");
  model.version = "1";
  CHECK_REFUSED(program_of(model), "has 2 for \"version\"; allowed are 1 to 1");
  model = sample_of_version_1();
  model.version = "2";
  CHECK_REFUSED(program_of(model), "has 1 for \"version\"; allowed are 2 to 2");
  CHECK_REFUSED(program_of(with_length("{\"w\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[0,2]}}", "ab")),
                "not a bscnet model: its metadata has no format");
  CHECK_REFUSED(program_of(with_length("{\"__metadata__\":{\"format\":\"bscnet\"}}", "")), "format version none");
  CHECK_REFUSED(program_of(with_length("{\"__metadata__\":{\"format\":\"bscnet\",\"version\":\"1\"}}", "")),
                "no description");
  CHECK_REFUSED(
      program_of(with_length("{\"__metadata__\":{\"format\":\"bscnet\",\"version\":\"1\",\"description\":\"\"}}", "")),
      "no checksum");
  std::string file = file_of(sample_model());
  file.back() = static_cast<char>(file.back() ^ 1);
  CHECK_REFUSED(program_of(file), "the model is damaged: its checksum is ");
  file = file_of(sample_model());
  file[file.find("sample")] = 'S';
  CHECK_REFUSED(program_of(file), "the model is damaged");
  file = file_of(sample_model());
  for (std::size_t size = 0; size < file.size(); size += 7) {
    CHECK_REFUSED(program_of(file.substr(0, size)), "");
  }
  CHECK_REFUSED(program_of(file + "x"), "the model is damaged");
}

TEST(description_entries) {
  struct Case {
    const char *piece, *other, *says;
  };
  const Case cases[] = {
      {"\"version\":2", "\"version\":3", "has 3 for \"version\"; allowed are 2 to 2"},
      {"\"version\":2", "\"version\":\"2\"", "has a string for \"version\"; it must be an integer"},
      {"\"version\":2,", "", "the description has no \"version\""},
      {"\"name\":\"sample\"", "\"name\":1", "has an integer for \"name\"; it must be a string"},
      {"\"name\":", "\"nom\":", "has the unknown key \"nom\"; allowed are version, name"},
      {"\"stage\":3", "\"stage\":-1", "for \"stage\"; allowed are 0"},
      {"\"a1w1\"", "\"a2w2\"", "has \"a2w2\" for \"precision\"; allowed are a1w1, a32w32"},
      {"\"half\":true", "\"half\":1", "for \"half\"; it must be true or false"},
      {"\"voxel_size\":0.05", "\"voxel_size\":0", "\"voxel_size\" that is not above 0"},
      {"\"voxel_size\":0.05", "\"voxel_size\":\"5\"", "for \"voxel_size\"; it must be a number"},
      {"[\"floor\",", "[", "has 1 class names for 2 classes"},
      {"[\"floor\",", "[1,", "a class name that is not a string"},
      {"\"in_channels\":3", "\"in_channels\":0", "has 0 for \"in_channels\"; allowed are 1 to 2048"},
      {"\"in_channels\":3", "\"in_channels\":2049", "has 2049 for \"in_channels\""},
      {"\"in_channels\":3", "\"in_channels\":4", "makes 3 channels, but \"in_channels\" is 4"},
      {"\"num_classes\":2", "\"num_classes\":1", "has 1 for \"num_classes\"; allowed are 2 to 1024"},
      {"\"num_classes\":2", "\"num_classes\":1025", "has 1025 for \"num_classes\""},
      {"\"cloud\"", "\"rgb\"", "\"features\" has \"rgb\" for \"kind\"; allowed are cloud, given"},
      {"127.5", "0", "has 0 for \"scale\""},
      {"127.5", "1e999", "not valid JSON"},
      {"\"offset\":-1.0", "\"offset\":-1.0,\"x\":1", "unknown key \"x\"; allowed are kind, names, scale, offset"},
      {"{\"layer\":[[0,0,0]", "{\"layer\":[[0,0]", "bad shifts in \"layer\""},
      {"{\"layer\":[[0,0,0]", "{\"layer\":[[0,0,2]", "bad shifts in \"layer\""},
      {"\"radius\":9,", "", "the description has no \"radius\""},
      {"\"radius\":9", "\"radius\":-1", "has -1 for \"radius\"; allowed are 0 to 1000000"},
      {"\"radius\":9", "\"radius\":1000001", "has 1000001 for \"radius\""},
      {"\"radius\":9", "\"radius\":0.5", "for \"radius\"; it must be an integer"},
      {"\"commit\":null,", "", "has no \"commit\""},
      {"\"commit\":null", "\"commit\":7", "for \"commit\"; it must be a string"},
      {"\"levels\":2", "\"levels\":0", "for \"levels\"; allowed are 1 to 12"},
      {"\"levels\":2", "\"levels\":13", "for \"levels\"; allowed are 1 to 12"},
      {"\"levels\":2", "\"levels\":1", "has for value 4 the level 1; allowed are 0 to 0"},
      {"[\"real\",0,3]", "[\"real\",0,3,4]", "has for value 0 no list of kind, level and channels"},
      {"[\"real\",0,3]", "[0,0,3]", "has for value 0 no list"},
      {"[\"real\",0,3]", "{}", "has for value 0 no list"},
      {"[\"real\",0,3]", "[\"real\",0,4]", "the input"},
      {"[\"real\",0,3]", "[\"bits\",0,3]", "the input"},
      {"[\"bits\",0,3]", "[\"byte\",0,3]", "has for value 1 the kind \"byte\"; allowed are real and bits"},
      {"[\"real\",1,9]", "[\"real\",-1,9]", "has for value 10 the level -1"},
      {"[\"real\",1,9]", "[\"real\",1,0]", "has for value 10 0 channels; allowed are 1 to 2048"},
      {"[\"real\",1,9]", "[\"real\",1,2049]", "has for value 10 2049 channels"},
      {"[\"real\",1,9]", "[\"real\",1,999999999999999999]", "channels; allowed are"},
      {"[\"real\",0,2]]", "[\"real\",0,2],[\"real\",0,2]]",
       "no instruction defines value 12 (real, level 0, 2 channels)"},
      {"\"output\":11", "\"output\":12", "but values are numbered 0 to 11"},
      {"\"output\":11", "\"output\":-1", "but values are numbered 0 to 11"},
      {"\"output\":11", "\"output\":7", "reads value 7 (bits, level 0, 4 channels); it must be a value of kind real"},
      {"\"output\":11", "\"output\":9", "it must be of level 0 with one channel a class, 2"},
      {"\"output\":11", "\"output\":4", "a value of level 1 with 5 channels"},
      {"\"output\":11", "\"output\":11.5", "for \"output\"; it must be an integer"},
      {"\"output\":11}", "\"output\":11}}", "the model's description is not valid JSON"},
      {"{\"version\":2", "[{\"version\":2", "the model's description is not valid JSON"},
  };
  for (const Case& one : cases) CHECK_REFUSED(changed(one.piece, one.other), one.says);
  CHECK_REFUSED(program_of([] {
                  RawModel model = sample_model();
                  model.description = "[]";
                  return model;
                }()),
                "the description is an array; it must be an object");
  RawModel model = sample_model();
  std::string many = "\"values\":[[\"real\",0,3]";
  for (int i = 0; i < 8192; ++i) many += ",[\"real\",0,3]";
  CHECK_REFUSED(program_of(model.replace("\"values\":[[\"real\",0,3]", many)), "values; allowed are 1 to 8192");
  model = sample_model();
  many = "\"instructions\":[";
  for (int i = 0; i < 4096; ++i) many += "{},";
  CHECK_REFUSED(program_of(model.replace("\"instructions\":[", many)), "instructions; allowed are 1 to 4096");
}

TEST(description_instructions) {
  struct Case {
    const char *piece, *other, *says;
  };
  const Case cases[] = {
      {"\"op\":\"map\"", "\"op\":\"mop\"",
       "instruction 5 has \"mop\" for \"op\"; allowed are conv, binarize, pool, map"},
      {"\"op\":\"map\",", "", "instruction 5 has no \"op\""},
      {"{\"op\":\"map\"", "7,{\"op\":\"map\"", "instruction 5 is an integer; it must be an object"},
      {"\"op\":\"map\"", "\"op\":\"map\",\"kind\":1", "instruction 5 has the unknown key \"kind\""},
      {"\"pointwise\"", "\"dense\"", "instruction 6 has \"dense\" for \"geometry\"; allowed are submanifold, strided"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"byte\",\"in\":4", "for \"operand\"; allowed are bits, real"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"bits\",\"in\":4",
       "reads value 4 (real, level 1, 5 channels); it must"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"real\",\"in\":3", "reads value 3 (bits, level 0, 4 channels)"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"real\",\"in\":8", "a value that no earlier instruction defines"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"real\",\"in\":12",
       "has 12 in \"in\", but values are numbered 0 to 11"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"real\",\"in\":-1", "has -1 in \"in\""},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"real\",\"in\":[4]",
       "has an array for \"in\"; it must be an integer"},
      {"\"operand\":\"real\",\"in\":4", "\"operand\":\"real\",\"in\":2",
       "writes value 6 (real, level 0, 4 channels) as \"out\"; it must be (real, level -1, 4 channels)"},
      {"\"geometry\":\"strided\"", "\"geometry\":\"pointwise\"", "it must be (real, level 0, 5 channels)"},
      {"\"out\":2,\"bits\":3", "\"out\":-1,\"bits\":-1", "instruction 1 writes nothing"},
      {"\"out\":2,\"bits\":3", "\"out\":2,\"bits\":12", "has 12 for \"bits\"; allowed are -1 to 11"},
      {"\"out\":2,\"bits\":3", "\"out\":2,\"bits\":2", "writes value 2 (real, level 0, 4 channels) as \"bits\""},
      {"\"out\":2,\"bits\":3", "\"out\":0,\"bits\":3", "defines value 0, which is defined already"},
      {"\"out\":2,\"bits\":3", "\"out\":2,\"bits\":1", "defines value 1, which is defined already"},
      {"\"out\":2,\"bits\":3", "\"out\":11,\"bits\":3", "it must be (bits, level 0, 2 channels)"},
      {"\"out\":5}", "\"out\":-1}", "instruction 3 has -1 for \"out\"; allowed are 0 to 11"},
      {"\"out\":5}", "\"out\":4}", "defines value 4, which is defined already"},
      {"\"out\":5}", "\"out\":6}", "it must be (real, level 1, 4 channels)"},
      {"\"avg\"", "\"sum\"", "has \"sum\" for \"kind\"; allowed are avg, max"},
      {"\"in\":2,\"out\":5", "\"in\":3,\"out\":5", "reads value 3 (bits"},
      {"[[0,0,0],[1,0,-1]],\n", "[],\n", "has 0 shifts; a submanifold convolution has 1 to 4"},
      {"\"shifts\":[[0,0,0],[1,0,-1]],\n", "", "has 0 shifts"},
      {"[[0,0,0],[1,0,-1]],\n", "[[0,0,0],[0,0,0],[0,0,0],[0,0,0],[0,0,0]],\n", "has 5 shifts"},
      {"[[0,0,0],[1,0,-1]],\n", "[[0,0,0],[1,0,-2]],\n", "must be a list of triples of -1, 0 and 1"},
      {"[[0,0,0],[1,0,-1]],\n", "[0],\n", "must be a list of triples of -1, 0 and 1"},
      {"[[0,0,0],[1,0,-1]],\n", "null,\n", "has null for \"shifts\"; it must be an array"},
      {"\"shifts\":[],", "\"shifts\":[[0,0,0]],", "only a submanifold convolution may have them"},
      {"\"in\":[0]", "\"in\":[]", "instruction 0 has an empty list \"in\""},
      {"\"in\":[0]", "\"in\":0", "has an integer for \"in\"; it must be an array"},
      {"\"in\":[0]", "\"in\":[\"0\"]", "has a string in the list \"in\""},
      {"\"in\":[0]", "\"in\":[0,0]", "it must be (bits, level 0, 6 channels)"},
      {"\"in\":[8,4]", "\"in\":[8]",
       "writes value 9 (real, level 0, 9 channels) as \"out\"; it must be (real, level 0, 4"},
      {"\"in\":[8,4]", "\"in\":[7,4]", "reads value 7 (bits"},
      {"\"in\":[8,4],\"out\":9", "\"in\":[8,4],\"out\":10", "its parts must be of the written value's level, 1"},
      {"\"steps\":[[\"hardtanh\"]]", "\"steps\":[[\"tanh\"]]",
       "has the unknown step \"tanh\"; allowed are affine, prelu"},
      {"\"steps\":[[\"hardtanh\"]]", "\"steps\":[\"hardtanh\"]", "a step that is no list starting with a name"},
      {"\"steps\":[[\"hardtanh\"]]", "\"steps\":[[]]", "a step that is no list starting with a name"},
      {"\"steps\":[[\"hardtanh\"]]", "\"steps\":[[\"hardtanh\",1]]",
       "a malformed step \"hardtanh\"; allowed is the name"},
      {"\"steps\":[[\"hardtanh\"]]", "\"steps\":{}", "has an object for \"steps\"; it must be an array"},
      {"\"steps\":[[\"hardtanh\"]]", "\"steps\":[[\"affine\"]]",
       "tensor \"5.rows\" has 1 rows; one more must be the affine"},
      {"[\"float16\"]", "[\"float8\"]",
       "has the unknown step \"float8\"; allowed are affine, prelu, rprelu, relu, hardtanh"},
      {"[\"float16\"]", "[\"float16\",1]", "a malformed step \"float16\"; allowed is the name"},
      {"[\"add\",5]", "[\"add\"]", "a malformed step \"add\"; allowed is [\"add\", value]"},
      {"[\"add\",5]", "[\"add\",\"5\"]", "a malformed step \"add\""},
      {"[\"add\",5]", "[\"add\",6]", "a value that no earlier instruction defines"},
      {"[\"add\",5]", "[\"add\",3]", "reads value 3 (bits"},
      {"[\"add\",5]", "[\"add\",4]", "adds value 4 (real, level 1, 5 channels) to level 0, 4 channels"},
      {"[\"bias\"]", "[\"bias\"],[\"add\",2]", "adds value 2 (real, level 0, 4 channels) to level 1"},
  };
  for (const Case& one : cases) CHECK_REFUSED(changed(one.piece, one.other), one.says);
  std::string many = "\"steps\":[[\"hardtanh\"]";
  for (int i = 0; i < 64; ++i) many += ",[\"relu\"]";
  CHECK_REFUSED(changed("\"steps\":[[\"hardtanh\"]", many), "has 65 steps; at most 64 are allowed");
}

TEST(description_levels_of_parts) {
  // binarize of two levels; concat whose parts are a level apart the wrong way round
  RawModel model = sample_model();
  model.replace("{\"op\":\"concat\",\"in\":[8,4],\"out\":9}", "{\"op\":\"binarize\",\"in\":[8,4],\"bits\":9}");
  CHECK_REFUSED(program_of(model), "its parts must be of one level, 0");
  model = sample_model();
  model.replace("\"in\":[8,4]", "\"in\":[4,4]").replace("[\"real\",0,9]", "[\"real\",0,10]");
  model.replace("[\"real\",1,9]", "[\"real\",1,10]");
  model.tensor("9.weight") = float_tensor("9.weight", {1, 10, 2}, {1.0f});
  CHECK_EQ(program_of(model).values[9].channels, 10);  // coarser parts alone are unpooled
}

TEST(description_tensors) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> ones = {1};
  CHECK_REFUSED(changed(rows_tensor("1.rows", 4, {{1, 2, nan}, ones, ones, ones, ones})),
                "tensor \"1.rows\" holds NaN at element 2 of row 0 (scale); all have");
  CHECK_REFUSED(changed(rows_tensor("1.rows", 4, {ones, ones, {1, infinity}, ones, ones})),
                "tensor \"1.rows\" holds an infinity at element 1 of row 2 (affine)");
  CHECK_REFUSED(changed(float_tensor("9.weight", {1, 9, 2}, {-infinity})), "holds an infinity at element 0");
  CHECK_REFUSED(changed(rows_tensor("0.rows", 3, {{0, nan}})),
                "holds NaN at element 1 of row 0 (threshold); infinities alone are allowed");
  const Program infinite = changed(rows_tensor("0.rows", 3, {{infinity, -infinity, 0}}));
  CHECK(infinite.instructions[0].binarizer.threshold[0] == infinity);
  CHECK_REFUSED(changed(byte_tensor("0.flip", {1}, {8})), "tensor \"0.flip\" has bits set past channel 2 in byte 0");
  CHECK_REFUSED(changed(byte_tensor("1.weight", {27, 4, 1}, {7, 7, 7, 7, 15})),
                "has bits set past channel 2 in byte 4");
  CHECK_REFUSED(changed(byte_tensor("1.weight", {27, 4, 2}, {7})),
                "tensor \"1.weight\" is U8 of shape [27, 4, 2]; it must be U8 of shape [27, 4, 1]");
  CHECK_REFUSED(changed(byte_tensor("1.weight", {108}, {7})),
                "is U8 of shape [108]; it must be U8 of shape [27, 4, 1]");
  CHECK_REFUSED(changed(byte_tensor("6.rows", {1, 4}, {1})), "is U8 of shape [1, 4]; it must be F32 of shape [1, 4]");
  CHECK_REFUSED(changed(rows_tensor("6.rows", 5, {ones})), "is F32 of shape [1, 5]; it must be F32 of shape [1, 4]");
  CHECK_REFUSED(changed(float_tensor("6.rows", {4}, ones)), "is F32 of shape [4]; it must be F32 of shape [4, 4]");
  CHECK_REFUSED(changed(rows_tensor("6.rows", 4, {ones, ones})),
                "tensor \"6.rows\" has 2 rows; the instruction takes 1");
  CHECK_REFUSED(changed(rows_tensor("1.rows", 4, {ones, ones, ones, ones})),
                "tensor \"1.rows\" has 4 rows; one more must be the threshold");
  CHECK_REFUSED(changed(float_tensor("9.weight", {9, 2}, {1})), "it must be F32 or F16 of shape [1, 9, 2]");
  RawTensor half = byte_tensor("6.rows", {8}, {0});
  half.dtype = "F16";
  half.shape = {1, 4};
  CHECK_REFUSED(changed(half), "tensor \"6.rows\" is F16 of shape [1, 4]; it must be F32 of shape [1, 4]");
  half = byte_tensor("4.weight", {320}, {0, 0x7C});
  half.dtype = "F16";
  half.shape = {8, 5, 4};
  CHECK_REFUSED(changed(half), "tensor \"4.weight\" holds an infinity");
  RawModel model = sample_model();
  model.tensors.push_back(byte_tensor("extra", {1}, {0}));
  CHECK_REFUSED(program_of(model), "tensor \"extra\" belongs to no instruction");
  model = sample_model();
  model.tensors.pop_back();
  CHECK_REFUSED(program_of(model), "tensor \"9.weight\" is missing; it must be F32 or F16 of shape [1, 9, 2]");
  model = sample_model();
  model.tensor("1.rows").name = "10.rows";
  CHECK_REFUSED(program_of(model), "tensor \"1.rows\" is missing; its first row must be the scale, 4 F32 numbers");
}
