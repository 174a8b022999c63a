// One request and what it was answered, without a socket.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/exchange.h"

namespace redoubt::admin::test {

struct Request {
  net::Method method = net::Method::kGet;
  std::string target;  // path, and a query behind `?`
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

class FakeExchange final : public net::Exchange {
 public:
  FakeExchange(Request request, std::string peer) : request_(std::move(request)), peer_(std::move(peer)) {
    const std::string_view target = request_.target;
    const std::size_t mark = target.find('?');
    head_.method = request_.method;
    head_.path = target.substr(0, mark);
    if (mark != std::string_view::npos) head_.query = target.substr(mark + 1);
    for (const auto& [name, value] : request_.headers) fields_.push_back({name, value});
    head_.headers = fields_;
  }

  const net::RequestHead& request() const override { return head_; }
  std::string_view peer_address() const override { return peer_; }
  const net::ChannelBinding& channel_binding() const override { return binding_; }
  net::Task<Result<std::string_view>> read_body() override { co_return std::string_view(request_.body); }
  net::Task<Result<>> reply(const net::ReplyHead& head, std::string_view bytes) override {
    take(head);
    body = bytes;
    co_return Result<>();
  }
  net::Task<Result<>> start_stream(const net::ReplyHead& head) override {
    take(head);
    co_return Result<>();
  }
  net::Task<Result<>> write(std::string_view bytes) override {
    if (gone) co_return Error(Errc::kUnavailable, "the peer has gone");
    body += bytes;
    co_return Result<>();
  }
  net::Task<Result<>> finish() override {
    finished = true;
    co_return Result<>();
  }
  void abort() override {}

  std::string header(std::string_view name) const {
    for (const auto& [known, value] : headers) {
      if (known == name) return value;
    }
    return {};
  }

  int status = 0;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool finished = false;
  bool gone = false;  // what is written fails

 private:
  void take(const net::ReplyHead& head) {
    status = head.status;
    content_type = head.content_type;
    for (const net::HeaderField& field : head.headers) headers.emplace_back(field.name, field.value);
  }

  Request request_;
  std::string peer_;
  std::vector<net::HeaderField> fields_;
  net::RequestHead head_;
  net::ChannelBinding binding_;
};

}  // namespace redoubt::admin::test
