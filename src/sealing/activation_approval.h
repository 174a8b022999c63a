// The approvers' word that another bundle may come into force at the next start: the way back for a server that does
// not start with the one in force, so that nobody can bring another into force while it runs.
//
//   ActivationApproval word{.replaces = in_force, .fact = 17, .bundle = next};
//   word.sign(sealing.purpose(), approver_key);
//   write(word.format());                          // DIR/approvals/next.activation
//   …
//   auto word = read_activation_approval(fs, "DIR/approvals");
//   word->is_signed_by(approver, purpose);
//
// It names the fact that brought the bundle in force there. So it holds once: with the next activation it is over.
// docs/formats/sealed-keys.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/sha256.h"

namespace redoubt::sealing {

// A value.
struct ActivationApproval {
  static constexpr std::size_t kMaxBytes = 512;

  crypto::Sha256Digest replaces{};  // the bundle in force
  std::uint64_t fact = 0;           // which brought it into force: index in the system log
  crypto::Sha256Digest bundle{};    // what may come in its place
  crypto::P256Signature signature{};

  // `purpose`: Sealing::purpose() of the keys, so that a word for other keys does not hold.
  void sign(const crypto::Sha256Digest& purpose, const crypto::P256PrivateKey& approver);
  bool is_signed_by(const crypto::P256PublicKey& approver, ByteView purpose) const;

  std::string format() const;
  // Says nothing about the signature. Errors: kTooLarge above kMaxBytes; kMalformed for anything that format() does not
  // write.
  static Result<ActivationApproval> parse(std::string_view text);
};

// In a folder of approvals.
inline constexpr std::string_view kActivationFile = "next.activation";

// The one in the folder, whoever signed it; nothing when there is none. Errors: those of parse(), with the file's name.
Result<std::optional<ActivationApproval>> read_activation_approval(FileSystem& fs, const std::string& folder);

}  // namespace redoubt::sealing
