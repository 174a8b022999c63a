// What is laid before a verifier: the files of one piece of evidence, each in its role, and the moment for which it is
// judged. The bytes are untrusted; nothing in them is believed before its signature was verified.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace redoubt::attest {

enum class Kind : std::uint8_t { kSevSnp, kTdx, kSgx, kNitro, kTpm, kAzureVtpm, kNvidiaGpu };

inline constexpr std::array kKinds{Kind::kSevSnp, Kind::kTdx,       Kind::kSgx,      Kind::kNitro,
                                   Kind::kTpm,    Kind::kAzureVtpm, Kind::kNvidiaGpu};

// `sev-snp`, `tdx`, `sgx`, `nitro`, `tpm`, `azure-vtpm`, `nvidia-gpu`.
std::string_view to_string(Kind kind);
std::optional<Kind> find_kind(std::string_view name);

// What a file is. docs/attestation.md says which kinds read which, and in which form.
enum class Role : std::uint8_t {
  kRoot,   // certificates that may be trusted, those of them that are self-signed
  kChain,  // certificates below
  kVek,    // AMD's VCEK or VLEK, or a bundle that begins with it
  kCrl,
  kReport,
  kQuote,
  kCollateral,
  kTcbInfo,
  kQeIdentity,
  kPckCrl,
  kRootCrl,
  kTcbIssuerChain,
  kEventLog,
  kDocument,
  kAk,
  kAttest,
  kSignature,
  kPcrs,
  kEvidence,
  kAkCert,
  kEkCert,
  kHclReport,
  kTpmQuote,
  kTdQuote,
  kRim,
};
inline constexpr std::size_t kRoleCount = static_cast<std::size_t>(Role::kRim) + 1;

// `root`, `tcb_info`, …
std::string_view to_string(Role role);
std::optional<Role> find_role(std::string_view name);

// One file a role. The bytes must outlive the call that they are given to.
class Inputs {
 public:
  void set(Role role, ByteView bytes) { files_[static_cast<std::size_t>(role)] = bytes; }
  std::optional<ByteView> get(Role role) const { return files_[static_cast<std::size_t>(role)]; }
  bool has(Role role) const { return get(role).has_value(); }

 private:
  std::array<std::optional<ByteView>, kRoleCount> files_;
};

// Whether there is what a machine signs of itself: a report, a quote, a document. Beside it stand logs, certificates,
// collateral and manifests, which can also be judged alone.
bool has_statement_of_machine(Kind kind, const Inputs& inputs);

struct Evidence {
  static constexpr std::size_t kMaxFileBytes = 16 * 1024 * 1024;

  Kind kind;
  Inputs inputs;
  // The moment of judgement. Never the machine's clock by itself: a past moment is as good a question as now.
  UnixMillis at;
  // What the relying party sent, which the evidence must carry. Nothing: not asked, and freshness is not proven. Empty:
  // refused, for nothing is what evidence without a nonce carries.
  std::optional<ByteView> nonce;
};

}  // namespace redoubt::attest
