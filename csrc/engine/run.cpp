#include "engine/run.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace bscnet {
namespace {

using Clock = std::chrono::steady_clock;

// Pieces a thread takes at a time: small enough to share out the few bricks of a coarse level, at most some hundred
// sites.
constexpr std::size_t kBricksAtOnce = 32;
constexpr std::size_t kPiecesPerThread = 4;

std::size_t grain_of(std::size_t count, int threads, std::size_t most) {
  const std::size_t pieces = static_cast<std::size_t>(threads) * kPiecesPerThread;
  return std::min(most, std::max<std::size_t>(1, count / pieces));
}

std::size_t row_bytes(const Value& value) {
  return value.kind == Value::Kind::kBits ? packed_bytes(value.channels)
                                          : static_cast<std::size_t>(value.channels) * sizeof(float);
}

std::size_t tile_stride(int channels) { return static_cast<std::size_t>(padded_channels(channels) + kTileChannels); }

}  // namespace

Run::Run(const Program& program, const std::vector<PackedInstruction>& packed, const Kernels& kernels,
         const Pyramid& pyramid, Team& team, Workspace& workspace)
    : program_(program),
      packed_(packed),
      kernels_(kernels),
      pyramid_(pyramid),
      team_(team),
      workspace_(workspace),
      memory_(program.values.size(), nullptr),
      last_use_(program.values.size(), -1),
      coords_(static_cast<std::size_t>(program.levels)) {
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    for (int id : program.instructions[i].in) last_use_[static_cast<std::size_t>(id)] = static_cast<int>(i);
    for (const Step& step : program.instructions[i].steps) {
      if (step.value >= 0) last_use_[static_cast<std::size_t>(step.value)] = static_cast<int>(i);
    }
  }
  last_use_[static_cast<std::size_t>(program.output)] = static_cast<int>(program.instructions.size());
  int widest = 0;
  std::size_t widest_row = 0;
  for (const Value& each : program.values) {
    widest = std::max(widest, each.channels);
    if (each.kind == Value::Kind::kBits) widest_row = std::max(widest_row, row_bytes(each));
  }
  for (int member = 0; member < team.size(); ++member) {
    Scratch scratch;
    scratch.tile = static_cast<float*>(workspace.take(kTileRows * tile_stride(widest) * sizeof(float)));
    scratch.block = static_cast<std::uint8_t*>(workspace.take(block_bytes(widest_row)));
    scratch.real_block = static_cast<float*>(workspace.take(kBlockCells * kRealBlockChannels * sizeof(float)));
    scratch.block_rows = static_cast<std::uint32_t*>(workspace.take(kBlockCells * sizeof(std::uint32_t)));
    scratch_.push_back(scratch);
  }
}

void* Run::allocate(int id) {
  // Kernels may read a vector beyond the last row.
  const std::size_t bytes = level_of(id).sites * row_bytes(value(id)) + kTileChannels * sizeof(float);
  return memory_[static_cast<std::size_t>(id)] = workspace_.take(bytes);
}

void Run::release(int id) {
  void*& memory = memory_[static_cast<std::size_t>(id)];
  if (memory != nullptr) workspace_.give_back(memory);
  memory = nullptr;
}

template <typename Work>
void Run::over_rows(std::size_t rows, const Work& work) {
  const std::size_t tiles = (rows + kTileRows - 1) / kTileRows;
  team_.split(tiles, grain_of(tiles, team_.size(), kBricksAtOnce), [&](std::size_t begin, std::size_t end, int member) {
    for (std::size_t tile = begin; tile < end; ++tile) {
      const std::size_t first = tile * kTileRows;
      work(first, static_cast<int>(std::min<std::size_t>(kTileRows, rows - first)),
           scratch_[static_cast<std::size_t>(member)]);
    }
  });
}

void Run::load(const float* feats) {
  auto* rows = static_cast<float*>(allocate(0));
  const auto channels = static_cast<std::size_t>(program_.in_channels);
  const std::vector<std::uint32_t>& from = pyramid_.caller_rows();
  over_rows(from.size(), [&](std::size_t first, int count, Scratch&) {
    for (std::size_t row = first; row < first + static_cast<std::size_t>(count); ++row) {
      std::copy_n(feats + from[row] * channels, channels, rows + row * channels);
    }
  });
}

