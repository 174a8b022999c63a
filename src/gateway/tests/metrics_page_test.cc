#include "gateway/metrics_page.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace redoubt::gateway {
namespace {

// Whether the page has this line.
bool has_line(const std::string& page, std::string_view line) {
  return ("\n" + page).find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(MetricsPage, CoresAddUpAndTheKeeperIsTheFirstOnes) {
  std::array<MetricsSnapshot, 2> cores;
  for (MetricsSnapshot& core : cores) {
    core.requests.count(Route::kChat, DecisionSaid::kPermit, 200);
    core.recorder.refused[static_cast<std::size_t>(AdmissionRefusal::kFull)] = 2;
    core.recorder.denials[static_cast<std::size_t>(record::DenialReason::kAuthentication)] = 3;
    core.recorder.outcomes[static_cast<std::size_t>(record::Finish::kClientGone)] = 4;
    core.server.connections_open = 5;
    core.requests.limited[static_cast<std::size_t>(limits::Quantity::kMoney)] = 7;
    core.meters = 64;  // of both cores
    core.meters_in_use = 8;
    core.queued_bytes = 6;
    core.ready = true;
    core.upstream = {.verified = 1, .continued = 9, .refused = 3};
  }
  cores[0].keeper.entries = 70;
  cores[0].behaviour = {.running = true, .entries = 71, .lag_ms = 1500};
  cores[0].logs = {{.gauges = {.committed = 50}}, {.gauges = {.committed = 30}}};
  cores[0].behaviour.signal_time.observe(std::chrono::milliseconds(7));
  cores[0].keeper.sync_time.observe(std::uint64_t{2'000'000});
  const std::string page = metrics_page(cores, Logs("example.org/log"), "0.1");
  for (const std::string_view line :
       {"redoubt_build_info{version=\"0.1\"} 1",
        "redoubt_ready 1",
        "redoubt_cores 2",
        "redoubt_http_requests_total{route=\"chat.completions\",decision=\"permit\",code=\"2xx\"} 2",
        "redoubt_admissions_refused_total{reason=\"ledger_full\"} 4",
        "redoubt_denials_total{reason=\"authentication\"} 6",
        "redoubt_outcomes_total{finish=\"client_gone\"} 8",
        "redoubt_limit_refusals_total{quantity=\"money\"} 14",
        "redoubt_limit_refusals_total{quantity=\"none\"} 0",
        "redoubt_upstream_connections_total{result=\"verified\"} 2",
        "redoubt_upstream_connections_total{result=\"continued\"} 18",
        "redoubt_upstream_connections_total{result=\"refused\"} 6",
        "redoubt_limit_meters_in_use 8",
        "redoubt_limit_meters 64",
        "redoubt_connections_open 10",
        "redoubt_behaviour_running 1",
        "redoubt_behaviour_entries 71",
        "redoubt_behaviour_lag_seconds 1.5",
        "redoubt_behaviour_lag_entries 9",
        "redoubt_behaviour_signal_duration_seconds_bucket{le=\"0.005\"} 0",
        "redoubt_behaviour_signal_duration_seconds_bucket{le=\"0.01\"} 1",
        "redoubt_ledger_queue_bytes 12",
        "redoubt_ledger_entries_total 70",
        "redoubt_ledger_sync_duration_seconds_bucket{le=\"0.001\"} 0",
        "redoubt_ledger_sync_duration_seconds_bucket{le=\"0.0025\"} 1",
        "redoubt_ledger_sync_duration_seconds_count 1"}) {
    EXPECT_TRUE(has_line(page, line)) << line;
  }
  cores[1].ready = false;
  EXPECT_TRUE(has_line(metrics_page(cores, Logs("example.org/log"), "0.1"), "redoubt_ready 0"));
}

TEST(MetricsPage, LogsAreLabelledByTenantAndThoseNotConfiguredByNumber) {
  std::array<MetricsSnapshot, 1> cores;
  cores[0].logs = {{.gauges = {.committed = 9, .stored_bytes = 90}, .published = 8, .full = false},
                   {.gauges = {.quota_bytes = 5, .checkpoint_age = 1'500'000'000}, .published = 0, .full = true}};
  const std::string page = metrics_page(cores, Logs("example.org/log"), "0.1");
  for (const std::string_view line :
       {"redoubt_ledger_log_entries{log=\"system\"} 9", "redoubt_ledger_log_published_entries{log=\"system\"} 8",
        "redoubt_ledger_log_stored_bytes{log=\"system\"} 90", "redoubt_ledger_log_full{log=\"system\"} 0",
        "redoubt_ledger_checkpoint_age_seconds{log=\"system\"} 0", "redoubt_ledger_log_quota_bytes{log=\"#1\"} 5",
        "redoubt_ledger_log_full{log=\"#1\"} 1", "redoubt_ledger_checkpoint_age_seconds{log=\"#1\"} 1.5"}) {
    EXPECT_TRUE(has_line(page, line)) << line;
  }
}

}  // namespace
}  // namespace redoubt::gateway
