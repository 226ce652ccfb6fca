#include "threads/team.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <string>
#include <system_error>

#include "model/error.h"

namespace bscnet {
namespace {

constexpr int kMostThreads = 1024;

/// Turns of the loop before a waiting thread goes to sleep: some twenty microseconds, the time between two operators of
/// a training step. One that spun on would keep the core from a thread that still has work.
constexpr int kSpins = 1000;

/// Parts of Team::job_: the workers in it, whether the caller sleeps, whether it is open, and above them its number.
constexpr std::uint64_t kInside = 0xffff;
constexpr std::uint64_t kCallerSleeps = 1 << 16;
constexpr std::uint64_t kOpen = 1 << 17;
constexpr std::uint64_t kNumber = ~((kOpen << 1) - 1);
constexpr std::uint64_t kNextNumber = kOpen << 1;
static_assert(kMostThreads <= kInside);

/// Whether a worker that was last in the job of number `seen` has one to enter.
bool is_new(std::uint64_t job, std::uint64_t seen) { return (job & kOpen) != 0 && (job & kNumber) != seen; }

void breathe() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int allowed_cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
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
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    job_.store((job_.load(std::memory_order_relaxed) & kNumber) + (kNextNumber | kOpen), std::memory_order_release);
  }
  wake_.notify_all();
  take_pieces(0);
  close_job();
  if (failure_) std::rethrow_exception(failure_);
}

void Team::close_job() {
  std::uint64_t job = job_.fetch_and(~kOpen, std::memory_order_acq_rel);
  for (int spin = 0; (job & kInside) != 0 && spin < kSpins; ++spin) {
    breathe();
    job = job_.load(std::memory_order_acquire);
  }
  if ((job & kInside) == 0) return;
  std::unique_lock<std::mutex> lock(mutex_);
  job_.fetch_or(kCallerSleeps, std::memory_order_relaxed);
  left_.wait(lock, [this] { return (job_.load(std::memory_order_acquire) & kInside) == 0; });
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

bool Team::enter_job(std::uint64_t& seen) {
  for (int spin = 0; !ending_.load(std::memory_order_relaxed);) {
    std::uint64_t job = job_.load(std::memory_order_acquire);
    if (is_new(job, seen)) {
      if (job_.compare_exchange_weak(job, job + 1, std::memory_order_acq_rel)) {
        seen = job & kNumber;
        return true;
      }
    } else if (++spin <= kSpins) {
      breathe();
    } else if (sleep_until_job(seen)) {
      spin = 0;
    }
  }
  return false;
}

bool Team::sleep_until_job(std::uint64_t seen) {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [&] { return ending_ || is_new(job_.load(std::memory_order_relaxed), seen); });
  return !ending_;
}

void Team::leave_job() {
  const std::uint64_t before = job_.fetch_sub(1, std::memory_order_acq_rel);
  if ((before & kInside) != 1 || (before & kCallerSleeps) == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  left_.notify_one();
}

void Team::serve(int member) {
  std::uint64_t seen = 0;
  while (enter_job(seen)) {
    take_pieces(member);
    leave_job();
  }
}

}  // namespace bscnet
