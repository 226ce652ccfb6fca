// Output transforms, written once. After generic_reals.h, for `Floats`; see generic_bits.h.

/// A vector of channels of a value, of which `width` exist. Number: float or Half.
template <typename Number>
Floats::Vector loaded(const Number* from, int width) {
  return width >= Floats::kWidth ? Floats::load(from) : Floats::load_part(from, width);
}

template <typename Number>
void put(Number* to, Floats::Vector v, int width) {
  width >= Floats::kWidth ? Floats::store(to, v) : Floats::store_part(to, v, width);
}

/// One vector of channels through the steps; `channel` is its first, `width` how many of it exist in the values.
inline Floats::Vector transformed(const Finish& finish, std::size_t row, int channel, int width, Floats::Vector v) {
  for (int i = 0; i < finish.num_steps; ++i) {
    const StepView& step = finish.steps[i];
    switch (step.kind) {
      case StepView::Kind::kAffine:
        v = Floats::fma(v, Floats::load(step.a + channel), Floats::load(step.b + channel));
        break;
      case StepView::Kind::kPrelu:
        v = Floats::select_positive(v, v, Floats::mul(Floats::load(step.a + channel), v));
        break;
      case StepView::Kind::kRprelu: {
        const Floats::Vector t = Floats::sub(v, Floats::load(step.a + channel));
        v = Floats::add(Floats::select_positive(t, t, Floats::mul(Floats::load(step.b + channel), t)),
                        Floats::load(step.c + channel));
        break;
      }
      case StepView::Kind::kRelu:
        v = Floats::select_positive(v, v, Floats::broadcast(0.0f));
        break;
      case StepView::Kind::kHardtanh:
        v = Floats::clamp(v, -1.0f, 1.0f);
        break;
      case StepView::Kind::kBias:
        v = Floats::add(v, Floats::load(step.a + channel));
        break;
      case StepView::Kind::kFloat16:
        v = Floats::rounded(v);
        break;
      case StepView::Kind::kAdd: {
        const std::size_t from = step.parent == nullptr ? row : step.parent[row];
        const std::size_t at = from * static_cast<std::size_t>(finish.channels) + static_cast<std::size_t>(channel);
        v = Floats::add(v, step.value.halves == nullptr ? loaded(step.value.floats + at, width)
                                                        : loaded(step.value.halves + at, width));
        break;
      }
    }
  }
  return v;
}

/// What the steps are known to be: the transforms of nearly every binary layer are PReLU, then the shortcut; and with
/// a residual stream of float16, from which the shortcut comes, rounding to it.
enum class Steps { kNone, kPreluAdd, kPreluAddFloat16, kAny };

inline Steps steps_of(const Finish& finish) {
  using Kind = StepView::Kind;
  const StepView* steps = finish.steps;
  if (finish.num_steps == 0) return Steps::kNone;
  if (finish.num_steps < 2 || steps[0].kind != Kind::kPrelu || steps[1].kind != Kind::kAdd) return Steps::kAny;
  const bool adds_halves = steps[1].value.halves != nullptr;
  if (finish.num_steps == 2 && !adds_halves) return Steps::kPreluAdd;
  const bool rounds = finish.num_steps == 3 && steps[2].kind == Kind::kFloat16;
  return rounds && adds_halves && finish.out == nullptr ? Steps::kPreluAddFloat16 : Steps::kAny;
}

/// Packs kTileChannels signs of a row from channel `block` on.
template <bool kWhole>
void put_signs(const SignsView& view, unsigned at_least, std::size_t row, int block, int channels) {
  unsigned signs = at_least ^ view.flip[block / kTileChannels];
  // Bits beyond the channels must be 0.
  if (!kWhole && channels - block < kTileChannels) signs &= (1u << (channels - block)) - 1;
  const auto half = static_cast<std::uint16_t>(signs);
  std::memcpy(view.bits + row * view.row_bytes + block / 8, &half, 2);
}

