// A request in memory, and what was replied.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/exchange.h"

namespace redoubt::gateway::test {

class FakeExchange final : public net::Exchange {
 public:
  FakeExchange(net::Method method, std::string path, std::vector<std::string> authorizations = {},
               std::string body = {})
      : path_(std::move(path)), authorizations_(std::move(authorizations)), body_(std::move(body)) {
    for (const std::string& value : authorizations_) fields_.push_back({"Authorization", value});
    head_ = {.method = method, .path = path_, .query = {}, .headers = fields_};
  }

  void set_channel(net::ChannelBinding binding) { binding_ = std::move(binding); }
  // Both must outlive it.
  void add_field(std::string_view name, std::string_view value) {
    fields_.push_back({name, value});
    head_.headers = fields_;
  }

  const net::RequestHead& request() const override { return head_; }
  std::string_view peer_address() const override { return "192.0.2.7"; }
  const net::ChannelBinding& channel_binding() const override { return binding_; }
  net::Task<Result<std::string_view>> read_body() override { co_return std::string_view(body_); }
  net::Task<Result<>> reply(const net::ReplyHead& head, std::string_view body) override {
    EXPECT_EQ(status, 0) << "replied twice";
    status = head.status;
    content_type = head.content_type;
    for (const net::HeaderField& field : head.headers)
      headers += std::string(field.name) + ": " + std::string(field.value) + "\n";
    sent = body;
    co_return Result<>();
  }
  net::Task<Result<>> start_stream(const net::ReplyHead& head) override { co_return co_await reply(head, {}); }
  net::Task<Result<>> write(std::string_view bytes) override {
    sent += bytes;
    co_return Result<>();
  }
  net::Task<Result<>> finish() override {
    finished = true;
    co_return Result<>();
  }
  void abort() override { aborted = true; }

  int status = 0;
  std::string content_type;
  std::string headers;
  std::string sent;
  bool finished = false;  // a stream
  bool aborted = false;

 private:
  const std::string path_;
  const std::vector<std::string> authorizations_;
  const std::string body_;
  std::vector<net::HeaderField> fields_;
  net::RequestHead head_;
  net::ChannelBinding binding_;
};

}  // namespace redoubt::gateway::test
