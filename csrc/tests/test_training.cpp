// Training against its definition. Products are added up in the order that is promised, so they are equal to the last
// bit; gradients of weights, whose order is that of the engine's rows, nearly so.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bscnet_training.h"
#include "tests/check.h"

namespace {

using Site = std::array<std::int32_t, 4>;
using Floats = std::vector<float>;

constexpr int kSites = 500;

struct Scene {
  std::vector<Site> sites;
  std::map<Site, int> row;
  std::shared_ptr<bscnet_sites> made;

  const std::int32_t* coords() const { return sites.front().data(); }
};

Scene random_scene(unsigned seed) {
  std::mt19937 random(seed);
  std::set<Site> picked;
  while (picked.size() < kSites) {
    Site site{static_cast<std::int32_t>(random() % 2)};
    for (std::size_t a = 1; a < 4; ++a) site[a] = static_cast<std::int32_t>(random() % 11) - 5;
    picked.insert(site);
  }
  Scene scene;
  scene.sites.assign(picked.begin(), picked.end());
  std::shuffle(scene.sites.begin(), scene.sites.end(), random);
  for (int i = 0; i < kSites; ++i) scene.row[scene.sites[static_cast<std::size_t>(i)]] = i;
  bscnet_sites* made = nullptr;
  CHECK_EQ(bscnet_sites_create(kSites, scene.coords(), &made), BSCNET_OK);
  scene.made.reset(made, bscnet_sites_free);
  return scene;
}

std::vector<std::int32_t> map_of(const Scene& scene, int kind) {
  bscnet_map* made = nullptr;
  CHECK_EQ(bscnet_map_create(scene.made.get(), kind, 2, &made), BSCNET_OK);
  std::vector<std::int32_t> words(static_cast<std::size_t>(bscnet_map_words(made)));
  CHECK_EQ(bscnet_map_write(made, 2, words.data()), BSCNET_OK);
  bscnet_map_free(made);
  return words;
}

Floats numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Floats values(count);
  for (float& value : values) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 512.0f;
  return values;
}

std::size_t area(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

/// A convolution over 5x5x5 cells whose groups read cells of their own, as a shifted one's do.
struct Case {
  int in_channels;
  int out_channels;
  int groups;

  int slices() const { return 27; }
  int first(int group) const { return out_channels / groups * group + std::min(group, out_channels % groups); }
  int cell(int group, int slice) const {
    const int shift = group % 3 - 1;
    return slice % 3 + 1 + shift + 5 * (slice / 3 % 3 + 1) + 25 * (slice / 9 + 1 - shift);
  }
};

/// The row that a cell of the cube leads to from a row, or -1.
int neighbour(const Scene& scene, int row, int cell) {
  Site site = scene.sites[static_cast<std::size_t>(row)];
  site[1] += cell % 5 - 2;
  site[2] += cell / 5 % 5 - 2;
  site[3] += cell / 25 - 2;
  const auto found = scene.row.find(site);
  return found == scene.row.end() ? -1 : found->second;
}

void check_case(const Scene& scene, const std::vector<std::int32_t>& words, const Case& given) {
  const int ci = given.in_channels;
  const int co = given.out_channels;
  const Floats x = numbers(area(kSites, ci), 1);
  const Floats dy = numbers(area(kSites, co), 2);
  const Floats w = numbers(area(given.slices(), ci) * static_cast<std::size_t>(co), 3);
  Floats wanted_y(area(kSites, co), 0.0f), wanted_dx(area(kSites, ci), 0.0f);
  std::vector<double> wanted_dw(w.size(), 0.0);
  std::vector<std::int32_t> cells, back;
  for (int g = 0; g < given.groups; ++g) {
    for (int s = 0; s < given.slices(); ++s) {
      const int cell = given.cell(g, s);
      cells.push_back(cell);
      back.push_back(124 - cell);
      for (int u = 0; u < kSites; ++u) {
        const int v = neighbour(scene, u, cell);
        const int reader = neighbour(scene, u, 124 - cell);
        for (int c = 0; c < ci; ++c) {
          for (int o = given.first(g); o < given.first(g + 1); ++o) {
            const std::size_t at = (area(s, ci) + static_cast<std::size_t>(c)) * static_cast<std::size_t>(co) +
                                   static_cast<std::size_t>(o);
            if (v >= 0) {
              float& y = wanted_y[area(u, co) + static_cast<std::size_t>(o)];
              const float value = x[area(v, ci) + static_cast<std::size_t>(c)];
              y = std::fma(value, w[at], y);
              wanted_dw[at] += static_cast<double>(value) * dy[area(u, co) + static_cast<std::size_t>(o)];
            }
            if (reader >= 0) {
              float& dx = wanted_dx[area(u, ci) + static_cast<std::size_t>(c)];
              dx = std::fma(dy[area(reader, co) + static_cast<std::size_t>(o)], w[at], dx);
            }
          }
        }
      }
    }
  }
  bscnet_convolution conv{
      words.data(), static_cast<std::int64_t>(words.size()), kSites, kSites, given.slices(), ci, co, given.groups,
      cells.data()};
  const std::string name = std::to_string(ci) + " to " + std::to_string(co) + " in " + std::to_string(given.groups);
  for (const int threads : {1, 3}) {
    Floats y(wanted_y.size()), dx(wanted_dx.size()), dw(w.size());
    conv.cells = cells.data();
    CHECK_EQ(bscnet_conv_forward(&conv, x.data(), nullptr, w.data(), threads, y.data()), BSCNET_OK);
    checks::note(y == wanted_y, __FILE__, __LINE__, "the values of " + name);
    CHECK_EQ(bscnet_conv_weight_gradient(&conv, x.data(), nullptr, dy.data(), threads, dw.data()), BSCNET_OK);
    double worst = 0;
    for (std::size_t i = 0; i < dw.size(); ++i) worst = std::max(worst, std::abs(dw[i] - wanted_dw[i]));
    checks::note(worst < 1e-3, __FILE__, __LINE__, "the weight gradient of " + name);
    conv.cells = back.data();
    CHECK_EQ(bscnet_conv_input_gradient(&conv, dy.data(), w.data(), threads, dx.data()), BSCNET_OK);
    checks::note(dx == wanted_dx, __FILE__, __LINE__, "the input gradient of " + name);
  }
}

}  // namespace

