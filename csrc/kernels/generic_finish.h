// Output transforms, written once. After generic_reals.h, for `Floats`; see generic_bits.h.

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
      case StepView::Kind::kAdd: {
        const std::size_t from = step.parent == nullptr ? row : step.parent[row];
        const float* other = step.value + from * static_cast<std::size_t>(finish.channels) + channel;
        v = Floats::add(v, width >= Floats::kWidth ? Floats::load(other) : Floats::load_part(other, width));
        break;
      }
    }
  }
  return v;
}

/// The transform of nearly every binary layer: PReLU, then the shortcut.
inline bool is_prelu_add(const Finish& finish) {
  return finish.num_steps == 2 && finish.steps[0].kind == StepView::Kind::kPrelu &&
         finish.steps[1].kind == StepView::Kind::kAdd;
}

enum class Steps { kNone, kPreluAdd, kAny };

/// Packs kTileChannels signs of a row from channel `block` on.
template <bool kWhole>
void put_signs(const SignsView& view, unsigned at_least, std::size_t row, int block, int channels) {
  unsigned signs = at_least ^ view.flip[block / kTileChannels];
  // Bits beyond the channels must be 0.
  if (!kWhole && channels - block < kTileChannels) signs &= (1u << (channels - block)) - 1;
  const auto half = static_cast<std::uint16_t>(signs);
  std::memcpy(view.bits + row * view.row_bytes + block / 8, &half, 2);
}

/// kSteps: what the steps are known to be. kWhole: every vector is full.
template <Steps kSteps, bool kWhole>
void finish_rows(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  const auto channels = static_cast<std::size_t>(finish.channels);
  for (int r = 0; r < rows; ++r) {
    const std::size_t row = first_row + static_cast<std::size_t>(r);
    const float* in = tile + static_cast<std::size_t>(r) * stride;
    float* out = finish.out == nullptr ? nullptr : finish.out + row * channels;
    const float* shortcut = nullptr;
    if constexpr (kSteps == Steps::kPreluAdd) {
      const StepView& add = finish.steps[1];
      shortcut = add.value + (add.parent == nullptr ? row : add.parent[row]) * channels;
    }
    for (int block = 0; block < finish.channels; block += kTileChannels) {
      unsigned signs[kMostSigns] = {};
      for (int part = 0; part < kTileChannels; part += Floats::kWidth) {
        const int channel = block + part;
        const int width = kWhole ? Floats::kWidth : finish.channels - channel;
        if (width <= 0) break;
        Floats::Vector v = Floats::load(in + channel);
        if constexpr (kSteps == Steps::kPreluAdd) {
          v = Floats::select_positive(v, v, Floats::mul(Floats::load(finish.steps[0].a + channel), v));
          const bool whole = kWhole || width >= Floats::kWidth;
          v = Floats::add(v, whole ? Floats::load(shortcut + channel) : Floats::load_part(shortcut + channel, width));
        } else if constexpr (kSteps == Steps::kAny) {
          v = transformed(finish, row, channel, width, v);
        }
        if (out != nullptr) {
          kWhole || width >= Floats::kWidth ? Floats::store(out + channel, v)
                                            : Floats::store_part(out + channel, v, width);
        }
        if (finish.num_signs > 0) {
          signs[0] |= Floats::at_least(v, Floats::load(finish.signs[0].threshold + channel)) << part;
        }
        if (finish.num_signs > 1) {
          signs[1] |= Floats::at_least(v, Floats::load(finish.signs[1].threshold + channel)) << part;
        }
      }
      for (int i = 0; i < finish.num_signs; ++i) {
        put_signs<kWhole>(finish.signs[i], signs[i], row, block, finish.channels);
      }
    }
    for (int i = 0; i < finish.num_signs; ++i) {
      const SignsView& view = finish.signs[i];
      std::uint8_t* behind = view.bits + row * view.row_bytes + padded_channels(finish.channels) / 8;
      if (view.pad_bytes > 0) std::memset(behind, 0, view.pad_bytes);
    }
  }
}

inline void finish_tile(const Finish& finish, std::size_t first_row, int rows, const float* tile, std::size_t stride) {
  const bool whole = finish.channels % kTileChannels == 0;
  if (is_prelu_add(finish)) {
    (whole ? finish_rows<Steps::kPreluAdd, true> : finish_rows<Steps::kPreluAdd, false>)(finish, first_row, rows, tile,
                                                                                         stride);
  } else if (finish.num_steps == 0) {
    (whole ? finish_rows<Steps::kNone, true> : finish_rows<Steps::kNone, false>)(finish, first_row, rows, tile, stride);
  } else {
    (whole ? finish_rows<Steps::kAny, true> : finish_rows<Steps::kAny, false>)(finish, first_row, rows, tile, stride);
  }
}
