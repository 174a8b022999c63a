// The features that lie sealed beside a ledger's entry.
#pragma once

#include <optional>

#include "base/result.h"
#include "behaviour/feature_seal.h"
#include "ledger/entry.h"

namespace redoubt::app {

// Nothing when the entry has none, they were erased, or are not what its record commits to. Errors: the keys could not
// be read (kIo, kCorrupt), which says nothing of the entry.
Result<std::optional<behaviour::Features>> open_features(behaviour::FeatureOpener& opener,
                                                         const ledger::EntryView& entry);

}  // namespace redoubt::app
