// dstack's event log: a JSON list of what its guest measured, of which RTMR 3 is dstack's own. There the digest of an
// event is SHA-384 of its type (4 bytes, little-endian), `:`, its name, `:` and its payload, so that names and payloads
// are proven by the register (cc-eventlog of https://github.com/Dstack-TEE/dstack, events of version 1).
//
//   const auto log = replay_dstack_log(as_chars(bytes));
//   compare log->rtmr3 with the quote; then log->claims are what the guest measured
//
// Events of RTMR 0 to 2 are firmware's, with digests of data that is not here: they are passed over, and their
// registers are for reference values.
#pragma once

#include <string_view>

#include "attest/claims.h"
#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

namespace redoubt::attest {

struct DstackLog {
  static constexpr std::size_t kMaxBytes = 1024 * 1024;
  static constexpr std::size_t kMaxEvents = 4096;
  static constexpr std::size_t kMaxName = 64;
  static constexpr std::size_t kMaxKeyProvider = 1024;

  crypto::Digest rtmr3;
  // `app_id`, `compose_hash`, `instance_id` (hexadecimal; the last may be empty) and `key_provider` (a text), those of
  // them that the log has.
  ClaimObject claims;
};

// Whether this is in the form of a dstack log, rather than of a CCEL, which begins with a small number.
bool looks_like_dstack_log(ByteView bytes);

// Errors: kTooLarge above the limits. kUnsupported for events of version 2, whose digest is another. kMalformed for
// everything else: a member that is unknown, a digest that is not of its event, an event of dstack's outside of RTMR 3
// or another one in it, a name of other characters than letters, digits, `.`, `_` and `-`, one of the four events above
// twice or with a payload that is none. Twice, because applications may add events, too.
Result<DstackLog> replay_dstack_log(std::string_view json);

}  // namespace redoubt::attest
