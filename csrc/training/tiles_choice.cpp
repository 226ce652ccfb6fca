#include <cstdlib>
#include <string>

#include "kernels/dispatch.h"
#include "model/error.h"
#include "training/tiles.h"

namespace bscnet {
namespace {

constexpr const char* kVariable = "BSCNET_TILES";

TileChoice choose() {
  const char* variable = std::getenv(kVariable);
  const std::string wanted = variable == nullptr ? "" : variable;
  if (wanted.empty()) return {kernels_are_forced() ? nullptr : amx_tiles(), false};
  if (wanted == "off") return {};
  if (wanted == kEmulatedTiles.name) return {&kEmulatedTiles, true};
  const bool amx = wanted == "amx";
  if (amx && amx_tiles() != nullptr) return {amx_tiles(), true};
  throw Error(Fault::kBadCall, std::string(kVariable) + " is '" + wanted + "'; " +
                                   (amx ? "this CPU or its system has no such tiles" : "allowed are") +
                                   (amx ? "" : " off, amx and emulated"));
}

}  // namespace

const TileChoice& chosen_tiles() {
  static const TileChoice choice = choose();
  return choice;
}

}  // namespace bscnet
