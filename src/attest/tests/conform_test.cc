// The runner of cases, on folders that are made here; what it says of real evidence is in the tests of each kind.
#include "attest/conform.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/scratch_folder.h"

namespace redoubt::attest {
namespace {

struct Folder {
  Folder() : scratch(*ScratchFolder::make()), path(scratch.path()) {}
  ScratchFolder scratch;
  std::filesystem::path path;

  void write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << text;
  }
  std::string only_problem() {
    const auto report = run_cases(path);
    if (!report) return report.error().message();
    for (const CaseResult& each : report->cases) {
      if (!each.passed) return each.problem;
    }
    return report->problems.empty() ? "" : report->problems.front();
  }
};

constexpr std::string_view kRefused =
    R"({"kind":"sev-snp","format":1,"cases":[{"id":"a","inputs":{"report":"r.bin"},"at":"2025-01-01T00:00:00Z",)"
    R"("expect":{"accept":false,"reason":"malformed"}}]})";

std::string with(std::string_view text, std::string_view from, std::string_view to) {
  std::string out(text);
  const auto at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, from.size(), to);
}

TEST(Conform, PassesACaseThatIsAnsweredAsExpected) {
  Folder folder;
  folder.write("snp/cases.json", kRefused);
  folder.write("snp/r.bin", "no report");
  const auto report = run_cases(folder.path);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->passed(), 1U);
  EXPECT_EQ(report->failed(), 0U);
}

TEST(Conform, FailsOnWhatItDoesNotUse) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {R"("format":1)", R"("format":2)"},
      {R"("format":1)", R"("format":1,"more":0)"},
      {R"("id":"a")", R"("id":"a","more":0)"},
      {R"("report":"r.bin")", R"("repor":"r.bin")"},
      {R"("report":"r.bin")", R"("report":"s.bin")"},
      {R"("report":"r.bin")", R"("report":"/etc/passwd")"},
      {R"("sev-snp")", R"("sev")"},
      {"2025-01-01T00:00:00Z", "2025-01-01"},
      {R"("malformed")", R"("malformed","more":0)"},
      {R"("malformed")", R"("wrong")"},
      {R"("malformed")", R"("trailing")"},
      {R"("malformed")", R"("malformed","also":["odd"])"},
      {R"("malformed")", R"("malformed","claims":{"version":2})"},
      {R"({"accept":false,"reason":"malformed"})", R"({"accept":true})"},
      {R"({"accept":false,"reason":"malformed"})", R"({"accept":true,"reason":"malformed"})"},
      {R"("at")", R"("derive":[{"input":"report","op":"turn"}],"at")"},
      {R"("at")", R"("derive":[{"input":"quote","op":"append","hex":"00"}],"at")"},
      {R"("at")", R"("derive":[{"input":"report","op":"append","hex":"00","offset":1}],"at")"},
      {R"("at")", R"("derive":[{"input":"report","op":"xor","offset":9,"byte":1}],"at")"},
      {R"("at")", R"("derive":[{"input":"report","op":"xor","offset":0,"byte":0}],"at")"},
      {R"("at")", R"("derive":[{"input":"report","op":"truncate","length":10}],"at")"},
      {R"("at")", R"("derive":[{"input":"report","op":"slice","offset":5,"length":5}],"at")"},
      {R"("at")", R"("policy":{"allow_anything":true},"at")"},
      {R"("at")", R"("nonce":"0","at")"},
      {R"("at")", R"("nonce":"","at")"},
  };
  for (const auto& [from, to] : bad) {
    Folder folder;
    folder.write("snp/cases.json", with(kRefused, from, to));
    folder.write("snp/r.bin", "no report");
    EXPECT_NE(folder.only_problem(), "") << to;
  }
}

TEST(Conform, FailsOnAFileThatNoCaseUses) {
  Folder folder;
  folder.write("snp/cases.json", kRefused);
  folder.write("snp/r.bin", "no report");
  folder.write("snp/NOTES.md", "prose");
  EXPECT_EQ(folder.only_problem(), "");
  folder.write("snp/other.bin", "x");
  EXPECT_EQ(folder.only_problem(), "`snp/other.bin` is used by no case");
  folder.write("snp/cases.json", with(kRefused, R"("format":1)", R"("format":1,"unused":{"other.bin":"why"})"));
  EXPECT_EQ(folder.only_problem(), "");
  folder.write("snp/cases.json", with(kRefused, R"("format":1)", R"("format":1,"unused":{"r.bin":"","other.bin":""})"));
  EXPECT_EQ(folder.only_problem(), "`snp/r.bin` is said to be unused and is not");
}

TEST(Conform, FailsOnAnIdThatStandsTwiceAndOnNoCasesAtAll) {
  Folder folder;
  EXPECT_FALSE(run_cases(folder.path));
  folder.write("snp/r.bin", "no report");
  const std::string once(kRefused);
  const auto begin = once.find("{\"id\"");
  const std::string one = once.substr(begin, once.rfind("]}") - begin);
  folder.write("snp/cases.json", with(kRefused, one, one + "," + one));
  EXPECT_NE(folder.only_problem(), "");
}

}  // namespace
}  // namespace redoubt::attest
