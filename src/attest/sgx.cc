#include "attest/internal/dcap.h"

namespace redoubt::attest {

namespace {

void add_claims(ClaimObject& out, const SgxReport& report) {
  const auto add = [&](const char* name, ByteView bytes) { out.emplace_back(name, bytes); };
  const auto has = [&](std::uint64_t flag) { return (report.flags() & flag) != 0; };
  add("mrenclave", report.mr_enclave);
  add("mrsigner", report.mr_signer);
  out.emplace_back("isv_prod_id", std::uint64_t{report.isv_prod_id});
  out.emplace_back("isv_svn", std::uint64_t{report.isv_svn});
  add("report_data", report.report_data);
  add("cpu_svn", report.cpu_svn);
  add("misc_select", report.misc_select);
  add("attributes", report.attributes);
  out.emplace_back("debug", has(SgxReport::kDebug));
  out.emplace_back("mode64", has(SgxReport::kMode64));
  out.emplace_back("provision_key", has(SgxReport::kProvisionKey));
  out.emplace_back("einit_token_key", has(SgxReport::kEinitTokenKey));
  out.emplace_back("kss", has(SgxReport::kKss));
  add("config_id", report.config_id);
  out.emplace_back("config_svn", std::uint64_t{report.config_svn});
  add("isv_ext_prod_id", report.isv_ext_prod_id);
  add("isv_family_id", report.isv_family_id);
}

}  // namespace

void examine_sgx(Examination& examination) {
  const auto bytes = examination.need(Role::kQuote);
  if (!bytes) return;
  const auto quote = examine_dcap_quote(examination, *bytes, IntelTee::kSgx);
  if (!quote) return;
  const auto& report = std::get<SgxReport>(quote->report);
  add_claims(examination.claims(), report);
  examination.check(Reason::kMalformed, (report.flags() & SgxReport::kInit) != 0, "the enclave is initialised",
                    "the report is of an enclave that is not initialised");
  const bool debug = (report.flags() & SgxReport::kDebug) != 0;
  examination.check(
      Reason::kDebug, !debug || examination.policy().allow_debug,
      debug ? "the host may debug the enclave, which the policy allows" : "the host may not debug the enclave",
      "the host may debug the enclave: it can read and change its memory");
  examination.check_nonce_padded(report.report_data);
}

}  // namespace redoubt::attest
