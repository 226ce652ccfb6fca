#pragma once

#include "model/json.h"

namespace bscnet {

/// Checks the entry "features" of a description (docs/engine.md). The engine takes features as they come; whoever makes
/// them from a cloud relies on this entry. Throws Error (kBadFile).
void check_feature_recipe(const Json& json, int in_channels);

}  // namespace bscnet
