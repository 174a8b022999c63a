// `redoubt ledger fsck`: whether the ledger's files are what they were, without changing them.
#include <unistd.h>

#include <cstdio>

#include "base/file.h"
#include "ledger/fsck.h"
#include "redoubt/commands.h"
#include "redoubt/ledger_folder.h"
#include "redoubt/standing.h"

namespace redoubt::app {
namespace {

using ledger::CheckedLog;
using ledger::Finding;
using ledger::LedgerCheck;

unsigned long long n(std::uint64_t value) {
  return value;
}

void show_progress(std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  std::fprintf(stderr, "\r%llu of %llu MiB of segments", n(done / kMiB), n(total / kMiB));
  if (done == total) std::fprintf(stderr, "\r\033[K");
}

std::string_view log_name(const CheckedLog& log) {
  return log.tenant.empty() ? ledger::kSystemLogName : std::string_view(log.tenant);
}

void print(const char* kind, const Finding& finding) {
  std::printf("%s  %s", kind, finding.file.c_str());
  if (finding.offset) std::printf(", offset %llu", n(*finding.offset));
  if (!finding.log.empty()) std::printf(", log %s", finding.log.c_str());
  if (finding.entry) std::printf(", entry %llu", n(*finding.entry));
  std::printf("\n         %s\n         to do: %s\n", finding.what.c_str(), finding.remedy.c_str());
}

void print(const LedgerCheck& check) {
  for (const Finding& problem : check.problems) print("problem", problem);
  for (const Finding& note : check.notes) print("note   ", note);
  for (const std::string& name : check.unknown) std::printf("unknown  %s: not checked\n", name.c_str());
  std::printf("segments    %llu (%llu bytes), %llu commits%s%s\n", n(check.segments), n(check.segment_bytes),
              n(check.commits), check.torn ? ", the last one cut short" : "",
              check.growing ? ", growing: the last ones not read" : "");
  std::printf("entries     %llu\n", n(check.entries));
  for (const CheckedLog& log : check.logs) {
    std::printf("log         %s: %llu entries, %llu under its checkpoint, %llu bytes, %llu openings, %llu open\n",
                std::string(log_name(log)).c_str(), n(log.entries), n(log.published), n(log.stored_bytes),
                n(log.openings), n(log.open_admissions));
  }
  std::printf("openings    %llu (%llu bytes): their form is checked; only the keeper opens them\n", n(check.openings),
              n(check.opening_bytes));
  std::printf("open        %llu admissions without outcome\n", n(check.open_count));
  std::printf("freshness   %s\n", std::string(kFreshnessNotAsked).c_str());
  if (check.problem_count == 0) {
    std::printf("no problem\n");
    return;
  }
  std::printf("%llu problem%s%s\n", n(check.problem_count), check.problem_count == 1 ? "" : "s",
              check.problem_count > check.problems.size() ? ", of which the first are shown" : "");
}

void write(encoding::JsonWriter& json, std::string_view name, const std::vector<Finding>& findings) {
  json.key(name);
  json.begin_array();
  for (const Finding& finding : findings) {
    json.begin_object();
    json.member("file", finding.file);
    if (finding.offset) json.member("offset", *finding.offset);
    if (!finding.log.empty()) json.member("log", finding.log);
    if (finding.entry) json.member("entry", *finding.entry);
    json.member("what", finding.what);
    json.member("remedy", finding.remedy);
    json.end_object();
  }
  json.end_array();
}

void print_json(const LedgerCheck& check) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", check.problem_count == 0);
  json.member("problem_count", check.problem_count);
  json.member("freshness", kFreshnessNotAsked);
  write(json, "problems", check.problems);
  write(json, "notes", check.notes);
  json.key("unknown");
  json.begin_array();
  for (const std::string& name : check.unknown) json.value(name);
  json.end_array();
  json.member("segments", check.segments);
  json.member("segment_bytes", check.segment_bytes);
  json.member("commits", check.commits);
  json.member("entries", check.entries);
  json.member("openings", check.openings);
  json.member("opening_bytes", check.opening_bytes);
  json.member("torn", check.torn);
  json.member("growing", check.growing);
  json.member("open_count", check.open_count);
  json.key("open");
  json.begin_array();
  for (const ledger::OpenAdmission& open : check.open) {
    json.begin_object();
    json.member("log", log_name(check.logs[open.log]));
    json.member("index", open.index);
    json.end_object();
  }
  json.end_array();
  json.key("logs");
  json.begin_array();
  for (const CheckedLog& log : check.logs) {
    json.begin_object();
    json.member("log", log_name(log));
    json.member("origin", log.origin);
    json.member("entries", log.entries);
    json.member("published", log.published);
    json.member("stored_bytes", log.stored_bytes);
    json.member("openings", log.openings);
    json.member("open", log.open_admissions);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_ledger_fsck(const Common& common, const LedgerAccess& access, const std::string& where) {
  PosixFileSystem fs;
  const LedgerFolder folder = find_ledger(common, where);
  Common keys = common;
  keys.dir = folder.redoubt;
  const auto key = verifier_key(keys, access);
  if (!key) return report(key.error(), common.json);
  const bool progress = ::isatty(STDERR_FILENO) == 1 && !common.json;
  const tlog::VerifierKey log_keys[] = {*key};
  const auto check = ledger::check_ledger(fs, folder.ledger, log_keys,
                                          progress ? ledger::CheckProgress(show_progress) : ledger::CheckProgress());
  if (!check) return report(check.error(), common.json);
  if (common.json) {
    print_json(*check);
  } else {
    print(*check);
  }
  return check->problem_count == 0 ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
