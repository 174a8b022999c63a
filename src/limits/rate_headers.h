// What a caller is told of limits in the fields of a response.
//
//   RateLimit-Policy: "principal-requests-minute";q=60;w=60, "key-tokens-day";q=100000;qu="tokens";w=86400
//   RateLimit: "principal-requests-minute";r=17;t=42, "key-tokens-day";r=512;t=3600
//   x-ratelimit-limit-requests: 60        x-ratelimit-remaining-requests: 17      x-ratelimit-reset-requests: 42s
//   Retry-After: 42                       only when refused
//
// RateLimit and RateLimit-Policy are those of draft-ietf-httpapi-ratelimit-headers-11, in the syntax of RFC 9651. `qu`
// has names of ours, `tokens` and `money` (millionths of the currency), beside the draft's `requests` (left out, the
// default) and `content-bytes`. `w` is left out for a month, which has no fixed length.
// The x-ratelimit fields are those that OpenAI's clients read, for the limit of requests and of tokens that is nearest
// to its end.
//
// Only limits of the caller's own key and principal are told, with one exception: the limit that refused, without what
// is left of it. How much others use is theirs.
//
// Pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "limits/meters.h"

namespace redoubt::limits {

using Field = std::pair<std::string_view, std::string>;  // the name is static

// Appends the fields of a response that was admitted, or refused when `refusal` is not null. Bounded by
// Admission::kAppliedMax items a field.
void append_rate_fields(std::vector<Field>& out, std::span<const Standing> standings, const Refusal* refusal);

// `principal-requests-minute`, with `-bucket` behind it for a bucket: a limit's name for its callers.
std::string policy_name(const Limit& limit);

}  // namespace redoubt::limits