TEST(training_convolutions_add_up_in_their_order) {
  const Scene scene = random_scene(1);
  const std::vector<std::int32_t> words = map_of(scene, BSCNET_MAP_CUBE5);
  for (const Case& given : {Case{1, 1, 1}, Case{3, 20, 1}, Case{8, 8, 2}, Case{16, 33, 4}, Case{20, 7, 3}}) {
    check_case(scene, words, given);
  }
}

TEST(training_reads_signs_from_bits) {
  const Scene scene = random_scene(2);
  const std::vector<std::int32_t> words = map_of(scene, BSCNET_MAP_CUBE3);
  std::vector<std::int32_t> cells(27);
  for (int i = 0; i < 27; ++i) cells[static_cast<std::size_t>(i)] = i;
  for (const auto& [in, out] : {std::pair(5, 3), std::pair(40, 9), std::pair(24, 40), std::pair(33, 28)}) {
    Floats x = numbers(area(kSites, in), 4);
    std::vector<std::int32_t> bits(2 * kSites);
    CHECK_EQ(bscnet_sign_forward(kSites, in, x.data(), nullptr, BSCNET_FORM_BITS, 2, bits.data()), BSCNET_OK);
    for (float& value : x) value = value >= 0 ? 1.0f : -1.0f;
    const Floats w = numbers(27 * area(in, out), 5);
    const Floats dy = numbers(area(kSites, out), 6);
    const bscnet_convolution conv{words.data(), static_cast<std::int64_t>(words.size()), kSites, kSites, 27, in, out, 1,
                                  cells.data()};
    Floats signs = w;
    for (float& value : signs) value = value >= 0 ? 1.0f : -1.0f;
    for (const Floats* weight : {&w, static_cast<const Floats*>(&signs)}) {
      // Sums of these numbers are exact in any order.
      Floats real(area(kSites, out)), packed(area(kSites, out));
      CHECK_EQ(bscnet_conv_forward(&conv, x.data(), nullptr, weight->data(), 2, real.data()), BSCNET_OK);
      CHECK_EQ(bscnet_conv_forward(&conv, nullptr, bits.data(), weight->data(), 2, packed.data()), BSCNET_OK);
      CHECK(real == packed);
    }
    Floats real_dw(w.size()), packed_dw(w.size());
    CHECK_EQ(bscnet_conv_weight_gradient(&conv, x.data(), nullptr, dy.data(), 2, real_dw.data()), BSCNET_OK);
    CHECK_EQ(bscnet_conv_weight_gradient(&conv, nullptr, bits.data(), dy.data(), 2, packed_dw.data()), BSCNET_OK);
    CHECK(real_dw == packed_dw);
  }
}

