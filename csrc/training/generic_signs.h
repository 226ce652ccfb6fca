// Signs from bits, for the levels without an instruction for it. Included into a level's namespace.

inline void expand_signs(const std::int32_t* words, int channels, float* out) {
  for (int c = 0; c < channels; ++c) {
    out[c] = (static_cast<std::uint32_t>(words[c / 32]) >> (c % 32) & 1) != 0 ? 1.0f : -1.0f;
  }
}
