// Vectors of 4 and 8 floats, for every level that has AVX2 and FMA. Included into a level's namespace.

struct Floats4 {
  using Vector = __m128;
  static constexpr int kWidth = 4;

  static Vector broadcast(float v) { return _mm_set1_ps(v); }
  static Vector load(const float* p) { return _mm_loadu_ps(p); }
  static void store(float* p, Vector v) { _mm_storeu_ps(p, v); }
  static Vector fma(Vector a, Vector b, Vector c) { return _mm_fmadd_ps(a, b, c); }
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
  static std::uint32_t at_least_zero(Vector v) {
    return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GE_OQ)));
  }
};
