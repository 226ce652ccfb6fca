// Lanes in vectors, written once for all levels. Included into a level's namespace, which has
//
//   Widest               its widest vector of floats
//   kMostVectors         vectors of a row that are worked on together at most
//   for_narrow(lanes, f) calls f(F{}) with the vector F for the lanes that are too few for the widest, see for_lanes

/// Calls action(F, kVectors, lane) for pieces of the lanes: as many of the widest vectors as there are, then shorter
/// ones.
template <int kVectors, typename Action>
inline int for_whole(int lane, int lanes, const Action& action) {
  constexpr int kPiece = kVectors * Widest::kWidth;
  for (; lane + kPiece <= lanes; lane += kPiece) action(Widest{}, std::integral_constant<int, kVectors>{}, lane);
  if constexpr (kVectors > 1) {
    return for_whole<kVectors - 1>(lane, lanes, action);
  } else {
    return lane;
  }
}

template <typename Action>
inline void for_lanes(int lanes, const Action& action) {
  int lane = for_whole<kMostVectors>(0, lanes, action);
  while (lane < lanes) {
    for_narrow(lanes - lane, [&](auto floats) {
      action(floats, std::integral_constant<int, 1>{}, lane);
      lane += decltype(floats)::kWidth;
    });
  }
}
