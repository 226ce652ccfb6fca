// Numbers of float16: the conversions against their definition, and the kernels against the conversions.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/dispatch.h"
#include "model/half.h"
#include "model/program.h"
#include "tests/check.h"

using bscnet::Half;

namespace {

constexpr std::uint16_t kMostBits = 0x7BFF;

Half half(unsigned bits) { return {static_cast<std::uint16_t>(bits)}; }

std::uint32_t word_of(float value) {
  std::uint32_t word;
  std::memcpy(&word, &value, sizeof word);
  return word;
}

/// Every number of float16, the middles between two of them, what is next to those, and what lies beyond all of them.
std::vector<float> telling_numbers() {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> numbers = {65519.0f, 65520.0f, 65536.0f, 1e9f, 3e38f, kInfinity, 1e-30f, 1e-45f};
  for (unsigned bits = 0; bits < kMostBits; ++bits) {
    const float low = bscnet::float_of(half(bits)), high = bscnet::float_of(half(bits + 1));
    const float middle = low + (high - low) / 2;
    for (float number : {low, middle, std::nextafter(middle, low), std::nextafter(middle, high)}) {
      numbers.push_back(number);
    }
  }
  for (std::size_t i = 0, count = numbers.size(); i < count; ++i) numbers.push_back(-numbers[i]);
  return numbers;
}

}  // namespace

TEST(float16_is_exact) {
  CHECK_EQ(bscnet::float_of({0x3C00}), 1.0f);
  CHECK_EQ(bscnet::float_of({0xC500}), -5.0f);
  CHECK_EQ(bscnet::float_of({0x7BFF}), 65504.0f);
  CHECK_EQ(bscnet::float_of({0x0400}), 6.103515625e-05f);
  CHECK_EQ(bscnet::float_of({0x0001}), 5.9604644775390625e-08f);
  CHECK_EQ(bscnet::float_of({0x03FF}), 6.097555160522461e-05f);
  CHECK_EQ(bscnet::float_of({0x3555}), 0.333251953125f);
  CHECK(bscnet::float_of({0x8000}) == 0.0f && std::signbit(bscnet::float_of({0x8000})));
  CHECK(std::isinf(bscnet::float_of({0x7C00})) && bscnet::float_of({0xFC00}) < 0);
  CHECK(std::isnan(bscnet::float_of({0x7C01})) && std::isnan(bscnet::float_of({0xFFFF})));
}

TEST(float16_is_kept_as_it_is) {
  bool same = true;
  for (unsigned bits = 0; bits <= 0xFFFF; ++bits) {
    if ((bits & 0x7FFF) > kMostBits) continue;  // infinite or NaN
    same &= bscnet::half_of(bscnet::float_of(half(bits))).bits == bits;
  }
  CHECK(same);
}

TEST(float16_is_the_nearest_and_of_two_the_even_one) {
  bool down = true, up = true, even = true;
  for (unsigned bits = 0; bits < kMostBits; ++bits) {
    const float low = bscnet::float_of(half(bits)), high = bscnet::float_of(half(bits + 1));
    const float middle = low + (high - low) / 2;  // exact in float32
    for (unsigned sign : {0u, 0x8000u}) {
      const auto rounded = [&](float value) { return bscnet::half_of(sign == 0 ? value : -value).bits - sign; };
      down &= rounded(std::nextafter(middle, low)) == bits;
      up &= rounded(std::nextafter(middle, high)) == bits + 1;
      even &= rounded(middle) == bits + bits % 2;
    }
  }
  CHECK(down && up && even);
}

TEST(float16_ends_at_its_largest_number) {
  for (float beyond : {65504.0f, 65519.0f, 65520.0f, 1e30f, std::numeric_limits<float>::infinity()}) {
    CHECK_EQ(bscnet::rounded_to_half(beyond), 65504.0f);
    CHECK_EQ(bscnet::rounded_to_half(-beyond), -65504.0f);
  }
  CHECK_EQ(bscnet::rounded_to_half(std::numeric_limits<float>::quiet_NaN()), -65504.0f);
  CHECK(std::signbit(bscnet::rounded_to_half(-1e-30f)) && !std::signbit(bscnet::rounded_to_half(1e-30f)));
}

TEST(kernels_round_and_widen_as_the_conversions_do) {
  const bscnet::Kernels& kernels = bscnet::chosen_kernels();
  const std::vector<float> numbers = telling_numbers();
  for (int channels : {1, 7, 16, 37}) {
    const auto width = static_cast<std::size_t>(channels);
    const std::size_t rows = numbers.size() / width;
    const bscnet::StepView step{bscnet::StepView::Kind::kFloat16, nullptr, nullptr, nullptr, {}, nullptr};
    std::vector<float> tile(numbers);
    tile.resize(numbers.size() + bscnet::kTileChannels);
    std::vector<Half> halves(rows * width + bscnet::kTileChannels);
    std::vector<float> floats(rows * width), widened(rows * width);
    bscnet::Finish finish;
    finish.steps = &step;
    finish.num_steps = 1;
    finish.channels = channels;
    finish.half_out = halves.data();
    kernels.finish(finish, 0, static_cast<int>(rows), tile.data(), width);
    finish.half_out = nullptr;
    finish.out = floats.data();
    kernels.finish(finish, 0, static_cast<int>(rows), tile.data(), width);
    kernels.widen(halves.data(), rows * width, widened.data());
    bool stored = true, rounded = true, wide = true;
    for (std::size_t i = 0; i < rows * width; ++i) {
      const Half wanted = bscnet::half_of(numbers[i]);
      stored &= halves[i].bits == wanted.bits;
      rounded &= word_of(floats[i]) == word_of(bscnet::float_of(wanted));
      wide &= word_of(widened[i]) == word_of(floats[i]);
    }
    CHECK(stored && rounded && wide);
  }
}

