#include "threads/team.h"

#include <sched.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "model/error.h"

namespace bscnet {
namespace {

constexpr int kMostThreads = 1024;

/// Turns of the loop before a waiting thread goes to sleep: some ten microseconds, the length of a small layer.
constexpr int kSpins = 4000;

void breathe() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int allowed_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

void check_threads(int threads) {
  if (threads >= 0 && threads <= kMostThreads) return;
  throw Error(Fault::kBadCall,
              "threads is " + std::to_string(threads) + "; allowed are 0 (all) to " + std::to_string(kMostThreads));
}

Team::Team(int threads) {
  const int wanted = threads == 0 ? allowed_cores() : threads;
  workers_.reserve(static_cast<std::size_t>(wanted - 1));
  for (int member = 1; member < wanted; ++member) {
    try {
      workers_.emplace_back([this, member] { serve(member); });
    } catch (const std::system_error&) {
      break;  // the system gives no more threads: those there are do the work
    }
  }
}

Team::~Team() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Team::split(std::size_t count, std::size_t grain, const std::function<void(std::size_t, std::size_t, int)>& work) {
  if (count == 0) return;
  if (workers_.empty() || count <= grain) {
    work(0, count, 0);
    return;
  }
  work_ = &work;
  count_ = count;
  grain_ = grain;
  failure_ = nullptr;
  next_.store(0, std::memory_order_relaxed);
  working_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    job_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  take_pieces(0);
  // A worker that the system has put aside needs a core to come back to.
  for (int spin = 0; working_.load(std::memory_order_acquire) != 0; ++spin) {
    spin < kSpins ? breathe() : std::this_thread::yield();
  }
  if (failure_) std::rethrow_exception(failure_);
}

void Team::take_pieces(int member) {
  for (;;) {
    const std::size_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
    if (begin >= count_) return;
    try {
      (*work_)(begin, std::min(begin + grain_, count_), member);
    } catch (...) {
      next_.store(count_, std::memory_order_relaxed);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }
}

bool Team::wait_for_job(unsigned seen) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (job_.load(std::memory_order_acquire) != seen) return true;
    if (ending_.load(std::memory_order_relaxed)) return false;
    breathe();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [&] { return ending_ || job_.load(std::memory_order_acquire) != seen; });
  return job_.load(std::memory_order_acquire) != seen;
}

void Team::serve(int member) {
  unsigned seen = 0;
  while (wait_for_job(seen)) {
    seen = job_.load(std::memory_order_acquire);
    take_pieces(member);
    working_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace bscnet
