#include "redoubt/attest/sealed_proxy.h"

#include <string>
#include <vector>

#include "redoubt/attest/relay.h"

namespace redoubt::app::attest_verbs {

net::Task<> SealedProxy::handle(net::Exchange& exchange) {
  const auto body = co_await exchange.read_body();
  if (!body) co_return;  // answered by the server of this port
  const net::RequestHead& head = exchange.request();
  std::string path(head.path);
  if (!head.query.empty()) path.append("?").append(head.query);
  ohttp::BinaryRequest request{.method = net::to_string(head.method),
                               .scheme = "https",
                               .authority = authority_,
                               .path = path,
                               .fields = {},
                               .content = *body,
                               .joined = {}};
  for (const net::HeaderField& each : passed_on(head.headers)) request.fields.push_back({each.name, each.value});
  auto response = co_await server_.send(request);
  if (!response) {
    co_await refuse_relay(exchange, response.error());
    co_return;
  }
  std::string type;
  std::vector<net::HeaderField> fields;
  for (const auto& [name, value] : (*response)->head().fields) {
    if (name == "content-type") {
      type = value;
    } else {
      fields.push_back({name, value});
    }
  }
  const auto kept = passed_on(fields);
  const net::ReplyHead reply{.status = (*response)->head().status, .content_type = type, .headers = kept};
  if (type.starts_with("text/event-stream")) {
    co_await relay_stream(exchange, **response, reply);
  } else {
    co_await relay_whole(exchange, **response, reply, kMaxWhole);
  }
}

}  // namespace redoubt::app::attest_verbs
