// One piece of evidence while it is judged: what every kind's verifier works with. Each check is noted with its
// outcome; what stands first in the order of reasons becomes the verdict's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/internal/chain_cache.h"
#include "attest/policy.h"
#include "attest/verdict.h"
#include "attest/verifier.h"
#include "crypto/x509.h"

namespace redoubt::attest {

class Examination {
 public:
  Examination(const Evidence& evidence, const Policy& policy, Trust trust, ChainCache& chains);

  const Policy& policy() const { return policy_; }
  UnixMillis at() const { return evidence_.at; }
  ClaimObject& claims() { return verdict_.claims; }

  // The bytes of a role, which counts as read from now on; nothing when it is not given.
  std::optional<ByteView> take(Role role);
  bool has(Role role) const { return evidence_.inputs.has(role); }
  // The same for a role that must be there; its absence is noted as kMalformed.
  std::optional<ByteView> need(Role role);

  // Notes a check. `what` says what is true when it passed: `the report is signed by the VEK`; a failure says what is
  // not so, in its own words. Returns `good`.
  bool check(Reason about, bool good, std::string_view what, std::string_view failure);
  void pass(Reason about, std::string_view what) { note(about, Check::Outcome::kPassed, what); }
  void fail(Reason about, std::string_view what) { note(about, Check::Outcome::kFailed, what); }
  void not_asked(Reason about, std::string_view what) { note(about, Check::Outcome::kNotAsked, what); }
  // Whether a failure for one of the reasons up to `last` was noted.
  bool failed_by(Reason last) const;

  // `size` is what the evidence states, `bytes` what came: fewer is kMalformed, more is kTrailing unless the policy
  // allows it. Returns false when there are fewer.
  bool check_size(ByteView bytes, std::size_t size, std::string_view name);

  // Certificates of a role, PEM or DER; nothing and a failure noted when they cannot be read. Empty when not given.
  std::optional<std::vector<crypto::Certificate>> take_certificates(Role role);
  // The same of bytes that stand in other evidence, called `name` in a failure.
  std::optional<std::vector<crypto::Certificate>> read_certificates(ByteView file, std::string_view name);
  // As ChainCache::signed_xml(). Nothing is noted.
  Result<std::shared_ptr<const SignedXml>> read_signed_xml(std::string_view text);
  // As ChainCache's of the same purpose. Nothing is noted.
  Result<std::shared_ptr<const IntelCollateral>> read_collateral(ByteView file) { return chains_.collateral(file); }
  Result<std::shared_ptr<const TcbInfo>> read_tcb_info(std::string_view body) { return chains_.tcb_info(body); }
  Result<std::shared_ptr<const QeIdentity>> read_qe_identity(std::string_view body) {
    return chains_.qe_identity(body);
  }
  Result<HclRuntimeData> read_hcl_runtime_data(ByteView text) { return chains_.hcl_runtime_data(text); }
  Result<TpmPublic> read_tpm_public(ByteView area) { return chains_.tpm_public(area); }
  Result<crypto::PublicKey> read_quote_key(ByteView point) { return chains_.quote_key(point); }
  Result<std::shared_ptr<const PcrValues>> read_pcrs(ByteView text) { return chains_.pcrs(text); }
  template <class Verify>
  bool holds(std::initializer_list<ByteView> fields, const Verify& verify) {
    return chains_.holds(fields, verify);
  }
  // One revocation list in PEM or DER; nothing and a failure noted when it cannot be read.
  std::optional<crypto::RevocationList> read_revocation_list(ByteView file, std::string_view name);

  // Verifies the path from `leaf` to an anchor, notes it as `name`, and returns it; nothing when there is none.
  // Anchors: the self-signed of `root`; without that role, the vendor's, if they are trusted; with a pinned root, only
  // what has that digest, wherever it stands. `root` and the vendor's certificates serve as intermediates too.
  std::optional<crypto::Chain> check_chain(const crypto::Certificate& leaf, std::span<const crypto::Certificate> others,
                                           std::string_view name, std::span<const crypto::RevocationList> lists = {});
  // Notes until when something else is valid, and that `at` is within.
  bool check_times(UnixMillis from, UnixMillis to, std::string_view name);

  // The nonce, if one was asked for: zero-padded to the 64 bytes of `report_data`, or exactly the field.
  void check_nonce_padded(ByteView report_data);
  void check_nonce_equal(ByteView field);

  // Notes what is left: roles that nobody read, reference values. Call once, last.
  Verdict finish();

 private:
  void note(Reason about, Check::Outcome outcome, std::string_view what);
  void check_nonce(bool equal);
  bool load_anchors();

  const Evidence& evidence_;
  const Policy& policy_;
  const Trust trust_;
  ChainCache& chains_;
  std::array<bool, kRoleCount> read_{};
  bool anchors_loaded_ = false;
  bool anchors_good_ = false;
  std::vector<crypto::Certificate> roots_;    // of Role::kRoot
  std::vector<crypto::Certificate> trusted_;  // of these, or of the vendor, what may be an anchor
  Verdict verdict_;
};

// The kinds. Each takes what it reads and notes what it finds; finish() is the caller's.
void examine_sev_snp(Examination& examination);
void examine_tdx(Examination& examination);
void examine_sgx(Examination& examination);
void examine_nitro(Examination& examination);
void examine_tpm(Examination& examination);
void examine_azure_vtpm(Examination& examination);
void examine_nvidia_gpu(Examination& examination);

// Parts of them that are evidence inside other evidence (Azure's vTPM): no nonce is looked at, and bytes are given
// rather than taken. The report data, if the report is one at all; what failed is noted.
std::optional<std::array<std::byte, 64>> examine_snp_report(Examination& examination, ByteView report,
                                                            std::span<const crypto::Certificate> vek_bundle);
std::optional<std::array<std::byte, 64>> examine_td_quote(Examination& examination, ByteView quote);

}  // namespace redoubt::attest
