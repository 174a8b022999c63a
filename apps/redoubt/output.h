// How commands answer: exit status, messages for people, JSON for programs.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/result.h"
#include "encoding/json_writer.h"

namespace redoubt::app {

// Exit status of every command.
enum ExitStatus : int {
  kSuccess = 0,
  kAnswerIsNo = 1,  // a proof does not hold, a policy denies
  kUsage = 2,
  kFailure = 3,
};

// What is not proven, in every answer about a log whose checkpoint no witness has cosigned.
constexpr std::string_view kFreshness = "single signer, freshness unproven (no witness)";
// The same of commands that do not look at cosignatures.
constexpr std::string_view kFreshnessNotAsked = "single signer, freshness unproven (cosignatures are not looked at)";

// Options that every command has.
struct Common {
  std::string dir = "var";
  bool dir_given = false;  // on the command line
  bool json = false;
};

// Prints the error and returns the status that it means: a failed proof is an answer, the rest is a failure.
inline int report(const Error& error, bool json) {
  const bool no = error.code() == Errc::kVerifyFailed || error.code() == Errc::kPermissionDenied;
  if (json) {
    std::string out;
    encoding::JsonWriter writer(out);
    writer.begin_object();
    writer.member("ok", false);
    writer.member("code", to_string(error.code()));
    writer.member("error", error.message());
    writer.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::fprintf(stderr, "redoubt: %s\n", error.message().c_str());
  }
  if (error.code() == Errc::kInvalidArgument) return kUsage;
  return no ? kAnswerIsNo : kFailure;
}

}  // namespace redoubt::app
