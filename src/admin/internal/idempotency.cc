#include "admin/internal/idempotency.h"

#include <initializer_list>

#include "crypto/sha256.h"
#include "encoding/base64.h"

namespace redoubt::admin::internal {
namespace {

// Of parts that cannot run into each other: each is preceded by its length.
std::string digest_of(std::initializer_list<std::string_view> parts) {
  crypto::Sha256 hash;
  for (const std::string_view part : parts) {
    std::array<std::byte, 8> size{};
    store_le<std::uint64_t>(size, part.size());
    hash.update(size);
    hash.update(as_bytes(part));
  }
  const crypto::Sha256Digest digest = hash.finish();
  return encoding::hex(digest);
}

}  // namespace

Idempotency make_idempotency(std::string_view principal, std::string_view key, const net::RequestHead& head,
                             std::string_view body) {
  return {.key = digest_of({"redoubt.idempotency.key.v1", principal, key}),
          .request = digest_of({"redoubt.idempotency.request.v1", net::to_string(head.method), head.path, head.query,
                                head.header("If-Match"), body})};
}

}  // namespace redoubt::admin::internal
