// Which neighbours of a site are there, as the kernels find them, against the definition; and which windows a program
// looks at.
#include "engine/windows.h"
#include "kernels/dispatch.h"
#include "sites/pyramid.h"
#include "tests/check.h"
#include "tests/clouds.h"
#include "threads/team.h"

namespace {

bool is_occupied(const std::uint64_t* occupancy, int cell) { return (occupancy[cell >> 6] >> (cell & 63) & 1) != 0; }

bscnet::Instruction convolution(int in, std::vector<std::array<int, 3>> shifts) {
  bscnet::ConvolutionOp conv;
  conv.geometry = bscnet::ConvolutionOp::Geometry::kSubmanifold;
  conv.shifts = std::move(shifts);
  bscnet::Instruction instruction;
  instruction.kind = std::move(conv);
  instruction.in = {in};
  return instruction;
}

}  // namespace

TEST(windows_show_the_cells_around_a_site_less_a_shift) {
  const Cloud cloud = random_cloud(2000, 1, 7);
  bscnet::Team team(1);
  bscnet::Arena scratch;
  const bscnet::Pyramid pyramid(bscnet::order_sites(2000, cloud.coords.data(), 2, team, scratch), {2, 2}, team,
                                scratch);
  bool right = true;
  for (int index = 0; index < 2; ++index) {
    const bscnet::Level& level = pyramid.level(index);
    for (std::size_t brick = 0; brick < level.bricks(); ++brick) {
      const std::uint64_t* occupancy = level.occupancy.data() + 8 * brick;
      std::uint16_t cells[64];
      int sites = 0;
      for (int voxel = 0; voxel < 64; ++voxel) {
        if ((level.masks[brick] >> voxel & 1) != 0) cells[sites++] = bscnet::kCellOfVoxel[voxel];
      }
      for (const std::array<int, 3>& shift : {std::array{0, 0, 0}, {1, 1, 1}, {-1, 1, -1}, {-1, -1, -1}, {0, 1, 0}}) {
        const int step = bscnet::block_step(shift);
        std::uint32_t present[64];
        bscnet::chosen_kernels().find_windows(occupancy, cells, sites, step, present);
        for (int site = 0; site < sites; ++site) {
          for (int k = 0; k < 27; ++k) {
            const int cell = cells[site] - step + k % 3 - 1 + 8 * (k / 3 % 3 - 1) + 64 * (k / 9 - 1);
            right &= (present[site] >> k & 1) == (is_occupied(occupancy, cell) ? 1u : 0u);
          }
          right &= present[site] >> 27 == 0;
        }
      }
    }
  }
  CHECK(right);
}

TEST(windows_of_a_level_are_those_of_its_convolutions) {
  bscnet::Program program;
  program.levels = 3;
  for (int level : {0, 0, 2}) program.values.push_back({bscnet::Value::Kind::kBits, level, 8});
  program.instructions.push_back(convolution(0, {{0, 0, 0}}));
  program.instructions.push_back(convolution(1, {{1, 0, -1}, {0, 0, 0}, {1, 0, -1}}));
  program.instructions.push_back(convolution(2, {{0, 0, 0}}));
  program.instructions.push_back(convolution(0, {}));
  std::get<bscnet::ConvolutionOp>(program.instructions.back().kind).geometry =
      bscnet::ConvolutionOp::Geometry::kPointwise;
  const std::vector<bscnet::LevelWindows> windows = bscnet::windows_of(program);
  CHECK(windows[0].shift_cells == (std::vector<int>{0, -63}));
  CHECK(windows[0].shifted() && windows[0].number_of(-63) == 1);
  CHECK(windows[1].shift_cells.empty());
  CHECK(windows[2].shift_cells == std::vector<int>{0} && !windows[2].shifted());
}
