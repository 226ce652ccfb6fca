// Values of a run as a caller of Network::trace sees them.
#include <algorithm>

#include "engine/run.h"

namespace bscnet {

const std::vector<std::int32_t>& Run::coords(int level) {
  std::vector<std::int32_t>& coords = coords_[static_cast<std::size_t>(level)];
  if (coords.empty()) coords = pyramid_.coords(level);
  return coords;
}

void Run::show_sums(const Job& job, const std::function<void(const Visit&)>& visit) {
  const Instruction& instruction = *job.instruction;
  if (job.convolution == nullptr || !job.convolution->binary) return;
  const int result = instruction.result();
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
  visit({job.task->instruction, Visit::What::kSums, result, level, static_cast<std::int64_t>(job.level->sites),
         job.channels, coords(level).data(), sums.data()});
}

void Run::show(const Job& job, const std::function<void(const Visit&)>& visit) {
  const Instruction& instruction = *job.instruction;
  const auto rows = static_cast<std::int64_t>(job.level->sites);
  if (instruction.out >= 0) {
    const int level = value(instruction.out).level;
    const float* data = real(instruction.out);
    std::vector<float> widened;
    if (value(instruction.out).half) {
      widened.resize(job.level->sites * static_cast<std::size_t>(job.channels));
      kernels_.widen(halves(instruction.out), widened.size(), widened.data());
      data = widened.data();
    }
    visit({job.task->instruction, Visit::What::kReal, instruction.out, level, rows, job.channels, coords(level).data(),
           data});
  }
  if (instruction.bits >= 0) {
    const int level = value(instruction.bits).level;
    const SignsView& packed = job.finish.signs[0];
    std::vector<float> signs;
    signs.reserve(job.level->sites * static_cast<std::size_t>(job.channels));
    for (std::size_t row = 0; row < job.level->sites; ++row) {
      for (int c = 0; c < job.channels; ++c) {
        const int byte = packed.bits[row * packed.row_bytes + static_cast<std::size_t>(c / 8)];
        signs.push_back((byte >> (c % 8) & 1) != 0 ? 1.0f : -1.0f);
      }
    }
    visit({job.task->instruction, Visit::What::kBits, instruction.bits, level, rows, job.channels, coords(level).data(),
           signs.data()});
  }
}

}  // namespace bscnet
