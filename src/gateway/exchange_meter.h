// What one exchange uses, counted by the limits that apply to its caller.
//
//   if (!meter.admit(access, caller, &chat, body.size(), now)) … refuse: meter.refusal()
//   … the model server took it:  meter.begun(now)
//   … a whole answer:            if (!meter.pass_whole(…)) … withhold it; meter.settle(usage, now)
//   … a stream, piece by piece:  passing = meter.pass(events, now); less than all: a limit is reached
//   … in any case:               meter.fields(now), for the head of the reply
//
// What has not gone out yet is held to the limits: requests, bytes, and the text of a stream as far as it can be
// estimated. What a model server has done is counted, beyond a limit if need be, for it has to be paid for.
//
// Lives on its exchange's core. One that is destroyed before settle() gives back what was estimated and not used.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/access.h"
#include "gateway/openai.h"
#include "limits/estimate.h"
#include "limits/meters.h"
#include "limits/rate_headers.h"

namespace redoubt::gateway {

class ExchangeMeter {
 public:
  // Both must outlive the meter. `reader` is used during calls only.
  ExchangeMeter(limits::Meters& meters, encoding::JsonReader& reader) : meters_(&meters), reader_(&reader) {}

  // Counts the request and what it asks for at most; `chat`: null when it asks no model, else as long-lived as the
  // meter. False when it must not go on: refusal() says why, and nothing was counted. Call once, before all that
  // follows.
  bool admit(std::shared_ptr<const Access> access, const Caller& caller, const ChatRequest* chat,
             std::size_t prompt_bytes, UnixMillis now);
  // For a stream, when other limits came into force.
  void follow(std::shared_ptr<const Access> access, const Caller& caller, UnixMillis now);

  // The model server has taken the request up: its prompt is used.
  void begun(UnixMillis now);
  // Events of a stream, each whole. Returns those that may go out: all, or the first ones up to a limit.
  std::string_view pass(std::string_view events, UnixMillis now);
  // An answer of so many bytes, of which `text_bytes` are text. False when a limit keeps it from going out.
  bool pass_whole(std::uint64_t text_bytes, std::size_t bytes, UnixMillis now);
  // What it really was, where the model server says so; else as estimated.
  void settle(const TokenUsage& usage, UnixMillis now);
  // It ended with what was used so far.
  void settle(UnixMillis now);

  // Precondition: admit(), pass() or pass_whole() said no.
  const limits::Refusal& refusal() const { return admission_.refusal(); }
  // What the caller is told of its limits. Empty when none applies, and before admit().
  std::vector<limits::Field> fields(UnixMillis now) const;

 private:
  limits::Meters* meters_;
  encoding::JsonReader* reader_;
  std::shared_ptr<const Access> access_;  // whose limits count
  std::string_view model_;
  std::optional<limits::StreamEstimate> estimate_;  // of a chat
  limits::Admission admission_;
  std::uint64_t bytes_out_ = 0;
};

// `rate_limit_error`, `insufficient_quota`, or for what is no limit of the caller's `api_error`: what the API calls a
// refusal's type.
std::string_view error_type(const limits::Refusal& refusal);

}  // namespace redoubt::gateway
