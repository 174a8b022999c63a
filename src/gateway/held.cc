// Requests and answers that wait for somebody's decision: what is held is not kept, the caller repeats its request.
#include <algorithm>

#include "base/log.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "gateway/internal/await_desk.h"
#include "gateway/internal/call.h"

namespace redoubt::gateway {

using internal::kHeldForReview;
using record::DenialReason;

namespace {

constexpr std::string_view kHoldField = "redoubt-hold";
constexpr std::size_t kHoldIdSize = 16;
constexpr std::size_t kMaxReason = 200;  // characters

bool is_hold_id(std::string_view text) {
  return text.size() == kHoldIdSize &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// Who may use the hold, and for what: this caller, for this request, with this found in it or in its answer.
std::string subject_of(std::string_view kind, std::string_view principal, std::string_view held,
                       std::string_view body) {
  const std::string_view line("\n");
  return "sha256:" + encoding::hex(crypto::sha256({as_bytes(kind), as_bytes(line), as_bytes(principal), as_bytes(line),
                                                   as_bytes(held), as_bytes(line), as_bytes(body)}));
}

std::string why_it_waits(std::string found, std::string_view quarantine) {
  if (!found.empty() || quarantine.empty()) return found;
  return "in quarantine by the response " + std::string(quarantine);
}

}  // namespace

net::Task<bool> Pipeline::look_at_hold(Call& call) {
  int fields = 0;
  const std::string_view id = call.exchange.request().header(kHoldField, &fields);
  if (fields == 0) co_return true;
  if (fields > 1 || !is_hold_id(id)) {
    co_await deny(call, DenialReason::kMalformed, 400, "Redoubt-Hold is one field with the id of a hold",
                  "invalid_request_error", "invalid_request");
    co_return false;
  }
  const auto ask = [&](auto done) { holds_.look(std::string(id), std::move(done)); };
  auto seen = co_await internal::await_desk<SeenHold>(ask);
  if (!seen && seen.error().code() != Errc::kNotFound) {
    co_await deny(call, DenialReason::kUnavailable, 503, "holds cannot be looked at now", "api_error",
                  "holds_unavailable");
    co_return false;
  }
  if (!seen || seen->answer == HoldAnswer::kRefused) {
    co_await deny(call, DenialReason::kContent, 403, seen ? "the hold was refused" : "there is no such hold any more",
                  "permission_error", "hold_refused");
    co_return false;
  }
  if (seen->answer == HoldAnswer::kWaiting) {
    call.hold_id = id;
    co_await deny(call, DenialReason::kContent, 403, "the hold still waits for a decision", "permission_error",
                  kHeldForReview);
    co_return false;
  }
  call.hold = *std::move(seen);
  co_return true;
}

void Pipeline::use_hold(Call& call, std::string_view kind, const Findings& found) {
  const bool waits = found.strictest(call.due) >= ContentAction::kHold || !call.quarantine.empty();
  if (!waits || !call.hold || call.hold->kind != kind) return;
  const std::string held = found.held(call.due);
  if (call.hold->subject != subject_of(kind, call.caller->principal->id, held, call.body)) return;
  call.due.release_holds();
  call.quarantine.clear();  // somebody has looked at it
}

net::Task<std::string> Pipeline::place_hold(Call& call, std::string_view kind, const Findings& found) {
  HoldWish wish{.kind = std::string(kind),
                .subject = subject_of(kind, call.caller->principal->id, found.held(call.due), call.body),
                .reason = why_it_waits(found.in_words(call.due, ContentAction::kHold, kMaxReason), call.quarantine),
                .principal = call.caller->principal->id,
                .key = call.caller->key->id};
  const auto ask = [&](auto done) { holds_.place(std::move(wish), std::move(done)); };
  auto placed = co_await internal::await_desk<std::string>(ask);
  if (!placed) {
    log::warning("gateway", "a hold cannot be placed", {{"why", placed.error().message()}});
    co_return std::string();
  }
  call.hold_id = *placed;
  co_return *std::move(placed);
}

}  // namespace redoubt::gateway