void Run::unload(float* logits) {
  const float* rows = real(program_.output);
  const auto classes = static_cast<std::size_t>(program_.num_classes);
  const std::vector<std::uint32_t>& to = pyramid_.caller_rows();
  over_rows(to.size(), [&](std::size_t first, int count, Scratch&) {
    for (std::size_t row = first; row < first + static_cast<std::size_t>(count); ++row) {
      std::copy_n(rows + row * classes, classes, logits + to[row] * classes);
    }
  });
}

void Run::execute(const std::function<void(const Visit&)>* visit, Times* times) {
  for (std::size_t i = 0; i < program_.instructions.size(); ++i) {
    const Instruction& instruction = program_.instructions[i];
    const Clock::time_point begin = Clock::now();
    const Job job = prepare(i);
    if (visit != nullptr) show_sums(i, job, *visit);
    perform(job);
    if (times != nullptr) {
      const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
      const bool bits = instruction.op == Instruction::Op::kConv && instruction.binary;
      (bits ? times->bit_convolutions : times->real_parts) += seconds;
    }
    if (visit != nullptr) show(i, job, *visit);
    for (std::size_t id = 0; id < memory_.size(); ++id) {
      if (last_use_[id] <= static_cast<int>(i)) release(static_cast<int>(id));
    }
  }
}

Run::Job Run::prepare(std::size_t index) {
  const Instruction& instruction = program_.instructions[index];
  Job job;
  job.instruction = &instruction;
  job.packed = &packed_[index];
  const int result = instruction.out >= 0 ? instruction.out : instruction.bits;
  job.level = &level_of(result);
  job.channels = value(result).channels;
  job.stride = tile_stride(job.channels);
  for (const PackedStep& step : job.packed->steps) {
    StepView view{step.kind, step.a.data(), step.b.data(), step.c.data(), nullptr, nullptr};
    if (step.value >= 0) {
      view.value = real(step.value);
      if (value(step.value).level != value(result).level) view.parent = job.level->parent.data();
    }
    job.steps.push_back(view);
  }
  if (instruction.out >= 0) {
    // The sum of a shortcut may replace it where nobody reads the shortcut any more: each row is read before it is
    // written.
    void* reused = nullptr;
    for (const Step& step : instruction.steps) {
      const bool dies = step.value >= 0 && last_use_[static_cast<std::size_t>(step.value)] == static_cast<int>(index);
      const bool alone = std::count(instruction.in.begin(), instruction.in.end(), step.value) == 0;
      if (dies && alone && reused == nullptr && value(step.value).level == value(result).level) {
        const auto uses = std::count_if(instruction.steps.begin(), instruction.steps.end(),
                                        [&](const Step& other) { return other.value == step.value; });
        if (uses == 1) std::swap(reused, memory_[static_cast<std::size_t>(step.value)]);
      }
    }
    if (reused != nullptr) {
      memory_[static_cast<std::size_t>(instruction.out)] = reused;
    } else {
      allocate(instruction.out);
    }
  }
  if (instruction.bits >= 0) allocate(instruction.bits);
  Finish& finish = job.finish;
  finish.channels = job.channels;
  finish.num_steps = static_cast<int>(job.steps.size());
  if (instruction.out >= 0) finish.out = static_cast<float*>(memory_[static_cast<std::size_t>(instruction.out)]);
  if (instruction.bits >= 0) {
    finish.bits = static_cast<std::uint8_t*>(memory_[static_cast<std::size_t>(instruction.bits)]);
    finish.row_bytes = packed_bytes(job.channels);
    finish.pad_bytes = finish.row_bytes - static_cast<std::size_t>(padded_channels(job.channels) / 8);
    finish.threshold = job.packed->threshold.data();
    finish.flip = job.packed->flip.data();
  }
  return job;
}

void Run::perform(const Job& prepared) {
  Job job = prepared;
  job.finish.steps = job.steps.data();
  switch (job.instruction->op) {
    case Instruction::Op::kConv:
      return job.instruction->binary ? convolve_bits(job, job.packed->bit_conv) : convolve_reals(job);
    case Instruction::Op::kBinarize:
      return binarize(job);
    case Instruction::Op::kPool:
      return pool(job);
    case Instruction::Op::kMap:
      return map(job);
    case Instruction::Op::kConcat:
      return concatenate(job);
  }
}

