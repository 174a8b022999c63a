// Reference values: what genuine, approved environments claim, and under which name. Thousands of them; one lookup asks
// a few hash tables rather than each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attest/claims.h"
#include "attest/evidence.h"
#include "base/result.h"

namespace redoubt::attest {

// Evidence of `kind` (nothing: a statement) that covers `claims` is what `name` stands for.
struct ReferenceValue {
  std::string name;
  std::optional<Kind> kind;
  ClaimObject claims;

  friend bool operator==(const ReferenceValue&, const ReferenceValue&) = default;
};

// A value, copied and moved whole. Reading: any thread.
class ReferenceValues {
 public:
  static constexpr std::size_t kMax = 100'000;

  // Errors: kInvalidArgument when there is no claim with a text in it, for nothing would tell it apart; kTooLarge above
  // kMax.
  Result<> add(ReferenceValue reference);

  // The name of the first that was added of those whose claims are all covered; null when there is none.
  const std::string* find(std::optional<Kind> kind, const ClaimObject& claims) const;

  const std::vector<ReferenceValue>& all() const { return references_; }  // in the order in which they were added

 private:
  // By kind, and by the place and text of one claim in it.
  using Index = std::unordered_multimap<std::string, std::size_t>;

  std::vector<ReferenceValue> references_;
  Index index_;
  std::vector<std::string> places_;  // where the claims of the index stand, each once: `mrtd`, `pcrs/4`
};

// From JSON, at most 64 MiB: {"references":[{"name":"…","kind":"sev-snp","claims":{…}},…]}; the kind `statement` is for
// what a composite states of itself. kMalformed says which entry, and why.
Result<ReferenceValues> parse_reference_values(std::string_view text);

}  // namespace redoubt::attest
