#include "behaviour/signal.h"

#include <gtest/gtest.h>

#include <set>

#include "behaviour/rules.h"

namespace redoubt::behaviour {
namespace {

TEST(Signal, IsWrittenInOneWay) {
  Signal signal{.rule = "behaviour.prompt_flood",
                .key = "principal/ali\"ce",
                .index = 42,
                .time = {1'780'000'000'000},
                .severity = Severity::kHigh,
                .score = 75,
                .confidence = 60,
                .attribution = Attribution::kClaimed,
                .tenant = "clinic",
                .message = "a\nb",
                .entries = {3, 42},
                .tags = {"atlas:AML.T0029"}};
  std::string out;
  append_signal(out, signal);
  EXPECT_EQ(
      out,
      R"({"id":"behaviour.prompt_flood:principal/ali\"ce:42","rule":"behaviour.prompt_flood",)"
      R"("key":"principal/ali\"ce","index":42,"time":1780000000000,"severity":"high","score":75,"confidence":60,)"
      R"("attribution":"claimed","tenant":"clinic","message":"a\nb","entries":[3,42],"tags":["atlas:AML.T0029"]})");
  signal.tenant.clear();
  out.clear();
  append_signal(out, signal);
  EXPECT_EQ(out.find("tenant"), std::string::npos);
}

TEST(Rules, AreNamedOnceAndTagged) {
  std::set<std::string_view> ids;
  for (const RuleInfo& info : built_in_rules()) {
    EXPECT_TRUE(ids.insert(info.id).second) << info.id;
    EXPECT_TRUE(info.id.starts_with("behaviour."));
    EXPECT_FALSE(info.title.empty());
    EXPECT_FALSE(info.tags.empty());
    EXPECT_LE(info.tags.size(), kSignalTagsMax);
    EXPECT_EQ(&info_of(info.rule), &info);
    for (const std::string_view tag : info.tags) {
      const bool known = tag.starts_with("atlas:AML.T") || tag.starts_with("owasp-llm:LLM") ||
                         tag.starts_with("owasp-agentic:ASI") || tag == "redoubt:induced";
      EXPECT_TRUE(known) << tag;
    }
  }
  EXPECT_EQ(ids.size(), kRuleCount);
}

}  // namespace
}  // namespace redoubt::behaviour