TEST(training_links_lead_to_parents_and_back) {
  const Scene scene = random_scene(3);
  const auto coarse = static_cast<std::size_t>(bscnet_sites_coarse(scene.made.get()));
  std::vector<std::int32_t> coords(4 * coarse), parent(kSites), first(coarse + 1), child(kSites);
  CHECK_EQ(bscnet_sites_links(scene.made.get(), coords.data(), parent.data(), first.data(), child.data()), BSCNET_OK);
  bool right = first.front() == 0 && first.back() == kSites;
  for (std::size_t v = 0; v < coarse; ++v) {
    for (auto i = static_cast<std::size_t>(first[v]); i < static_cast<std::size_t>(first[v + 1]); ++i) {
      const Site& site = scene.sites[static_cast<std::size_t>(child[i])];
      right &= parent[static_cast<std::size_t>(child[i])] == static_cast<std::int32_t>(v);
      right &= coords[4 * v] == site[0];
      for (std::size_t a = 1; a < 4; ++a) right &= coords[4 * v + a] == site[a] >> 1;
    }
  }
  CHECK(right);
  const Floats ones(kSites, 1.0f);
  Floats sums(coarse), back(kSites);
  const auto rows = static_cast<std::int64_t>(coarse);
  CHECK_EQ(bscnet_pool_sum(rows, kSites, 1, first.data(), child.data(), ones.data(), 2, sums.data()), BSCNET_OK);
  CHECK_EQ(bscnet_unpool(kSites, rows, 1, parent.data(), sums.data(), 2, back.data()), BSCNET_OK);
  for (std::size_t v = 0; v < coarse; ++v) right &= sums[v] == static_cast<float>(first[v + 1] - first[v]);
  for (std::size_t u = 0; u < kSites; ++u) right &= back[u] == sums[static_cast<std::size_t>(parent[u])];
  CHECK(right);
}

TEST(training_norm_and_prelu_by_definition) {
  constexpr int kRows = 2500;
  constexpr int kChannels = 35;
  const Floats x = numbers(area(kRows, kChannels), 6), grad = numbers(area(kRows, kChannels), 7);
  const Floats weight = numbers(kChannels, 8), bias = numbers(kChannels, 9);
  Floats mean(kChannels, 0.0f), var(kChannels, 1.0f), stats(5 * kChannels), z(x.size()), signs(x.size());
  bscnet_norm norm{weight.data(), bias.data(), mean.data(), var.data(), 0.5, 1e-4, 1};
  for (const auto& [form, out] :
       {std::pair(BSCNET_FORM_VALUES, z.data()), std::pair(BSCNET_FORM_SIGNS, signs.data())}) {
    CHECK_EQ(bscnet_norm_forward(kRows, kChannels, x.data(), &norm, form, 3, stats.data(), out), BSCNET_OK);
  }
  bool same = true;
  double worst = 0;
  for (std::size_t c = 0; c < kChannels; ++c) {
    double sum = 0, squares = 0;
    for (std::size_t row = 0; row < kRows; ++row) sum += x[row * kChannels + c];
    for (std::size_t row = 0; row < kRows; ++row) squares += std::pow(x[row * kChannels + c] - sum / kRows, 2);
    const double rstd = 1 / std::sqrt(squares / kRows + 1e-4);
    for (std::size_t row = 0; row < kRows; ++row) {
      const std::size_t at = row * kChannels + c;
      worst = std::max(worst, std::abs((x[at] - sum / kRows) * rstd * weight[c] + bias[c] - z[at]));
      same &= signs[at] == (z[at] >= 0 ? 1.0f : -1.0f);
    }
  }
  CHECK(worst < 1e-5);
  CHECK(same);
  Floats to_x(x.size()), to_weight(kChannels), to_bias(kChannels), again(x.size());
  for (Floats* to : {&to_x, &again}) {
    CHECK_EQ(
        bscnet_norm_backward(kRows, kChannels, grad.data(), x.data(), stats.data(), nullptr, BSCNET_ESTIMATOR_APPROX, 1,
                             to == &to_x ? 1 : 3, to->data(), to_weight.data(), to_bias.data()),
        BSCNET_OK);
  }
  CHECK(to_x == again);
  Floats y(x.size()), to_sums(x.size()), to_slope(kChannels);
  std::vector<std::int16_t> kept(x.size());
  Floats whole(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) whole[i] = std::round(100 * x[i]);
  CHECK_EQ(bscnet_prelu_forward(kRows, kChannels, whole.data(), weight.data(), bias.data(), grad.data(), 2, y.data(),
                                kept.data()),
           BSCNET_OK);
  CHECK_EQ(bscnet_prelu_backward(kRows, kChannels, grad.data(), nullptr, kept.data(), weight.data(), bias.data(), 2,
                                 to_sums.data(), nullptr, to_slope.data()),
           BSCNET_OK);
  std::vector<double> wanted_slope(kChannels, 0.0), wanted_scale(kChannels, 0.0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t c = i % kChannels;
    const float t = whole[i] * weight[c];
    const float activated = t > 0 ? t : t * bias[c];
    const float to_t = t > 0 ? grad[i] : grad[i] * bias[c];
    same &= y[i] == activated + grad[i] && to_sums[i] == to_t * weight[c];
    wanted_slope[c] += t > 0 ? 0.0 : static_cast<double>(grad[i]) * t;
    wanted_scale[c] += static_cast<double>(to_t) * whole[i];
  }
  CHECK(same);
  Floats to_scale(kChannels), slope_of_floats(kChannels);
  CHECK_EQ(bscnet_prelu_backward(kRows, kChannels, grad.data(), whole.data(), nullptr, weight.data(), bias.data(), 1,
                                 again.data(), to_scale.data(), slope_of_floats.data()),
           BSCNET_OK);
  CHECK(again == to_sums && slope_of_floats == to_slope);
  for (std::size_t c = 0; c < kChannels; ++c) {
    same &= std::abs(to_slope[c] - wanted_slope[c]) < 1e-5 * (1 + std::abs(wanted_slope[c]));
    same &= std::abs(to_scale[c] - wanted_scale[c]) < 1e-5 * (1 + std::abs(wanted_scale[c]));
  }
  CHECK(same);
}

