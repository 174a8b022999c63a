// Certificates, lists and keys of others, in both of their forms: nothing crashes, and what is read can be asked.
#include <cstdint>

#include "base/check.h"
#include "crypto/x509.h"

namespace {

void ask(const redoubt::crypto::Certificate& certificate) {
  (void)certificate.subject();
  (void)certificate.issuer();
  (void)certificate.common_name();
  (void)certificate.is_self_signed();
  (void)certificate.may_sign();
  (void)certificate.extension("1.3.6.1.4.1.3704.1.1");
  // Of RSA, whose modulus is not looked into here (PublicKey.ReadsNoRsaKeyWithASmallFactor), that it is written at all.
  const auto& key = certificate.public_key();
  REDOUBT_CHECK(!key.spki().empty() && (key.type() == redoubt::crypto::KeyType::kRsa ||
                                        redoubt::crypto::PublicKey::from_spki(key.spki()).has_value()));
  const std::vector all{certificate};
  (void)redoubt::crypto::verify_chain(
      {.leaf = certificate, .others = all, .anchors = all, .at = certificate.not_before()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView bytes = std::as_bytes(std::span(data, size));
  if (const auto certificate = crypto::Certificate::from_der(bytes)) ask(*certificate);
  if (const auto bundle = crypto::Certificate::from_pem(as_chars(bytes))) {
    for (const auto& each : *bundle) ask(each);
  }
  if (const auto list = crypto::RevocationList::from_der(bytes)) (void)list->sha256();
  (void)crypto::RevocationList::from_pem(as_chars(bytes));
  (void)crypto::PublicKey::from_spki(bytes);
  return 0;
}
