// Manifests of reference values: what is read is written and read again as the same. The signature is made good first,
// or nothing would get past it.
#include <cstdint>

#include "attest/corim.h"
#include "base/check.h"
#include "encoding/cose.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const ByteView bytes = std::as_bytes(std::span(data, size));
  static const auto key = *crypto::Ed25519PrivateKey::from_seed(Bytes(32));
  static const auto public_key = *crypto::PublicKey::from_ed25519(key.public_key());
  const UnixMillis at{1'700'000'000'000};
  (void)attest::read_corim(bytes, public_key, at);
  const auto message = encoding::CoseSign1::read(bytes, {}, {8});
  if (!message || !message->payload()) return 0;
  const auto signature = key.sign(message->to_be_signed({}, *message->payload()));
  const Bytes good =
      encoding::write_cose_sign1(message->protected_bytes(), Bytes{std::byte{0xa0}}, *message->payload(), signature);
  const auto corim = attest::read_corim(good, public_key, at);
  if (!corim) return 0;
  const auto written = attest::write_corim(*corim, key);
  if (!written) return 0;  // raw values of no bytes, and the like
  const auto again = attest::read_corim(*written, public_key, at);
  REDOUBT_CHECK(again.has_value() && again->references.all().size() == corim->references.all().size());
  return 0;
}
