#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sites/ordering.h"
#include "threads/team.h"

namespace bscnet {

/// Kernel maps that lead from output rows to the input rows they read.
enum class MapKind {
  kCube3 = 3,     ///< a site's neighbours in a cube of three voxels …
  kCube5 = 5,     ///< … or of five; cells x fastest
  kChildren = 2,  ///< the sites of this level in each site of the coarser one, by their place in it
  kParent = -2    ///< the site of the coarser level that holds each site of this one, by the site's place in it
};

/// A map whose size is known and whose pairs are yet to be written, straight to where they are wanted.
struct PlannedMap {
  /// Writes the pairs, input rows and places, in the order of `start`.
  using Fill = std::function<void(Team& team, std::int32_t* from, std::uint8_t* to)>;

  std::int64_t in_rows = 0;
  int cells = 0;
  std::vector<std::int32_t> begin;  ///< as in FlatMap
  std::vector<std::int32_t> order;
  std::vector<std::int32_t> start;
  Fill fill;

  std::int64_t words() const;
  /// The whole map, as words() words.
  void write(Team& team, std::int32_t* words) const;
};

/// The sites of one level and the way to the next coarser one. Rows are the caller's; coarse rows stand in the order of
/// the engine.
class TrainingSites {
 public:
  /// coords: (sites, 4) batch, x, y, z; sites >= 1. Throws Error (kBadInput) as order_sites.
  TrainingSites(std::int64_t sites, const std::int32_t* coords);
  TrainingSites(const TrainingSites&) = delete;
  TrainingSites& operator=(const TrainingSites&) = delete;

  PlannedMap map(MapKind kind, Team& team) const;

  std::int64_t sites() const { return static_cast<std::int64_t>(ordering_.rows.size()); }
  std::int64_t coarse_sites() const { return static_cast<std::int64_t>(first_child_.size()) - 1; }
  const std::vector<std::int32_t>& coarse_coords() const { return coarse_coords_; }  ///< (coarse sites, 4)
  const std::vector<std::int32_t>& parent() const { return parent_; }                ///< (sites,)
  const std::vector<std::int32_t>& first_child() const { return first_child_; }      ///< (coarse sites + 1,) into child
  const std::vector<std::int32_t>& child() const { return child_; }                  ///< (sites,)

 private:
  PlannedMap neighbours(int reach, Team& team) const;
  PlannedMap children() const;
  PlannedMap parents() const;

  std::vector<std::uint64_t> keys_;
  Ordering ordering_;  ///< its keys are those above
  std::vector<std::int32_t> coarse_coords_;
  std::vector<std::int32_t> parent_;
  std::vector<std::int32_t> first_child_;
  std::vector<std::int32_t> child_;
};

}  // namespace bscnet
