// The operators of a program, each over tiles or bricks.
#include <algorithm>

#include "engine/run.h"

namespace bscnet {

BrickView Run::brick_view(int index, std::size_t brick, std::uint16_t* cells) const {
  const Level& level = pyramid_.level(index);
  BrickView view;
  for (std::uint64_t left = level.masks[brick]; left != 0; left &= left - 1) {
    cells[view.sites++] = kCellOfVoxel[__builtin_ctzll(left)];
  }
  view.cells = cells;
  view.occupancy = level.occupancy.data() + 8 * brick;
  view.present = present_[static_cast<std::size_t>(index)] + level.first_row[brick];
  view.level_sites = level.sites;
  view.halo_row = level.halo_row.data() + level.halo_begin[brick];
  view.halo_cell = level.halo_cell.data() + level.halo_begin[brick];
  view.halo = level.halo_begin[brick + 1] - level.halo_begin[brick];
  return view;
}

void Run::sources(const Job& job, std::size_t first, int rows, std::uint32_t* source, std::uint8_t* cells) const {
  const auto begin = static_cast<std::uint32_t>(first);
  switch (job.convolution->geometry) {
    case ConvolutionOp::Geometry::kStrided:
      for (int r = 0; r < rows; ++r) {
        source[r] = job.level->first_child[begin + static_cast<std::uint32_t>(r)];
        cells[r] = job.level->child_mask[begin + static_cast<std::uint32_t>(r)];
      }
      return;
    case ConvolutionOp::Geometry::kTransposed: {
      const Level& coarse = level_of(job.instruction->in[0]);
      std::uint32_t parent = job.level->parent[begin];
      unsigned left = coarse.child_mask[parent];
      for (std::uint32_t skip = begin - coarse.first_child[parent]; skip > 0; --skip) left &= left - 1;
      for (int r = 0; r < rows; ++r) {
        if (left == 0) left = coarse.child_mask[++parent];
        source[r] = parent;
        cells[r] = static_cast<std::uint8_t>(left & -left);
        left &= left - 1;
      }
      return;
    }
    default:
      for (int r = 0; r < rows; ++r) {
        source[r] = begin + static_cast<std::uint32_t>(r);
        cells[r] = 1;
      }
  }
}

const float* Run::rows_of(int id, std::size_t first, int rows, float* scratch) const {
  const auto channels = static_cast<std::size_t>(value(id).channels);
  if (!value(id).half) return real(id) + first * channels;
  kernels_.widen(halves(id) + first * channels, static_cast<std::size_t>(rows) * channels, scratch);
  return scratch;
}

void Run::finish(const Job& job, std::size_t first, int rows, const Scratch& scratch) const {
  if (!job.task->to_caller) return kernels_.finish(job.finish, first, rows, scratch.tile, job.stride);
  Finish last = job.finish;
  last.out = scratch.rows;
  last.first_row = first;
  kernels_.finish(last, first, rows, scratch.tile, job.stride);
  const auto classes = static_cast<std::size_t>(program_.num_classes);
  const float* from = scratch.rows;
  for (int r = 0; r < rows; ++r, from += classes) {
    const std::size_t to = pyramid_.caller_rows()[first + static_cast<std::size_t>(r)];
    std::copy_n(from, classes, logits_ + to * classes);
  }
}

void Run::convolve_bits(const Job& job, const BitConv& conv) {
  const std::uint8_t* bits = memory(job.instruction->in[0]);
  if (job.convolution->geometry != ConvolutionOp::Geometry::kSubmanifold) {
    over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch& scratch) {
      std::uint32_t source[kTileRows];
      std::uint8_t cells[kTileRows];
      sources(job, first, rows, source, cells);
      kernels_.bit_rows(conv, bits, source, cells, rows, scratch.tile, job.stride);
      finish(job, first, rows, scratch);
    });
    return;
  }
  over_bricks(job.level_index, [&](const BrickView& view, std::size_t first, Scratch& scratch) {
    kernels_.bit_submanifold(conv, view, bits, scratch.block, scratch.tile, job.stride);
    finish(job, first, view.sites, scratch);
  });
}

