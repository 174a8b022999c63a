#include "redoubt/attest/relay.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "encoding/json_writer.h"

namespace redoubt::app::attest_verbs {

namespace {

bool is_of_connection(std::string_view name) {
  return is_any_of(name, {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
                          "upgrade", "host", "content-length", "expect", "date"});
}

}  // namespace

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::any_of(names, [&](std::string_view each) { return std::ranges::equal(name, each, {}, lower); });
}

std::vector<net::HeaderField> passed_on(std::span<const net::HeaderField> fields) {
  std::vector<net::HeaderField> out;
  std::ranges::copy_if(fields, std::back_inserter(out),
                       [](const net::HeaderField& field) { return !is_of_connection(field.name); });
  return out;
}

net::Task<> refuse_relay(net::Exchange& exchange, const Error& why) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("title", "Bad Gateway");
  json.member("status", 502);
  json.member("detail", why.message());
  json.end_object();
  [[maybe_unused]] const auto sent =
      co_await exchange.reply({.status = 502, .content_type = "application/problem+json", .headers = {}}, body);
}

}  // namespace redoubt::app::attest_verbs
