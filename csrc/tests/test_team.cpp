#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/check.h"
#include "threads/team.h"

namespace {

using bscnet::Team;

constexpr std::size_t kPieces = 50;

/// Pipes between the test and the signal handler that puts a worker aside.
int g_stopped[2];
int g_go_on[2];

void put_aside(int) {
  char byte = 0;
  (void)!write(g_stopped[1], &byte, 1);
  (void)!read(g_go_on[0], &byte, 1);
}

/// A worker's thread: pieces wait until a worker has taken one.
pthread_t worker_of(Team& team) {
  std::atomic<bool> found{false};
  pthread_t worker{};
  team.split(kPieces, 1, [&](std::size_t, std::size_t, int member) {
    if (member != 0 && !found) {
      worker = pthread_self();
      found = true;
    }
    while (!found) std::this_thread::yield();
  });
  return worker;
}

/// Waits until the worker has said that it was put aside. ThreadSanitizer may keep a signal back from a thread that
/// sleeps: jobs without work wake it.
void await_stopped(Team& team) {
  pollfd word{g_stopped[0], POLLIN, 0};
  while (poll(&word, 1, 10) == 0) team.split(kPieces, 1, [](std::size_t, std::size_t, int) {});
  char byte = 0;
  CHECK_EQ(read(g_stopped[0], &byte, 1), 1);
}

}  // namespace

TEST(team_does_every_piece_once) {
  for (const int threads : {1, 2, 3, 8}) {
    Team team(threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<int> done(kPieces + static_cast<std::size_t>(round), 0);
      team.split(done.size(), 1 + static_cast<std::size_t>(round) % 7, [&](std::size_t begin, std::size_t end, int) {
        std::for_each(&done[begin], &done[end - 1] + 1, [](int& n) { ++n; });
      });
      CHECK(std::all_of(done.begin(), done.end(), [](int n) { return n == 1; }));
    }
  }
}

TEST(team_goes_on_without_a_worker_that_was_put_aside) {
  Team team(2);
  const pthread_t worker = worker_of(team);
  CHECK(pipe(g_stopped) == 0 && pipe(g_go_on) == 0);
  struct sigaction action{}, before{};
  action.sa_handler = put_aside;
  sigaction(SIGUSR1, &action, &before);
  pthread_kill(worker, SIGUSR1);
  await_stopped(team);
  std::vector<int> member_of(kPieces, -1);
  std::future<void> job = std::async(std::launch::async, [&] {
    team.split(kPieces, 1, [&](std::size_t begin, std::size_t, int member) { member_of[begin] = member; });
  });
  CHECK(job.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK_EQ(write(g_go_on[1], "", 1), 1);
  job.wait();
  CHECK(std::all_of(member_of.begin(), member_of.end(), [](int member) { return member == 0; }));
  CHECK(!pthread_equal(worker_of(team), pthread_self()));  // it serves again
  sigaction(SIGUSR1, &before, nullptr);
  for (const int end : {g_stopped[0], g_stopped[1], g_go_on[0], g_go_on[1]}) close(end);
}

TEST(team_sleeps_until_the_last_piece_is_done) {
  Team team(2);
  for (int round = 0; round < 20; ++round) {
    std::atomic<std::size_t> done{0};
    std::atomic<bool> held{false};
    team.split(kPieces, 1, [&](std::size_t, std::size_t, int member) {
      if (member != 0 && !held.exchange(true)) {
        while (done != kPieces - 1) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      ++done;
      while (!held) std::this_thread::yield();
    });
    CHECK_EQ(done.load(), kPieces);
  }
}

TEST(team_throws_the_first_exception_on) {
  Team team(3);
  for (int round = 0; round < 50; ++round) {
    std::string caught;
    try {
      team.split(kPieces, 1, [](std::size_t begin, std::size_t, int) {
        if (begin == 7) throw std::runtime_error("piece 7");
      });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    CHECK_EQ(caught, "piece 7");
  }
}
