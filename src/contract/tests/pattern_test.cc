#include <gtest/gtest.h>

#include "contract/internal/pattern.h"
#include "contract/internal/uri.h"

namespace redoubt::contract::internal {
namespace {

TEST(Pattern, SpellsOutWhatRe2Lacks) {
  EXPECT_EQ(*ecma_to_re2("^a.b$"), R"(^a[^\n\r\x{2028}\x{2029}]b$)");
  EXPECT_EQ(*ecma_to_re2("[[:alpha:]]"), R"([\[:alpha:]])");
  EXPECT_EQ(*ecma_to_re2("\\u00e9"), R"(\x{0000e9})");
  EXPECT_EQ(*ecma_to_re2(R"(\ud83d\ude00)"), R"(\x{01f600})");
  EXPECT_EQ(*ecma_to_re2(R"((?<y>\d))"), R"((?P<y>\d))");
}

TEST(Pattern, RefusesWhatEcmaDoesNotKnow) {
  for (const char* pattern :
       {R"(\A)", R"(\z)", R"(\Qa\E)", R"(\pL)", "(?i)a", "(?P<n>a)", R"(\07)", R"(\u12)", R"(\u{110000})", R"(\ud83d)",
        "[a", "a)", "(", "*", R"(\)", R"([\B])", R"(\p{Nope})", "[b-a]"}) {
    EXPECT_FALSE(Pattern::compile(pattern)) << pattern;
  }
}

TEST(Pattern, RefusesWhatIsNotLinear) {
  for (const char* pattern :
       {"(?=a)", "(?!a)", "(?<=a)", "(?<!a)", R"((a)\1)", R"(\k<n>)", "[]", "[^]", R"([\S])", "a{1001}"}) {
    const auto compiled = Pattern::compile(pattern);
    ASSERT_FALSE(compiled) << pattern;
    EXPECT_EQ(compiled.error().code(), Errc::kUnsupported) << pattern;
  }
}

TEST(Uri, ResolvesTheExamplesOfRfc3986) {
  // §5.4.1 and §5.4.2.
  constexpr std::string_view kBase = "http://a/b/c/d;p?q";
  constexpr std::pair<std::string_view, std::string_view> kExamples[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/../h", "http://a/b/c/h"},
      {"http:g", "http:g"},
  };
  for (const auto& [reference, resolved] : kExamples) EXPECT_EQ(resolve_uri(kBase, reference), resolved) << reference;
}

TEST(Uri, DecodesFragments) {
  EXPECT_EQ(fragment_of("a#/b%25c"), "/b%c");
  EXPECT_EQ(fragment_of("a"), "");
  EXPECT_EQ(fragment_of("a#%2"), std::nullopt);
}

}  // namespace
}  // namespace redoubt::contract::internal
