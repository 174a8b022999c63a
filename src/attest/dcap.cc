#include "attest/internal/dcap.h"

#include <algorithm>

#include "attest/pck_certificate.h"
#include "base/timestamp.h"

namespace redoubt::attest {

namespace {

// Names of Intel's certificates ("Intel SGX PCK Certificate and Certificate Revocation List Profile Specification").
constexpr std::string_view kPckName = "Intel SGX PCK Certificate";
constexpr std::string_view kProcessorCaName = "Intel SGX PCK Processor CA";
constexpr std::string_view kPlatformCaName = "Intel SGX PCK Platform CA";
constexpr std::string_view kTcbSigningName = "Intel SGX TCB Signing";

// What remembered signatures of collateral are told apart by from those of TPMs.
constexpr std::string_view kCollateralLabel = "collateral";

using Lists = std::vector<crypto::RevocationList>;

bool verify_p256(const crypto::PublicKey& key, ByteView message, ByteView signature) {
  return key.type() == crypto::KeyType::kP256 &&
         key.verify_ecdsa(crypto::HashAlgorithm::kSha256, message, signature.first(32), signature.subspan(32));
}

// One quote of Intel's, with what came with it.
class DcapExamination {
 public:
  DcapExamination(Examination& examination, const IntelQuote& quote, ByteView bytes)
      : examination_(examination), quote_(quote), bytes_(bytes) {}

  void run();

 private:
  void take_collateral();
  void take_single(Role role, std::string_view member, std::optional<SignedJson>& into);
  void take_list(Role role, std::optional<Bytes>& into);
  void require(bool there, std::string_view name);
  void read_lists();
  void judge_pck();
  void judge_list_issuer();
  void judge_signatures();
  bool judge_signed(const SignedJson& json, const std::optional<std::string>& chain, std::string_view name);
  void judge_evaluation_number(std::uint64_t number, std::string_view name);
  void judge_tcb_info();
  bool judge_module(const TcbInfo& info, const TdReport& report, const SvnArray& svns);
  void judge_qe_identity();
  void judge_status();

