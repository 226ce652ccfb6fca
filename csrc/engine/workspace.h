#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bscnet {

/// Memory of one run: blocks that are handed out, given back and handed out again, and how much of it there is.
class Workspace {
 public:
  Workspace() = default;
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// A block of at least this many bytes, aligned to 64, contents undefined. Throws std::bad_alloc.
  void* take(std::size_t bytes);
  /// The block may be handed out again.
  void give_back(void* block);
  /// Everything may be handed out again.
  void give_back_all();
  /// Bytes of all blocks.
  std::size_t bytes() const { return bytes_; }

 private:
  struct Block {
    void* memory;
    std::size_t bytes;
    bool taken;
  };
  std::vector<Block> blocks_;
  std::size_t bytes_ = 0;
};

}  // namespace bscnet
