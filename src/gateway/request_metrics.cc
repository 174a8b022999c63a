#include "gateway/request_metrics.h"

#include <utility>

#include "gateway/ledger_routes.h"

namespace redoubt::gateway {

Route route_of(std::string_view path) {
  if (path == "/v1/chat/completions") return Route::kChat;
  if (path == "/v1/models") return Route::kModels;
  if (path == kMetricsPath) return Route::kMetrics;
  if (path == "/healthz" || path == "/readyz") return Route::kHealth;
  return is_ledger_path(path) ? Route::kLedger : Route::kOther;
}

void RequestMetrics::count(Route route, DecisionSaid decision, int status) {
  const int status_class = status >= 100 && status < 600 ? status / 100 : 0;
  ++requests[static_cast<std::size_t>(route)][static_cast<std::size_t>(decision)]
            [static_cast<std::size_t>(status_class)];
}

void RequestMetrics::count(const limits::Refusal& refusal) {
  ++limited[refusal.limit != nullptr ? static_cast<std::size_t>(refusal.limit->quantity) : limits::kQuantities];
}

void RequestMetrics::add(const RequestMetrics& other) {
  for (std::size_t route = 0; route < requests.size(); ++route) {
    for (std::size_t decision = 0; decision < kDecisionNames.size(); ++decision) {
      for (std::size_t code = 0; code < kCodeNames.size(); ++code) {
        requests[route][decision][code] += other.requests[route][decision][code];
      }
    }
    duration[route].add(other.duration[route]);
  }
  upstream_duration.add(other.upstream_duration);
  in_flight += other.in_flight;
  request_body_bytes += other.request_body_bytes;
  reply_body_bytes += other.reply_body_bytes;
  for (std::size_t i = 0; i < limited.size(); ++i) limited[i] += other.limited[i];
}

MeteredExchange::MeteredExchange(RequestMetrics& metrics, net::Exchange& exchange, const Clock& clock)
    : metrics_(metrics),
      exchange_(exchange),
      clock_(clock),
      route_(route_of(exchange.request().path)),
      began_(clock.steady()) {
  ++metrics_.in_flight;
}

MeteredExchange::~MeteredExchange() {
  --metrics_.in_flight;
  if (!counted_) metrics_.count(route_, DecisionSaid::kNone, 0);
  metrics_.duration[static_cast<std::size_t>(route_)].observe(clock_.steady() - began_);
}

void MeteredExchange::note(const net::ReplyHead& head) {
  if (std::exchange(counted_, true)) return;
  DecisionSaid decision = DecisionSaid::kNone;
  for (const net::HeaderField& field : head.headers) {
    if (field.name != "Redoubt-Decision") continue;
    decision = field.value == "permit" ? DecisionSaid::kPermit : DecisionSaid::kDeny;
  }
  metrics_.count(route_, decision, head.status);
}

net::Task<Result<std::string_view>> MeteredExchange::read_body() {
  auto body = co_await exchange_.read_body();
  if (body) metrics_.request_body_bytes += body->size();
  co_return body;
}

net::Task<Result<>> MeteredExchange::reply(const net::ReplyHead& head, std::string_view body) {
  note(head);
  metrics_.reply_body_bytes += body.size();
  return exchange_.reply(head, body);
}

net::Task<Result<>> MeteredExchange::start_stream(const net::ReplyHead& head) {
  note(head);
  return exchange_.start_stream(head);
}

net::Task<Result<>> MeteredExchange::write(std::string_view bytes) {
  metrics_.reply_body_bytes += bytes.size();
  return exchange_.write(bytes);
}

}  // namespace redoubt::gateway
