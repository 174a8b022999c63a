// Dictionaries of one's own records (numbers of patients, say) as they are stored: sealed to a key of the keeper's, so
// that nobody else reads them, or tries records against them.
//
//   text = seal_dictionary(keeper_public_key, "patients", records);       // whoever has the records, with no secret
//   dictionary = SealedDictionary::parse("patients", text);               // the gateway
//   for (const DictionaryPart& part : dictionary->parts) …                // opened by the keeper, dictionary_opener.h
//
// A dictionary is sealed in parts, each in one message of HPKE (RFC 9180, crypto/hpke.h), so that a large one keeps the
// keeper from other work for a few milliseconds at a time. What parts belong together, and how many, is authenticated
// with each: none can be left out, doubled, moved or taken from another sealing. docs/formats/dictionary.md
//
// Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hpke.h"

namespace redoubt::keys {

inline constexpr std::size_t kDictionaryNameMax = 64;  // bytes: letters, digits, `_`, `-` and `.`
inline constexpr std::size_t kDictionaryRecordsMax = 1'000'000;
inline constexpr std::size_t kDictionaryRecordMax = 256;                // bytes of a record, none of them a line feed
inline constexpr std::size_t kSealedDictionaryMax = 16 * 1024 * 1024;   // bytes of the text
inline constexpr std::size_t kDictionaryPartsMax = 1024;                // of one dictionary
inline constexpr std::size_t kDictionaryPartRecordsMax = 4096;          // of one part
inline constexpr std::size_t kDictionaryPartPlainBytesMax = 64 * 1024;  // of one part, before it is sealed

// Made at random when a dictionary is sealed.
using DictionaryId = std::array<std::byte, 16>;

// One part, with what says where it belongs.
struct DictionaryPart {
  std::string name;  // the dictionary's
  DictionaryId id{};
  std::uint32_t records = 0;  // of the whole dictionary
  std::uint32_t parts = 0;    // likewise
  std::uint32_t index = 0;    // of this part, from zero
  Bytes sealed;               // encapsulated key (32), ciphertext
};

struct SealedDictionary {
  // `text`: of the file. kMalformed, kTooLarge, both with what is wrong; what is sealed, the keeper alone can say.
  static Result<SealedDictionary> parse(std::string_view name, std::string_view text);

  const std::string& name() const { return parts.front().name; }
  std::uint32_t records() const { return parts.front().records; }

  std::vector<DictionaryPart> parts;  // one at least; all of one name, id and number of records
};

bool is_dictionary_name(std::string_view name);

// `records`: in the form that they are looked up in; doubles count once. Errors: kInvalidArgument for a name or a
// record that has not its form, and when there are no records; kTooLarge.
Result<std::string> seal_dictionary(const crypto::X25519PublicKey& keeper, std::string_view name,
                                    std::vector<std::string> records);

// A part as the keeper is sent it: what it is sealed with as associated data, then what is sealed.
Bytes encode_dictionary_part(const DictionaryPart& part);
// kMalformed.
Result<DictionaryPart> decode_dictionary_part(ByteView bytes);
// The first of the two alone: id (16), records (4), parts (4), index (4), size of the name (1), name.
Bytes dictionary_part_header(const DictionaryPart& part);

// What HPKE takes as `info`.
ByteView dictionary_info();

}  // namespace redoubt::keys
