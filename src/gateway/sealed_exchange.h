// The exchange inside a sealed one: its request is what was opened, and what is replied goes out sealed, each piece as
// it comes. To the pipeline it is an exchange like others, but that no channel reaches the caller: what TLS there is
// ends at somebody else's balancer.
//
// Lives on the core's thread, within the exchange that carries it.
#pragma once

#include <string_view>
#include <vector>

#include "net/exchange.h"
#include "ohttp/binary_http.h"
#include "ohttp/encapsulation.h"

namespace redoubt::gateway {

class SealedExchange final : public net::Exchange {
 public:
  // All must outlive it.
  SealedExchange(net::Exchange& outer, const ohttp::BinaryRequest& request, ohttp::ResponseSealer& response);

  const net::RequestHead& request() const override { return head_; }
  std::string_view peer_address() const override { return outer_.peer_address(); }
  const net::ChannelBinding& channel_binding() const override { return no_channel_; }
  net::Task<Result<std::string_view>> read_body() override;
  net::Task<Result<>> reply(const net::ReplyHead& head, std::string_view body) override;
  net::Task<Result<>> start_stream(const net::ReplyHead& head) override;
  net::Task<Result<>> write(std::string_view bytes) override;
  net::Task<Result<>> finish() override;
  void abort() override { outer_.abort(); }

 private:
  static Bytes begin(const net::ReplyHead& head);

  net::Exchange& outer_;
  ohttp::ResponseSealer& response_;
  const std::string_view content_;
  std::vector<net::HeaderField> fields_;
  net::RequestHead head_;
  const net::ChannelBinding no_channel_;
};

}  // namespace redoubt::gateway
