#include "redoubt/entry_features.h"

#include "ledger/sealed_parts.h"

namespace redoubt::app {

Result<std::optional<behaviour::Features>> open_features(behaviour::FeatureOpener& opener,
                                                         const ledger::EntryView& entry) {
  const auto parts = ledger::split_sealed(entry.sealed_opening);
  if (!parts || parts->features.empty()) return std::optional<behaviour::Features>();
  const auto context = ledger::opening_context(entry.header.exchange, entry.header.kind);
  const auto features = opener.open(context, parts->features, entry.leaf);
  if (features) return std::optional(*features);
  switch (features.error().code()) {
    case Errc::kIo:
    case Errc::kCorrupt:
    case Errc::kResourceExhausted:
      return features.error();
    default:
      return std::optional<behaviour::Features>();
  }
}

}  // namespace redoubt::app
