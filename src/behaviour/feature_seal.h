// Features on their way into the ledger and out of it: sealed beside their record, committed to in it, and erased with
// the key.
//
//   FeatureSealing sealing(fs, folder);            // of a server
//   sealing.renew(now);                            // now and then
//   FeatureSealer sealer(sealing);                 // one for each core
//   if (const FeatureKey* key = sealer.key()) sealed = sealer.seal(context, features_of(*key, request));
//
//   FeatureOpener opener(fs, folder);                          // whoever reads the ledger
//   auto features = opener.open(context, sealed, record);
//
// A folder holds the secret that features are made with, the same over restarts so that they can be compared, and the
// keys that they are sealed under: a new one with each start, and with each hour. Key and nonce are in no record, and a
// feature opened is a number that only who has the secret, too, can test a guess with. docs/formats/features.md has the
// files.
//
// Erasing the features of an entry takes its key away: those of the same hour that stay are opened before and kept
// beside it. Nothing in the ledger is touched, and every proof stays valid.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "behaviour/features.h"
#include "crypto/aead.h"
#include "crypto/random_pool.h"
#include "crypto/secret.h"
#include "record/commitment.h"

namespace redoubt::behaviour {

// What a record commits to them under.
inline constexpr std::string_view kFeaturesField = "features";

// Bytes of sealed features: number of the key, nonce, salt and features encrypted, tag.
inline constexpr std::size_t kSealedFeaturesMax =
    4 + crypto::Aes256Gcm::kNonceSize + 32 + kFeaturesSizeMax + crypto::Aes256Gcm::kTagSize;

// What all cores of a server seal with.
class FeatureSealing {
 public:
  static constexpr std::int64_t kKeyLifeMs = 3'600'000;

  static constexpr std::int64_t kRetryMs = 60'000;

  // `fs` must outlive it. Nothing is touched, and nothing can be sealed, before the first renew().
  FeatureSealing(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  // A new key, when the present one has been in use for kKeyLifeMs, or there is none yet; then the folder and its
  // secret are made, too, where there are none. A key is durable before anything is sealed under it. Errors: kIo,
  // kCorrupt, kUnsupported, kResourceExhausted; what could be sealed before can be sealed still, and for kRetryMs
  // nothing is tried. One thread.
  Result<> renew(UnixMillis now);

 private:
  friend class FeatureSealer;
  Result<> make_key();

  FileSystem& fs_;
  const std::string folder_;
  std::optional<FeatureKey> key_;  // set before `number_`, and never changed
  std::int64_t next_ms_ = 0;       // of renew()'s thread
  std::int64_t last_ms_ = 0;
  std::atomic<std::uint32_t> number_{0};  // of the present key; 0: none
  mutable std::mutex mutex_;              // guards `present_`, which changes with `number_`
  crypto::Secret present_;
};

// One thread.
class FeatureSealer {
 public:
  // `sealing` must outlive it.
  explicit FeatureSealer(const FeatureSealing& sealing) : sealing_(sealing) {}

  // Null while nothing can be sealed.
  const FeatureKey* key() const {
    return sealing_.number_.load(std::memory_order_acquire) != 0 ? &*sealing_.key_ : nullptr;
  }

  struct Sealed {
    ByteView bytes;                 // at most kSealedFeaturesMax; valid until the next call
    record::Commitment commitment;  // for the record, under kFeaturesField
  };
  // `context`: what identifies the entry, 17 bytes (ledger::opening_context()); sealed features that were moved to
  // another one do not open. Precondition: key().
  Sealed seal(ByteView context, const Features& features);

 private:
  const FeatureSealing& sealing_;
  std::uint32_t number_ = 0;
  std::optional<crypto::Aes256Gcm> aead_;
  crypto::RandomPool random_;
  Bytes plain_;
  Bytes sealed_;
};

// The number of the key that these are sealed under. kMalformed when they are no sealed features.
Result<std::uint32_t> feature_key_number(ByteView sealed);

// One thread. Remembers a few keys.
class FeatureOpener {
 public:
  // `fs` must outlive it. A folder that is not there is one from which everything was erased.
  FeatureOpener(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  // Errors: kNotFound when they were erased, or their key was never here; kVerifyFailed when they are another entry's,
  // altered, or not what the record commits to; kMalformed, kUnsupported; kIo and kCorrupt when the folder cannot be
  // read, which says nothing of the entry.
  Result<Features> open(ByteView context, ByteView sealed, ByteView record);

 private:
  friend class FeatureErasure;
  struct Key {
    std::optional<crypto::Aes256Gcm> aead;                 // nothing: the key is gone
    std::map<std::string, std::string, std::less<>> kept;  // what outlived it, by context
  };
  Result<Key*> key(std::uint32_t number);
  // Salt and features.
  Result<Bytes> unseal(ByteView context, ByteView sealed);

  static constexpr std::size_t kKeysMax = 8;
  FileSystem& fs_;
  const std::string folder_;
  std::map<std::uint32_t, Key> keys_;
};

// Erases the features of some entries: everything else under their key is kept, and the key is destroyed.
//
//   auto erasure = FeatureErasure::begin(fs, folder, number);
//   for (each entry whose features are under that key, but for those to erase) erasure->keep(context, sealed);
//   erasure->finish();
class FeatureErasure {
 public:
  // kConflict when the key is the newest: a server may be sealing under it. kNotFound when there is no such key, nor
  // anything that it left.
  static Result<FeatureErasure> begin(FileSystem& fs, const std::string& folder, std::uint32_t number);

  // Errors: as FeatureOpener::open(), but for kNotFound: what is gone already stays so.
  Result<> keep(ByteView context, ByteView sealed);
  // Durable when it returns. After an error the key is there as before, or gone with the rest kept.
  Result<> finish();

 private:
  FeatureErasure(FileSystem& fs, const std::string& folder, std::uint32_t number)
      : fs_(fs), folder_(folder), number_(number), opener_(fs, folder) {}

  FileSystem& fs_;
  std::string folder_;
  std::uint32_t number_;
  FeatureOpener opener_;
  Bytes kept_;
};

}  // namespace redoubt::behaviour
