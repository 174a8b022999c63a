// A key that k of n people open together, and fewer do not: for keys that outlive machines, as what opens a backup.
//
//   auto made = make_key_quorum(key, 2, 3);             // made->file is kept anywhere; each share goes to one person
//   crypto::Secret text = made->shares[0].to_text();    // "J8KQ-…", to be written down
//   auto quorum = KeyQuorum::parse(file);
//   auto share = QuorumShare::parse(typed);             // tells a slip of the pen
//   auto key = quorum->open(shares);
//
// There is no arithmetic of shares: a share is 32 random bytes, and for each set of k of them the file has the key once
// more, sealed with AES-256-GCM under HKDF of the shares of the set. C(n, k) copies, at most 70. So k - 1 shares and
// the file give nothing but a guess at 256 random bits, and what there is to get wrong is what everything else here
// rests on too. Format: docs/formats/key-quorum.md.
//
// Any thread; values, but for their secrets, which move.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace redoubt::keys {

inline constexpr unsigned kQuorumSharesMax = 8;
inline constexpr std::size_t kQuorumKeyBytesMax = 1024;

// What one person holds.
class QuorumShare {
 public:
  static constexpr std::size_t kSize = 32;
  static constexpr std::size_t kTextSize = 64 + 15;  // 16 groups of 4 and what stands between

  // For a person to write down and to type: Crockford's base32 in groups of four. It has the share's number, the
  // beginning of the quorum's id, and a checksum.
  crypto::Secret to_text() const;
  // Either case; spaces, line ends and `-` are passed over, `O` is read as 0, `I` and `L` as 1. kMalformed for another
  // length, another character, or a wrong checksum: then something was written or typed wrongly.
  static Result<QuorumShare> parse(std::string_view text);

  unsigned number() const { return number_; }  // from 1

 private:
  friend class KeyQuorum;
  friend struct QuorumMaker;
  QuorumShare(unsigned number, std::array<std::byte, 4> quorum, crypto::Secret secret)
      : number_(number), quorum_(quorum), secret_(std::move(secret)) {}

  unsigned number_;
  std::array<std::byte, 4> quorum_;
  crypto::Secret secret_;
};

struct NewKeyQuorum {
  std::string file;  // of one line each for its head, its shares, its sets, and their tag
  std::vector<QuorumShare> shares;
};

// Shares of `key`, `count` of them, `threshold` of which open it. kInvalidArgument unless 2 <= threshold <= count <=
// kQuorumSharesMax, and the key has 1 to kQuorumKeyBytesMax bytes.
Result<NewKeyQuorum> make_key_quorum(const crypto::Secret& key, unsigned threshold, unsigned count);

// The file. Holds nothing secret to who lacks shares.
class KeyQuorum {
 public:
  static constexpr std::size_t kFileBytesMax = 256 * 1024;

  // kTooLarge above kFileBytesMax; kMalformed for anything that make_key_quorum() does not write.
  static Result<KeyQuorum> parse(std::string_view file);

  unsigned threshold() const { return threshold_; }
  unsigned count() const { return static_cast<unsigned>(checks_.size()); }

  // Whether the share is of this quorum: kNotFound when it is of another; kVerifyFailed when it has this one's name and
  // is not the share that was made. The file has a digest of each share, so that one can be checked alone; a digest of
  // 32 random bytes gives nothing away.
  Result<> check(const QuorumShare& share) const;

  // The key, by exactly threshold() shares in any order. Errors: kInvalidArgument for another number of them, or one
  // that is there twice; those of check(), with the share's number; kVerifyFailed when the file was changed, in
  // whatever place.
  Result<crypto::Secret> open(std::span<const QuorumShare> shares) const;

 private:
  KeyQuorum() = default;

  unsigned threshold_ = 0;
  std::array<std::byte, 16> id_{};
  std::vector<std::array<std::byte, 32>> checks_;  // of each share
  std::vector<Bytes> sealed_;                      // for each set, in the order of their numbers
  std::array<std::byte, 32> tag_{};                // of the whole file, under a key derived from the key
  std::string tagged_;                             // what it is over
};

}  // namespace redoubt::keys
