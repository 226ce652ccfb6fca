#include "tests/clouds.h"

#include <random>
#include <set>
#include <stdexcept>
#include <utility>

Cloud random_cloud(int sites, int channels, unsigned seed) {
  std::mt19937 random(seed);
  std::uint32_t edge = 1;
  while (edge * edge * edge < static_cast<std::uint32_t>(sites)) ++edge;
  std::set<std::uint32_t> taken;
  Cloud cloud;
  while (static_cast<int>(taken.size()) < sites) {
    const std::uint32_t cell = random() % (2 * edge * edge * edge);
    if (!taken.insert(cell).second) continue;
    const auto axis = [&](std::uint32_t at) {
      return static_cast<std::int32_t>(at % edge) - static_cast<std::int32_t>(edge / 2);
    };
    const std::int32_t site[] = {static_cast<std::int32_t>(cell / (edge * edge * edge)), axis(cell), axis(cell / edge),
                                 axis(cell / edge / edge)};
    cloud.coords.insert(cloud.coords.end(), site, site + 4);
    for (int c = 0; c < channels; ++c) cloud.feats.push_back(static_cast<float>(random() % 4001) / 1000.0f - 2.0f);
  }
  return cloud;
}

Model loaded(const std::string& file) {
  bscnet_model* model = nullptr;
  if (bscnet_load_memory(file.data(), file.size(), &model) != BSCNET_OK) throw std::runtime_error(bscnet_last_error());
  return Model(model);
}
