// The plan of a run's memory against its definition, on random programs' needs; the arena; what a model keeps.
#include <algorithm>
#include <cstring>
#include <random>

#include "engine/lifetimes.h"
#include "memory/arena.h"
#include "memory/plan.h"
#include "tests/check.h"
#include "tests/clouds.h"
#include "tests/model_bytes.h"

namespace {

using bscnet::MemoryPlan;
using bscnet::Need;

std::vector<Need> random_needs(unsigned seed) {
  std::mt19937 random(seed);
  const int instructions = 1 + static_cast<int>(random() % 40);
  std::vector<Need> needs(random() % 60);
  for (Need& need : needs) {
    const int a = static_cast<int>(random() % static_cast<unsigned>(instructions + 2)) - 1;
    const int b = static_cast<int>(random() % static_cast<unsigned>(instructions + 2)) - 1;
    const bool large = random() % 4 == 0;
    need = {random() % (large ? 100000 : 300), std::min(a, b), std::max(a, b)};
  }
  return needs;
}

/// The most that is there at once: no plan needs less.
std::uint64_t most_at_once(const std::vector<Need>& needs) {
  std::uint64_t most = 0;
  for (const Need& now : needs) {
    std::uint64_t sum = 0;
    for (const Need& other : needs) {
      if (other.first <= now.first && now.first <= other.last) sum += other.bytes;
    }
    most = std::max(most, sum);
  }
  return most;
}

bool is_sound(const std::vector<Need>& needs, const MemoryPlan& plan) {
  for (std::size_t a = 0; a < needs.size(); ++a) {
    const std::uint64_t end = plan.offset[a] + needs[a].bytes;
    if (plan.offset[a] % bscnet::kPlanAlignment != 0 || end > plan.bytes) return false;
    for (std::size_t b = 0; b < a; ++b) {
      bool together = false;
      for (int at = needs[a].first; at <= needs[a].last; ++at) together |= needs[b].first <= at && at <= needs[b].last;
      const bool apart = end <= plan.offset[b] || plan.offset[b] + needs[b].bytes <= plan.offset[a];
      if (together && !apart) return false;
    }
  }
  return true;
}

}  // namespace

TEST(no_two_needs_overlap_in_a_plan) {
  bool sound = true;
  bool tight = true;
  for (unsigned seed = 0; seed < 500; ++seed) {
    const std::vector<Need> needs = random_needs(seed);
    const MemoryPlan plan = bscnet::plan_memory(needs);
    sound &= is_sound(needs, plan);
    tight &= plan.bytes <= most_at_once(needs) * 3 / 2 + needs.size() * bscnet::kPlanAlignment;
  }
  CHECK(sound);
  CHECK(tight);
}

TEST(a_chain_of_values_takes_the_room_of_two) {
  std::vector<Need> chain;
  for (int i = 0; i < 20; ++i) chain.push_back({6400, i, i + 1});
  CHECK_EQ(bscnet::plan_memory(chain).bytes, 2u * 6400);
  CHECK_EQ(bscnet::plan_memory({}).bytes, 0u);
}

TEST(a_sum_takes_the_place_of_its_shortcut) {
  using bscnet::Instruction;
  // 0 real input; 1 its signs; 2 = conv(1) + 0; 3 signs of 2; 4 = conv(3) + 2, and 2 is added again by 5.
  bscnet::Program program;
  const auto real = bscnet::Value::Kind::kReal;
  const auto bits = bscnet::Value::Kind::kBits;
  for (auto kind : {real, bits, real, bits, real, real}) program.values.push_back({kind, 0, 4});
  const auto add = [&](std::vector<int> in, int out, int signs, int shortcut) {
    Instruction instruction;
    instruction.in = std::move(in);
    instruction.out = out;
    instruction.bits = signs;
    if (shortcut >= 0) instruction.steps.push_back({bscnet::Step::Kind::kAdd, shortcut, {}, {}});
    program.instructions.push_back(instruction);
  };
  add({0}, -1, 1, -1);
  add({1}, 2, 3, 0);
  add({3}, 4, -1, 2);
  add({4}, 5, -1, 2);
  program.output = 5;
  const bscnet::Lifetimes found(program, bscnet::plain_schedule(program));
  CHECK(found.home == (std::vector<int>{0, 1, 0, 3, 4, 0}));
  CHECK(found.first == (std::vector<int>{bscnet::kInput, 0, 1, 1, 2, 3}));
  CHECK(found.last == (std::vector<int>{1, 1, 3, 2, 3, 4}));
}

TEST(a_sum_of_another_width_takes_a_place_of_its_own) {
  using bscnet::Instruction;
  // 1 = map(0), of float16; 2 = map(0) + 1, of float16 or of float32.
  const auto home_of_sum = [](bool half) {
    bscnet::Program program;
    for (int id = 0; id < 3; ++id) program.values.push_back({bscnet::Value::Kind::kReal, 0, 4});
    for (int out : {1, 2}) {
      Instruction map;
      map.kind = bscnet::MapOp{};
      map.in = {0};
      map.out = out;
      if (out == 2) map.steps.push_back({bscnet::Step::Kind::kAdd, 1, {}, {}});
      if (out == 1 || half) map.steps.push_back({bscnet::Step::Kind::kFloat16, -1, {}, {}});
      program.instructions.push_back(map);
    }
    program.output = 2;
    bscnet::find_halves(program);
    return bscnet::Lifetimes(program, bscnet::plain_schedule(program)).home[2];
  };
  CHECK_EQ(home_of_sum(true), 1);
  CHECK_EQ(home_of_sum(false), 2);
}

TEST(an_arena_grows_and_keeps_what_it_has) {
  bscnet::Arena arena;
  CHECK_EQ(arena.bytes(), 0u);
  for (std::size_t bytes : {std::size_t{1}, std::size_t{1000}, std::size_t{2} << 20, std::size_t{9000000}}) {
    std::uint8_t* memory = arena.reserve(bytes);
    CHECK(arena.bytes() >= bytes && arena.bytes() < bytes + 4096);
    CHECK_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u);
    std::memset(memory, 1, bytes);
    CHECK(arena.reserve(bytes / 2) == memory);
  }
  CHECK(arena.bytes() >= 9000000u);
}

TEST(a_model_keeps_as_much_memory_as_it_is_told) {
  const Model model = loaded(file_of(sample_model()));
  const Cloud cloud = random_cloud(300, 3, 5);
  const auto sites = static_cast<std::int64_t>(cloud.coords.size() / 4);
  std::vector<std::vector<float>> logits;
  for (std::int64_t limit : {std::int64_t{0}, std::int64_t{1} << 40, std::int64_t{100}}) {
    CHECK_EQ(bscnet_keep_memory(model.get(), limit), static_cast<int>(BSCNET_OK));
    for (int run = 0; run < 2; ++run) {
      logits.emplace_back(static_cast<std::size_t>(sites * bscnet_num_classes(model.get())));
      const int status =
          bscnet_run(model.get(), sites, cloud.coords.data(), cloud.feats.data(), 1, logits.back().data());
      CHECK_EQ(status, static_cast<int>(BSCNET_OK));
      CHECK(logits.back() == logits.front());
    }
  }
  CHECK_EQ(bscnet_keep_memory(model.get(), -1), static_cast<int>(BSCNET_BAD_CALL));
  CHECK_EQ(std::string(bscnet_last_error()), "the memory to keep is -1 bytes; it must be 0 or more");
  CHECK_EQ(bscnet_keep_memory(nullptr, 0), static_cast<int>(BSCNET_BAD_CALL));
}
