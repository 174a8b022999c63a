// The keeper's end of dictionaries (sealed_dictionary.h): it opens a part, and answers with tags of the records in it,
// never with the records.
//
//   DictionaryOpener opener(key_pair);
//   answer = opener.key(part);          // the answers for all parts become a KeyedRecords (keyed_records.h)
//
// A tag is the first 8 bytes of HMAC-SHA-256 (RFC 2104) of a record. Its key is made for this object and the sealing:
// the tags of one life of the keeper say nothing about those of the next, nor about what is stored.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hpke.h"
#include "crypto/secret.h"
#include "keys/sealed_dictionary.h"

namespace redoubt::keys {

inline constexpr std::size_t kDictionaryKeySize = 32;
inline constexpr std::size_t kDictionaryTagSize = 8;

// The tag of a record, which is in the form that it is looked up in, as a number (little-endian).
std::uint64_t dictionary_tag(const crypto::Secret& key, std::string_view record);

// One thread.
class DictionaryOpener {
 public:
  explicit DictionaryOpener(crypto::X25519KeyPair key) : key_(std::move(key)) {}
  const crypto::X25519PublicKey& public_key() const { return key_.public_key; }

  // The key of all parts of this dictionary, then a tag for each record of this part, in no order that means anything
  // without the key. Secret: wipe it. kVerifyFailed when it was sealed to another key, under another name or as another
  // part, or altered; kMalformed when what is sealed is no part of a dictionary.
  Result<Bytes> key(const DictionaryPart& part) const;

 private:
  crypto::Secret tag_key(const DictionaryPart& part) const;

  crypto::X25519KeyPair key_;
  crypto::Secret life_ = crypto::Secret::random(32);
};

}  // namespace redoubt::keys
