// Vectors of 4 and 8 floats, for every level that has AVX2 and FMA. Included into a level's namespace.

struct Floats4 {
  using Vector = __m128;
  static constexpr int kWidth = 4;

  static Vector broadcast(float v) { return _mm_set1_ps(v); }
  static Vector load(const float* p) { return _mm_loadu_ps(p); }
  static void store(float* p, Vector v) { _mm_storeu_ps(p, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm_fmadd_ps(a, b, c); }
  static Vector add(Vector a, Vector b) { return _mm_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm_sub_ps(a, b); }
};

struct Floats8 {
  using Vector = __m256;
  static constexpr int kWidth = 8;

  static Vector broadcast(float v) { return _mm256_set1_ps(v); }
  static Vector load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Vector v) { _mm256_storeu_ps(p, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
  static Vector mul(Vector a, Vector b) { return _mm256_mul_ps(a, b); }
  static Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
  static Vector sub(Vector a, Vector b) { return _mm256_sub_ps(a, b); }
  static std::uint32_t at_least_zero(Vector v) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GE_OQ)));
  }
};

inline std::uint64_t spread_bits(std::uint32_t w) { return _pdep_u64(w, 0x1111111111111111); }

constexpr int kSquare = 8;

/// to[c][r] = from[r][c] of 8 x 8 floats.
inline void transpose_square(const float* from, std::size_t from_stride, float* to, std::size_t to_stride) {
  __m256 half[8];  // rows r and r + 4 of four columns each
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
#pragma GCC unroll 2
    for (int side = 0; side < 2; ++side) {
      const float* upper = from + r * from_stride + 4 * side;
      half[4 * side + r] =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(upper)), _mm_loadu_ps(upper + 4 * from_stride), 1);
    }
  }
#pragma GCC unroll 2
  for (int side = 0; side < 2; ++side) {
    const __m256* h = half + 4 * side;
    const __m256 ab_low = _mm256_unpacklo_ps(h[0], h[1]);
    const __m256 ab_high = _mm256_unpackhi_ps(h[0], h[1]);
    const __m256 cd_low = _mm256_unpacklo_ps(h[2], h[3]);
    const __m256 cd_high = _mm256_unpackhi_ps(h[2], h[3]);
    float* out = to + 4 * side * to_stride;
    _mm256_storeu_ps(out, _mm256_shuffle_ps(ab_low, cd_low, 0x44));
    _mm256_storeu_ps(out + to_stride, _mm256_shuffle_ps(ab_low, cd_low, 0xee));
    _mm256_storeu_ps(out + 2 * to_stride, _mm256_shuffle_ps(ab_high, cd_high, 0x44));
    _mm256_storeu_ps(out + 3 * to_stride, _mm256_shuffle_ps(ab_high, cd_high, 0xee));
  }
}
