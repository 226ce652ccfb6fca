#include "threads/shared_team.h"

#if !defined(_WIN32)
#include <unistd.h>
#endif

namespace bscnet {
namespace {

/// Never destroyed: at the end of the process its threads sleep, and waiting for them would serve nobody.
struct Shared {
  std::mutex mutex;
  Team* team = nullptr;
  int threads = -1;
  long process = 0;
};

Shared& shared() {
  static Shared* const only = new Shared;
  return *only;
}

/// The number of this process; where processes do not fork, any number does.
long this_process() {
#if defined(_WIN32)
  return 0;
#else
  return static_cast<long>(getpid());
#endif
}

}  // namespace

SharedTeam::SharedTeam(int threads) {
  check_threads(threads);
  Shared& all = shared();
  if (threads != 1) lock_ = std::unique_lock<std::mutex>(all.mutex, std::try_to_lock);
  if (!lock_.owns_lock()) {
    own_ = std::make_unique<Team>(1);
    team_ = own_.get();
    return;
  }
  const long process = this_process();
  if (all.process != process) all.team = nullptr;  // a fork takes the memory of a team along, but not its threads
  if (all.team == nullptr || all.threads != threads) {
    delete all.team;
    all.team = nullptr;
    all.team = new Team(threads);
    all.threads = threads;
    all.process = process;
  }
  team_ = all.team;
}

}  // namespace bscnet