void Run::convolve_reals(const Job& job) {
  const ConvolutionOp& conv = *job.convolution;
  const auto channels = static_cast<std::size_t>(conv.in_channels);
  const Reals x = job.task->pooled < 0 ? reals(job.instruction->in[0]) : Reals{};
  const auto add_pairs = [&](const RealGroup& group, int cell, std::uint32_t* from, const std::uint8_t* to, int pairs,
                             Scratch& scratch) {
    if (pairs == 0) return;
    const float* weight =
        group.weight.data() + static_cast<std::size_t>(cell) * channels * static_cast<std::size_t>(group.lanes);
    const float* rows = x.floats;
    if (x.halves != nullptr) {
      for (int i = 0; i < pairs; ++i) {
        kernels_.widen(x.halves + from[i] * channels, channels, scratch.rows + static_cast<std::size_t>(i) * channels);
        from[i] = static_cast<std::uint32_t>(i);
      }
      rows = scratch.rows;
    }
    kernels_.real_pairs(rows, conv.in_channels, weight, group.lanes, from, to, pairs, scratch.tile + group.first,
                        job.stride);
  };
  if (conv.geometry == ConvolutionOp::Geometry::kPointwise) {
    over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch& scratch) {
      const float* input = scratch.rows;
      if (job.task->pooled < 0) {
        input = rows_of(job.instruction->in[0], first, rows, scratch.rows);
      } else {
        const auto pooled = static_cast<std::size_t>(job.task->pooled);
        pool_rows(program_.instructions[pooled], *job.level, first, rows, scratch.rows);
      }
      for (const RealGroup& group : job.packed->real_groups) {
        kernels_.real_rows(input, conv.in_channels, group.weight.data(), group.lanes, rows, scratch.tile + group.first,
                           job.stride);
      }
      finish(job, first, rows, scratch);
    });
    return;
  }
  if (conv.geometry != ConvolutionOp::Geometry::kSubmanifold) {
    over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch& scratch) {
      std::uint32_t source[kTileRows];
      std::uint8_t cells[kTileRows];
      sources(job, first, rows, source, cells);
      std::fill_n(scratch.tile, static_cast<std::size_t>(rows) * job.stride, 0.0f);
      for (const RealGroup& group : job.packed->real_groups) {
        for (int cell = 0; cell < conv.cells; ++cell) {
          std::uint32_t from[kTileRows];
          std::uint8_t to[kTileRows];
          int pairs = 0;
          for (int r = 0; r < rows; ++r) {
            if ((cells[r] >> cell & 1) == 0) continue;
            from[pairs] = source[r] + static_cast<std::uint32_t>(__builtin_popcount(cells[r] & ((1u << cell) - 1)));
            to[pairs++] = static_cast<std::uint8_t>(r);
          }
          add_pairs(group, cell, from, to, pairs, scratch);
        }
      }
      finish(job, first, rows, scratch);
    });
    return;
  }
  if (conv.in_channels <= kRealBlockChannels && x.halves == nullptr) {
    over_bricks(job.level_index, [&](const BrickView& view, std::size_t first, Scratch& scratch) {
      for (const RealGroup& group : job.packed->real_groups) {
        kernels_.real_submanifold(x.floats, conv.in_channels, group.weight.data(), group.lanes, group.shift_cell,
                                  group.window, view, scratch.real_block, scratch.tile + group.first, job.stride);
      }
      finish(job, first, view.sites, scratch);
    });
    return;
  }
  over_bricks(job.level_index, [&](const BrickView& view, std::size_t first, Scratch& scratch) {
    for (std::size_t i = 0; i < view.halo; ++i) scratch.block_rows[view.halo_cell[i]] = view.halo_row[i];
    std::fill_n(scratch.tile, static_cast<std::size_t>(view.sites) * job.stride, 0.0f);
    for (const RealGroup& group : job.packed->real_groups) {
      for (int cell = 0; cell < conv.cells; ++cell) {
        const int step = (cell % 3 - 1) + 8 * (cell / 3 % 3 - 1) + 64 * (cell / 9 - 1) - group.shift_cell;
        std::uint32_t from[kTileRows];
        std::uint8_t to[kTileRows];
        int pairs = 0;
        for (int site = 0; site < view.sites; ++site) {
          const int at = view.cells[site] + step;
          if ((view.occupancy[at >> 6] >> (at & 63) & 1) == 0) continue;
          from[pairs] = scratch.block_rows[at];
          to[pairs++] = static_cast<std::uint8_t>(site);
        }
        add_pairs(group, cell, from, to, pairs, scratch);
      }
    }
    finish(job, first, view.sites, scratch);
  });
}

