#include "model/description.h"

#include <cstdio>

#include "model/crc32.h"
#include "model/error.h"
#include "model/feature_recipe.h"
#include "model/fields.h"
#include "model/instruction_reader.h"
#include "model/reading.h"
#include "model/safetensors.h"
#include "model/text.h"
#include "model/weights.h"

namespace bscnet {
namespace {

constexpr int kMaxChannels = 2048, kMaxLevels = 12, kMinClasses = 2, kMaxClasses = 1024, kMaxRadius = 1000000;
constexpr std::size_t kMaxInstructions = 4096, kMaxValues = 8192;

[[noreturn]] void bad(const std::string& sentence) { throw Error(Fault::kBadFile, sentence); }

/// The description's text, once format, version and checksum are right.
const std::string& checked_description(const Safetensors& file) {
  const auto entry = [&](const char* name) -> const std::string* {
    const auto found = file.metadata.find(name);
    return found == file.metadata.end() ? nullptr : &found->second;
  };
  const std::string *format = entry("format"), *version = entry("version");
  const std::string *checksum = entry("checksum"), *description = entry("description");
  if (format == nullptr || *format != "bscnet") {
    bad("the file is a safetensors file but not a bscnet model: its metadata has " +
        (format == nullptr ? std::string("no format") : "the format " + quoted(*format)) +
        "; `bscnet export` writes models");
  }
  if (version == nullptr || (*version != "1" && *version != "2")) {
    bad("the model has format version " + (version == nullptr ? "none" : quoted(*version)) +
        "; this library reads versions \"1\" and \"2\"");
  }
  if (description == nullptr) bad("the model's metadata has no description");
  if (checksum == nullptr) bad("the model's metadata has no checksum");
  const std::string found = checksum_of(*description, file.data, file.data_bytes);
  if (found != *checksum) {
    bad("the model is damaged: its checksum is " + found + ", but its metadata says " + quoted(*checksum));
  }
  return *description;
}

/// What no part of the engine uses but a reader of the description relies on.
void check_texts(const Fields& fields, int version, int num_classes) {
  std::vector<const char*> keys = {"version",     "name",        "family",       "method",     "stage",
                                   "precision",   "half",        "data",         "voxel_size", "class_names",
                                   "in_channels", "num_classes", "features",     "shift_plan", "commit",
                                   "levels",      "values",      "instructions", "output"};
  if (version > 1) keys.insert(keys.end(), {"reading", "radius"});
  fields.only(keys);
  for (const char* name : {"name", "family", "method", "data"}) fields.string(name);
  fields.integer("stage", 0, 1000);
  fields.choice("precision", {"a1w1", "a32w32"});
  fields.boolean("half");
  const std::vector<Json>& names = fields.array("class_names");
  for (const Json& name : names) {
    if (!name.is(Json::Kind::kString)) fields.fail("has a class name that is not a string");
  }
  if (names.size() != static_cast<std::size_t>(num_classes)) {
    fields.fail("has " + std::to_string(names.size()) + " class names for " + std::to_string(num_classes) + " classes");
  }
  for (const auto& [layer, shifts] : fields.get("shift_plan", Json::Kind::kObject).object()) {
    fields.shifts(layer, shifts);
  }
  if (!fields.has("commit")) fields.fail("has no \"commit\"; it must be a string or null");
  if (!fields.is_null("commit")) fields.string("commit");
  if (version > 1) fields.integer("radius", 0, kMaxRadius);
}

/// How clouds become sites with features.
void read_clouds(const Fields& fields, int version, Program& program) {
  program.voxel_size = fields.number("voxel_size");
  if (!(program.voxel_size > 0)) fields.fail("has a \"voxel_size\" that is not above 0 (metres)");
  const Fields features(fields.get("features", Json::Kind::kObject), "the description's \"features\"");
  program.features = read_feature_recipe(features, version, program.in_channels);
  if (version == 1) {
    program.reading = reading_of_version_1(features, program.features);
  } else {
    const Fields reading(fields.get("reading", Json::Kind::kObject), "the description's \"reading\"");
    program.reading = read_reading(reading, program.features, program.num_classes);
  }
}

Value read_value(const Fields& fields, std::size_t index, const Json& json, int levels) {
  const std::vector<Json>& parts = json.array();
  const bool shaped = parts.size() == 3 && parts[0].is(Json::Kind::kString) && parts[1].is(Json::Kind::kInteger) &&
                      parts[2].is(Json::Kind::kInteger);
  const std::string where = "has for value " + std::to_string(index) + " ";
  if (!shaped) fields.fail(where + "no list of kind, level and channels, such as [\"real\", 0, 3]");
  const bool real = parts[0].string() == "real";
  if (!real && parts[0].string() != "bits") {
    fields.fail(where + "the kind " + quoted(parts[0].string()) + "; allowed are real and bits");
  }
  const std::int64_t level = parts[1].integer(), channels = parts[2].integer();
  if (level < 0 || level >= levels) {
    fields.fail(where + "the level " + std::to_string(level) + "; allowed are 0 to " + std::to_string(levels - 1));
  }
  if (channels < 1 || channels > kMaxChannels) {
    fields.fail(where + std::to_string(channels) + " channels; allowed are 1 to " + std::to_string(kMaxChannels));
  }
  return {real ? Value::Kind::kReal : Value::Kind::kBits, static_cast<int>(level), static_cast<int>(channels)};
}

void read_values(const Fields& fields, Program& program) {
  const std::vector<Json>& list = fields.array("values");
  if (list.empty() || list.size() > kMaxValues) {
    fields.fail("has " + std::to_string(list.size()) + " values; allowed are 1 to " + std::to_string(kMaxValues));
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    program.values.push_back(read_value(fields, i, list[i], program.levels));
  const Value& input = program.values[0];
  if (input.kind != Value::Kind::kReal || input.level != 0 || input.channels != program.in_channels) {
    fields.fail("has for value 0, the input, not [\"real\", 0, " + std::to_string(program.in_channels) +
                "], which in_channels asks for");
  }
}

void read_instructions(const Fields& fields, Program& program, Weights& weights) {
  const std::vector<Json>& list = fields.array("instructions");
  if (list.empty() || list.size() > kMaxInstructions) {
    fields.fail("has " + std::to_string(list.size()) + " instructions; allowed are 1 to " +
                std::to_string(kMaxInstructions));
  }
  InstructionReader reader(program.values, weights);
  for (std::size_t i = 0; i < list.size(); ++i)
    program.instructions.push_back(reader.read(static_cast<int>(i), list[i]));
  reader.finish();
  weights.finish();
  const std::int64_t output = fields.get("output", Json::Kind::kInteger).integer();
  const Value& value = reader.use(fields, "output", output, Value::Kind::kReal);
  if (value.level != 0 || value.channels != program.num_classes) {
    fields.fail("has for \"output\" a value of level " + std::to_string(value.level) + " with " +
                std::to_string(value.channels) + " channels; it must be of level 0 with one channel a class, " +
                std::to_string(program.num_classes));
  }
  program.output = static_cast<int>(output);
}

}  // namespace

std::string checksum_of(const std::string& description, const unsigned char* data, std::size_t data_bytes) {
  char text[9];
  const std::uint32_t crc = crc32(data, data_bytes, crc32(description.data(), description.size()));
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(crc));
  return text;
}

Program read_program(const unsigned char* bytes, std::size_t size) {
  const Safetensors file = read_safetensors(bytes, size);
  Program program;
  program.description = checked_description(file);
  Weights weights(read_tensors(file));
  const Json json = read_json(program.description, "the model's description");
  const Fields fields(json, "the description");
  const int version = file.metadata.at("version") == "1" ? 1 : 2;
  fields.integer("version", version, version);
  program.in_channels = static_cast<int>(fields.integer("in_channels", 1, kMaxChannels));
  program.num_classes = static_cast<int>(fields.integer("num_classes", kMinClasses, kMaxClasses));
  program.levels = static_cast<int>(fields.integer("levels", 1, kMaxLevels));
  check_texts(fields, version, program.num_classes);
  read_clouds(fields, version, program);
  read_values(fields, program);
  read_instructions(fields, program, weights);
  find_halves(program);
  return program;
}

}  // namespace bscnet
