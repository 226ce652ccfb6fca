#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bscnet {

/// Refuses a number of threads that is none: allowed are 1 to 1024, and 0 for all. Throws Error.
void check_threads(int threads);

/// A few threads that work through loops together for as long as one run lasts.
class Team {
 public:
  /// threads: 0 takes all cores the process may use. Fewer are started where the system gives no more.
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls work(begin, end, member) over pieces of 0..count of at most `grain`, the caller taking part. Threads that
  /// the system has put aside are not waited for: the others take their pieces. The first exception of a piece is
  /// thrown on here, after all have stopped.
  void split(std::size_t count, std::size_t grain, const std::function<void(std::size_t, std::size_t, int)>& work);

 private:
  void serve(int member);
  void take_pieces(int member);
  bool enter_job(std::uint64_t& seen);
  void leave_job();
  bool sleep_until_job(std::uint64_t seen);
  void close_job();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable left_;
  std::atomic<bool> ending_{false};

  /// The number of the job, whether it is open, whether the caller sleeps until all have left it, and how many workers
  /// are in it: in one word, so that no worker enters a job that the caller has closed.
  std::atomic<std::uint64_t> job_{0};

  const std::function<void(std::size_t, std::size_t, int)>* work_ = nullptr;
  std::size_t count_ = 0;
  std::size_t grain_ = 1;
  std::atomic<std::size_t> next_{0};
  std::exception_ptr failure_;
};

}  // namespace bscnet
