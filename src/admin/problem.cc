#include "admin/problem.h"

#include "encoding/json_writer.h"

namespace redoubt::admin {
namespace {

constexpr Shape kLine = text_of({.kind = TextForm::Kind::kLine, .max = 4096});
constexpr Shape kPlace = text_of({.kind = TextForm::Kind::kAny, .max = 4096});
constexpr Shape kStatus = integer_of(400, 599);
constexpr Field kFaultFields[] = {
    {"pointer", &kPlace, "Where in the body, as RFC 6901 writes it.", kRequired},
    {"detail", &kLine, "What is wrong there.", kRequired},
};
constexpr Shape kFault = object_of("", kFaultFields);
constexpr Shape kFaults = list_of(kFault, kMaxFaults);
constexpr Field kProblemFields[] = {
    {"type", &kLine, "What a program can go by; stable.", kRequired},
    {"title", &kLine, "The type in words.", kRequired},
    {"status", &kStatus, "The status of the answer.", kRequired},
    {"detail", &kLine, "What went wrong this time, for a person."},
    {"errors", &kFaults, "Each place of the body that does not fit."},
};

}  // namespace

constexpr Shape kProblemShape = object_of("Problem", kProblemFields);

std::string Problem::body() const {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("type", "urn:redoubt:problem:" + std::string(type->name));
  json.member("title", type->title);
  json.member("status", type->status);
  if (!detail.empty()) json.member("detail", detail);
  if (!faults.empty()) {
    json.key("errors");
    json.begin_array();
    for (const Fault& fault : faults) {
      json.begin_object();
      json.member("pointer", fault.pointer);
      json.member("detail", fault.detail);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return out;
}

Problem problem_of(const Error& error) {
  switch (error.code()) {
    case Errc::kInvalidArgument:
    case Errc::kUnsupported:
      return {.type = &problems::kInvalid, .detail = error.message()};
    case Errc::kMalformed:
      return {.type = &problems::kMalformed, .detail = error.message()};
    case Errc::kTooLarge:
      return {.type = &problems::kTooLarge, .detail = error.message()};
    case Errc::kNotFound:
      return {.type = &problems::kNotFound, .detail = error.message()};
    case Errc::kAlreadyExists:
      return {.type = &problems::kAlreadyExists, .detail = error.message()};
    case Errc::kConflict:
      return {.type = &problems::kVersionConflict, .detail = error.message()};
    case Errc::kUnauthenticated:
      return {.type = &problems::kUnauthenticated, .detail = error.message()};
    case Errc::kPermissionDenied:
      return {.type = &problems::kDenied, .detail = error.message()};
    case Errc::kResourceExhausted:
    case Errc::kUnavailable:
    case Errc::kDeadlineExceeded:
      return {.type = &problems::kUnavailable,
              .detail = "nothing can be changed or read now; try again",
              .retry_after_s = 1};
    default:
      return {.type = &problems::kInternal, .detail = "the server's own log says why"};
  }
}

const ProblemType& problem_with_status(int status) {
  for (const ProblemType* type : problems::kAll) {
    if (type->status == status) return *type;
  }
  return problems::kInternal;
}

}  // namespace redoubt::admin
