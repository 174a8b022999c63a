// What the parts of the pipeline share: an exchange that is being answered.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/peer_verifier.h"
#include "gateway/answer_contracts.h"
#include "gateway/findings.h"
#include "gateway/internal/held_back.h"
#include "gateway/pipeline.h"
#include "gateway/placeholders.h"
#include "gateway/text_places.h"
#include "net/connection_guard.h"

namespace redoubt::gateway {

namespace internal {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kInvalidKey = "invalid_api_key";
inline constexpr std::string_view kReleaseDenied = "release_denied";
inline constexpr std::string_view kInspectionFailed = "inspection_failed";
inline constexpr std::string_view kContentBlocked = "content_blocked";
inline constexpr std::string_view kUpstreamNotAttested = "upstream_not_attested";
inline constexpr std::string_view kHeldForReview = "held_for_review";

// Kinds of holds.
inline constexpr std::string_view kRequestHold = "inspection.request";
inline constexpr std::string_view kAnswerHold = "inspection.answer";

// `1 credit_card, 2 email_address`: what of the content is not allowed, for the caller.
std::string what_is_blocked(const Findings& found, const ContentActions& due);
// That `what`, the request or the answer, waits for somebody: for what is in it, or else because it is in quarantine.
// An empty id: nobody will look at it.
std::string held_message(std::string_view what, std::string_view hold_id, const Findings& found,
                         const ContentActions& due);

// Fields of the upstream's reply that the caller gets; all others stay behind.
inline constexpr std::array<std::string_view, 2> kPassedFields = {"retry-after", "x-request-id"};

// An error in the form of the API.
net::Task<> reply_error(net::Exchange& exchange, int status, std::string_view message, std::string_view type,
                        std::string_view code, std::span<const net::HeaderField> headers = {});

// `rates` must outlive `fields`.
void add_fields(std::vector<net::HeaderField>& fields, const std::vector<limits::Field>& rates);

// Of the limit that refuses; empty when it is none.
std::string_view id_of(const limits::Refusal& refusal);

}  // namespace internal

// Counts how long the upstream had the request.
class Pipeline::UpstreamTime {
 public:
  UpstreamTime(RequestMetrics& metrics, const Clock& clock)
      : metrics_(metrics), clock_(clock), began_(clock.steady()) {}
  UpstreamTime(const UpstreamTime&) = delete;
  UpstreamTime& operator=(const UpstreamTime&) = delete;
  ~UpstreamTime() { metrics_.upstream_duration.observe(clock_.steady() - began_); }

 private:
  RequestMetrics& metrics_;
  const Clock& clock_;
  const std::chrono::steady_clock::time_point began_;
};

struct Pipeline::PassedValues : std::array<std::string, internal::kPassedFields.size()> {};

struct Pipeline::Call {
  net::Exchange& exchange;
  std::shared_ptr<const Access> access;  // pinned: it decides, and facts point into it
  std::optional<Caller> caller = std::nullopt;
  std::shared_ptr<const Access> newest = nullptr;      // of a stream: pinned when it looked last
  std::optional<Caller> newest_caller = std::nullopt;  // as that one says
  const Log* log = nullptr;                            // the caller's
  std::string_view operation;
  std::string_view body;
  ChatRequest chat;
  std::string_view purpose;
  std::string forward;  // the body as it goes upstream, where inspection changed it
  Findings found;       // in the request
  std::optional<behaviour::FeatureKey::Text> question = std::nullopt;  // features of what the caller asks
  ContentActions due;                                                  // by the last decision
  RestorePermits restore = {};                                         // likewise, of `invoke`
  std::vector<std::string> stopped_families = {};                      // by responses, whatever policies say
  std::string quarantine = {};  // the response that has it wait for a reviewer; empty: none, or somebody has looked
  std::unique_ptr<Placeholders> placeholders = nullptr;  // for what the model server does not get
  std::vector<record::MatchCount> matches;               // facts point into it
  NamesTouched names;                                    // in the request; facts and outcomes point into it
  std::optional<SeenHold> hold = std::nullopt;           // that the caller names, released
  std::string hold_id;                                   // that the caller is told to come back with
  std::shared_ptr<const attest::KnownPeer> attested_caller = nullptr;      // facts point into it
  std::shared_ptr<const net::AdmittedPeer> attested_upstream = nullptr;    // likewise
  std::unique_ptr<net::ReservedConnection> upstream_connection = nullptr;  // to it; until the request is sent
  std::string upstream_refusal;                                            // facts point into it
  std::string policies;  // the determining ones of the last decision; facts point into it
  record::ExchangeFacts facts;
  ledger::CommitLevel level = ledger::CommitLevel::kDurable;  // that the reply waits for
  ExchangeMeter meter;
  std::optional<Admission> admission;                        // once there is one; it refers to what is above
  std::optional<UpstreamTime> upstream_time = std::nullopt;  // while the upstream is at work
};

}  // namespace redoubt::gateway
