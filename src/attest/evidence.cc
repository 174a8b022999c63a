#include "attest/evidence.h"

#include <algorithm>

namespace redoubt::attest {

namespace {

constexpr std::array<std::string_view, kKinds.size()> kKindNames{"sev-snp", "tdx",        "sgx",       "nitro",
                                                                 "tpm",     "azure-vtpm", "nvidia-gpu"};
constexpr std::array<std::string_view, kRoleCount> kRoleNames{
    "root",       "chain",       "vek",       "crl",      "report",           "quote",     "collateral",
    "tcb_info",   "qe_identity", "pck_crl",   "root_crl", "tcb_issuer_chain", "event_log", "document",
    "ak",         "attest",      "signature", "pcrs",     "evidence",         "ak_cert",   "ek_cert",
    "hcl_report", "tpm_quote",   "td_quote",  "rim"};

template <class E, std::size_t N>
std::optional<E> find(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::ranges::find(names, name);
  if (at == names.end()) return std::nullopt;
  return static_cast<E>(at - names.begin());
}

}  // namespace

std::string_view to_string(Kind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}
std::optional<Kind> find_kind(std::string_view name) {
  return find<Kind>(kKindNames, name);
}
std::string_view to_string(Role role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}
std::optional<Role> find_role(std::string_view name) {
  return find<Role>(kRoleNames, name);
}

bool has_statement_of_machine(Kind kind, const Inputs& inputs) {
  switch (kind) {
    case Kind::kSevSnp:
      return inputs.has(Role::kReport);
    case Kind::kTdx:
    case Kind::kSgx:
      return inputs.has(Role::kQuote);
    case Kind::kNitro:
      return inputs.has(Role::kDocument);
    case Kind::kTpm:
      return inputs.has(Role::kAttest) || inputs.has(Role::kEvidence);
    case Kind::kAzureVtpm:
      return inputs.has(Role::kTpmQuote) || inputs.has(Role::kEvidence);
    case Kind::kNvidiaGpu:
      return inputs.has(Role::kReport) || inputs.has(Role::kEvidence);
  }
  return false;
}

}  // namespace redoubt::attest
