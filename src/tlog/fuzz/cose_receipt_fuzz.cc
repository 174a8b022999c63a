// Any bytes as a receipt: without the key of a log nothing is proven.
#include <cstdint>

#include "base/check.h"
#include "tlog/cose_receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::tlog;
  static const VerifierKey key =
      *VerifierKey::ed25519("example.com/log", crypto::Ed25519PrivateKey::generate().public_key());
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  REDOUBT_CHECK(!verify_cose_receipt(bytes, leaf_hash(as_bytes("entry")), {&key, 1}));
  return 0;
}
