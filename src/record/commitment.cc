#include "record/commitment.h"

#include <array>

#include "base/check.h"
#include "crypto/secret.h"

namespace redoubt::record {
namespace {

// The terminating NUL is part of the label: no other label can be a prefix of this one.
constexpr char kLabel[] = "redoubt.commitment.v1";

ByteView label() {
  return as_bytes({kLabel, sizeof kLabel});
}

constexpr std::array<bool, 256> kNameChars = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) out[c] = true;
  for (std::size_t c = '0'; c <= '9'; ++c) out[c] = true;
  out['_'] = true;
  return out;
}();

std::byte length_byte(std::string_view field) {
  REDOUBT_CHECK(is_field_name(field));
  return static_cast<std::byte>(field.size());
}

}  // namespace

bool is_field_name(std::string_view field) {
  if (field.empty() || field.size() > kFieldNameSizeMax) return false;
  if (field.front() < 'a' || field.front() > 'z') return false;
  bool allowed = true;
  for (const char c : field) allowed &= kNameChars[static_cast<unsigned char>(c)];
  return allowed;
}

Salt random_salt() {
  Salt salt;
  crypto::random_bytes(salt);
  return salt;
}

Salt random_salt(crypto::RandomPool& pool) {
  Salt salt;
  pool.fill(salt);
  return salt;
}

Commitment commit(const Salt& salt, std::string_view field, ByteView value) {
  const std::byte length = length_byte(field);
  return crypto::sha256({label(), ByteView(&length, 1), as_bytes(field), salt, value});
}

CommitmentStream::CommitmentStream(const Salt& salt, std::string_view field) {
  const std::byte length = length_byte(field);
  hash_.update(label());
  hash_.update(ByteView(&length, 1));
  hash_.update(as_bytes(field));
  hash_.update(salt);
}

}  // namespace redoubt::record
