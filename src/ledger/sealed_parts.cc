#include "ledger/sealed_parts.h"

#include <algorithm>

#include "base/check.h"

namespace redoubt::ledger {
namespace {

constexpr std::byte kWithFeatures{2};

}  // namespace

Result<SealedParts> split_sealed(ByteView sealed) {
  if (sealed.empty() || sealed[0] != kWithFeatures) return SealedParts{.features = {}, .opening = sealed};
  const std::size_t size = sealed.size() < 2 ? 0 : std::to_integer<std::size_t>(sealed[1]);
  if (size == 0 || size > sealed.size() - 2) return Error(Errc::kMalformed, "sealed features end too early");
  return SealedParts{.features = sealed.subspan(2, size), .opening = sealed.subspan(2 + size)};
}

MutableByteView store_features(ByteView features, MutableByteView out) {
  REDOUBT_CHECK(features.size() <= kMaxSealedFeatures && out.size() >= features_part_size(features.size()));
  if (features.empty()) return out;
  out[0] = kWithFeatures;
  out[1] = static_cast<std::byte>(features.size());
  std::ranges::copy(features, out.begin() + 2);
  return out.subspan(2 + features.size());
}

}  // namespace redoubt::ledger
