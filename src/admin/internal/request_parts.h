// The parts of a request that HTTP has rules for: what the caller accepts, sends, and on which condition.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/call.h"
#include "admin/problem.h"
#include "net/exchange.h"

namespace redoubt::admin::internal {

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kMergePatch = "application/merge-patch+json";
inline constexpr std::string_view kEventStream = "text/event-stream";

// Whether `Accept` (RFC 9110 §12.5.1) takes the media type; an absent field takes all.
bool accepts(std::string_view accept, std::string_view media_type);

// Whether a `Content-Type` is this media type; of parameters only `charset=utf-8` may be there.
bool is_media_type(std::string_view content_type, std::string_view media_type);

// What the body of an operation is sent as.
std::string_view request_media_type(const Operation& operation);

// The conditions of a call.
struct Conditions {
  bool has_if_match = false;
  std::optional<std::uint64_t> if_match;  // nothing with has_if_match: any version
  std::string idempotency_key;            // as it was sent; empty: none
};

// `If-Match` (one strong entity tag, or `*`), `Idempotency-Key`.
std::optional<Problem> read_conditions(const net::RequestHead& head, const Operation& operation, Conditions& out);

// Whether the caller has this version already (If-None-Match, RFC 9110 §13.1.2).
bool none_match(std::string_view field, std::uint64_t version);

// Reads the query into `out`, whose path the router gave. A name in the path that no object can have is not found.
std::optional<Problem> read_arguments(const Operation& operation, std::string_view query, Arguments& out);

std::string entity_tag(std::uint64_t version);

}  // namespace redoubt::admin::internal
