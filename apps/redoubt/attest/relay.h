// How `attest proxy` passes on requests and answers, in both of its forms.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/exchange.h"

namespace redoubt::app::attest_verbs {

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names);  // whatever the case

// All but those of one connection, or that each end writes itself (RFC 9110 §7.6.1).
std::vector<net::HeaderField> passed_on(std::span<const net::HeaderField> fields);

// 502, with the reason (RFC 9457).
net::Task<> refuse_relay(net::Exchange& exchange, const Error& why);

// Passes on an answer once all of it is there: at most `max_bytes`, or it is refused. `Response` has read_some(), whose
// last piece is empty.
template <class Response>
net::Task<> relay_whole(net::Exchange& exchange, Response& response, const net::ReplyHead& head,
                        std::size_t max_bytes) {
  std::string whole;
  while (true) {
    const auto piece = co_await response.read_some();
    if (!piece) {
      co_await refuse_relay(exchange, piece.error());
      co_return;
    }
    if (piece->empty()) break;
    whole += *piece;
    if (whole.size() > max_bytes) {
      const Error why(Errc::kTooLarge, "the answer is too large");
      co_await refuse_relay(exchange, why);
      co_return;
    }
  }
  [[maybe_unused]] const auto sent = co_await exchange.reply(head, whole);
}

// The same piece by piece, as it comes.
template <class Response>
net::Task<> relay_stream(net::Exchange& exchange, Response& response, const net::ReplyHead& head) {
  if (auto begun = co_await exchange.start_stream(head); !begun) co_return;
  while (true) {
    const auto piece = co_await response.read_some();
    if (!piece) co_return exchange.abort();  // so that the client can tell that it is cut
    if (piece->empty()) break;
    if (auto sent = co_await exchange.write(*piece); !sent) co_return;
  }
  [[maybe_unused]] const auto ended = co_await exchange.finish();
}

}  // namespace redoubt::app::attest_verbs
