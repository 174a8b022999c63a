#include "behaviour/feature_seal.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/check.h"
#include "encoding/base64.h"

namespace redoubt::behaviour {
namespace {

using crypto::Aes256Gcm;

constexpr std::size_t kContextSize = 17;
constexpr std::size_t kSaltSize = std::tuple_size_v<record::Salt>;
constexpr std::size_t kHeadSize = 4 + Aes256Gcm::kNonceSize;
constexpr std::size_t kDigestSize = std::tuple_size_v<crypto::Sha256Digest>;
constexpr std::uint64_t kKeptSizeMax = std::uint64_t{1} << 30;

// Files begin with four letters and a version.
constexpr std::size_t kFileHeadSize = 8;
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kSecretMagic = "RFSE";
constexpr std::string_view kKeyMagic = "RFKE";
constexpr std::string_view kKeptMagic = "RFKP";

std::string file_of(const std::string& folder, std::uint32_t number, std::string_view ending) {
  const std::string digits = std::to_string(number);
  std::string path = folder + "/";
  path.append(10 - digits.size(), '0').append(digits).append(ending);
  return path;
}
std::string key_file(const std::string& folder, std::uint32_t number) {
  return file_of(folder, number, ".key");
}
std::string kept_file(const std::string& folder, std::uint32_t number) {
  return file_of(folder, number, ".kept");
}

// The number in the name of a key's file, or of what it left; 0: neither.
std::uint32_t number_of(std::string_view name) {
  std::uint32_t number = 0;
  const auto read = std::from_chars(name.data(), name.data() + std::min<std::size_t>(name.size(), 10), number);
  const std::string_view ending = name.substr(std::min<std::size_t>(name.size(), 10));
  const bool is_ours =
      read.ec == std::errc() && read.ptr == name.data() + 10 && (ending == ".key" || ending == ".kept");
  return is_ours ? number : 0;
}

void begin_file(Bytes& out, std::string_view magic) {
  append(out, as_bytes(magic));
  std::array<std::byte, 4> version;
  store_le(MutableByteView(version), kVersion);
  append(out, version);
}

// What stands behind the head, which must be right.
Result<ByteView> content_of(ByteView file, std::string_view magic) {
  if (file.size() < kFileHeadSize || as_chars(file.first(4)) != magic) {
    return Error(Errc::kCorrupt, "a file of feature keys is none");
  }
  if (load_le<std::uint32_t>(file.subspan(4, 4)) != kVersion) {
    return Error(Errc::kUnsupported, "a file of feature keys is of another version");
  }
  return file.subspan(kFileHeadSize);
}

Result<> write_secret(FileSystem& fs, const std::string& path, std::string_view magic, const crypto::Secret& secret) {
  Bytes file;
  begin_file(file, magic);
  append(file, secret.reveal());
  auto done = write_file_atomically(fs, path, file);
  crypto::wipe(file);
  return done;
}

Result<crypto::Secret> read_secret(FileSystem& fs, const std::string& path, std::string_view magic) {
  auto file = read_file(fs, path, kFileHeadSize + Aes256Gcm::kKeySize);
  if (!file)
    return file.error().code() == Errc::kTooLarge ? Error(Errc::kCorrupt, "a feature key is too long") : file.error();
  const auto content = content_of(*file, magic);
  Result<crypto::Secret> secret = !content ? Result<crypto::Secret>(content.error())
                                  : content->size() != Aes256Gcm::kKeySize
                                      ? Result<crypto::Secret>(Error(Errc::kCorrupt, "a feature key is too short"))
                                      : Result<crypto::Secret>(crypto::Secret::copy_of(*content));
  crypto::wipe(*file);
  return secret;
}

Result<std::uint32_t> newest_key(FileSystem& fs, const std::string& folder) {
  const auto names = fs.list(folder);
  if (!names) return names.error();
  std::uint32_t newest = 0;
  for (const std::string& name : *names) newest = std::max(newest, number_of(name));
  return newest;
}

// What is in a record under a name of its own can be found as bytes: within a string its quotes would be escaped.
bool is_committed(ByteView record, const record::Commitment& commitment) {
  std::string member = "\"" + std::string(kFeaturesField) + "\":\"";
  encoding::append_hex(member, commitment);
  member += '"';
  // Of a text so long, memmem() looks at few of the record's bytes; find() would stop at every quote.
  return ::memmem(record.data(), record.size(), member.data(), member.size()) != nullptr;
}

}  // namespace

Result<> FeatureSealing::renew(UnixMillis now) {
  // A clock that was set back does not make a key last longer.
  if (now.value >= last_ms_ && now.value < next_ms_) return {};
  auto done = make_key();
  last_ms_ = now.value;
  next_ms_ = now.value + (done ? kKeyLifeMs : kRetryMs);
  return done;
}

Result<> FeatureSealing::make_key() {
  if (!key_) {
    if (auto done = fs_.make_directory(folder_); !done) return done;
    const std::string path = folder_ + "/secret";
    auto secret = read_secret(fs_, path, kSecretMagic);
    if (!secret && secret.error().code() == Errc::kNotFound) {
      secret = crypto::Secret::random(Aes256Gcm::kKeySize);
      if (auto done = write_secret(fs_, path, kSecretMagic, *secret); !done) return done;
    }
    if (!secret) return secret.error();
    key_.emplace(*secret);
  }
  const auto newest = newest_key(fs_, folder_);
  if (!newest) return newest.error();
  if (*newest == UINT32_MAX) return Error(Errc::kResourceExhausted, "there are too many feature keys");
  auto key = crypto::Secret::random(Aes256Gcm::kKeySize);
  if (auto done = write_secret(fs_, key_file(folder_, *newest + 1), kKeyMagic, key); !done) return done;
  const std::lock_guard lock(mutex_);
  present_ = std::move(key);
  number_.store(*newest + 1, std::memory_order_release);
  return {};
}

FeatureSealer::Sealed FeatureSealer::seal(ByteView context, const Features& features) {
  REDOUBT_CHECK(key() != nullptr && context.size() == kContextSize);
  if (sealing_.number_.load(std::memory_order_acquire) != number_) {
    const std::lock_guard lock(sealing_.mutex_);
    aead_.emplace(sealing_.present_);
    number_ = sealing_.number_.load(std::memory_order_relaxed);
  }
  const record::Salt salt = record::random_salt(random_);
  const Bytes encoded = encode_features(features);
  plain_.clear();
  append(plain_, salt);
  append(plain_, encoded);
  sealed_.resize(kHeadSize + plain_.size() + Aes256Gcm::kTagSize);
  const MutableByteView out(sealed_);
  store_le(out.first(4), number_);
  // Random nonces: NIST SP 800-38D §8.2.2 allows 2^32 a key, and a key lasts an hour.
  const auto nonce = out.subspan(4, Aes256Gcm::kNonceSize);
  random_.fill(nonce);
  aead_->seal(nonce, context, plain_, out.subspan(kHeadSize));
  return {.bytes = sealed_, .commitment = record::commit(salt, kFeaturesField, encoded)};
}

Result<std::uint32_t> feature_key_number(ByteView sealed) {
  if (sealed.size() < kHeadSize + kSaltSize + Aes256Gcm::kTagSize || sealed.size() > kSealedFeaturesMax) {
    return Error(Errc::kMalformed, "sealed features of a size that they cannot have");
  }
  return load_le<std::uint32_t>(sealed);
}

Result<FeatureOpener::Key*> FeatureOpener::key(std::uint32_t number) {
  if (const auto known = keys_.find(number); known != keys_.end()) return &known->second;
  Key found;
  // What a key left comes first: a key beside it is one that an erasure could not destroy yet.
  auto kept = read_file(fs_, kept_file(folder_, number), kKeptSizeMax);
  if (kept) {
    auto content = content_of(*kept, kKeptMagic);
    if (!content) return content.error();
    const Error damaged(Errc::kCorrupt, "what a feature key left is damaged");
    if (content->size() < kDigestSize) return damaged;
    const auto digest = crypto::sha256(ByteView(*kept).first(kept->size() - kDigestSize));
    if (!std::ranges::equal(digest, content->last(kDigestSize))) return damaged;
    ByteView rest = content->first(content->size() - kDigestSize);
    while (!rest.empty()) {
      if (rest.size() < kContextSize + 1) return damaged;
      const auto size = std::to_integer<std::size_t>(rest[kContextSize]);
      if (rest.size() < kContextSize + 1 + size) return damaged;
      found.kept.emplace(as_chars(rest.first(kContextSize)), as_chars(rest.subspan(kContextSize + 1, size)));
      rest = rest.subspan(kContextSize + 1 + size);
    }
  } else if (kept.error().code() != Errc::kNotFound) {
    return kept.error();
  } else if (auto secret = read_secret(fs_, key_file(folder_, number), kKeyMagic); secret) {
    found.aead.emplace(*secret);
  } else if (secret.error().code() != Errc::kNotFound) {
    return secret.error();
  }
  if (keys_.size() == kKeysMax) keys_.erase(keys_.begin());
  return &keys_.insert_or_assign(number, std::move(found)).first->second;
}

Result<Bytes> FeatureOpener::unseal(ByteView context, ByteView sealed) {
  const auto number = feature_key_number(sealed);
  if (!number) return number.error();
  auto found = key(*number);
  if (!found) return found.error();
  Key& with = **found;
  if (!with.aead) {
    const auto kept = with.kept.find(as_chars(context));
    if (kept == with.kept.end()) return Error(Errc::kNotFound, "the features were erased");
    return to_bytes(as_bytes(kept->second));
  }
  const ByteView ciphertext = sealed.subspan(kHeadSize);
  Bytes plain(ciphertext.size() - Aes256Gcm::kTagSize);
  auto done = with.aead->open(sealed.subspan(4, Aes256Gcm::kNonceSize), context, ciphertext, plain);
  if (!done) return done.error().in("features");
  return plain;
}

Result<Features> FeatureOpener::open(ByteView context, ByteView sealed, ByteView record) {
  auto plain = unseal(context, sealed);
  if (!plain) return plain.error();
  if (plain->size() < kSaltSize) return Error(Errc::kMalformed, "features without a salt");
  record::Salt salt;
  std::copy_n(plain->begin(), salt.size(), salt.begin());
  const ByteView encoded = ByteView(*plain).subspan(kSaltSize);
  if (!is_committed(record, record::commit(salt, kFeaturesField, encoded))) {
    return Error(Errc::kVerifyFailed, "the features are not what the record commits to");
  }
  return decode_features(encoded);
}

Result<FeatureErasure> FeatureErasure::begin(FileSystem& fs, const std::string& folder, std::uint32_t number) {
  const auto newest = newest_key(fs, folder);
  if (!newest) return newest.error();
  if (number == *newest) {
    return Error(Errc::kConflict,
                 "their key is the newest, and a server may be sealing under it: it is another after a start, or an "
                 "hour");
  }
  FeatureErasure erasure(fs, folder, number);
  const auto key = erasure.opener_.key(number);
  if (!key) return key.error();
  if (!(*key)->aead && (*key)->kept.empty()) {
    return Error(Errc::kNotFound, "the features were erased, or their key was never here");
  }
  begin_file(erasure.kept_, kKeptMagic);
  return erasure;
}

Result<> FeatureErasure::keep(ByteView context, ByteView sealed) {
  const auto number = feature_key_number(sealed);
  if (!number || *number != number_) return {};
  const auto plain = opener_.unseal(context, sealed);
  if (!plain) return plain.error().code() == Errc::kNotFound ? Result<>() : plain.error();
  if (kept_.size() + kContextSize + 1 + plain->size() + kDigestSize > kKeptSizeMax) {
    return Error(Errc::kTooLarge, "too much is under one feature key");
  }
  append(kept_, context);
  kept_.push_back(static_cast<std::byte>(plain->size()));
  append(kept_, *plain);
  return {};
}

Result<> FeatureErasure::finish() {
  append(kept_, crypto::sha256(kept_));
  if (auto done = write_file_atomically(fs_, kept_file(folder_, number_), kept_); !done) return done;
  const std::string path = key_file(folder_, number_);
  auto file = fs_.open(path, OpenMode::kReadWrite);
  if (!file) return file.error().code() == Errc::kNotFound ? Result<>() : file.error();
  const std::array<std::byte, kFileHeadSize + Aes256Gcm::kKeySize> zeros{};
  if (auto done = (*file)->write_at(0, zeros); !done) return done;
  if (auto done = (*file)->sync_data(); !done) return done;
  if (auto done = fs_.remove(path); !done) return done;
  return fs_.sync_directory(folder_);
}

}  // namespace redoubt::behaviour
