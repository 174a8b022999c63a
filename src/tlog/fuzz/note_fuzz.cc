// Notes and verifier keys: what is read is written back as it was, and nothing verifies without a signature.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "encoding/base64.h"
#include "tlog/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto note = tlog::parse_note(input)) {
    REDOUBT_CHECK(!note->signatures.empty() && note->signatures.size() <= tlog::kMaxNoteSignatures);
    std::string written = note->text + "\n";
    for (const tlog::NoteSignature& signature : note->signatures) {
      REDOUBT_CHECK(tlog::is_valid_key_name(signature.key_name));
      Bytes bytes(4);
      store_be(MutableByteView(bytes), signature.key_id.value);
      append(bytes, signature.signature);
      written += "\xe2\x80\x94 " + signature.key_name + " " + encoding::base64(bytes) + "\n";
    }
    REDOUBT_CHECK(written == input);
  }
  static const auto key =
      tlog::VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  REDOUBT_CHECK(key);
  if (const auto verified = tlog::verify_note(input, {&*key, 1})) {
    REDOUBT_CHECK(verified->note.text == "This is an example message.\n");  // the one text whose signature is known
  }
  if (const auto parsed = tlog::VerifierKey::parse(input)) REDOUBT_CHECK(parsed->format() == input);
  return 0;
}
