#include "redoubt/state_tables.h"

#include <cstdio>
#include <optional>
#include <thread>

#include "redoubt/enclave/offline_keys.h"
#include "redoubt/offline_state.h"
#include "state/rebuild.h"

namespace redoubt::app {
namespace {

using state::RebuildReport;

// Beside a running server the tables may be some facts ahead of what is published of the ledger, for a moment.
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kBetween{300};

Result<RebuildReport> check(const Layout& layout, OfflineState& offline) {
  auto report = state::check_tables(tables_path(layout), offline.projections(), offline.source());
  for (int i = 1; i < kTries && !report && report.error().code() == Errc::kVerifyFailed; ++i) {
    std::this_thread::sleep_for(kBetween);
    report = state::check_tables(tables_path(layout), offline.projections(), offline.source());
  }
  return report;
}

Result<RebuildReport> rebuild(const Layout& layout, OfflineState& offline) {
  const auto lock = lock_out_server(layout);
  if (!lock) return lock.error();
  return state::rebuild(tables_path(layout), offline.projections(), offline.source());
}

void print(const RebuildReport& report, const OfflineState& offline, bool only_checked) {
  std::printf("facts        %llu", static_cast<unsigned long long>(report.facts));
  if (report.applied) std::printf(", the last at %llu", static_cast<unsigned long long>(*report.applied));
  if (report.snapshot) std::printf(", from the snapshot at %llu on", static_cast<unsigned long long>(*report.snapshot));
  std::printf("\n");
  if (offline.unopened() > 0) {
    std::printf("not opened   the values of %llu facts: a table that holds such differs for that reason\n",
                static_cast<unsigned long long>(offline.unopened()));
  }
  for (const RebuildReport::Table& table : report.tables) {
    const char* const verdict = !report.compared        ? "made"
                                : table.equal()         ? "equal"
                                : table.found.empty()   ? "MISSING"
                                : table.rebuilt.empty() ? "UNKNOWN"
                                                        : "DIFFERS";
    std::printf("%-8s %s  %s\n", verdict, (table.rebuilt.empty() ? table.found : table.rebuilt).substr(0, 16).c_str(),
                table.name.c_str());
  }
  if (!report.compared) {
    std::printf("not compared: %s\n", report.why_not_compared.c_str());
  } else if (report.equal()) {
    std::printf("all %zu tables are equal\n", report.tables.size());
  } else {
    std::printf("the tables are not those that the ledger makes%s\n",
                only_checked ? ": `redoubt state rebuild` puts those in their place" : "; now they are");
  }
}

void print_json(const RebuildReport& report, const OfflineState& offline, bool only_checked) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", report.equal() || !only_checked);
  json.member("facts", report.facts);
  if (report.applied) json.member("applied", *report.applied);
  if (report.snapshot) json.member("snapshot", *report.snapshot);
  json.member("unopened", offline.unopened());
  json.member("compared", report.compared);
  if (!report.compared) json.member("why_not_compared", report.why_not_compared);
  json.key("tables");
  json.begin_array();
  for (const RebuildReport::Table& table : report.tables) {
    json.begin_object();
    json.member("table", table.name);
    json.member("equal", table.equal());
    json.member("rebuilt", table.rebuilt);
    json.member("found", table.found);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_state_rebuild(const Common& common, const RebuildOptions& options) {
  const Layout layout(common.dir);
  std::optional<keys::KeyStore> keys;
  if (!options.without_values) {
    auto opened = open_store_offline(layout, false);
    if (!opened) return report(opened.error(), common.json);
    keys = *std::move(opened);
  }
  auto offline = OfflineState::open(layout, keys ? &*keys : nullptr);
  if (!offline) return report(offline.error(), common.json);
  const auto done = options.check ? check(layout, **offline) : rebuild(layout, **offline);
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    print_json(*done, **offline, options.check);
  } else {
    print(*done, **offline, options.check);
  }
  // What was made anew is right, whatever was there before.
  return done->equal() || !options.check ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
