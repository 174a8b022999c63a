// What callers are told when an answer is no: RFC 9457, `application/problem+json`.
//
// `type` is stable and says what a program can do about it; `detail` is one line for a person. The table below is all
// there are; docs/api/admin.md says what each means.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/shape.h"
#include "base/result.h"

namespace redoubt::admin {

inline constexpr std::string_view kProblemMediaType = "application/problem+json";

struct ProblemType {
  std::string_view name;  // `urn:redoubt:problem:NAME`
  int status = 500;
  std::string_view title;
};

namespace problems {
inline constexpr ProblemType kMalformed{"malformed-request", 400, "The request cannot be read"};
inline constexpr ProblemType kUnauthenticated{"unauthenticated", 401, "Nobody known is calling"};
inline constexpr ProblemType kDenied{"denied", 403, "No policy permits it"};
inline constexpr ProblemType kNotFound{"not-found", 404, "There is no such thing"};
inline constexpr ProblemType kMethodNotAllowed{"method-not-allowed", 405, "Not with this method"};
inline constexpr ProblemType kNotAcceptable{"not-acceptable", 406, "Not in a form that the caller accepts"};
inline constexpr ProblemType kTimeout{"timeout", 408, "The request came too slowly"};
inline constexpr ProblemType kAlreadyExists{"already-exists", 409, "It is there already"};
inline constexpr ProblemType kVersionConflict{"version-conflict", 409, "It has changed meanwhile"};
inline constexpr ProblemType kGone{"gone", 410, "It is no longer there"};
inline constexpr ProblemType kTooLarge{"too-large", 413, "The request is too large"};
inline constexpr ProblemType kUnsupportedMediaType{"unsupported-media-type", 415, "The body has another form"};
inline constexpr ProblemType kExpectationFailed{"expectation-failed", 417, "The expectation is unknown"};
inline constexpr ProblemType kInvalid{"invalid", 422, "The request asks for what cannot be"};
inline constexpr ProblemType kReasonRequired{"reason-required", 422,
                                             "It takes two persons, and a reason for the second"};
inline constexpr ProblemType kKeyReused{"idempotency-key-reused", 422, "The idempotency key was another request's"};
inline constexpr ProblemType kVersionRequired{"version-required", 428, "The version to be changed must be named"};
inline constexpr ProblemType kTooMany{"too-many-requests", 429, "Too many requests"};
inline constexpr ProblemType kHeadTooLarge{"head-too-large", 431, "The request's head is too large"};
inline constexpr ProblemType kInternal{"internal", 500, "The server failed"};
inline constexpr ProblemType kNotImplemented{"not-implemented", 501, "This server does not do that"};
inline constexpr ProblemType kUnavailable{"unavailable", 503, "Not now"};
inline constexpr ProblemType kHttpVersion{"http-version", 505, "Another version of HTTP"};

inline constexpr std::array kAll{&kMalformed,
                                 &kUnauthenticated,
                                 &kDenied,
                                 &kNotFound,
                                 &kMethodNotAllowed,
                                 &kNotAcceptable,
                                 &kTimeout,
                                 &kAlreadyExists,
                                 &kVersionConflict,
                                 &kGone,
                                 &kTooLarge,
                                 &kUnsupportedMediaType,
                                 &kExpectationFailed,
                                 &kInvalid,
                                 &kReasonRequired,
                                 &kKeyReused,
                                 &kVersionRequired,
                                 &kTooMany,
                                 &kHeadTooLarge,
                                 &kInternal,
                                 &kNotImplemented,
                                 &kUnavailable,
                                 &kHttpVersion};
}  // namespace problems

struct Problem {
  const ProblemType* type = &problems::kInternal;
  std::string detail;          // one line; empty: the title says it all
  std::vector<Fault> faults;   // of a body, by place
  unsigned retry_after_s = 0;  // 0: not said

  int status() const { return type->status; }
  std::string body() const;
};

// The problem that an error is. What went wrong inside (kIo, kCorrupt, kVerifyFailed, …) is `internal`, without the
// error's message, which is for the log.
Problem problem_of(const Error& error);

// The problem with this status; `internal` when there is none. For what the HTTP server refuses by itself.
const ProblemType& problem_with_status(int status);

// The shape of a problem's body, for the document.
extern const Shape kProblemShape;

}  // namespace redoubt::admin
