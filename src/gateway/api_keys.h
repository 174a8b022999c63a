// API keys: who may call, proven by 256 random bits that only the caller keeps.
//
// A key is `rdk_` and 43 characters of base64url. What is stored is its SHA-256: the key has full entropy, so a plain
// digest is enough, and the file that holds it lets nobody in. Keys are kept in one JSON file until `identity` keeps
// them as facts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/sha256.h"

namespace redoubt::gateway {

enum class Role : std::uint8_t {
  kCaller,   // may call models and fetch receipts
  kAuditor,  // may read entries of the ledger and fetch receipts
};
std::string_view to_string(Role role);
Result<Role> parse_role(std::string_view text);

struct ApiKey {
  std::string id;  // unique; 1 to 64 of a-z A-Z 0-9 . _ -
  Role role = Role::kCaller;
  std::string tenant;               // whose log it belongs to; empty for none: the system log
  std::vector<std::string> models;  // for callers: names that may be called, at most 256 of 1 to 256 bytes; `*` for all
  crypto::Sha256Digest digest{};
  UnixMillis created{};
};

// Values: copied and shared between threads freely once made.
class ApiKeys {
 public:
  static constexpr std::size_t kMaxKeys = 10'000;
  static constexpr std::size_t kMaxFileBytes = 8 * 1024 * 1024;

  // From the file's text. kMalformed with the reason; kTooLarge above the limits.
  static Result<ApiKeys> parse(std::string_view json);
  std::string format() const;

  // Makes a key and returns it: the only time that it is seen. `wanted`: all but the digest. kAlreadyExists for a taken
  // id unless `replace`; kInvalidArgument for an id, tenant or models that do not have their form; kResourceExhausted
  // for one more than kMaxKeys.
  Result<std::string> issue(ApiKey wanted, bool replace);
  // kNotFound.
  Result<> revoke(std::string_view id);

  // Who presents this `Authorization` header field, or null. Time depends on the header's length, not on how much of a
  // key is right: digests are found by a prefix of the digest and compared in constant time.
  const ApiKey* find(std::string_view authorization) const;

  const std::vector<ApiKey>& all() const { return keys_; }

 private:
  void sort();

  std::vector<ApiKey> keys_;  // by digest
};

}  // namespace redoubt::gateway
