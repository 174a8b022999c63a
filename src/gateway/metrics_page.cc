#include "gateway/metrics_page.h"

#include "base/check.h"
#include "encoding/metrics_text.h"

namespace redoubt::gateway {
namespace {

using encoding::MetricsText;
using encoding::MetricType;

constexpr double kNanoseconds = 1e9;  // a second

void counter(MetricsText& text, std::string_view name, std::string_view help, std::uint64_t value) {
  text.family(name, MetricType::kCounter, help);
  text.sample({}, value);
}

void gauge(MetricsText& text, std::string_view name, std::string_view help, std::uint64_t value) {
  text.family(name, MetricType::kGauge, help);
  text.sample({}, value);
}

double seconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / kNanoseconds;
}

MetricsSnapshot sum_of(std::span<const MetricsSnapshot> cores) {
  MetricsSnapshot sum = cores.front();
  for (const MetricsSnapshot& core : cores.subspan(1)) {
    sum.requests.add(core.requests);
    sum.recorder.add(core.recorder);
    sum.server.connections_accepted += core.server.connections_accepted;
    sum.server.connections_open += core.server.connections_open;
    sum.server.malformed += core.server.malformed;
    sum.server.handshakes_failed += core.server.handshakes_failed;
    sum.queued_bytes += core.queued_bytes;
    sum.open_exchanges += core.open_exchanges;
    sum.ready = sum.ready && core.ready;
    if (sum.upstream && core.upstream) sum.upstream->add(*core.upstream);
  }
  return sum;
}

void write_requests(MetricsText& text, const RequestMetrics& requests) {
  text.family("redoubt_http_requests_total", MetricType::kCounter,
              "Requests whose reply has begun, or ended without one (code none).");
  for (std::size_t route = 0; route < kRouteNames.size(); ++route) {
    for (std::size_t decision = 0; decision < kDecisionNames.size(); ++decision) {
      for (std::size_t code = 0; code < kCodeNames.size(); ++code) {
        const std::uint64_t count = requests.requests[route][decision][code];
        if (count == 0) continue;
        text.sample({{"route", kRouteNames[route]}, {"decision", kDecisionNames[decision]}, {"code", kCodeNames[code]}},
                    count);
      }
    }
  }
  gauge(text, "redoubt_http_requests_in_flight", "Requests being answered, the one for these metrics included.",
        requests.in_flight);
  text.family("redoubt_http_request_duration_seconds", MetricType::kHistogram,
              "From a request's parsed head to the end of its reply.");
  for (std::size_t route = 0; route < kRouteNames.size(); ++route) {
    text.histogram({{"route", kRouteNames[route]}}, requests.duration[route], kNanoseconds);
  }
  text.family("redoubt_upstream_duration_seconds", MetricType::kHistogram,
              "From sending a request to a model server to the end of its response, or its failure.");
  text.histogram({}, requests.upstream_duration, kNanoseconds);
  counter(text, "redoubt_http_request_body_bytes_total", "Bytes of request bodies read.", requests.request_body_bytes);
  counter(text, "redoubt_http_reply_body_bytes_total", "Bytes of reply bodies sent.", requests.reply_body_bytes);
}

void write_upstream(MetricsText& text, const UpstreamCounts& upstream) {
  text.family("redoubt_upstream_connections_total", MetricType::kCounter,
              "New connections to the attested upstream, by what it has proven.");
  text.sample({{"result", "verified"}}, upstream.verified);
  text.sample({{"result", "continued"}}, upstream.continued);
  text.sample({{"result", "refused"}}, upstream.refused);
}

void write_limits(MetricsText& text, const MetricsSnapshot& sum) {
  text.family("redoubt_limit_refusals_total", MetricType::kCounter,
              "Requests refused, and replies cut off or withheld, by what the limit counts.");
  for (std::size_t i = 0; i < kLimitNames.size(); ++i) {
    text.sample({{"quantity", kLimitNames[i]}}, sum.requests.limited[i]);
  }
  gauge(text, "redoubt_limit_meters_in_use", "Meters that count what somebody uses.", sum.meters_in_use);
  gauge(text, "redoubt_limit_meters", "Meters that there may be; what needs a further one is refused.", sum.meters);
}

void write_recorder(MetricsText& text, const RecorderCounts& counts) {
  counter(text, "redoubt_admissions_total", "Exchanges whose admission became durable.", counts.admissions);
  text.family("redoubt_admissions_refused_total", MetricType::kCounter,
              "Exchanges that were refused because they could not be recorded.");
  for (std::size_t i = 0; i < kAdmissionRefusalNames.size(); ++i) {
    text.sample({{"reason", kAdmissionRefusalNames[i]}}, counts.refused[i]);
  }
  text.family("redoubt_outcomes_total", MetricType::kCounter, "Admitted exchanges that ended, by how.");
  for (std::size_t i = 0; i < counts.outcomes.size(); ++i) {
    text.sample({{"finish", record::to_string(static_cast<record::Finish>(i))}}, counts.outcomes[i]);
  }
  text.family("redoubt_denials_total", MetricType::kCounter,
              "Requests denied, those of strangers that share a record one by one.");
  for (std::size_t i = 0; i < counts.denials.size(); ++i) {
    text.sample({{"reason", record::to_string(static_cast<record::DenialReason>(i))}}, counts.denials[i]);
  }
}

void write_connections(MetricsText& text, const net::ServerStats& server) {
  counter(text, "redoubt_connections_accepted_total", "Connections accepted.", server.connections_accepted);
  gauge(text, "redoubt_connections_open", "Connections open.", server.connections_open);
  counter(text, "redoubt_http_malformed_total", "Requests that the HTTP server refused by itself.", server.malformed);
  counter(text, "redoubt_tls_handshakes_failed_total", "TLS handshakes that failed.", server.handshakes_failed);
}

void write_keeper(MetricsText& text, const ledger::KeeperStats& keeper) {
  counter(text, "redoubt_ledger_commits_total", "Group commits, each with one fdatasync of a segment.", keeper.commits);
  counter(text, "redoubt_ledger_entries_total", "Entries committed since the keeper started.", keeper.entries);
  counter(text, "redoubt_ledger_bytes_total", "Bytes of those entries, with their sealed openings.", keeper.bytes);
  counter(text, "redoubt_ledger_checkpoints_total", "Checkpoints published, of all logs.", keeper.checkpoints);
  counter(text, "redoubt_ledger_sealing_keys_total", "Sealing keys issued.", keeper.sealing_keys);
  text.family("redoubt_ledger_commit_duration_seconds", MetricType::kHistogram,
              "From taking a batch's first entry to all of it being durable.");
  text.histogram({}, keeper.commit_time, kNanoseconds);
  text.family("redoubt_ledger_sync_duration_seconds", MetricType::kHistogram,
              "The part of a commit that writes and syncs.");
  text.histogram({}, keeper.sync_time, kNanoseconds);
  text.family("redoubt_ledger_batch_entries", MetricType::kHistogram, "Entries of a commit.");
  text.histogram({}, keeper.batch_entries, 1);
  gauge(text, "redoubt_ledger_open_admissions", "Admissions in the ledger that have no outcome yet.",
        keeper.open_admissions);
  gauge(text, "redoubt_ledger_room_bytes", "Bytes free on the ledger's disk, the next segment not counted.",
        keeper.room_bytes);
  gauge(text, "redoubt_ledger_room_reserve_bytes", "With less room than this nothing new is admitted.",
        keeper.reserve_bytes);
  gauge(text, "redoubt_ledger_full", "1 while the ledger's disk is nearly full.", keeper.full ? 1 : 0);
}

class LogLabel {
 public:
  LogLabel(const Logs& logs, std::size_t count) : names_(count) {
    for (std::size_t i = 0; i < count; ++i) names_[i] = "#" + std::to_string(i);
    for (const Log& log : logs.all()) {
      if (log.number < count) names_[log.number] = log.tenant.empty() ? "system" : log.tenant;
    }
  }
  std::string_view of(std::size_t number) const { return names_[number]; }

