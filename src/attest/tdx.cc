#include <algorithm>

#include "attest/internal/dcap.h"
#include "attest/internal/dstack_log.h"
#include "attest/internal/event_log.h"
#include "attest/internal/zero.h"

namespace redoubt::attest {

namespace {

void add_claims(ClaimObject& out, const TdReport& report) {
  const auto add = [&](const char* name, ByteView bytes) { out.emplace_back(name, bytes); };
  const auto has = [&](std::uint64_t flag) { return (report.attributes() & flag) != 0; };
  add("mrtd", report.mr_td);
  ClaimList rtmrs;
  for (const auto& each : report.rtmrs) rtmrs.emplace_back(ByteView(each));
  out.emplace_back("rtmrs", std::move(rtmrs));
  // The same by index, so that a reference value can leave out one that differs from machine to machine.
  ClaimObject by_index;
  for (std::size_t i = 0; i < report.rtmrs.size(); ++i) {
    by_index.emplace_back(std::to_string(i), ByteView(report.rtmrs[i]));
  }
  out.emplace_back("rtmr", std::move(by_index));
  add("report_data", report.report_data);
  add("td_attributes", report.td_attributes);
  out.emplace_back("debug", report.debug());
  out.emplace_back("sept_ve_disable", has(TdReport::kSeptVeDisable));
  out.emplace_back("migratable", has(TdReport::kMigratable));
  out.emplace_back("pks", has(TdReport::kPks));
  out.emplace_back("key_locker", has(TdReport::kKeyLocker));
  out.emplace_back("icssd", has(TdReport::kIcssd));
  out.emplace_back("lass", has(TdReport::kLass));
  out.emplace_back("tpa", has(TdReport::kTpa));
  out.emplace_back("perfmon", has(TdReport::kPerfmon));
  add("xfam", report.xfam);
  add("mrconfigid", report.mr_config_id);
  add("mrowner", report.mr_owner);
  add("mrownerconfig", report.mr_owner_config);
  add("mrseam", report.mr_seam);
  add("mrsignerseam", report.mr_signer_seam);
  add("seam_attributes", report.seam_attributes);
  add("tee_tcb_svn", report.tee_tcb_svn);
  if (report.tee_tcb_svn2) add("tee_tcb_svn2", *report.tee_tcb_svn2);
  if (report.mr_service_td) add("mrservicetd", *report.mr_service_td);
}

std::optional<TdReport> examine_td(Examination& examination, ByteView bytes) {
  const auto quote = examine_dcap_quote(examination, bytes, IntelTee::kTdx);
  if (!quote) return std::nullopt;
  const auto& report = std::get<TdReport>(quote->report);
  add_claims(examination.claims(), report);
  // A production module of Intel's has neither; with TCB info this is compared again.
  examination.check(Reason::kTcb, is_zero(report.mr_signer_seam) && is_zero(report.seam_attributes),
                    "the TDX module is a production module of Intel's",
                    "the TDX module is no production module of Intel's");
  const bool debug = report.debug();
  examination.check(Reason::kDebug, !debug || examination.policy().allow_debug,
                    debug ? "the host may debug the trust domain, which the policy allows"
                          : "the host may not debug the trust domain",
                    "the host may debug the trust domain: it can read and change its memory");
  return report;
}

// The log's replay, noted as a part of the evidence; nothing when none was given, or it cannot be read.
std::optional<LogReplay> take_log(Examination& examination) {
  const auto bytes = examination.take(Role::kEventLog);
  if (!bytes) return std::nullopt;
  auto replay = replay_cc_log(*bytes);
  if (!replay) {
    examination.fail(Reason::kMalformed, replay.error().in("the event log").message());
    return std::nullopt;
  }
  note_log(examination, *replay);
  return *std::move(replay);
}

// The same of a log of dstack's, with what it claims.
std::optional<DstackLog> take_dstack_log(Examination& examination) {
  const auto bytes = examination.take(Role::kEventLog);
  auto log = replay_dstack_log(as_chars(*bytes));
  if (!log) {
    examination.fail(Reason::kMalformed, log.error().message());
    return std::nullopt;
  }
  examination.claims().emplace_back("dstack", log->claims);
  return *std::move(log);
}

void check_with_dstack_log(Examination& examination, const std::optional<TdReport>& report) {
  const auto log = take_dstack_log(examination);
  if (!report) return;
  examination.check_nonce_padded(report->report_data);
  if (!log) return;
  examination.check(Reason::kEventLog, std::ranges::equal(log->rtmr3.view(), report->rtmrs[3]),
                    "the dstack log replays to RTMR3", "the dstack log does not replay to RTMR3");
}

// A log alone proves nothing: its claims are what the registers would have to be.
void examine_log_alone(Examination& examination, bool is_dstack) {
  if (is_dstack) {
    const auto log = take_dstack_log(examination);
    if (!log) return;
    examination.claims().emplace_back("rtmr", ClaimObject{{"3", log->rtmr3.view()}});
  } else {
    const auto replay = take_log(examination);
    if (!replay) return;
    ClaimList rtmrs;
    for (const auto& [index, value] : replay->registers) rtmrs.emplace_back(value.view());
    examination.claims().emplace_back("rtmrs", std::move(rtmrs));
  }
  examination.not_asked(Reason::kSignature, "a log alone is signed by nobody");
  examination.check_nonce_equal({});
}

}  // namespace

std::optional<std::array<std::byte, 64>> examine_td_quote(Examination& examination, ByteView quote) {
  const auto report = examine_td(examination, quote);
  if (!report) return std::nullopt;
  return report->report_data;
}

void examine_tdx(Examination& examination) {
  const auto log = examination.take(Role::kEventLog);
  const bool is_dstack = log && looks_like_dstack_log(*log);
  if (log && !examination.has(Role::kQuote)) return examine_log_alone(examination, is_dstack);
  const auto bytes = examination.need(Role::kQuote);
  if (!bytes) return;
  const auto report = examine_td(examination, *bytes);
  if (is_dstack) return check_with_dstack_log(examination, report);
  const auto replay = take_log(examination);
  if (!report) return;
  examination.check_nonce_padded(report->report_data);
  if (!replay) return;
  for (std::size_t i = 0; i < report->rtmrs.size(); ++i) {
    const auto found = replay->registers.find(static_cast<unsigned>(i));
    const std::string name = "RTMR" + std::to_string(i);
    examination.check(Reason::kEventLog,
                      found != replay->registers.end() && std::ranges::equal(found->second.view(), report->rtmrs[i]),
                      "the log replays to " + name, "the log does not replay to " + name);
  }
}

}  // namespace redoubt::attest