  Examination& examination_;
  const IntelQuote& quote_;
  const ByteView bytes_;
  IntelCollateral collateral_;
  Lists all_lists_;   // for the path of the PCK
  Lists root_lists_;  // for paths of Intel's other certificates
  std::optional<crypto::RevocationList> pck_list_;
  std::optional<crypto::PublicKey> pck_key_;
  std::optional<crypto::Sha256Digest> pck_issuer_;  // its certificate, once its path was verified with all lists
  std::optional<PckDetails> pck_;
  // At launch, and, of a TDX 1.5 quote, now.
  std::optional<TcbVerdict> launch_;
  std::optional<TcbVerdict> current_;
  std::optional<TcbVerdict> qe_;
};

void DcapExamination::take_single(Role role, std::string_view member, std::optional<SignedJson>& into) {
  const auto file = examination_.take(role);
  if (!file) return;
  auto read = parse_signed_json(as_chars(*file), member);
  const std::string name = "`" + std::string(to_string(role)) + "`";
  if (!read) return examination_.fail(Reason::kMalformed, read.error().in(name).message());
  if (into) return examination_.fail(Reason::kMalformed, name + " is in the collateral, too");
  into = *std::move(read);
}

void DcapExamination::take_list(Role role, std::optional<Bytes>& into) {
  const auto file = examination_.take(role);
  if (!file) return;
  auto read = read_list_bytes(*file);
  const std::string name = "`" + std::string(to_string(role)) + "`";
  if (!read) return examination_.fail(Reason::kMalformed, read.error().in(name).message());
  if (into) return examination_.fail(Reason::kMalformed, name + " is in the collateral, too");
  into = *std::move(read);
}

void DcapExamination::require(bool there, std::string_view name) {
  if (there) return;
  const Policy& policy = examination_.policy();
  if (policy.require_collateral || policy.min_tcb_evaluation > 0) {
    examination_.fail(Reason::kTcb, std::string(name) + " is not given");
  } else {
    examination_.not_asked(Reason::kTcb, std::string(name) + " is not given, which the policy allows");
  }
}

void DcapExamination::take_collateral() {
  if (const auto file = examination_.take(Role::kCollateral)) {
    const auto read = examination_.read_collateral(*file);
    if (read) {
      collateral_ = **read;
    } else {
      examination_.fail(Reason::kMalformed, read.error().in("the collateral").message());
    }
  }
  take_single(Role::kTcbInfo, "tcbInfo", collateral_.tcb_info);
  take_single(Role::kQeIdentity, "enclaveIdentity", collateral_.qe_identity);
  take_list(Role::kPckCrl, collateral_.pck_crl);
  take_list(Role::kRootCrl, collateral_.root_ca_crl);
  if (const auto lender = examination_.take(Role::kTcbIssuerChain)) {
    // Other collateral, of which only this chain is used, or the chain alone.
    std::optional<std::string> chain;
    if (as_chars(*lender).starts_with("-----BEGIN ")) {
      chain = std::string(as_chars(*lender));
    } else if (const auto read = examination_.read_collateral(*lender)) {
      chain = (*read)->tcb_info_issuer_chain;
    }
    if (!chain) {
      examination_.fail(Reason::kMalformed, "`tcb_issuer_chain` has no chain of the TCB info's issuer");
    } else {
      if (!collateral_.tcb_info_issuer_chain) collateral_.tcb_info_issuer_chain = chain;
      if (!collateral_.qe_identity_issuer_chain) collateral_.qe_identity_issuer_chain = chain;
    }
  }
  require(collateral_.tcb_info.has_value(), "TCB info");
  require(collateral_.qe_identity.has_value(), "the QE identity");
  require(collateral_.pck_crl.has_value(), "the revocation list of PCK certificates");
  require(collateral_.root_ca_crl.has_value(), "the revocation list of the root");
  if (collateral_.tee) {
    examination_.check(Reason::kTcb, *collateral_.tee == quote_.tee, "the collateral is for the quote's TEE",
                       "the collateral is for " + std::string(to_string(*collateral_.tee)));
  }
}

void DcapExamination::read_lists() {
  const auto read = [&](const std::optional<Bytes>& file,
                        std::string_view name) -> std::optional<crypto::RevocationList> {
    if (!file) return std::nullopt;
    return examination_.read_revocation_list(*file, name);
  };
  if (const auto list = read(collateral_.root_ca_crl, "the root's list")) root_lists_.push_back(*list);
  all_lists_ = root_lists_;
  pck_list_ = read(collateral_.pck_crl, "the PCK's list");
  if (pck_list_) all_lists_.push_back(*pck_list_);
}

void DcapExamination::judge_pck() {
  const auto certificates = examination_.read_certificates(as_bytes(quote_.pck_chain), "the PCK certificates");
  if (!certificates) return;
  const crypto::Certificate& leaf = certificates->front();
  pck_key_ = leaf.public_key();
  const auto chain =
      examination_.check_chain(leaf, std::span(*certificates).subspan(1), "the PCK certificate", all_lists_);
  if (chain) {
    const auto& path = chain->path;
    if (path.size() > 1) pck_issuer_ = path[1].sha256();
    const bool named =
        leaf.common_name() == kPckName &&
        (path.size() < 2 || path[1].common_name() == kProcessorCaName || path[1].common_name() == kPlatformCaName) &&
        path.size() <= 3;
    examination_.check(Reason::kChain, named, "the path is one of Intel's for a PCK certificate",
                       "the path is not one of Intel's for a PCK certificate");
    // Each list is of somebody in the path; it must be of the one that its place is for.
    if (pck_list_) {
      examination_.check(Reason::kChain, path.size() > 1 && pck_list_->has_issuer_name(path[1]),
                         "the PCK's list is of its issuer", "the PCK's list is not of the PCK's issuer");
    }
    if (!root_lists_.empty()) {
      examination_.check(Reason::kChain, root_lists_[0].has_issuer_name(path.back()), "the root's list is of the root",
                         "the root's list is not of the root");
    }
  }
  auto details = read_pck_details(leaf);
  if (!details) return examination_.fail(Reason::kMalformed, details.error().message());
  pck_ = *details;
  ClaimObject& claims = examination_.claims();
  claims.emplace_back("fmspc", ByteView(pck_->fmspc));
  claims.emplace_back("pce_id", ByteView(pck_->pce_id));
  claims.emplace_back("pce_svn", std::uint64_t{pck_->pce_svn});
  claims.emplace_back("platform_cpu_svn", ByteView(pck_->cpu_svn));
  claims.emplace_back("ppid", ByteView(pck_->ppid));
  claims.emplace_back("sgx_type", std::uint64_t{pck_->sgx_type});
  if (pck_->platform_instance_id) claims.emplace_back("platform_instance_id", ByteView(*pck_->platform_instance_id));
  if (pck_->dynamic_platform) claims.emplace_back("dynamic_platform", *pck_->dynamic_platform);
  if (pck_->cached_keys) claims.emplace_back("cached_keys", *pck_->cached_keys);
  if (pck_->smt_enabled) claims.emplace_back("smt_enabled", *pck_->smt_enabled);
}

// The chain that came with the PCK's list says who issued it, and must say so rightly: a list that is of nobody in the
// path is a failure.
void DcapExamination::judge_list_issuer() {
  if (!collateral_.pck_crl_issuer_chain) return;
  const auto chain =
      examination_.read_certificates(as_bytes(*collateral_.pck_crl_issuer_chain), "the issuers of the PCK's list");
  if (!chain) return;
  if (pck_issuer_ == chain->front().sha256()) {
    return examination_.pass(Reason::kChain, "the PCK's list came with the chain of the PCK's issuer");
  }
  examination_.check_chain(chain->front(), std::span(*chain).subspan(1), "the issuer of the PCK's list", all_lists_);
}

void DcapExamination::judge_signatures() {
  if (pck_key_) {
    examination_.check(Reason::kSignature, verify_p256(*pck_key_, quote_.qe_report_bytes, quote_.qe_signature),
                       "the quoting enclave's report is signed by the PCK",
                       "the quoting enclave's report is not signed by the PCK");
  }
  const crypto::Digest bound =
      crypto::digest(crypto::HashAlgorithm::kSha256, {quote_.attestation_key, quote_.qe_auth_data});
  const ByteView data = quote_.qe_report.report_data;
  const bool zero = std::ranges::all_of(data.subspan(32), [](std::byte each) { return each == std::byte{0}; });
  examination_.check(Reason::kBinding, zero && std::ranges::equal(data.first(32), bound.view()),
                     "the quoting enclave vouches for the attestation key",
                     "the quoting enclave does not vouch for the attestation key");
  const auto key = examination_.read_quote_key(quote_.attestation_key);
  if (!key) return examination_.fail(Reason::kMalformed, key.error().in("the attestation key").message());
  examination_.check(Reason::kSignature, verify_p256(*key, quote_.signed_part, quote_.signature),
                     "the quote is signed by the attestation key", "the quote is not signed by the attestation key");
  // Intel signs no quoting enclave that may be debugged; whoever debugs one has its key.
  examination_.check(Reason::kDebug, (quote_.qe_report.flags() & SgxReport::kDebug) == 0,
                     "the quoting enclave is no debug enclave", "the quoting enclave is a debug enclave");
}

// Whether signed JSON is of Intel's.
bool DcapExamination::judge_signed(const SignedJson& json, const std::optional<std::string>& chain_text,
                                   std::string_view name) {
  if (!chain_text) {
    examination_.fail(Reason::kChain, std::string(name) + " came without the chain of its issuer");
    return false;
  }
  const auto chain = examination_.read_certificates(as_bytes(*chain_text), name);
  if (!chain) return false;
  const crypto::Certificate& signer = chain->front();
  const bool leads =
      examination_.check_chain(signer, std::span(*chain).subspan(1), "the signer of " + std::string(name), root_lists_)
          .has_value();
  const bool named = examination_.check(Reason::kChain, signer.common_name() == kTcbSigningName,
                                        std::string(name) + " is of Intel's signer of TCB data",
                                        std::string(name) + " is not of Intel's signer of TCB data");
  // The same for every quote of a platform, and for as long as it is the newest.
  const bool good =
      examination_.holds({as_bytes(kCollateralLabel), signer.sha256(), json.signature, as_bytes(json.body)},
                         [&] { return verify_p256(signer.public_key(), as_bytes(json.body), json.signature); });
  examination_.check(Reason::kSignature, good, std::string(name) + " is signed by its issuer",
                     std::string(name) + " is not signed by its issuer");
  return leads && named && good;
}

void DcapExamination::judge_evaluation_number(std::uint64_t number, std::string_view name) {
  const std::uint64_t least = examination_.policy().min_tcb_evaluation;
  if (least == 0) return;
  examination_.check(
      Reason::kTcb, number >= least, std::string(name) + " is of an evaluation that is new enough",
      std::string(name) + " is of TCB evaluation " + std::to_string(number) + ", older than " + std::to_string(least));
}

bool DcapExamination::judge_module(const TcbInfo& info, const TdReport& report, const SvnArray& svns) {
  const TdxModule* module = info.tdx_module ? &*info.tdx_module : nullptr;
  if (svns[1] > 0) {
    const TdxModuleIdentity* identity = find_tdx_module(info.tdx_modules, svns[1]);
    module = identity == nullptr ? nullptr : &identity->module;
  }
  if (module == nullptr) {
    return examination_.check(Reason::kTcb, false, "", "TCB info knows no TDX module of this version");
  }
  bool same = module->mr_signer == report.mr_signer_seam;
  for (std::size_t i = 0; i < report.seam_attributes.size(); ++i) {
    same = same && (report.seam_attributes[i] & module->attributes_mask[i]) == module->attributes[i];
  }
  return examination_.check(Reason::kTcb, same, "the TDX module is the one that TCB info describes",
                            "the TDX module has another signer or other attributes than TCB info says");
}

void DcapExamination::judge_tcb_info() {
  if (!collateral_.tcb_info || !judge_signed(*collateral_.tcb_info, collateral_.tcb_info_issuer_chain, "TCB info")) {
    return;
  }
  const auto read = examination_.read_tcb_info(collateral_.tcb_info->body);
  if (!read) return examination_.fail(Reason::kMalformed, read.error().message());
  const std::shared_ptr<const TcbInfo>& info = *read;
  examination_.check_times(info->issued, info->next_update, "TCB info");
  judge_evaluation_number(info->evaluation_number, "TCB info");
  ClaimObject& claims = examination_.claims();
  claims.emplace_back("tcb_evaluation_number", info->evaluation_number);
  if (!pck_) return;
  if (!examination_.check(
          Reason::kTcb, info->id == to_string(quote_.tee) && info->fmspc == pck_->fmspc && info->pce_id == pck_->pce_id,
          "TCB info is of the platform's kind", "TCB info is of another kind of platform")) {
    return;
  }
  PlatformSvns svns{.sgx_svns = pck_->component_svns, .pce_svn = pck_->pce_svn, .tee_tcb_svn = std::nullopt};
  const auto judge = [&](const std::string& when) -> std::optional<TcbVerdict> {
    const PlatformStatus status = judge_platform(info->levels, info->tdx_modules, svns);
    if (!examination_.check(Reason::kTcb, status.platform && (!status.has_module || status.module),
                            "the platform has a TCB level" + when,
                            "the platform has none of the TCB levels that are known" + when)) {
      return std::nullopt;
    }
    return status.module ? converge(*status.platform, *status.module) : *status.platform;
  };
  const TdReport* report = std::get_if<TdReport>(&quote_.report);
  if (report == nullptr) {
    launch_ = judge("");
    return;
  }
  const auto numbers = [](const std::array<std::byte, 16>& bytes) {
    SvnArray out{};
    std::ranges::transform(bytes, out.begin(), [](std::byte each) { return static_cast<std::uint8_t>(each); });
    return out;
  };
  svns.tee_tcb_svn = numbers(report->tee_tcb_svn);
  if (!judge_module(*info, *report, *svns.tee_tcb_svn)) return;
  launch_ = judge(report->tee_tcb_svn2 ? " at launch" : "");
  if (!launch_ || !report->tee_tcb_svn2) return;
  svns.tee_tcb_svn = numbers(*report->tee_tcb_svn2);
  current_ = judge(" now");
  if (!current_) launch_.reset();
}

void DcapExamination::judge_qe_identity() {
  if (!collateral_.qe_identity) {
    return examination_.not_asked(Reason::kTcb, "whose enclave signed the quote is not proven without a QE identity");
  }
  if (!judge_signed(*collateral_.qe_identity, collateral_.qe_identity_issuer_chain, "the QE identity")) return;
  const auto read = examination_.read_qe_identity(collateral_.qe_identity->body);
  if (!read) return examination_.fail(Reason::kMalformed, read.error().message());
  const std::shared_ptr<const QeIdentity>& identity = *read;
  examination_.check_times(identity->issued, identity->next_update, "the QE identity");
  judge_evaluation_number(identity->evaluation_number, "the QE identity");
  const SgxReport& qe = quote_.qe_report;
  const auto equal_masked = [](ByteView has, ByteView mask, ByteView expected) {
    for (std::size_t i = 0; i < has.size(); ++i) {
      if ((has[i] & mask[i]) != expected[i]) return false;
    }
    return true;
  };
  const bool same = identity->id == (quote_.tee == IntelTee::kTdx ? "TD_QE" : "QE") &&
                    identity->mr_signer == qe.mr_signer && identity->isv_prod_id == qe.isv_prod_id &&
                    equal_masked(qe.misc_select, identity->misc_select_mask, identity->misc_select) &&
                    equal_masked(qe.attributes, identity->attributes_mask, identity->attributes);
  if (!examination_.check(Reason::kTcb, same, "the quoting enclave is the one of the QE identity",
                          "the quoting enclave is not the one of the QE identity")) {
    return;
  }
  const IsvLevel* level = find_level(identity->levels, qe.isv_svn);
  if (examination_.check(Reason::kTcb, level != nullptr, "the quoting enclave has a TCB level",
                         "the quoting enclave has none of the TCB levels that are known")) {
    qe_ = level->verdict;
  }
}

void DcapExamination::judge_status() {
  ClaimObject& claims = examination_.claims();
  if (qe_) claims.emplace_back("qe_tcb_status", std::string(to_string(qe_->status)));
  if (!launch_) return;
  claims.emplace_back("platform_tcb_status", std::string(to_string(launch_->status)));
  TcbVerdict verdict = qe_ ? converge(*launch_, *qe_) : *launch_;
  if (current_) {
    const TcbVerdict now = qe_ ? converge(*current_, *qe_) : *current_;
    verdict.status = judge_relaunch(verdict.status, now.status);
    claims.emplace_back("current_tcb_status", std::string(to_string(now.status)));
  }
  ClaimList advisories;
  for (const std::string& each : verdict.advisories) advisories.emplace_back(each);
  const std::string status(to_string(verdict.status));
  claims.emplace_back("tcb_status", status);
  claims.emplace_back("tcb_date", format_timestamp(verdict.date));
  claims.emplace_back("advisories", std::move(advisories));
  const auto& allowed = examination_.policy().allow_tcb;
  examination_.check(Reason::kTcb, std::ranges::find(allowed, status) != allowed.end(),
                     "the policy allows the TCB status " + status,
                     "the policy does not allow the TCB status " + status);
}

void DcapExamination::run() {
  examination_.check_size(bytes_, quote_.size, "the quote");
  take_collateral();
  read_lists();
  judge_pck();
  judge_list_issuer();
  judge_signatures();
  judge_tcb_info();
  judge_qe_identity();
  judge_status();
}

}  // namespace

std::optional<IntelQuote> examine_dcap_quote(Examination& examination, ByteView bytes, IntelTee tee) {
  const auto quote = parse_intel_quote(bytes);
  if (!quote) {
    examination.fail(Reason::kMalformed, quote.error().message());
    return std::nullopt;
  }
  if (quote->tee != tee) {
    examination.fail(Reason::kMalformed, "the quote is of " + std::string(to_string(quote->tee)));
    return std::nullopt;
  }
  examination.claims().emplace_back("version", std::uint64_t{quote->version});
  DcapExamination(examination, *quote, bytes).run();
  return *quote;
}

}  // namespace redoubt::attest