 private:
  std::vector<std::string> names_;
};

void write_logs(MetricsText& text, const std::vector<LogSnapshot>& logs, const LogLabel& label) {
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    text.family(name, MetricType::kGauge, help);
    for (std::size_t i = 0; i < logs.size(); ++i) text.sample({{"log", label.of(i)}}, value(logs[i]));
  };
  each("redoubt_ledger_log_entries", "Entries of a log.", [](const LogSnapshot& log) { return log.gauges.committed; });
  each("redoubt_ledger_log_published_entries", "Entries of a log that its newest checkpoint covers.",
       [](const LogSnapshot& log) { return log.published; });
  each("redoubt_ledger_log_stored_bytes", "Bytes that a log's entries take.",
       [](const LogSnapshot& log) { return log.gauges.stored_bytes; });
  each("redoubt_ledger_log_quota_bytes", "Bytes that a log's entries may take; 0 without a quota.",
       [](const LogSnapshot& log) { return log.gauges.quota_bytes; });
  each("redoubt_ledger_log_full", "1 while a log's quota is used up.",
       [](const LogSnapshot& log) { return std::uint64_t{log.full}; });
  each("redoubt_ledger_checkpoint_age_seconds",
       "Age of a log's newest checkpoint while it does not cover every entry; 0 while it does.",
       [](const LogSnapshot& log) { return seconds(log.gauges.checkpoint_age); });
}

