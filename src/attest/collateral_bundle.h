// Collateral kept at hand, so that nothing is fetched while evidence is judged: certificates, revocation lists, TCB
// infos and manifests, each with the claims of the evidence that it is for. Travels as a signed file of type kType.
//
//   auto opened = open_signed_file(bytes, CollateralBundle::kType, signer);   // and check_freshness()
//   auto bundle = CollateralBundle::parse(opened->content);
//   Verdict verdict = bundle->verify(verifier, evidence, policy);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verifier.h"

namespace redoubt::attest {

struct CollateralItem {
  Kind kind;
  Role role;
  ClaimObject when;  // the evidence must claim this; empty: any evidence of the kind
  Bytes data;
};

// A value.
class CollateralBundle {
 public:
  static constexpr std::string_view kType = "collateral";
  static constexpr std::size_t kMaxItems = 4096;

  // Errors: kTooLarge for more than kMaxItems, or an item above Evidence::kMaxFileBytes; kInvalidArgument for a role
  // that evidence itself has, or the root: a bundle supplies neither what is judged nor whom to trust.
  Result<> add(CollateralItem item);

  // {"items":[{"kind","role","when":{…},"data":base64},…]}; kMalformed, and the errors of add().
  static Result<CollateralBundle> parse(std::string_view json);
  std::string format() const;

  // The inputs with the roles that `evidence` lacks taken from here: of the items whose kind and claims fit, the first
  // of each role. Nothing when there is none. `claims`: what the evidence says, unproven. Views into this bundle.
  std::optional<Inputs> supply(const Evidence& evidence, const ClaimObject& claims) const;

  // Verifies with the roles that the evidence lacks taken from here: of the items whose kind and claims fit, the first
  // of each role. What to take is decided by what the evidence claims, unproven; the verdict is of all of it together.
  Verdict verify(Verifier& verifier, const Evidence& evidence, const Policy& policy) const;

  const std::vector<CollateralItem>& items() const { return items_; }

 private:
  std::vector<CollateralItem> items_;
};

}  // namespace redoubt::attest