/// kSteps: what the steps are known to be. kWhole: every vector is full. kSigns: how many signs are packed.
template <Steps kSteps, bool kWhole, int kSigns>
void finish_rows(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  constexpr bool kHalf = kSteps == Steps::kPreluAddFloat16;
  constexpr bool kShortcut = kHalf || kSteps == Steps::kPreluAdd;
  using Number = std::conditional_t<kHalf, Half, float>;
  // Copies: for all the compiler knows, packed signs could change what lies in memory.
  const int channels = finish.channels;
  const auto width_of_row = static_cast<std::size_t>(channels);
  Number* values;
  if constexpr (kHalf) {
    values = finish.half_out;
  } else {
    values = finish.out;
  }
  const std::size_t first_value = finish.first_row;
  std::array<SignsView, kSigns> views;
  std::copy_n(finish.signs, kSigns, views.begin());
  StepView prelu{}, add{};
  const Number* added = nullptr;
  if constexpr (kShortcut) {
    prelu = finish.steps[0];
    add = finish.steps[1];
    if constexpr (kHalf) {
      added = add.value.halves;
    } else {
      added = add.value.floats;
    }
  }
  for (int r = 0; r < rows; ++r) {
    const std::size_t row = first_row + static_cast<std::size_t>(r);
    const float* in = tile + static_cast<std::size_t>(r) * stride;
    Number* out = values == nullptr ? nullptr : values + (row - first_value) * width_of_row;
    const Number* shortcut = nullptr;
    if constexpr (kShortcut) shortcut = added + (add.parent == nullptr ? row : add.parent[row]) * width_of_row;
    for (int block = 0; block < channels; block += kTileChannels) {
      std::array<unsigned, kSigns> signs{};
      for (int part = 0; part < kTileChannels; part += Floats::kWidth) {
        const int channel = block + part;
        const int width = kWhole ? Floats::kWidth : channels - channel;
        if (width <= 0) break;
        Floats::Vector v = Floats::load(in + channel);
        if constexpr (kShortcut) {
          v = Floats::select_positive(v, v, Floats::mul(Floats::load(prelu.a + channel), v));
          v = Floats::add(v, loaded(shortcut + channel, width));
          if constexpr (kHalf) v = Floats::rounded(v);
        } else if constexpr (kSteps == Steps::kAny) {
          v = transformed(finish, row, channel, width, v);
        }
        if (out != nullptr) put(out + channel, v, width);
        if constexpr (kSteps == Steps::kAny) {
          if (finish.half_out != nullptr) put(finish.half_out + (row - first_value) * width_of_row + channel, v, width);
        }
        for (std::size_t i = 0; i < kSigns; ++i) {
          signs[i] |= Floats::at_least(v, Floats::load(views[i].threshold + channel)) << part;
        }
      }
      for (std::size_t i = 0; i < kSigns; ++i) put_signs<kWhole>(views[i], signs[i], row, block, channels);
    }
    for (const SignsView& view : views) {
      if (view.pad_bytes == 0) continue;
      std::memset(view.bits + row * view.row_bytes + padded_channels(channels) / 8, 0, view.pad_bytes);
    }
  }
}

template <Steps kSteps, bool kWhole>
void finish_signs(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  static_assert(kMostSigns == 2);
  if (finish.num_signs == 0) return finish_rows<kSteps, kWhole, 0>(finish, first_row, rows, tile, stride);
  if (finish.num_signs == 1) return finish_rows<kSteps, kWhole, 1>(finish, first_row, rows, tile, stride);
  finish_rows<kSteps, kWhole, 2>(finish, first_row, rows, tile, stride);
}

template <Steps kSteps>
void finish_steps(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  const bool whole = finish.channels % kTileChannels == 0;
  (whole ? finish_signs<kSteps, true> : finish_signs<kSteps, false>)(finish, first_row, rows, tile, stride);
}

inline void finish_tile(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  switch (steps_of(finish)) {
    case Steps::kNone:
      return finish_steps<Steps::kNone>(finish, first_row, rows, tile, stride);
    case Steps::kPreluAdd:
      return finish_steps<Steps::kPreluAdd>(finish, first_row, rows, tile, stride);
    case Steps::kPreluAddFloat16:
      return finish_steps<Steps::kPreluAddFloat16>(finish, first_row, rows, tile, stride);
    case Steps::kAny:
      return finish_steps<Steps::kAny>(finish, first_row, rows, tile, stride);
  }
}
