#include "keys/key_store.h"

#include <utility>

#include "base/check.h"
#include "crypto/aead.h"
#include "encoding/base64.h"
#include "keys/key_file.h"

namespace redoubt::keys {
namespace {

using crypto::Aes256Gcm;
using crypto::Secret;

constexpr std::string_view kEncrypted = "redoubt-encrypted-";

// The first word of the line, which is authenticated with the key.
std::string head_of(std::string_view kind) {
  return std::string(kEncrypted) + std::string(kind) + "-v1";
}

}  // namespace

KeyStore KeyStore::encrypted(Secret storage_key) {
  REDOUBT_CHECK(storage_key.size() == kStorageKeyBytes);
  return KeyStore(std::move(storage_key));
}

Result<> KeyStore::create(const std::string& path, std::string_view kind, const Secret& key) const {
  if (key.empty() || key.size() > kKeyBytesMax) {
    return Error(Errc::kInvalidArgument, "a key at rest has 1 to 1,024 bytes");
  }
  if (!storage_key_) return create_key_file(path, kind, key);
  const std::string head = head_of(kind);
  Bytes sealed(Aes256Gcm::kNonceSize + key.size() + Aes256Gcm::kTagSize);
  const MutableByteView nonce = MutableByteView(sealed).first(Aes256Gcm::kNonceSize);
  crypto::random_bytes(nonce);
  Aes256Gcm(*storage_key_)
      .seal(nonce, as_bytes(head), key.reveal(), MutableByteView(sealed).subspan(Aes256Gcm::kNonceSize));
  return create_private_file(path, head + " " + encoding::base64(sealed) + "\n");
}

Result<Secret> KeyStore::load(const std::string& path, std::string_view kind, std::size_t size_bytes) const {
  const auto text = read_private_file(path);
  if (!text) return text.error();
  std::string_view line = as_chars(text->reveal());
  if (!storage_key_) {
    if (line.starts_with(kEncrypted)) {
      return Error(Errc::kPermissionDenied, "`" + path + "` is encrypted, and there is nothing here that opens it");
    }
    return load_key_file(path, kind, size_bytes);
  }
  if (!line.starts_with(kEncrypted)) {
    return Error(Errc::kVerifyFailed,
                 "`" + path + "` is not encrypted, as all keys of this folder are: somebody else put it there");
  }
  const Error malformed(Errc::kMalformed, "`" + path + "` is not a redoubt " + std::string(kind) + " key file");
  const std::string head = head_of(kind);
  if (!line.starts_with(head + " ") || !line.ends_with('\n')) return malformed;
  line = line.substr(head.size() + 1, line.size() - head.size() - 2);
  const auto sealed = encoding::base64_decode(line);
  if (!sealed || sealed->size() != Aes256Gcm::kNonceSize + size_bytes + Aes256Gcm::kTagSize) return malformed;
  Secret key(size_bytes);
  const ByteView bytes(*sealed);
  const auto opened = Aes256Gcm(*storage_key_)
                          .open(bytes.first(Aes256Gcm::kNonceSize), as_bytes(head),
                                bytes.subspan(Aes256Gcm::kNonceSize), key.reveal_mutable());
  if (!opened) {
    return Error(Errc::kVerifyFailed, "`" + path + "` was encrypted under another storage key, or was altered");
  }
  return key;
}

}  // namespace redoubt::keys