BrickView Run::brick_view(const Level& level, std::size_t brick, std::uint16_t* cells) const {
  BrickView view;
  for (std::uint64_t left = level.masks[brick]; left != 0; left &= left - 1) {
    cells[view.sites++] = kCellOfVoxel[__builtin_ctzll(left)];
  }
  view.cells = cells;
  view.occupancy = level.occupancy.data() + 8 * brick;
  view.halo_row = level.halo_row.data() + level.halo_begin[brick];
  view.halo_cell = level.halo_cell.data() + level.halo_begin[brick];
  view.halo = level.halo_begin[brick + 1] - level.halo_begin[brick];
  return view;
}

void Run::sources(const Job& job, std::size_t first, int rows, std::uint32_t* source, std::uint8_t* cells) const {
  const auto begin = static_cast<std::uint32_t>(first);
  switch (job.instruction->geometry) {
    case Instruction::Geometry::kStrided:
      for (int r = 0; r < rows; ++r) {
        source[r] = job.level->first_child[begin + static_cast<std::uint32_t>(r)];
        cells[r] = job.level->child_mask[begin + static_cast<std::uint32_t>(r)];
      }
      return;
    case Instruction::Geometry::kTransposed: {
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

void Run::convolve_bits(const Job& job, const BitConv& conv) {
  const auto* bits = static_cast<const std::uint8_t*>(memory_[static_cast<std::size_t>(job.instruction->in[0])]);
  if (job.instruction->geometry != Instruction::Geometry::kSubmanifold) {
    over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch& scratch) {
      std::uint32_t source[kTileRows];
      std::uint8_t cells[kTileRows];
      sources(job, first, rows, source, cells);
      kernels_.bit_rows(conv, bits, source, cells, rows, scratch.tile, job.stride);
      kernels_.finish(job.finish, first, rows, scratch.tile, job.stride);
    });
    return;
  }
  const std::size_t bricks = job.level->bricks();
  const auto work = [&](std::size_t begin, std::size_t end, int member) {
    Scratch& scratch = scratch_[static_cast<std::size_t>(member)];
    std::uint16_t cells[kTileRows];
    for (std::size_t brick = begin; brick < end; ++brick) {
      const BrickView view = brick_view(*job.level, brick, cells);
      kernels_.bit_submanifold(conv, view, bits, scratch.block, scratch.tile, job.stride);
      kernels_.finish(job.finish, job.level->first_row[brick], view.sites, scratch.tile, job.stride);
    }
  };
  team_.split(bricks, grain_of(bricks, team_.size(), kBricksAtOnce), work);
}

void Run::convolve_reals(const Job& job) {
  const Instruction& conv = *job.instruction;
  const float* x = real(conv.in[0]);
  const auto finish_rows = [&](std::size_t first, int rows, Scratch& scratch) {
    kernels_.finish(job.finish, first, rows, scratch.tile, job.stride);
  };
  const auto add_pairs = [&](const RealGroup& group, int cell, const std::uint32_t* from, const std::uint8_t* to,
                             int pairs, Scratch& scratch) {
    const float* weight =
        group.weight.data() + static_cast<std::size_t>(cell * conv.in_channels) * static_cast<std::size_t>(group.lanes);
    if (pairs > 0) {
      kernels_.real_pairs(x, conv.in_channels, weight, group.lanes, from, to, pairs, scratch.tile + group.first,
                          job.stride);
    }
  };
  if (conv.geometry != Instruction::Geometry::kSubmanifold) {
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
      finish_rows(first, rows, scratch);
    });
    return;
  }
  const std::size_t bricks = job.level->bricks();
  const auto work = [&](std::size_t begin, std::size_t end, int member) {
    Scratch& scratch = scratch_[static_cast<std::size_t>(member)];
    std::uint16_t cells[kTileRows];
    for (std::size_t brick = begin; brick < end; ++brick) {
      const BrickView view = brick_view(*job.level, brick, cells);
      if (conv.in_channels <= kRealBlockChannels) {
        for (const RealGroup& group : job.packed->real_groups) {
          kernels_.real_submanifold(x, conv.in_channels, group.weight.data(), group.lanes, group.shift_cell, view,
                                    scratch.real_block, scratch.tile + group.first, job.stride);
        }
        finish_rows(job.level->first_row[brick], view.sites, scratch);
        continue;
      }
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
      finish_rows(job.level->first_row[brick], view.sites, scratch);
    }
  };
  team_.split(bricks, grain_of(bricks, team_.size(), kBricksAtOnce), work);
}

