#include "engine/packed.h"

#include <algorithm>

#include "sites/pyramid.h"

namespace bscnet {
namespace {

Aligned<float> padded(const std::vector<float>& values, int channels) {
  // One vector more: lanes of the last channel group may reach beyond the last channel.
  Aligned<float> result(static_cast<std::size_t>(padded_channels(channels) + kTileChannels));
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

StepView::Kind kind_of(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::kAffine:
      return StepView::Kind::kAffine;
    case Step::Kind::kPrelu:
      return StepView::Kind::kPrelu;
    case Step::Kind::kRprelu:
      return StepView::Kind::kRprelu;
    case Step::Kind::kRelu:
      return StepView::Kind::kRelu;
    case Step::Kind::kHardtanh:
      return StepView::Kind::kHardtanh;
    case Step::Kind::kBias:
      return StepView::Kind::kBias;
    case Step::Kind::kFloat16:
      return StepView::Kind::kFloat16;
    case Step::Kind::kAdd:
      break;
  }
  return StepView::Kind::kAdd;
}

int channels_of(const Instruction& instruction, const Program& program) {
  return program.values[static_cast<std::size_t>(instruction.result())].channels;
}

struct Span {
  int first;
  int channels;
  int shift_cell;
};

/// Contiguous groups of output channels, the first ones a channel larger where they do not divide evenly.
std::vector<Span> spans_of(const ConvolutionOp& conv) {
  std::vector<std::array<int, 3>> shifts = conv.shifts;
  if (shifts.empty()) shifts.push_back({0, 0, 0});
  const int groups = static_cast<int>(shifts.size());
  std::vector<Span> spans;
  int first = 0;
  for (int g = 0; g < groups; ++g) {
    const int channels = conv.out_channels / groups + (g < conv.out_channels % groups ? 1 : 0);
    const int step = block_step(shifts[static_cast<std::size_t>(g)]);
    // Neighbouring groups with one shift are one group.
    if (!spans.empty() && spans.back().shift_cell == step) {
      spans.back().channels += channels;
    } else {
      spans.push_back({first, channels, step});
    }
    first += channels;
  }
  return spans;
}

/// See ChannelGroup::triple_weight. From (27 cells, out_channels, file_bytes) of the file.
Aligned<std::uint8_t> pack_triples(const ConvolutionOp& conv, const Span& span, std::size_t file_bytes) {
  const std::size_t units = static_cast<std::size_t>(span.channels + kTripleChannels - 1) / kTripleChannels;
  const std::size_t triple_bytes = units * kUnitBytes;
  Aligned<std::uint8_t> lanes(9 * triple_bytes);
  for (int cell = 0; cell < 27; ++cell) {
    for (int o = 0; o < span.channels; ++o) {
      const std::size_t row = static_cast<std::size_t>(cell * conv.out_channels + span.first + o);
      const std::size_t at = static_cast<std::size_t>(cell / 3) * triple_bytes + static_cast<std::size_t>(8 * o);
      std::copy_n(conv.sign_weight.data() + row * file_bytes, file_bytes,
                  lanes.data() + at + static_cast<std::size_t>(2 * (cell % 3)));
    }
  }
  return lanes;
}

void pack_signs(const ConvolutionOp& conv, const LevelWindows& windows, PackedInstruction& packed) {
  BitConv& bit = packed.bit_conv;
  bit.in_channels = conv.in_channels;
  bit.words = words_of(conv.in_channels);
  bit.word_bits = word_bits(conv.in_channels);
  bit.row_bytes = packed_bytes(conv.in_channels);
  const std::size_t word_bytes = static_cast<std::size_t>(bit.word_bits) / 8;
  const std::size_t file_bytes = static_cast<std::size_t>(conv.in_channels + 7) / 8;
  const int lanes_per_unit = kUnitBytes / static_cast<int>(word_bytes);
  for (const Span& span : spans_of(conv)) {
    ChannelGroup group;
    group.first = span.first;
    group.channels = span.channels;
    group.units = (span.channels + lanes_per_unit - 1) / lanes_per_unit;
    group.shift_cell = span.shift_cell;
    group.window = windows.number_of(span.shift_cell);
    const std::size_t lane_bytes = static_cast<std::size_t>(group.units) * kUnitBytes;
    const int cells = conv.cells + (conv.geometry == ConvolutionOp::Geometry::kSubmanifold ? 1 : 0);
    Aligned<std::uint8_t> lanes(static_cast<std::size_t>(cells * bit.words) * lane_bytes);
    for (int cell = 0; cell < conv.cells; ++cell) {
      for (int o = 0; o < span.channels; ++o) {
        const std::size_t row = static_cast<std::size_t>(cell * conv.out_channels + span.first + o);
        const std::uint8_t* from = conv.sign_weight.data() + row * file_bytes;
        for (std::size_t byte = 0; byte < file_bytes; ++byte) {
          const std::size_t word = static_cast<std::size_t>(cell * bit.words) + byte / word_bytes;
          lanes[word * lane_bytes + static_cast<std::size_t>(o) * word_bytes + byte % word_bytes] = from[byte];
        }
      }
    }
    group.weight = lanes.data();
    packed.sign_weights.push_back(std::move(lanes));
    if (conv.geometry == ConvolutionOp::Geometry::kSubmanifold && bit.word_bits == 16 && bit.words == 1) {
      packed.sign_weights.push_back(pack_triples(conv, span, file_bytes));
      group.triple_weight = packed.sign_weights.back().data();
    }
    bit.groups.push_back(group);
  }
  packed.scale = padded(conv.scale, conv.out_channels);
  bit.scale = packed.scale.data();
}

void pack_reals(const ConvolutionOp& conv, const LevelWindows& windows, PackedInstruction& packed) {
  for (const Span& span : spans_of(conv)) {
    RealGroup group;
    group.first = span.first;
    group.lanes = padded_channels(span.channels);
    group.shift_cell = span.shift_cell;
    group.window = windows.number_of(span.shift_cell);
    const int rows = conv.cells * conv.in_channels;
    group.weight = Aligned<float>(static_cast<std::size_t>(rows) * static_cast<std::size_t>(group.lanes));
    for (int row = 0; row < rows; ++row) {
      const float* from = conv.real_weight.data() + static_cast<std::size_t>(row) * conv.out_channels + span.first;
      std::copy(from, from + span.channels, group.weight.data() + static_cast<std::size_t>(row) * group.lanes);
    }
    packed.real_groups.push_back(std::move(group));
  }
}

}  // namespace

PackedInstruction pack_instruction(const Instruction& instruction, const Program& program,
                                   const std::vector<LevelWindows>& windows) {
  PackedInstruction packed;
  const int channels = channels_of(instruction, program);
  for (const Step& step : instruction.steps) {
    packed.steps.push_back(
        {kind_of(step.kind), step.value, padded(step.a, channels), padded(step.b, channels), padded(step.c, channels)});
  }
  if (instruction.bits >= 0) {
    packed.threshold = padded(instruction.binarizer.threshold, channels);
    packed.flip = Aligned<std::uint16_t>(static_cast<std::size_t>(padded_channels(channels) / kTileChannels));
    for (std::size_t c = 0; c < instruction.binarizer.flip.size(); ++c) {
      if (instruction.binarizer.flip[c] != 0) {
        packed.flip[c / kTileChannels] |= static_cast<std::uint16_t>(1u << (c % kTileChannels));
      }
    }
  }
  if (const auto* conv = instruction.as<ConvolutionOp>()) {
    const int input_level = program.values[static_cast<std::size_t>(instruction.in[0])].level;
    const LevelWindows& level = windows[static_cast<std::size_t>(input_level)];
    conv->binary ? pack_signs(*conv, level, packed) : pack_reals(*conv, level, packed);
  }
  return packed;
}

}  // namespace bscnet
