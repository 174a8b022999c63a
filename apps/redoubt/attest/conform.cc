// `redoubt attest conform DIR`: samples of others, with what a correct verifier says of them.
#include <cstdio>

#include "attest/conform.h"
#include "redoubt/attest/verbs.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

int conform(const std::string& folder, bool json) {
  const auto report_of = attest::run_cases(folder);
  if (!report_of) return report(report_of.error(), json);
  if (json) {
    std::string text;
    encoding::JsonWriter out(text);
    out.begin_object();
    out.member("passed", std::uint64_t{report_of->passed()});
    out.member("failed", std::uint64_t{report_of->failed()});
    out.key("cases");
    out.begin_array();
    for (const attest::CaseResult& each : report_of->cases) {
      out.begin_object();
      out.member("file", each.file);
      out.member("id", each.id);
      out.member("passed", each.passed);
      if (!each.passed) out.member("problem", each.problem);
      out.end_object();
    }
    out.end_array();
    out.key("problems");
    out.begin_array();
    for (const std::string& each : report_of->problems) out.value(each);
    out.end_array();
    out.end_object();
    std::printf("%s\n", text.c_str());
  } else {
    for (const attest::CaseResult& each : report_of->cases) {
      if (!each.passed) std::printf("failed  %s %s: %s\n", each.file.c_str(), each.id.c_str(), each.problem.c_str());
    }
    for (const std::string& each : report_of->problems) std::printf("failed  %s\n", each.c_str());
    std::printf("%zu passed, %zu failed\n", report_of->passed(), report_of->failed());
  }
  return report_of->failed() == 0 ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app::attest_verbs
