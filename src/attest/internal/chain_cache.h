// What was read and verified once: certificates, bundles of them, lists and collateral by their bytes, and paths whose
// signatures hold; TPMs' keys and PCRs, and signatures that are not over a question. Time is no part of what is
// remembered. Reading a certificate costs over half as much as verifying a signature with it.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "attest/hcl_report.h"
#include "attest/intel_collateral.h"
#include "attest/internal/byte_cache.h"
#include "attest/internal/fields.h"
#include "attest/internal/pcr_values.h"
#include "attest/internal/signed_xml.h"
#include "attest/tpm_structures.h"
#include "base/result.h"
#include "crypto/x509.h"

namespace redoubt::attest {

// One thread at a time. Keeps the `capacity` paths, certificates, bundles of certificates, and lists that were used
// last; files above kMaxFileBytes are read each time. Of what there is one of for many machines, signed XML and
// collateral, it keeps kMaxDocuments.
class ChainCache {
 public:
  static constexpr std::size_t kMaxFileBytes = 64 * 1024;
  static constexpr std::size_t kMaxDocuments = 8;                 // of signed XML, of up to SignedXml::kMaxBytes each
  static constexpr std::size_t kMaxCollateral = 16;               // files, TCB infos, QE identities
  static constexpr std::size_t kMaxCollateralBytes = 128 * 1024;  // of each; above, they are read each time
  // Of a TPM's key, of what has one, and of PCRs as text; above, they are read each time.
  static constexpr std::size_t kMaxTpmKeyBytes = 4 * 1024;

  explicit ChainCache(std::size_t capacity)
      : chains_(capacity),
        certificates_(capacity),
        bundles_(capacity),
        lists_(capacity),
        tpm_keys_(capacity),
        pcrs_(capacity),
        quote_keys_(capacity),
        hcl_runtime_data_(capacity),
        signatures_(capacity) {}

  // As crypto::verify_chain(), for the same question. INVARIANT: what it is found by covers the bytes of every
  // certificate and list of the question, in their roles, so that what is found was verified from the very same bytes.
  tl::expected<crypto::Chain, crypto::ChainProblem> verify(const crypto::ChainQuestion& question);

  // Certificates in PEM or DER, as files have them. Errors of crypto::Certificate.
  Result<std::vector<crypto::Certificate>> certificates(ByteView file);
  // One revocation list in PEM or DER. Errors of crypto::RevocationList.
  Result<crypto::RevocationList> list(ByteView file);
  // Certificates that were read elsewhere, for files that have them, too; they outlive this. In place of those that
  // were told before.
  using Read = std::array<std::span<const crypto::Certificate>, 2>;
  void know(const Read& certificates) { read_elsewhere_ = certificates; }

  // XML with an enveloped signature, which is still to be verified: manifests, of which there is one for many machines.
  // Errors of read_signed_xml().
  Result<std::shared_ptr<const SignedXml>> signed_xml(std::string_view text);

  // As parse_intel_collateral(), parse_tcb_info() and parse_qe_identity(). Nothing of it is believed: signatures and
  // times are still to be looked at.
  Result<std::shared_ptr<const IntelCollateral>> collateral(ByteView file);
  Result<std::shared_ptr<const TcbInfo>> tcb_info(std::string_view body);
  Result<std::shared_ptr<const QeIdentity>> qe_identity(std::string_view body);

  // As parse_tpm_public(): a machine shows the same key each time.
  Result<TpmPublic> tpm_public(ByteView area);
  // The key that a quoting enclave of Intel's signs with, and keeps: x and y on P-256, of 32 bytes each. Errors of
  // crypto::PublicKey::from_point().
  Result<crypto::PublicKey> quote_key(ByteView point);
  // As parse_pcrs(): a machine shows the same until it boots again. Nothing of it is believed.
  Result<std::shared_ptr<const PcrValues>> pcrs(ByteView text);
  // As parse_hcl_runtime_data(), likewise.
  Result<HclRuntimeData> hcl_runtime_data(ByteView text);
  // Whether `verify` says yes, now or about the same before: of signatures that are not over a question. INVARIANT: the
  // fields say which key, which signature, what is signed, and whatever else the answer depends on. Above kMaxFileBytes
  // it is asked each time.
  template <class Verify>
  bool holds(std::initializer_list<ByteView> fields, const Verify& verify) {
    const Bytes of = join_fields(fields);
    if (of.size() > kMaxFileBytes) return verify();
    if (signatures_.find(of) != nullptr) return true;
    if (!verify()) return false;
    signatures_.put(of, Held{});
    return true;
  }

  std::size_t hits() const { return hits_; }  // of verify()

 private:
  struct Held {};

  // Files repeat certificates: each chain of a vendor ends in the same root.
  Result<crypto::Certificate> certificate(ByteView der);
  Result<std::vector<crypto::Certificate>> read_pem(std::string_view text);

  std::size_t hits_ = 0;
  Read read_elsewhere_;
  ByteCache<crypto::Chain> chains_;
  ByteCache<crypto::Certificate> certificates_;
  ByteCache<std::vector<crypto::Certificate>> bundles_;
  ByteCache<crypto::RevocationList> lists_;
  ByteCache<std::shared_ptr<const SignedXml>> documents_{kMaxDocuments};
  ByteCache<std::shared_ptr<const IntelCollateral>> collateral_{kMaxCollateral};
  ByteCache<std::shared_ptr<const TcbInfo>> tcb_infos_{kMaxCollateral};
  ByteCache<std::shared_ptr<const QeIdentity>> qe_identities_{kMaxCollateral};
  ByteCache<TpmPublic> tpm_keys_;
  ByteCache<std::shared_ptr<const PcrValues>> pcrs_;
  ByteCache<crypto::PublicKey> quote_keys_;
  ByteCache<HclRuntimeData> hcl_runtime_data_;
  ByteCache<Held> signatures_;
};

}  // namespace redoubt::attest
