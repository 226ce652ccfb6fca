// What this machine can do at best: bytes a second of a copy that no cache holds, bits a second of
// xor + population count + add on operands that stay in the first-level cache, and float32 multiply-adds a second in
// registers.
// Usage: machine THREADS  ->  {"copy_gb_per_s": …, "popcount_gbit_per_s": …, "popcount": "vpopcntq" or "portable",
//                              "float32_gmac_per_s": …}
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>
#if defined(__AVX512VPOPCNTDQ__)
#include <immintrin.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kTries = 7;

// Seconds of the fastest of some tries of work(thread) on all threads at once.
double fastest(int threads, const std::function<void(int)>& work) {
  double best = 1e30;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto start = Clock::now();
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
    for (auto& other : others) other.join();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

void copy(char* to, const char* from, std::size_t size) {
#if defined(__AVX512F__)
  // past the caches: a store that first reads its line would move a third more bytes than counted
  for (std::size_t i = 0; i < size; i += 64) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_load_si512(from + i));
  }
  _mm_sfence();
#else
  std::memcpy(to, from, size);
#endif
}

// Bits whose xor with one fixed vector is counted and summed, as a kernel that holds a site's word in a register does.
constexpr std::int64_t kWords = 512, kPasses = 200000, kBits = kWords * 64 * kPasses;
constexpr std::uint64_t kFixed = 0x0F1E2D3C4B5A6978u;

std::uint64_t count(const std::uint64_t* words) {
#if defined(__AVX512VPOPCNTDQ__)
  const __m512i fixed = _mm512_set1_epi64(static_cast<std::int64_t>(kFixed));
  __m512i sums[8];
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  for (std::int64_t pass = 0; pass < kPasses; ++pass) {
    for (std::int64_t i = 0; i < kWords; i += 64) {
      for (int j = 0; j < 8; ++j) {
        const __m512i x = _mm512_xor_si512(_mm512_load_si512(words + i + 8 * j), fixed);
        sums[j] = _mm512_add_epi32(sums[j], _mm512_popcnt_epi32(x));
      }
    }
    asm volatile("" ::: "memory");  // the words may have changed: no pass is left out
  }
  std::uint64_t total = 0;
  for (const __m512i& sum : sums) {
    std::uint32_t lanes[16];
    std::memcpy(lanes, &sum, sizeof lanes);
    for (const std::uint32_t lane : lanes) total += lane;
  }
  return total;
#else
  std::uint64_t total = 0;
  for (std::int64_t pass = 0; pass < kPasses; ++pass) {
    for (std::int64_t i = 0; i < kWords; ++i) {
      total += static_cast<std::uint64_t>(__builtin_popcountll(words[i] ^ kFixed));
    }
    asm volatile("" ::: "memory");
  }
  return total;
#endif
}

// Multiply-adds of float32 in chains that do not wait for each other, of the widest vectors; the sum of what they
// leave.
#if defined(__AVX512F__)
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
constexpr int kChains = 12;
constexpr std::int64_t kSteps = 20000000, kMacs = kSteps * kChains * kLanes;
using Vector = float __attribute__((vector_size(4 * kLanes)));

float multiply_add(float first, float second) {
  const Vector factor = Vector{} + first, term = Vector{} + second;
  Vector sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) sums[chain] = Vector{} + static_cast<float>(3 + chain);  // no two alike
  for (std::int64_t step = 0; step < kSteps; ++step) {
    for (Vector& sum : sums) sum = sum * factor + term;
  }
  Vector all{};
  for (const Vector& sum : sums) all += sum;
  float lanes[kLanes], total = 0;
  std::memcpy(lanes, &all, sizeof lanes);
  for (const float lane : lanes) total += lane;
  return total;
}

char* aligned(std::vector<char>& store, std::size_t size) {
  store.assign(size + 64, 1);
  void* place = store.data();
  std::size_t room = store.size();
  return static_cast<char*>(std::align(64, size, place, room));
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::max(1, std::atoi(argv[1])) : 1;
  const std::size_t size = std::size_t{256} << 20;  // of each side and thread
  std::vector<std::vector<char>> stores(3 * static_cast<std::size_t>(threads));
  std::vector<char*> from, to;
  std::vector<std::uint64_t*> words;
  for (std::size_t t = 0; t < static_cast<std::size_t>(threads); ++t) {
    from.push_back(aligned(stores[3 * t], size));
    to.push_back(aligned(stores[3 * t + 1], size));
    words.push_back(reinterpret_cast<std::uint64_t*>(aligned(stores[3 * t + 2], kWords * 8)));
    for (std::int64_t i = 0; i < kWords; ++i) words[t][i] = 0x9E3779B97F4A7C15u * static_cast<std::uint64_t>(i + 1);
  }
  const double copied = fastest(threads, [&](int thread) {
    const auto t = static_cast<std::size_t>(thread);
    copy(to[t], from[t], size);
  });
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads));
  const double counted = fastest(threads, [&](int thread) {
    const auto t = static_cast<std::size_t>(thread);
    sums[t] = count(words[t]);
  });
  std::uint64_t once = 0;
  for (std::int64_t i = 0; i < kWords; ++i) {
    once += static_cast<std::uint64_t>(__builtin_popcountll(words[0][i] ^ kFixed));
  }
  if (sums[0] != once * kPasses) {  // no lane of 32 bits runs over: 200000 passes of 8 times 32
    std::fprintf(stderr, "the population counts are wrong\n");
    return 1;
  }
  std::vector<float> left(static_cast<std::size_t>(threads));
  const double multiplied =
      fastest(threads, [&](int thread) { left[static_cast<std::size_t>(thread)] = multiply_add(0.5F, 1.0F); });
  if (left[0] != 2.0F * kChains * kLanes) {  // s = s / 2 + 1 ends at 2
    std::fprintf(stderr, "the multiply-adds are wrong\n");
    return 1;
  }
#if defined(__AVX512VPOPCNTDQ__)
  const char* kind = "AVX-512 VPOPCNTDQ";
#else
  const char* kind = "portable C++";
#endif
  std::printf(
      "{\"copy_gb_per_s\": %.3f, \"popcount_gbit_per_s\": %.1f, \"popcount\": \"%s\", \"float32_gmac_per_s\": %.1f}\n",
      2e-9 * static_cast<double>(size) * threads / copied, 1e-9 * static_cast<double>(kBits) * threads / counted, kind,
      1e-9 * static_cast<double>(kMacs) * threads / multiplied);
  return 0;
}