void write_behaviour(MetricsText& text, const BehaviourGauges& behaviour, const std::vector<LogSnapshot>& logs) {
  std::uint64_t committed = 0;
  for (const LogSnapshot& log : logs) committed += log.gauges.committed;
  gauge(text, "redoubt_behaviour_running", "1 while committed records are being watched.", behaviour.running ? 1 : 0);
  gauge(text, "redoubt_behaviour_entries", "Entries of the ledger that behaviour has read.", behaviour.entries);
  gauge(text, "redoubt_behaviour_signals", "Signals since the beginning of the ledger.", behaviour.signals);
  text.family("redoubt_behaviour_lag_seconds", MetricType::kGauge,
              "What was committed longer ago, behaviour has read.");
  text.sample({}, static_cast<double>(behaviour.lag_ms) / 1000);
  gauge(text, "redoubt_behaviour_lag_entries", "Committed entries that behaviour has not read.",
        committed - std::min(committed, behaviour.entries));
  gauge(text, "redoubt_behaviour_rules", "Sigma rules that run.", behaviour.rules);
  gauge(text, "redoubt_behaviour_mesh_nodes", "Nodes of the behaviour mesh.", behaviour.mesh_nodes);
  gauge(text, "redoubt_behaviour_mesh_edges", "Edges of the behaviour mesh.", behaviour.mesh_edges);
  text.family("redoubt_behaviour_signal_duration_seconds", MetricType::kHistogram,
              "From a commit to its signals being written.");
  text.histogram({}, behaviour.signal_time, kNanoseconds);
}

void write_notices(MetricsText& text, const NoticeGauges& notices) {
  gauge(text, "redoubt_notices_configured", "1 while people are to be told of incidents.", notices.configured ? 1 : 0);
  gauge(text, "redoubt_notifier_running", "1 while there is a notifier that tells them.", notices.running ? 1 : 0);
  counter(text, "redoubt_notifier_losses_total", "Notifiers that ended unasked.", notices.losses);
  gauge(text, "redoubt_notices_waiting", "Endpoints that wait to be told something.", notices.waiting);
  text.family("redoubt_notice_attempts_total", MetricType::kCounter,
              "Attempts to tell an endpoint, by how they ended.");
  for (std::size_t i = 0; i < notices.attempts.size(); ++i) {
    text.sample({{"outcome", kNoticeOutcomes[i]}}, notices.attempts[i]);
  }
  counter(text, "redoubt_notice_attempts_unrecorded_total", "Attempts that could not be put on record.",
          notices.unrecorded);
}

}  // namespace

std::string metrics_page(std::span<const MetricsSnapshot> cores, const Logs& logs, std::string_view version) {
  REDOUBT_CHECK(!cores.empty());
  const MetricsSnapshot sum = sum_of(cores);
  std::string out;
  MetricsText text(out);
  text.family("redoubt_build_info", MetricType::kGauge, "The version that runs; always 1.");
  text.sample({{"version", version}}, std::uint64_t{1});
  gauge(text, "redoubt_ready", "1 while new exchanges can be recorded.", sum.ready ? 1 : 0);
  gauge(text, "redoubt_min_tier_reached",
        "1 while this server's own evidence reaches what is demanded, if anything is.",
        sum.tier_reached.value_or(true) ? 1 : 0);
  gauge(text, "redoubt_cores", "Cores of the gateway.", cores.size());
  write_requests(text, sum.requests);
  write_upstream(text, sum.upstream.value_or(UpstreamCounts()));
  write_limits(text, sum);
  write_recorder(text, sum.recorder);
  write_connections(text, sum.server);
  gauge(text, "redoubt_ledger_queue_bytes", "Bytes that wait for the keeper.", sum.queued_bytes);
  gauge(text, "redoubt_exchanges_open", "Admitted exchanges that have no outcome yet.", sum.open_exchanges);
  write_keeper(text, sum.keeper);
  write_logs(text, sum.logs, LogLabel(logs, sum.logs.size()));
  write_behaviour(text, sum.behaviour, sum.logs);
  write_notices(text, sum.notices);
  return out;
}

}  // namespace redoubt::gateway
