#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "bscnet.h"
#include "tests/check.h"
#include "tests/clouds.h"
#include "tests/model_bytes.h"

namespace {

constexpr int kSites = 700;

std::vector<float> logits_of(const Model& model, const Cloud& cloud, int threads) {
  const std::size_t sites = cloud.coords.size() / 4;
  std::vector<float> logits(sites * 2, -99.0f);
  const int status = bscnet_run(model.get(), static_cast<std::int64_t>(sites), cloud.coords.data(), cloud.feats.data(),
                                threads, logits.data());
  if (status != BSCNET_OK) logits.clear();
  return logits;
}

}  // namespace

TEST(threads_and_order_change_no_bit) {
  const Model model = loaded(file_of(sample_model()));
  const Cloud cloud = random_cloud(kSites, 3, 5);
  const std::vector<float> wanted = logits_of(model, cloud, 1);
  CHECK_EQ(wanted.size(), 2u * kSites);
  CHECK(std::count(wanted.begin(), wanted.end(), -99.0f) == 0);
  for (const int threads : {2, 3, 4, 0, 64}) {
    const std::vector<float> found = logits_of(model, cloud, threads);
    CHECK(found.size() == wanted.size() && std::memcmp(found.data(), wanted.data(), found.size() * 4) == 0);
  }
  Cloud turned = cloud;  // the sites in reverse order
  for (std::size_t u = 0; u < kSites; ++u) {
    const std::size_t v = kSites - 1 - u;
    std::copy_n(&cloud.coords[4 * u], 4, &turned.coords[4 * v]);
    std::copy_n(&cloud.feats[3 * u], 3, &turned.feats[3 * v]);
  }
  const std::vector<float> found = logits_of(model, turned, 2);
  bool same = found.size() == wanted.size();
  for (std::size_t u = 0; same && u < kSites; ++u) {
    same = std::memcmp(&found[2 * (kSites - 1 - u)], &wanted[2 * u], 8) == 0;
  }
  CHECK(same);
}

TEST(threads_share_a_model) {
  const Model model = loaded(file_of(sample_model()));
  std::vector<Cloud> clouds;
  std::vector<std::vector<float>> wanted;
  for (unsigned seed = 0; seed < 4; ++seed) {
    clouds.push_back(random_cloud(200 + 100 * static_cast<int>(seed), 3, seed));
    wanted.push_back(logits_of(model, clouds.back(), 1));
  }
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t own = 0; own < 4; ++own) {
    threads.emplace_back([&, own] {
      for (int round = 0; round < 6; ++round) {
        const std::vector<float> found = logits_of(model, clouds[own], round % 3 + 1);
        wrong[own] += found != wanted[own];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(std::accumulate(wrong.begin(), wrong.end(), 0), 0);
}

TEST(threads_have_errors_of_their_own) {
  bscnet_model* model = nullptr;
  CHECK_EQ(bscnet_load_memory("mine", 4, &model), BSCNET_BAD_FILE);
  const std::string mine = bscnet_last_error();
  std::string before, theirs;
  std::thread([&] {
    before = bscnet_last_error();
    bscnet_load(nullptr, &model);
    theirs = bscnet_last_error();
  }).join();
  CHECK_EQ(before, "");
  CHECK_EQ(theirs, "path is a null pointer");
  CHECK_EQ(std::string(bscnet_last_error()), mine);
}

TEST(threads_load_at_once) {
  const std::string file = file_of(sample_model());
  std::vector<std::string> wrong(3);
  std::vector<std::thread> threads;
  for (std::string& own : wrong) {
    threads.emplace_back([&file, &own] {
      bscnet_model* model = nullptr;
      if (bscnet_load_memory(file.data(), file.size(), &model) != BSCNET_OK) own = bscnet_last_error();
      if (bscnet_implementation() == nullptr) own = bscnet_last_error();
      bscnet_free(model);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& own : wrong) CHECK_EQ(own, "");
}
