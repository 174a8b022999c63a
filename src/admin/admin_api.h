// The administrative interface: answers exchanges under /admin/v1. The table of operations (operation.h) says what
// there is; this takes each call through what all have in common:
//
//   find the operation · who calls · parameters and conditions · may they · body · repeated? · handler · record · reply
//
// An act becomes a fact: proposed to the engine, and answered once it is durable and in force on every core. One that
// needs two persons becomes a request for approval, and is answered 202.
//
// One thread: that of the engine. Construct, serve, stop(), then drain the server.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/call.h"
#include "admin/failed_calls.h"
#include "admin/problem.h"
#include "admin/router.h"
#include "admin/services.h"
#include "encoding/json_reader.h"
#include "net/exchange.h"

namespace redoubt::admin {

namespace internal {
struct EventStreams;
struct Conditions;
struct Reply;
class Waits;
}  // namespace internal

class AdminApi final : public net::ExchangeHandler {
 public:
  static constexpr std::size_t kMaxBodyBytes = 32 * 1024 * 1024;  // of the operation that takes most
  static constexpr std::size_t kMaxBodyDepth = 32;

  explicit AdminApi(Services services);
  ~AdminApi() override;

  net::Task<> handle(net::Exchange& exchange) override;
  net::RefusalReply refused(std::string_view peer_address, std::string_view path, const net::Refusal& refusal) override;

  // Ends the streams of events and the waits of refused callers, so that a drain need not.
  void stop();

  // The OpenAPI document as it is served.
  const std::string& document() const { return document_; }

 private:
  net::Task<internal::Reply> answer(net::Exchange& exchange);
  // What is served to anyone.
  internal::Reply answer_anyone(const Operation& operation, const net::RequestHead& head);
  Caller identify(const net::Exchange& exchange, UnixMillis now) const;
  net::Task<internal::Reply> refuse_stranger(net::Exchange& exchange, UnixMillis now);
  // Policies said no: on record, and then said.
  net::Task<internal::Reply> deny(net::Exchange& exchange, const Call& call, const Error& why);
  net::Task<internal::Reply> read(net::Exchange& exchange, Call& call);
  net::Task<internal::Reply> perform(net::Exchange& exchange, Call& call);
  // `missing_why`: not empty when there is no such object.
  net::Task<internal::Reply> act(net::Exchange& exchange, Call& call, const internal::Conditions& conditions,
                                 const std::string& missing_why);
  std::optional<Problem> read_body(Call& call, std::string_view body);
  // Turns the change into a request for it when it needs two persons.
  std::optional<Problem> ask_if_needed(const Call& call, Change& change);
  internal::Reply shown(Call& call, const Change& change, const state::Applied& applied);

  // The same for what an earlier request did.
  internal::Reply shown_again(Call& call, const state::Earlier& earlier);

  Services services_;
  std::vector<const Operation*> operations_;
  Router router_;
  std::string document_;
  encoding::JsonReader reader_;
  FailedCalls failed_;
  std::unique_ptr<internal::Waits> waits_;
  std::unique_ptr<internal::EventStreams> streams_;
};

}  // namespace redoubt::admin
