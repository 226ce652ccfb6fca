#include "engine/workspace.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace bscnet {
namespace {

constexpr std::size_t kSmallAlignment = 64;
// From here on a block begins on a huge page and asks for such: a fresh one then costs few page faults.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

Workspace::~Workspace() {
  for (const Block& block : blocks_) std::free(block.memory);
}

void* Workspace::take(std::size_t bytes) {
  Block* best = nullptr;
  for (Block& block : blocks_) {
    if (!block.taken && block.bytes >= bytes && (best == nullptr || block.bytes < best->bytes)) best = &block;
  }
  // A far larger block is left for who needs it.
  if (best != nullptr && best->bytes / 4 <= bytes) {
    best->taken = true;
    return best->memory;
  }
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : kSmallAlignment;
  const std::size_t size = (std::max<std::size_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  blocks_.reserve(blocks_.size() + 1);
  void* memory = std::aligned_alloc(alignment, size);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(memory, size, MADV_HUGEPAGE);
  blocks_.push_back({memory, size, true});
  bytes_ += size;
  return memory;
}

void Workspace::give_back(void* memory) {
  for (Block& block : blocks_) {
    if (block.memory == memory) block.taken = false;
  }
}

void Workspace::give_back_all() {
  for (Block& block : blocks_) block.taken = false;
}

}  // namespace bscnet
