#pragma once

#include <memory>
#include <mutex>

#include "threads/team.h"

namespace bscnet {

/// The team of the process, for as long as one call needs it: starting threads anew for every small operator would
/// take longer than the operator. While another call has it, and in a process that was forked while one had it, the
/// work is done by the calling thread alone.
class SharedTeam {
 public:
  /// threads: as for Team.
  explicit SharedTeam(int threads);

  Team& operator*() const { return *team_; }

 private:
  std::unique_lock<std::mutex> lock_;
  std::unique_ptr<Team> own_;
  Team* team_;
};

}  // namespace bscnet
