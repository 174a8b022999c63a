// What one core counts of the requests it answers. Plain members on the core's thread; a scrape takes a copy there.
//
//   MeteredExchange metered(metrics, exchange, clock);    // in front of the handler: sees each reply as it goes out
//   co_await handle(metered);
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/histogram.h"
#include "limits/meters.h"
#include "net/exchange.h"

namespace redoubt::gateway {

// Upper bounds in nanoseconds: 1 ms to 5 min, for models take their time.
inline constexpr std::array<std::uint64_t, 16> kRequestTimeBounds{
    1'000'000,      2'500'000,      5'000'000,      10'000'000,     25'000'000,    50'000'000,
    100'000'000,    250'000'000,    500'000'000,    1'000'000'000,  2'500'000'000, 5'000'000'000,
    10'000'000'000, 30'000'000'000, 60'000'000'000, 300'000'000'000};

// What a request was for.
enum class Route : std::uint8_t { kChat, kModels, kLedger, kHealth, kMetrics, kOther };
inline constexpr std::array<std::string_view, 6> kRouteNames{"chat.completions", "models.list", "ledger",
                                                             "health",           "metrics",     "other"};
Route route_of(std::string_view path);

// As the reply's `Redoubt-Decision` says; none on a route where nothing is forwarded.
enum class DecisionSaid : std::uint8_t { kPermit, kDeny, kNone };
inline constexpr std::array<std::string_view, 3> kDecisionNames{"permit", "deny", "none"};

// The status' class; none when no reply head went out.
inline constexpr std::array<std::string_view, 6> kCodeNames{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

// What a limit that said no counts; none when it was no limit, but that nothing more can be counted.
inline constexpr std::array<std::string_view, limits::kQuantities + 1> kLimitNames{"requests", "tokens", "bytes_out",
                                                                                   "money", "none"};

struct RequestMetrics {
  using ByCode = std::array<std::uint64_t, kCodeNames.size()>;
  using ByDecision = std::array<ByCode, kDecisionNames.size()>;

  std::array<ByDecision, kRouteNames.size()> requests{};
  std::array<Histogram<kRequestTimeBounds>, kRouteNames.size()> duration{};  // parsed head to the end of the reply
  Histogram<kRequestTimeBounds> upstream_duration;                           // sent to the end of the response
  std::uint64_t in_flight = 0;
  std::uint64_t request_body_bytes = 0;                     // read
  std::uint64_t reply_body_bytes = 0;                       // handed to the connection
  std::array<std::uint64_t, kLimitNames.size()> limited{};  // requests refused, and replies cut off or withheld

  void count(Route route, DecisionSaid decision, int status);
  void count(const limits::Refusal& refusal);
  void add(const RequestMetrics& other);
};

// An exchange that is counted, everything else is the other exchange's: the request when its reply begins, so that
// whoever has the reply finds it counted, and the time when this object ends. All given must outlive it.
class MeteredExchange final : public net::Exchange {
 public:
  MeteredExchange(RequestMetrics& metrics, net::Exchange& exchange, const Clock& clock);
  MeteredExchange(const MeteredExchange&) = delete;
  MeteredExchange& operator=(const MeteredExchange&) = delete;
  ~MeteredExchange() override;

  const net::RequestHead& request() const override { return exchange_.request(); }
  std::string_view peer_address() const override { return exchange_.peer_address(); }
  const net::ChannelBinding& channel_binding() const override { return exchange_.channel_binding(); }
  net::Task<Result<std::string_view>> read_body() override;
  net::Task<Result<>> reply(const net::ReplyHead& head, std::string_view body) override;
  net::Task<Result<>> start_stream(const net::ReplyHead& head) override;
  net::Task<Result<>> write(std::string_view bytes) override;
  net::Task<Result<>> finish() override { return exchange_.finish(); }
  void abort() override { exchange_.abort(); }

 private:
  void note(const net::ReplyHead& head);

  RequestMetrics& metrics_;
  net::Exchange& exchange_;
  const Clock& clock_;
  const Route route_;
  const std::chrono::steady_clock::time_point began_;
  bool counted_ = false;
};

}  // namespace redoubt::gateway
