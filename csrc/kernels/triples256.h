// Sums of triples in 256-bit vectors, for AVX2 and AVX-512. Included by their files inside their namespaces and
// regions: hence no include guard. Takes byte_counts, the set bits of each byte.

/// Triples of cells along x in lanes of 64 bits, counted in bytes.
template <int kUnits>
struct TripleSum {
  __m256i count[kUnits];

  TripleSum() {
    for (__m256i& unit : count) unit = _mm256_setzero_si256();
  }
  void add(const std::uint8_t* row, const std::uint8_t* mask, const std::uint8_t* lanes) {
    const __m256i all = broadcast(row);
    const __m256i counted = broadcast(mask);
    for (int i = 0; i < kUnits; ++i) {
      const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes + kUnitBytes * i));
      const __m256i differing = _mm256_and_si256(_mm256_xor_si256(all, weight), counted);
      count[i] = _mm256_add_epi8(count[i], byte_counts(differing));
    }
  }
  void store(int terms, const float* scale, float* out) const {
    const __m256i triple = _mm256_set1_epi64x(0x0000ffffffffffff);
    const __m256i low_halves = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    for (int i = 0; i < kUnits; ++i) {
      const __m256i total = _mm256_sad_epu8(_mm256_and_si256(count[i], triple), _mm256_setzero_si256());
      const __m128i narrow = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(total, low_halves));
      const __m128i sum = _mm_sub_epi32(_mm_set1_epi32(terms), _mm_slli_epi32(narrow, 1));
      const __m128 scaled = _mm_mul_ps(_mm_cvtepi32_ps(sum), _mm_loadu_ps(scale + kTripleChannels * i));
      _mm_storeu_ps(out + kTripleChannels * i, scaled);
    }
  }

 private:
  static __m256i broadcast(const std::uint8_t* row) {
    long long value;
    std::memcpy(&value, row, 8);
    return _mm256_set1_epi64x(value);
  }
};
