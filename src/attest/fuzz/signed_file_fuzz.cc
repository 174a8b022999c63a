// Signed files and collateral: what opens opens again from its own form.
#include <cstdint>

#include "attest/collateral_bundle.h"
#include "attest/signed_file.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text = as_chars(std::as_bytes(std::span(data, size)));
  static const auto signer = *tlog::NoteSigner::create("fuzz", *crypto::Ed25519PrivateKey::from_seed(Bytes(32)));
  if (const auto opened = attest::open_signed_file(text, attest::CollateralBundle::kType, signer.verifier_key())) {
    const auto again = attest::sign_file(*opened, signer);
    REDOUBT_CHECK(again.has_value());
    REDOUBT_CHECK(attest::open_signed_file(*again, attest::CollateralBundle::kType, signer.verifier_key()).has_value());
  }
  if (const auto bundle = attest::CollateralBundle::parse(text)) {
    const auto again = attest::CollateralBundle::parse(bundle->format());
    REDOUBT_CHECK(again.has_value() && again->format() == bundle->format());
  }
  return 0;
}
