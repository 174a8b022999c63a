// Dictionaries, wherever bytes of one come from outside. The first byte says what the rest is:
//
//   0  the text of a file
//   1  a part, as the gateway sends it
//   2  what was sealed, by whoever has the keeper's public key: name and numbers are good
//   3  the keeper's answer for a part: number of records u8, the answer
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "keys/dictionary_opener.h"
#include "keys/keyed_records.h"
#include "keys/sealed_dictionary.h"

namespace redoubt::keys {
namespace {

bool same(const DictionaryPart& a, const DictionaryPart& b) {
  return a.name == b.name && a.id == b.id && a.records == b.records && a.parts == b.parts && a.index == b.index &&
         a.sealed == b.sealed;
}

void parse_text(std::string_view text) {
  const auto dictionary = SealedDictionary::parse("patients", text);
  if (!dictionary) return;
  REDOUBT_CHECK(!dictionary->parts.empty() && dictionary->parts.size() <= kDictionaryPartsMax);
  REDOUBT_CHECK(dictionary->records() > 0 && dictionary->records() <= kDictionaryRecordsMax);
  for (const DictionaryPart& part : dictionary->parts) {
    const auto again = decode_dictionary_part(encode_dictionary_part(part));
    REDOUBT_CHECK(again.has_value() && same(*again, part));
  }
}

void decode_part(const DictionaryOpener& opener, ByteView bytes) {
  const auto part = decode_dictionary_part(bytes);
  if (!part) return;
  REDOUBT_CHECK(std::ranges::equal(encode_dictionary_part(*part), bytes));
  REDOUBT_CHECK(!opener.key(*part).has_value());
}

void open_part(const DictionaryOpener& opener, ByteView plain) {
  DictionaryPart part{.name = "patients", .id = {}, .records = 1, .parts = 1, .index = 0, .sealed = {}};
  const auto sealed = crypto::hpke_seal(opener.public_key(), dictionary_info(), dictionary_part_header(part), plain);
  REDOUBT_CHECK(sealed.has_value());
  part.sealed = to_bytes(sealed->encapsulated_key);
  append(part.sealed, sealed->ciphertext);
  const auto answer = opener.key(part);
  if (!answer) {
    REDOUBT_CHECK(answer.error().code() == Errc::kMalformed);
    return;
  }
  const auto records = static_cast<std::size_t>(std::ranges::count(plain, std::byte{'\n'}));
  KeyedRecords::Builder builder(records);
  REDOUBT_CHECK(builder.add(*answer).has_value());
  const auto keyed = builder.finish();
  REDOUBT_CHECK(keyed.has_value() && keyed->size() == records);
  const std::string_view text = as_chars(plain);
  REDOUBT_CHECK(keyed->contains(text.substr(0, text.find('\n'))));
}

void add_answer(ByteView bytes) {
  if (bytes.empty()) return;
  KeyedRecords::Builder builder(std::to_integer<std::size_t>(bytes[0]));
  if (!builder.add(bytes.subspan(1))) return;
  const auto keyed = builder.finish();
  REDOUBT_CHECK(!keyed || keyed->size() == std::to_integer<std::size_t>(bytes[0]));
}

}  // namespace
}  // namespace redoubt::keys

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  static const keys::DictionaryOpener opener(*crypto::X25519KeyPair::from_private(Bytes(32, std::byte{9})));
  if (size == 0) return 0;
  const ByteView rest(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      keys::parse_text(as_chars(rest));
      break;
    case 1:
      keys::decode_part(opener, rest);
      break;
    case 2:
      keys::open_part(opener, rest);
      break;
    default:
      keys::add_answer(rest);
  }
  return 0;
}
