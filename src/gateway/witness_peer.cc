#include "gateway/internal/witness_peer.h"
#include "base/log.h"

namespace redoubt::gateway::internal {
namespace {

// Each step of an exchange ends by itself within the time that the whole has; the caller's deadline ends the whole.
net::ClientLimits limits_for(std::chrono::milliseconds timeout) {
  return {.connect_timeout = timeout,
          .head_timeout = timeout,
          .idle_timeout = timeout,
          .reply_timeout = timeout,
          .max_head_bytes = 16 * 1024,
          .max_idle_connections = 4,
          .ca_file = {}};
}

}  // namespace

WitnessPeer::WitnessPeer(boost::asio::io_context& io, net::DeadlineSweep& sweep, tlog::TrustPolicy::Witness witness,
                         net::UpstreamUrl url, std::chrono::milliseconds timeout)
    : io_(io),
      sweep_(sweep),
      witness_(std::move(witness)),
      url_(std::move(url)),
      limits_(limits_for(timeout)),
      client_(new_client()) {}

std::shared_ptr<net::HttpClient> WitnessPeer::new_client() const {
  return std::make_shared<net::HttpClient>(io_, sweep_, url_, limits_);
}

std::optional<tlog::TreeSize> WitnessPeer::cosigned(ledger::LogNumber log) const {
  const auto found = cosigned_.find(log);
  return found == cosigned_.end() ? std::nullopt : std::optional(found->second);
}

net::Task<Result<WitnessPeer::Reply>> WitnessPeer::exchange(net::Method method, std::string_view path,
                                                            std::string_view body) {
  const std::shared_ptr<net::HttpClient> client = client_;  // cut_off() may replace it meanwhile
  const net::ClientRequest request{.method = method, .path = path, .headers = {}, .body = body};
  auto response = co_await client->send(request);
  if (!response) co_return response.error();
  Reply reply{
      .status = (*response)->status(), .content_type = std::string((*response)->header("content-type")), .body = {}};
  while (true) {
    const auto piece = co_await (*response)->read_some();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return reply;
    if (reply.body.size() + piece->size() > kMaxReplyBytes) co_return Error(Errc::kTooLarge, "its answer is too long");
    reply.body += *piece;
  }
}

void WitnessPeer::cut_off() {
  client_->cut_off();
  client_ = new_client();
}

void WitnessPeer::stop() {
  client_->cut_off();
}

bool WitnessPeer::report(ledger::LogNumber log, std::string_view origin, std::string_view trouble,
                         std::string_view why) {
  const auto told = troubles_.find(log);
  if (trouble.empty()) {
    if (told == troubles_.end()) return false;
    troubles_.erase(told);
    log::info("gateway", "a witness is well again", {{"witness", name()}, {"log", origin}});
    return true;
  }
  if (told != troubles_.end() && told->second == trouble) return false;
  troubles_[log] = trouble;
  log::error("gateway", trouble, {{"witness", name()}, {"log", origin}, {"why", why}});
  return true;
}

}  // namespace redoubt::gateway::internal
