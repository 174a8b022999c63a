#include "policy/format.h"

#include <gtest/gtest.h>

#include <string>

namespace redoubt::policy {
namespace {

std::string formatted(std::string_view text, const FormatOptions& options = {}) {
  const auto out = format_policies(text, options);
  if (!out) return render(out.error()[0], "-", text);
  const auto again = format_policies(*out, options);
  EXPECT_TRUE(again && *again == *out) << "formatting again changes\n" << *out;
  return *out;
}

std::string condition(std::string_view body, const FormatOptions& options = {}) {
  const std::string head = "permit (principal, action, resource)\n";
  const std::string out = formatted(head + "when {" + std::string(body) + "};", options);
  EXPECT_TRUE(out.starts_with(head)) << out;
  return out.substr(head.size());
}

TEST(FormatPolicies, PutsShortConditionsOnOneLine) {
  EXPECT_EQ(formatted("permit(principal,action,resource)when{true}unless{1==2};"),
            "permit (principal, action, resource)\n"
            "when { true }\n"
            "unless { 1 == 2 };\n");
}

TEST(FormatPolicies, PutsScopesThatSayMoreOnALineEach) {
  EXPECT_EQ(formatted("@id(\"x\")@flag forbid(principal is A in ?principal,action in[Action::\"a\"],resource,);"),
            "@id(\"x\")\n"
            "@flag\n"
            "forbid (\n"
            "  principal is A in ?principal,\n"
            "  action in [Action::\"a\"],\n"
            "  resource\n"
            ");\n");
}

TEST(FormatPolicies, SeparatesPoliciesByALine) {
  const std::string any = "permit (principal, action, resource);\n";
  EXPECT_EQ(formatted(any + any + "\n\n\n" + any), any + "\n" + any + "\n" + any);
}

TEST(FormatPolicies, BreaksEveryPartOfAConditionThatIsTooLong) {
  EXPECT_EQ(condition("principal.department == resource.department && context.authenticated || principal.is_admin"),
            "when\n"
            "{\n"
            "  principal.department == resource.department &&\n"
            "  context.authenticated ||\n"
            "  principal.is_admin\n"
            "};\n");
}

TEST(FormatPolicies, BreaksListsRecordsCallsAndConditionals) {
  const FormatOptions narrow{.line_width = 20, .indent = 2};
  EXPECT_EQ(condition("[1000000, 2000000, 3000000]", narrow),
            "when\n"
            "{\n"
            "  [1000000,\n"
            "   2000000,\n"
            "   3000000]\n"
            "};\n");
  EXPECT_EQ(condition("{alpha: 1000000, \"b\": {}}", narrow),
            "when\n"
            "{\n"
            "  {\n"
            "    alpha: 1000000,\n"
            "    \"b\": {}\n"
            "  }\n"
            "};\n");
  EXPECT_EQ(condition("context.alpha.beta.contains(1)", narrow),
            "when\n"
            "{\n"
            "  context.alpha\n"
            "    .beta\n"
            "    .contains\n"
            "    (\n"
            "      1\n"
            "    )\n"
            "};\n");
  EXPECT_EQ(condition("if context.a then 10000 else 20000", narrow),
            "when\n"
            "{\n"
            "  if\n"
            "    context.a\n"
            "  then\n"
            "    10000\n"
            "  else\n"
            "    20000\n"
            "};\n");
  EXPECT_EQ(condition("context.a + context.b * 1000000 == (1)", narrow),
            "when\n"
            "{\n"
            "  context.a +\n"
            "  context.b *\n"
            "  1000000 == (1)\n"
            "};\n");
  EXPECT_EQ(condition("context.alpha has beta.gamma", narrow),
            "when\n"
            "{\n"
            "  context.alpha\n"
            "  has\n"
            "  beta.gamma\n"
            "};\n");
}

TEST(FormatPolicies, KeepsParenthesesEscapesAndQuotationMarks) {
  for (const char* body : {"(((1 + 2)))", "\"\\u{41}\\n\" == \"A\"", "{ \"a\": 1, b: 2 }[\"a\"]", "!!true", "- -1",
                           "\"two\nlines\" == context.a", "context.a like \"*\\*\""}) {
    const std::string tight = std::string(body) == "- -1" ? "--1" : body;
    EXPECT_EQ(condition(body), "when { " + tight + " };\n");
  }
}

TEST(FormatPolicies, KeepsCommentsWhereTheyStand) {
  const std::string text =
      "// of the file\n"
      "// of the policy\n"
      "@id(\"x\") // of the id\n"
      "permit (\n"
      "  // whoever\n"
      "  principal == User::\"a\", // of the principal\n"
      "  action,\n"
      "  resource // of the resource\n"
      ")\n"
      "when\n"
      "{ // of the condition\n"
      "  context.a && // first\n"
      "  // second\n"
      "  [1, // one\n"
      "   2 // two\n"
      "  // three\n"
      "  ].contains(1) // last\n"
      "}; // behind\n"
      "// at the end\n";
  EXPECT_EQ(formatted(text),
            "// of the file\n"
            "// of the policy\n"
            "@id(\"x\") // of the id\n"
            "permit (\n"
            "  // whoever\n"
            "  principal == User::\"a\", // of the principal\n"
            "  action,\n"
            "  resource // of the resource\n"
            ")\n"
            "when\n"
            "{ // of the condition\n"
            "  context.a && // first\n"
            "  // second\n"
            "  [1, // one\n"
            "   2 // two\n"
            "  // three\n"
            "  ].contains\n"
            "    (\n"
            "      1\n"
            "    ) // last\n"
            "}; // behind\n"
            "// at the end\n");
}

TEST(FormatPolicies, KeepsCommentsThatStandAlone) {
  EXPECT_EQ(formatted(""), "");
  EXPECT_EQ(formatted(" \n\n"), "");
  EXPECT_EQ(formatted("\n // a  \n\n//b"), "// a\n//b\n");
}

TEST(FormatPolicies, TakesNoCommentForOneThatStandsInAString) {
  EXPECT_EQ(condition("\"// no comment\" == context.a // one\n"),
            "when\n{\n  \"// no comment\" == context.a // one\n};\n");
}

TEST(FormatPolicies, EndsCommentsAtACarriageReturn) {
  EXPECT_EQ(formatted("// a\r// b\r\npermit(principal,action,resource);// c\r"),
            "// a\n// b\npermit (principal, action, resource); // c\n");
}

TEST(FormatPolicies, LeavesOutTheCommaBehindTheLast) {
  EXPECT_EQ(condition("[1,2 // two\n, // comma\n]"), "when\n{\n  [1,\n   2 // two\n  // comma\n  ]\n};\n");
  EXPECT_EQ(condition("{a:[1,],}.a.contains(1,)"), "when { { a: [1] }.a.contains(1) };\n");
}

TEST(FormatPolicies, FillsLinesUpToTheWidthInCodePoints) {
  EXPECT_EQ(condition("\"éééééééééé\"", {.line_width = 22}), "when { \"éééééééééé\" };\n");
  EXPECT_EQ(condition("\"éééééééééé\"", {.line_width = 21}), "when\n{ \"éééééééééé\" };\n");
}

TEST(FormatPolicies, GivesTheProblemsOfTheParser) {
  const auto out = format_policies("permit(principal, action);");
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error()[0].message, "unexpected `)`");
  Limits limits;
  limits.max_bytes = 5;
  EXPECT_TRUE(format_policies("permit(", {}, limits).error()[0].limit);
}

TEST(FormatPolicies, TakesParenthesesInScopesWithoutRecursion) {
  const std::string open(200'000, '(');
  const std::string close(200'000, ')');
  const auto out = format_policies("permit(principal == " + open + "A::\"b\"" + close + ", action, resource);");
  ASSERT_TRUE(out);
  EXPECT_NE(out->find(open + "A::\"b\"" + close + ",\n"), std::string::npos);
}

TEST(FormatPolicies, TakesEveryWidth) {
  const std::string text = "permit(principal, action, resource) when { [1].contains(if true then {a: -1} else 2) };";
  EXPECT_EQ(formatted(text, {.line_width = 0, .indent = 0}).find(' '), std::string("permit").size());
  EXPECT_NE(formatted(text, {.line_width = SIZE_MAX, .indent = 8}).find("when { [1].contains(if true"),
            std::string::npos);
  EXPECT_EQ(formatted("permit(principal,action,resource)when{true // a\n};", {.line_width = SIZE_MAX}),
            "permit (principal, action, resource)\nwhen\n{\n  true // a\n};\n");
}

}  // namespace
}  // namespace redoubt::policy
