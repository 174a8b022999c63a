// Commitments: a salted hash stands in the record for a value that the record must not contain.
//
// Whoever is given the value and its salt can check that this is what the record commits to; whoever has the record
// alone learns nothing, even by guessing, while the salt stays secret. The salt is part of the opening (opening.h) and
// is destroyed with it when the value is erased; the record and every proof over it stay as they are.
//
//   Salt salt = random_salt();
//   Commitment c = commit(salt, kPromptField, as_bytes(prompt));
//
// The commitment is SHA-256 (FIPS 180-4) over
//
//   "redoubt.commitment.v1" || 0x00 || length of the field name (1 byte) || field name || salt (32 bytes) || value
//
// so no byte can move between field, salt and value, and a commitment made for one field is none for another.
// docs/formats/opening.md has the same in words.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "crypto/random_pool.h"
#include "crypto/sha256.h"

namespace redoubt::record {

using Salt = std::array<std::byte, 32>;
using Commitment = crypto::Sha256Digest;

// What the gateway commits to.
// The request body as it left, where inspection changed it.
inline constexpr std::string_view kForwardedField = "forwarded";
inline constexpr std::string_view kPromptField = "prompt";                 // the request body, as received
inline constexpr std::string_view kCompletionField = "completion";         // the reply body, as sent
inline constexpr std::string_view kCallerAddressField = "caller_address";  // numeric address, without port

inline constexpr std::size_t kFieldNameSizeMax = 64;

// Whether `field` may name a committed value: 1 to 64 of `a-z`, `0-9` and `_`, beginning with a letter.
bool is_field_name(std::string_view field);

// 32 random bytes. A salt is used for one value only. The first: any thread.
Salt random_salt();
Salt random_salt(crypto::RandomPool& pool);

// Precondition: is_field_name(field). Any thread. Time depends on lengths only.
Commitment commit(const Salt& salt, std::string_view field, ByteView value);

// The same for a value that comes in pieces. One thread at a time. Movable, not copyable.
class CommitmentStream {
 public:
  // Precondition: is_field_name(field).
  CommitmentStream(const Salt& salt, std::string_view field);

  void update(ByteView piece) { hash_.update(piece); }
  // The commitment to all pieces so far. Call once.
  Commitment finish() { return hash_.finish(); }

 private:
  crypto::Sha256 hash_;
};

}  // namespace redoubt::record