TEST(training_refuses_bad_calls) {
  const Scene scene = random_scene(4);
  bscnet_sites* none = nullptr;
  bscnet_map* map = nullptr;
  float value = 0;
  CHECK_EQ(bscnet_sites_create(0, scene.coords(), &none), BSCNET_BAD_INPUT);
  CHECK_EQ(bscnet_sites_create(-1, scene.coords(), &none), BSCNET_BAD_INPUT);
  CHECK_EQ(bscnet_sites_create(1, nullptr, &none), BSCNET_BAD_CALL);
  CHECK_EQ(bscnet_sites_create(1, scene.coords(), nullptr), BSCNET_BAD_CALL);
  CHECK_EQ(bscnet_map_create(scene.made.get(), 4, 1, &map), BSCNET_BAD_INPUT);
  CHECK_EQ(bscnet_map_create(scene.made.get(), 3, -1, &map), BSCNET_BAD_CALL);
  CHECK_EQ(bscnet_map_create(nullptr, 3, 1, &map), BSCNET_BAD_CALL);
  CHECK(map == nullptr);
  CHECK_EQ(bscnet_map_write(nullptr, 1, nullptr), BSCNET_BAD_CALL);
  bscnet_map_free(nullptr);
  bscnet_sites_free(nullptr);
  bscnet_convolution conv{nullptr, 0, 1, 1, 1, 1, 1, 1, nullptr};
  CHECK_EQ(bscnet_conv_forward(nullptr, &value, nullptr, &value, 1, &value), BSCNET_BAD_CALL);
  CHECK_EQ(bscnet_conv_forward(&conv, nullptr, nullptr, &value, 1, &value), BSCNET_BAD_CALL);
  CHECK_EQ(bscnet_conv_forward(&conv, &value, nullptr, &value, 1, &value), BSCNET_OK);
  for (bscnet_convolution bad : {bscnet_convolution{nullptr, 0, -1, -1, 1, 1, 1, 1, nullptr},
                                 bscnet_convolution{nullptr, 0, 1, 2, 1, 1, 1, 1, nullptr},
                                 bscnet_convolution{nullptr, 0, 1, 1, 2, 1, 1, 1, nullptr},
                                 bscnet_convolution{nullptr, 0, 1, 1, 1, 0, 1, 1, nullptr},
                                 bscnet_convolution{nullptr, 0, 1, 1, 1, 1, 1, 2, nullptr}}) {
    CHECK_EQ(bscnet_conv_forward(&bad, &value, nullptr, &value, 1, &value), BSCNET_BAD_INPUT);
    CHECK_EQ(bscnet_conv_weight_gradient(&bad, &value, nullptr, &value, 1, &value), BSCNET_BAD_INPUT);
    CHECK_EQ(bscnet_conv_input_gradient(&bad, &value, &value, 1, &value), BSCNET_BAD_INPUT);
  }
  CHECK_EQ(bscnet_norm_forward(0, 1, &value, nullptr, 0, 1, &value, nullptr), BSCNET_BAD_INPUT);
  CHECK_EQ(bscnet_norm_forward(1, 1, &value, nullptr, 0, 1, &value, nullptr), BSCNET_BAD_CALL);
  CHECK_EQ(bscnet_sign_forward(1, 1, &value, nullptr, 4, 1, &value), BSCNET_BAD_INPUT);
  CHECK_EQ(bscnet_sign_backward(1, 1, &value, &value, nullptr, 3, 1, &value), BSCNET_BAD_INPUT);
  CHECK_EQ(bscnet_weight_signs(1, 0, &value, 1, &value, nullptr), BSCNET_BAD_INPUT);
}
