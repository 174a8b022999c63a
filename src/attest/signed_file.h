// Files that a relying party's own people sign: collateral, reference values. A signed note (C2SP signed-note) that
// states what follows it, and the bytes that it states:
//
//   redoubt-signed-file/v1
//   TYPE
//   SEQUENCE
//   2026-01-31T12:00:00.000Z
//   sha-256 HEX of SIZE bytes
//
//   — NAME BASE64
//   --- content ---
//   …
//
// The sequence orders the files of one type and signer: who has seen a later one refuses an earlier one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "tlog/note.h"

namespace redoubt::attest {

struct SignedFile {
  static constexpr std::size_t kMaxContent = 64 * 1024 * 1024;

  std::string type;  // a to z, 0 to 9 and `-`, at most 64
  std::uint64_t sequence = 0;
  UnixMillis created;
  std::string content;
};

// Errors: kInvalidArgument for another type; kTooLarge.
Result<std::string> sign_file(const SignedFile& file, const tlog::NoteSigner& signer);

// The file, which `signer` signed as a `type`. Errors: kMalformed for another form; kTooLarge; kVerifyFailed when the
// signature or the digest does not hold, or it is of another type.
Result<SignedFile> open_signed_file(std::string_view bytes, std::string_view type, const tlog::VerifierKey& signer);

// How fresh a signed file must be.
struct Freshness {
  std::optional<std::int64_t> max_age_ms;      // nothing: any age
  std::optional<std::uint64_t> last_sequence;  // the highest seen before
};

// kVerifyFailed for a file of the future, one too old, and one before the last that was seen.
Result<> check_freshness(const SignedFile& file, const Freshness& freshness, UnixMillis at);

}  // namespace redoubt::attest
