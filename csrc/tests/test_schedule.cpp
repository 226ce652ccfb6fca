// Fewer passes over the values, and the same results: which instructions are drawn into which, and that runs, which are
// fused, give the bits of traces, which are not.
#include <cstring>

#include "engine/schedule.h"
#include "tests/check.h"
#include "tests/clouds.h"
#include "tests/model_bytes.h"

namespace {

using bscnet::Instruction;
using bscnet::Program;
using bscnet::Task;
using bscnet::Value;

Instruction made(Instruction::Kind kind, std::vector<int> in, int out, int bits) {
  Instruction instruction;
  instruction.kind = std::move(kind);
  instruction.in = std::move(in);
  instruction.out = out;
  instruction.bits = bits;
  return instruction;
}

/// 0 input; 1 = conv; 2 = conv(1); 3 signs of 1 | 2; 4 = conv(3); 5 = pool(4), level 1; 6 = conv(5); 7 = conv(1),
/// output.
Program sample(int width_of_1) {
  Program program;
  program.levels = 2;
  const auto real = Value::Kind::kReal;
  program.values = {{real, 0, 3},  {real, 0, width_of_1}, {real, 0, 8}, {Value::Kind::kBits, 0, width_of_1 + 8},
                    {real, 0, 16}, {real, 1, 16},         {real, 1, 8}, {real, 0, 2}};
  program.instructions = {made(bscnet::ConvolutionOp{}, {0}, 1, -1), made(bscnet::ConvolutionOp{}, {1}, 2, -1),
                          made(bscnet::BinarizeOp{}, {1, 2}, -1, 3), made(bscnet::ConvolutionOp{}, {3}, 4, -1),
                          made(bscnet::PoolingOp{}, {4}, 5, -1),     made(bscnet::ConvolutionOp{}, {5}, 6, -1),
                          made(bscnet::ConvolutionOp{}, {1}, 7, -1)};
  program.output = 7;
  return program;
}

const Task* task_of(const std::vector<Task>& schedule, int instruction) {
  for (const Task& task : schedule) {
    if (task.instruction == instruction) return &task;
  }
  return nullptr;
}

struct Logits {
  std::vector<float> rows;
  std::vector<std::int32_t> coords;
};

void keep_output(void* user, std::int32_t, std::int32_t what, std::int32_t, std::int32_t, std::int64_t rows,
                 std::int32_t channels, const std::int32_t* coords, const float* data) {
  if (what != BSCNET_TRACE_REAL) return;
  auto* logits = static_cast<Logits*>(user);  // the last one that is seen stays
  logits->rows.assign(data, data + rows * channels);
  logits->coords.assign(coords, coords + 4 * rows);
}

}  // namespace

TEST(signs_poolings_and_the_result_are_drawn_into_others) {
  const Program program = sample(16);
  const std::vector<Task> schedule = bscnet::fused_schedule(program);
  CHECK_EQ(bscnet::plain_schedule(program).size(), 7u);
  CHECK_EQ(schedule.size(), 5u);
  CHECK(task_of(schedule, 2) == nullptr && task_of(schedule, 4) == nullptr);
  const Task& first = *task_of(schedule, 0);  // its value is read by others too
  CHECK(first.out == 1 && first.signs.size() == 1 && first.signs[0].value == 3 && first.signs[0].first_channel == 0);
  const Task& second = *task_of(schedule, 1);
  CHECK(second.out == -1 && second.signs.size() == 1 && second.signs[0].first_channel == 16);
  CHECK_EQ(second.signs[0].from, 2);
  CHECK_EQ(task_of(schedule, 5)->pooled, 4);
  CHECK(bscnet::reads_of(program, *task_of(schedule, 5)) == std::vector<int>{4});
  CHECK(task_of(schedule, 6)->to_caller && task_of(schedule, 6)->out == -1);
}

TEST(what_does_not_fit_stays_as_it_is) {
  const std::vector<Task> uneven = bscnet::fused_schedule(sample(8));  // signs would begin within a vector
  CHECK(task_of(uneven, 2) != nullptr && task_of(uneven, 1)->out == 2);
  Program program = sample(16);
  program.instructions[2].in = {1, 1};
  CHECK(task_of(bscnet::fused_schedule(program), 2) != nullptr);
  program = sample(16);
  program.instructions[2].in = {0, 2};  // the input has no output transform
  CHECK(task_of(bscnet::fused_schedule(program), 2) != nullptr);
  program = sample(16);
  program.instructions[3].in = {5};  // a pooling that is read twice
  CHECK(task_of(bscnet::fused_schedule(program), 4) != nullptr);
  program = sample(16);
  program.output = 1;  // a result that others read
  CHECK(!task_of(bscnet::fused_schedule(program), 0)->to_caller);
}

TEST(a_run_gives_the_bits_of_a_trace) {
  const Model model = loaded(file_of(sample_model()));
  const Cloud cloud = random_cloud(500, 3, 11);
  std::vector<float> logits(500 * 2);
  CHECK_EQ(bscnet_run(model.get(), 500, cloud.coords.data(), cloud.feats.data(), 2, logits.data()), 0);
  Logits traced;
  CHECK_EQ(bscnet_trace(model.get(), 500, cloud.coords.data(), cloud.feats.data(), 2, keep_output, &traced), 0);
  CHECK_EQ(traced.rows.size(), logits.size());
  std::size_t found = 0;
  for (std::size_t row = 0; 4 * row < traced.coords.size(); ++row) {
    for (std::size_t site = 0; site < 500; ++site) {
      if (std::memcmp(&cloud.coords[4 * site], &traced.coords[4 * row], 16) != 0) continue;
      found += std::memcmp(&logits[2 * site], &traced.rows[2 * row], 8) == 0;
    }
  }
  CHECK_EQ(found, 500u);
}