void Run::map(const Job& job) {
  over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch& scratch) {
    kernels_.finish(job.finish, first, rows, rows_of(job.instruction->in[0], first, rows, scratch.rows),
                    static_cast<std::size_t>(job.channels));
  });
}

void Run::binarize(const Job& job) {
  // Parts of whole vectors are packed where they lie, others side by side in a tile.
  const std::vector<int>& parts = job.instruction->in;
  const bool whole =
      std::all_of(parts.begin(), parts.end() - 1, [&](int id) { return value(id).channels % kTileChannels == 0; });
  over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch& scratch) {
    std::size_t at = 0;
    for (int id : parts) {
      const auto channels = static_cast<std::size_t>(value(id).channels);
      const float* from = rows_of(id, first, rows, scratch.rows);
      if (whole) {
        Finish part = job.finish;
        part.channels = value(id).channels;
        SignsView& signs = part.signs[0];
        signs.bits += at / 8;
        signs.threshold += at;
        signs.flip += at / kTileChannels;
        if (id != parts.back()) signs.pad_bytes = 0;
        kernels_.finish(part, first, rows, from, channels);
      } else {
        for (int r = 0; r < rows; ++r, from += channels) {
          std::copy_n(from, channels, scratch.tile + static_cast<std::size_t>(r) * job.stride + at);
        }
      }
      at += channels;
    }
    if (!whole) kernels_.finish(job.finish, first, rows, scratch.tile, job.stride);
  });
}

void Run::concatenate(const Job& job) {
  const auto stride = static_cast<std::size_t>(job.channels);
  over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch&) {
    std::size_t at = 0;
    for (int id : job.instruction->in) {
      const auto channels = static_cast<std::size_t>(value(id).channels);
      const bool coarser = value(id).level != value(job.instruction->out).level;
      const Reals x = reals(id);
      for (std::size_t row = first; row < first + static_cast<std::size_t>(rows); ++row) {
        const std::size_t from = (coarser ? job.level->parent[row] : row) * channels;
        const std::size_t to = row * stride + at;
        if (job.finish.half_out != nullptr) {  // so are all parts
          std::copy_n(x.halves + from, channels, job.finish.half_out + to);
        } else if (x.halves != nullptr) {
          kernels_.widen(x.halves + from, channels, job.finish.out + to);
        } else {
          std::copy_n(x.floats + from, channels, job.finish.out + to);
        }
      }
      at += channels;
    }
  });
}

void Run::pool_rows(const Instruction& pooling, const Level& level, std::size_t first, int rows, float* out) const {
  kernels_.pool(reals(pooling.in[0]), value(pooling.out).channels, pooling.as<PoolingOp>()->max,
                level.first_child.data() + first, level.child_mask.data() + first, rows, out);
}

void Run::pool(const Job& job) {
  const auto channels = static_cast<std::size_t>(job.channels);
  over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch&) {
    pool_rows(*job.instruction, *job.level, first, rows, job.finish.out + first * channels);
  });
}

}  // namespace bscnet