void Run::map(const Job& job) {
  const float* x = real(job.instruction->in[0]);
  const auto stride = static_cast<std::size_t>(job.channels);
  over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch&) {
    kernels_.finish(job.finish, first, rows, x + first * stride, stride);
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
      const float* from = real(id) + first * channels;
      if (whole) {
        Finish part = job.finish;
        part.channels = value(id).channels;
        part.bits += at / 8;
        part.threshold += at;
        part.flip += at / kTileChannels;
        if (id != parts.back()) part.pad_bytes = 0;
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
      for (std::size_t row = first; row < first + static_cast<std::size_t>(rows); ++row) {
        const std::size_t from = coarser ? job.level->parent[row] : row;
        std::copy_n(real(id) + from * channels, channels, job.finish.out + row * stride + at);
      }
      at += channels;
    }
  });
}

void Run::pool(const Job& job) {
  const float* x = real(job.instruction->in[0]);
  over_rows(job.level->sites, [&](std::size_t first, int rows, Scratch&) {
    kernels_.pool(x, job.channels, job.instruction->max_pool, job.level->first_child.data() + first,
                  job.level->child_mask.data() + first, rows,
                  job.finish.out + first * static_cast<std::size_t>(job.channels));
  });
}

const std::vector<std::int32_t>& Run::coords(int level) {
  std::vector<std::int32_t>& coords = coords_[static_cast<std::size_t>(level)];
  if (coords.empty()) coords = pyramid_.coords(level);
  return coords;
}

void Run::show_sums(std::size_t index, const Job& job, const std::function<void(const Visit&)>& visit) {
  const Instruction& instruction = *job.instruction;
  if (instruction.op != Instruction::Op::kConv || !instruction.binary) return;
  const int result = instruction.out >= 0 ? instruction.out : instruction.bits;
  const Aligned<float> ones = [&] {
    Aligned<float> scale(static_cast<std::size_t>(padded_channels(job.channels) + kTileChannels));
    std::fill_n(scale.data(), scale.size(), 1.0f);
    return scale;
  }();
  std::vector<float> sums(job.level->sites * static_cast<std::size_t>(job.channels));
  BitConv conv = job.packed->bit_conv;
  conv.scale = ones.data();
  Job plain = job;
  plain.finish = Finish{};
  plain.finish.channels = job.channels;
  plain.finish.out = sums.data();
  convolve_bits(plain, conv);
  const int level = value(result).level;
  visit({static_cast<int>(index), Visit::What::kSums, result, level, static_cast<std::int64_t>(job.level->sites),
         job.channels, coords(level).data(), sums.data()});
}

void Run::show(std::size_t index, const Job& job, const std::function<void(const Visit&)>& visit) {
  const Instruction& instruction = *job.instruction;
  const auto rows = static_cast<std::int64_t>(job.level->sites);
  if (instruction.out >= 0) {
    const int level = value(instruction.out).level;
    visit({static_cast<int>(index), Visit::What::kReal, instruction.out, level, rows, job.channels,
           coords(level).data(), real(instruction.out)});
  }
  if (instruction.bits >= 0) {
    const int level = value(instruction.bits).level;
    const std::size_t bytes = job.finish.row_bytes;
    std::vector<float> signs;
    signs.reserve(job.level->sites * static_cast<std::size_t>(job.channels));
    for (std::size_t row = 0; row < job.level->sites; ++row) {
      for (int c = 0; c < job.channels; ++c) {
        const int byte = job.finish.bits[row * bytes + static_cast<std::size_t>(c / 8)];
        signs.push_back((byte >> (c % 8) & 1) != 0 ? 1.0f : -1.0f);
      }
    }
    visit({static_cast<int>(index), Visit::What::kBits, instruction.bits, level, rows, job.channels,
           coords(level).data(), signs.data()});
  }
}

}  // namespace bscnet
