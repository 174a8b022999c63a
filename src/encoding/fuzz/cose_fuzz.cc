// Any bytes: a message that was read is written again to the same meaning, and what its signature is over can be read.
#include <cstdint>

#include "base/check.h"
#include "encoding/cose.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  using namespace redoubt::encoding;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto message = CoseSign1::read(bytes, {.form = CborForm::kStreamed, .trailing_allowed = true});
  if (!message) return 0;
  const ByteView payload = message->payload().value_or(ByteView());
  const Bytes signed_bytes = message->to_be_signed({}, payload);
  REDOUBT_CHECK(CborDocument::read(signed_bytes, CborForm::kDeterministic).has_value());

  const auto strict = CoseSign1::read(bytes, {.trailing_allowed = true});
  if (!strict) return 0;
  const auto document = CborDocument::read_first(bytes, CborForm::kDeterministic);
  const CborValue root = document->root();
  const CborValue tagged = root.tagged(cose::kSign1Tag);
  const CborValue unprotected = (tagged ? tagged : root).array().at(1);
  const Bytes written =
      write_cose_sign1(strict->protected_bytes(), unprotected.encoded(), strict->payload(), strict->signature());
  REDOUBT_CHECK(as_chars(ByteView(written).subspan(tagged ? 0 : 1)) == as_chars(root.encoded()));
  return 0;
}