TEST(a_sum_of_halves_is_the_same_step_by_step) {
  // What nearly every layer does: PReLU, a shortcut of float16, rounding. As one transform and by single steps.
  using Kind = bscnet::StepView::Kind;
  const bscnet::Kernels& kernels = bscnet::chosen_kernels();
  constexpr int kRows = 5;
  for (int channels : {3, 16, 40}) {
    const auto width = static_cast<std::size_t>(channels);
    const std::size_t stride = width + bscnet::kTileChannels, count = kRows * width;
    std::vector<float> tile(kRows * stride), slope(stride);
    std::vector<Half> shortcut(count + bscnet::kTileChannels), fused(shortcut), single(shortcut);
    for (std::size_t i = 0; i < tile.size(); ++i) tile[i] = static_cast<float>(i * 7919 % 2003) / 97.0f - 10.0f;
    for (std::size_t i = 0; i < width; ++i) slope[i] = static_cast<float>(i % 5) / 4.0f - 0.5f;
    for (std::size_t i = 0; i < count; ++i) {
      shortcut[i] = bscnet::half_of(static_cast<float>(i * 104729 % 1009) / 31.0f - 16.0f);
    }
    const std::uint32_t parents[kRows] = {4, 0, 0, 3, 1};
    const std::vector<float> threshold(stride, 0.25f);
    const std::vector<std::uint16_t> flip(8, 5);
    std::vector<std::uint8_t> fused_signs(kRows * 16), single_signs(fused_signs);
    bscnet::StepView steps[] = {{Kind::kPrelu, slope.data(), nullptr, nullptr, {}, nullptr},
                                {Kind::kAdd, nullptr, nullptr, nullptr, {nullptr, shortcut.data()}, parents},
                                {Kind::kFloat16, nullptr, nullptr, nullptr, {}, nullptr},
                                {Kind::kFloat16, nullptr, nullptr, nullptr, {}, nullptr}};
    bscnet::Finish finish;
    finish.steps = steps;
    finish.channels = channels;
    finish.num_signs = 1;
    for (bool whole : {true, false}) {
      finish.num_steps = whole ? 3 : 4;  // the fourth changes nothing, and is no known transform
      finish.half_out = whole ? fused.data() : single.data();
      finish.signs[0] = {(whole ? fused_signs : single_signs).data(), 16, 0, threshold.data(), flip.data()};
      kernels.finish(finish, 0, kRows, tile.data(), stride);
    }
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t row = i / width, channel = i % width;
      const float v = tile[row * stride + channel], activated = v > 0 ? v : slope[channel] * v;
      const float sum = activated + bscnet::float_of(shortcut[parents[row] * width + channel]);
      right &= fused[i].bits == bscnet::half_of(sum).bits && single[i].bits == fused[i].bits;
    }
    CHECK(right);
    CHECK(fused_signs == single_signs);
  }
}

TEST(values_of_float16_alone_are_found) {
  using bscnet::Instruction;
  using bscnet::Step;
  const auto real = bscnet::Value::Kind::kReal;
  bscnet::Program program;
  for (int id = 0; id < 7; ++id) program.values.push_back({real, 0, 4});
  const auto add = [&](Instruction::Kind kind, std::vector<int> in, std::vector<Step::Kind> steps) {
    Instruction instruction;
    instruction.kind = std::move(kind);
    instruction.in = std::move(in);
    instruction.out = 1 + static_cast<int>(program.instructions.size());
    for (Step::Kind step : steps) instruction.steps.push_back({step, -1, {}, {}});
    program.instructions.push_back(instruction);
  };
  add(bscnet::MapOp{}, {0}, {Step::Kind::kRelu, Step::Kind::kFloat16});
  add(bscnet::ConvolutionOp{}, {1}, {Step::Kind::kFloat16});
  add(bscnet::MapOp{}, {1}, {Step::Kind::kFloat16, Step::Kind::kRelu});
  add(bscnet::ConcatenationOp{}, {1, 2}, {});
  add(bscnet::ConcatenationOp{}, {1, 3}, {});
  add(bscnet::PoolingOp{}, {1}, {});
  bscnet::find_halves(program);
  std::vector<int> found;
  for (const bscnet::Value& value : program.values) found.push_back(value.half ? 1 : 0);
  CHECK(found == (std::vector<int>{0, 1, 1, 0, 1, 0, 0}));
}
