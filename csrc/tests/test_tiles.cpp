// Which widths tiles are taken for. What they compute is tested in tests/sparse/native/test_tiles.py.
#include "tests/check.h"
#include "training/tile_operands.h"

namespace {

using bscnet::kRealParts;
using bscnet::TileChoice;
using bscnet::TileDepth;

const TileChoice kWherePredicted{&bscnet::kEmulatedTiles, false};
const TileChoice kAlways{&bscnet::kEmulatedTiles, true};

bool taken_back(int channels, const TileChoice& choice) {
  const TileDepth depth{channels, kRealParts, 1};
  return takes_tiles(choice, product_cycles(depth, channels), bscnet::float_cycles(channels, channels));
}

}  // namespace

TEST(tiles_are_taken_where_they_are_predicted_to_be_faster) {
  CHECK(!taken_back(16, kWherePredicted));
  CHECK(taken_back(32, kWherePredicted));
  CHECK(taken_back(128, kWherePredicted));
  CHECK(taken_back(1, kAlways));
  const TileDepth forward{64, 1, kRealParts};
  CHECK(!takes_tiles(kWherePredicted, product_cycles(forward, 64), bscnet::table_cycles(64, 64)));
}

TEST(a_depth_has_a_step_for_every_32_channels_of_its_parts) {
  CHECK_EQ((TileDepth{32, 1, kRealParts}.steps()), 3);
  CHECK_EQ((TileDepth{32, 1, kRealParts}.x_steps()), 1);
  CHECK_EQ((TileDepth{32, 1, kRealParts}.weight_steps()), 3);
  CHECK_EQ((TileDepth{33, kRealParts, 1}.steps()), 4);
  CHECK_EQ((TileDepth{33, kRealParts, 1}.weight_steps()), 4);
  CHECK_EQ((TileDepth{8, kRealParts, 1}.steps()), 1);
  CHECK_EQ((TileDepth{8, kRealParts, 1}.repeats()), 3);
}
