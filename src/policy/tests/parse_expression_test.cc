#include <gtest/gtest.h>

#include <limits>

#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

Expr read(std::string_view text) {
  auto expression = parse_expression(text);
  if (!expression) {
    ADD_FAILURE() << render(expression.error()[0], "-", text);
    return {};
  }
  return std::move(*expression);
}

std::vector<std::string> problems(std::string_view text) {
  const auto expression = parse_expression(text);
  std::vector<std::string> out;
  if (expression) return out;
  for (const Problem& p : expression.error()) {
    out.push_back(p.message + " @ " + std::string(text.substr(p.where.begin, p.where.end - p.where.begin)));
  }
  return out;
}

using Strings = std::vector<std::string>;

Expr number(std::int64_t value) {
  return {.kind = ExprKind::kLong, .number = value};
}
Expr variable(Variable v) {
  return {.kind = ExprKind::kVariable, .number = static_cast<std::int64_t>(v)};
}
Expr node(ExprKind kind, std::vector<Expr> children) {
  return {.kind = kind, .children = std::move(children)};
}

TEST(ParseExpression, ReadsLiterals) {
  EXPECT_EQ(read("true"), (Expr{.kind = ExprKind::kBool, .number = 1}));
  EXPECT_EQ(read("false"), (Expr{.kind = ExprKind::kBool, .number = 0}));
  EXPECT_EQ(read("007"), number(7));
  EXPECT_EQ(read("\"a\nb\""), (Expr{.kind = ExprKind::kString, .text = "a\nb"}));
  EXPECT_EQ(read("A::B::\"c\""), (Expr{.kind = ExprKind::kEntity, .text = "c", .name = "A::B"}));
  EXPECT_EQ(read("principal::action::\"c\""),
            (Expr{.kind = ExprKind::kEntity, .text = "c", .name = "principal::action"}));
}

TEST(ParseExpression, ReadsTheWholeRangeOfNumbers) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(read("9223372036854775807"), number(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(read("-9223372036854775808"), number(kMin));
  EXPECT_EQ(read("- 9223372036854775808"), number(kMin));
  EXPECT_EQ(read("--9223372036854775808"), node(ExprKind::kNegate, {number(kMin)}));
  EXPECT_EQ(read("00000000000000000000000000000000001"), number(1));
}

TEST(ParseExpression, RefusesNumbersOutsideTheRange) {
  for (const char* text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616", "-(9223372036854775808)",
        "-9223372036854775808.a", "99999999999999999999999999999999999999999"}) {
    EXPECT_EQ(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, TakesTheMinusOfALoneNumberForPartOfIt) {
  EXPECT_EQ(read("-1"), number(-1));
  EXPECT_EQ(read("--1"), node(ExprKind::kNegate, {number(-1)}));
  EXPECT_EQ(read("-(1)"), node(ExprKind::kNegate, {number(1)}));
  EXPECT_EQ(read("1 - 1"), node(ExprKind::kSubtract, {number(1), number(1)}));
  EXPECT_EQ(read("1 - -1"), node(ExprKind::kSubtract, {number(1), number(-1)}));
  Expr attribute = node(ExprKind::kGetAttr, {number(1)});
  attribute.text = "a";
  EXPECT_EQ(read("-1.a"), node(ExprKind::kNegate, {attribute}));
}

TEST(ParseExpression, BindsAsTheGrammarSays) {
  // Both sides must read alike, and neither as the other grouping would.
  for (const auto& [plain, grouped] : {
           std::pair{"1 + 2 * 3", "1 + (2 * 3)"},
           std::pair{"1 - 2 - 3", "(1 - 2) - 3"},
           std::pair{"1 * 2 * 3", "(1 * 2) * 3"},
           std::pair{"1 + 2 == 3 - 4", "(1 + 2) == (3 - 4)"},
           std::pair{"true || false && true", "true || (false && true)"},
           std::pair{"true && false || true", "(true && false) || true"},
           std::pair{"true || false || true", "(true || false) || true"},
           std::pair{"true && false && true", "(true && false) && true"},
           std::pair{"1 < 2 && 3 >= 4", "(1 < 2) && (3 >= 4)"},
           std::pair{"!true && false", "(!true) && false"},
           std::pair{"!principal.a", "!(principal.a)"},
           std::pair{"-principal.a * 2", "(-(principal.a)) * 2"},
           std::pair{"principal in resource && true", "(principal in resource) && true"},
           std::pair{"principal has a.b && true", "(principal has a.b) && true"},
           std::pair{"principal is A in resource.b && true", "(principal is A in (resource.b)) && true"},
           std::pair{"1 + 2 in 3 + 4", "(1 + 2) in (3 + 4)"},
           std::pair{"if true then 1 else 2 + 3", "if true then 1 else (2 + 3)"},
           std::pair{"if true then 1 else if false then 2 else 3", "if true then 1 else (if false then 2 else 3)"},
           std::pair{"1 + 2 has a", "(1 + 2) has a"},
           std::pair{"principal.a like \"b\" || true", "(principal.a like \"b\") || true"},
       }) {
    EXPECT_EQ(read(plain), read(grouped)) << plain;
  }
  EXPECT_NE(read("(1 + 2) * 3"), read("1 + 2 * 3"));
  EXPECT_NE(read("1 - (2 - 3)"), read("1 - 2 - 3"));
  EXPECT_NE(read("(true || false) && true"), read("true || false && true"));
}

TEST(ParseExpression, ReadsEveryOperator) {
  const Expr a = variable(Variable::kPrincipal);
  const Expr b = variable(Variable::kContext);
  for (const auto& [text, kind] :
       {std::pair{"||", ExprKind::kOr}, std::pair{"&&", ExprKind::kAnd}, std::pair{"==", ExprKind::kEqual},
        std::pair{"!=", ExprKind::kNotEqual}, std::pair{"<", ExprKind::kLess}, std::pair{"<=", ExprKind::kLessEqual},
        std::pair{">", ExprKind::kGreater}, std::pair{">=", ExprKind::kGreaterEqual}, std::pair{"in", ExprKind::kIn},
        std::pair{"+", ExprKind::kAdd}, std::pair{"-", ExprKind::kSubtract}, std::pair{"*", ExprKind::kMultiply}}) {
    EXPECT_EQ(read("principal " + std::string(text) + " context"), node(kind, {a, b})) << text;
  }
  for (const auto& [name, kind] :
       {std::pair{"contains", ExprKind::kContains}, std::pair{"containsAll", ExprKind::kContainsAll},
        std::pair{"containsAny", ExprKind::kContainsAny}, std::pair{"getTag", ExprKind::kGetTag},
        std::pair{"hasTag", ExprKind::kHasTag}}) {
    EXPECT_EQ(read("principal." + std::string(name) + "(context)"), node(kind, {a, b})) << name;
  }
  EXPECT_EQ(read("principal.isEmpty()"), node(ExprKind::kIsEmpty, {a}));
  EXPECT_EQ(read("!!!!principal"),
            node(ExprKind::kNot, {node(ExprKind::kNot, {node(ExprKind::kNot, {node(ExprKind::kNot, {a})})})}));
  EXPECT_EQ(read("if principal then context else principal"), node(ExprKind::kIf, {a, b, a}));
}

TEST(ParseExpression, ReadsAttributesInBothSpellings) {
  Expr attribute = node(ExprKind::kGetAttr, {variable(Variable::kContext)});
  attribute.text = "isEmpty";
  EXPECT_EQ(read("context.isEmpty"), attribute);
  EXPECT_EQ(read("context[\"isEmpty\"]"), attribute);
  attribute.text = "if";
  EXPECT_EQ(read("context[\"if\"]"), attribute);
}

TEST(ParseExpression, ReadsWhatHasIsAskedFor) {
  const auto path = [](std::string_view text) { return read(text).path; };
  EXPECT_EQ(path("context has a"), Strings{"a"});
  EXPECT_EQ(path("context has principal.in_.contains"), (Strings{"principal", "in_", "contains"}));
  EXPECT_EQ(path("context has \"a.b c\""), Strings{"a.b c"});
  EXPECT_EQ(read("context has \"a\""), read("context has a"));
}

TEST(ParseExpression, ReadsPatterns) {
  const auto pattern = [](const std::string& text) { return read("\"\" like \"" + text + "\"").pattern.value().parts; };
  using Parts = std::vector<Pattern::Part>;
  EXPECT_EQ(pattern(""), Parts{});
  EXPECT_EQ(pattern("a*b"), (Parts{{.literal = "a"}, {.star = true}, {.literal = "b"}}));
  EXPECT_EQ(pattern("**"), (Parts{{.star = true}, {.star = true}}));
  EXPECT_EQ(pattern(R"(\**\*a)"), (Parts{{.literal = "*"}, {.star = true}, {.literal = "*a"}}));
  EXPECT_EQ(pattern(R"(\\*)"), (Parts{{.literal = "\\"}, {.star = true}}));
  EXPECT_EQ(pattern(R"(\u{2a}\x2a)"), (Parts{{.star = true}, {.star = true}}));
}

TEST(ParseExpression, RefusesAnEscapedStarOutsideAPattern) {
  EXPECT_EQ(problems(R"("\*" == "")"), (Strings{R"(escape `\*` is not valid @ \*)"}));
}

TEST(ParseExpression, ReadsEveryEscape) {
  EXPECT_EQ(read(R"("\n\r\t\\\0\'\"\x41\x7F\u{e9}\u{10FFFF}\u{1_F600}\u{0000_41_}")").text,
            std::string("\n\r\t\\\0'\"A\x7f\xc3\xa9\xf4\x8f\xbf\xbf\xf0\x9f\x98\x80"
                        "A",
                        20));
}

TEST(ParseExpression, RefusesEscapesOfAnotherForm) {
  for (const char* text : {R"("\q")", R"("\x")", R"("\x4")", R"("\x4g")", R"("\x80")", R"("\u41")", R"("\u{}")",
                           R"("\u{_1}")", R"("\u{1234567}")", R"("\u{0000041}")", R"("\u{d800}")", R"("\u{110000}")",
                           R"("\u{41")", R"("\u{4g}")", R"("\U{41}")", "\"\\\xc3\xa9\"", "\"a\rb\""}) {
    EXPECT_EQ(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, ReadsSetsAndRecords) {
  EXPECT_EQ(read("[]"), node(ExprKind::kSet, {}));
  EXPECT_EQ(read("[1, [2],]"), node(ExprKind::kSet, {number(1), node(ExprKind::kSet, {number(2)})}));
  Expr record = node(ExprKind::kRecord, {number(1), number(2), number(3)});
  record.path = {"b", "a b", "principal"};
  EXPECT_EQ(read("{b: 1, \"a b\": 2, principal: 3,}"), record);
  EXPECT_EQ(read("{}"), node(ExprKind::kRecord, {}));
}

TEST(ParseExpression, RefusesRepeatedKeys) {
  EXPECT_EQ(
      problems("{a: 1, b: 2, \"a\": 3, \"\\u{62}\": 4}"),
      (Strings{"key `a` stands in the record already @ \"a\"", "key `b` stands in the record already @ \"\\u{62}\""}));
}

TEST(ParseExpression, RefusesKeysOfAnotherForm) {
  for (const char* text :
       {"{1: 2}", "{a}", "{a: }", "{(\"a\"): 1}", "{a::b: 1}", "{a.b: 1}", "{,}", "{a: 1 b: 2}", "{a = 1}"}) {
    EXPECT_GE(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, ReadsCallsOfExtensionFunctions) {
  Expr ip = node(ExprKind::kCall, {{.kind = ExprKind::kString, .text = "::1"}});
  ip.name = "ip";
  EXPECT_EQ(read("ip(\"::1\")"), ip);
  Expr in_range = node(ExprKind::kCall, {ip, ip});
  in_range.name = "isInRange";
  EXPECT_EQ(read("ip(\"::1\").isInRange(ip(\"::1\"),)"), in_range);
}

TEST(ParseExpression, LeavesTheNumberOfArgumentsOfExtensionFunctionsToEvaluation) {
  EXPECT_EQ(read("ip()").children.size(), 0U);
  EXPECT_EQ(read("decimal(\"1.0\", 2)").children.size(), 2U);
  EXPECT_EQ(read("context.isInRange()").children.size(), 1U);
}

TEST(ParseExpression, RefusesMethodsWithAnotherNumberOfArguments) {
  for (const char* text : {"principal.contains()", "principal.contains(1, 2)", "principal.isEmpty(1)",
                           "principal.getTag()", "principal.hasTag(\"a\", \"b\")", "principal.containsAll()"}) {
    EXPECT_EQ(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, RefusesWhatCannotBeCalled) {
  for (const char* text :
       {"foo(1)", "principal(1)", "contains(1)", "lessThan(1, 2)", "principal.foo(1)", "principal.ip()", "\"a\"(1)",
        "(1)(2)", "ip(\"a\")(1)", "A::\"b\"(1)", "A::ip(\"::1\")", "if(1)", "principal.a[\"b\"](1)"}) {
    EXPECT_GE(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, RefusesRelationsThatChain) {
  for (const char* text :
       {"1 == 2 == 3", "1 < 2 < 3", "1 in 2 in 3", "1 has a has b", "1 like \"a\" == true", "1 is A is B",
        "1 is A in B::\"b\" == true", "1 is A in 2 in 3", "1 == 2 has a", "1 has a == true"}) {
    EXPECT_EQ(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, RefusesFiveSignsTogether) {
  EXPECT_EQ(problems("!!!!!true"), Strings{"at most four `!` may stand together @ !!!!!"});
  EXPECT_EQ(problems("-----1"), Strings{"at most four `-` may stand together @ -----"});
  EXPECT_TRUE(problems("----1").empty());
  EXPECT_TRUE(problems("!!!!(!!!!true)").empty());
}

TEST(ParseExpression, RefusesSignsOfBothKindsTogether) {
  EXPECT_EQ(problems("!-1").size(), 1U);
  EXPECT_EQ(problems("-!true").size(), 1U);
}

TEST(ParseExpression, RefusesIfAsAnOperand) {
  for (const char* text :
       {"1 + if true then 1 else 2", "true && if true then true else true", "!if true then 1 else 2"}) {
    EXPECT_EQ(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, RefusesReservedWords) {
  for (const char* text : {"principal.if", "principal.like", "principal has true", "principal has a.in", "{then: 1}",
                           "in", "A::is::\"b\"", "if::\"b\"", "principal is has", "principal.__cedar", "__cedar::\"a\"",
                           "principal is A::__cedar", "{__cedar: 1}", "else == 1"}) {
    EXPECT_GE(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, RefusesOperatorsThatDoNotExist) {
  EXPECT_EQ(problems("1 / 2"),
            Strings{"operator `/` does not exist: numbers are added, subtracted and multiplied @ /"});
  EXPECT_EQ(problems("1 % 2").size(), 1U);
  EXPECT_EQ(problems("1 = 2"), Strings{"`=` is no operator: equality is `==` @ ="});
  EXPECT_EQ(problems("1 & 2").size(), 1U);
}

TEST(ParseExpression, RefusesOperandsOfAnotherForm) {
  for (const char* text : {"",
                           "1 +",
                           "+ 1",
                           "(1",
                           "1)",
                           "[1",
                           "[1 2]",
                           "context.",
                           "context[1]",
                           "context[\"a\"",
                           "context[a]",
                           "context[(\"a\")]",
                           "context has 1",
                           "context has \"a\".b",
                           "context has a.\"b\"",
                           "context has (a)",
                           "context has a + 1",
                           "context has a[\"b\"]",
                           "context has A::b",
                           "context like a",
                           "context like (\"a\")",
                           "context like \"a\" + \"b\"",
                           "context is \"A\"",
                           "context is (A)",
                           "context is A + 1",
                           "context is A::\"b\"",
                           "A::B",
                           "foo",
                           "A::{}",
                           "1 2",
                           "?principal",
                           "?",
                           "@a",
                           "if true then 1",
                           "if true 1 else 2",
                           "if true then 1 else",
                           "1, 2",
                           "1;"}) {
    EXPECT_GE(problems(text).size(), 1U) << text;
  }
}

TEST(ParseExpression, SaysWhatWasExpected) {
  const auto expected = [](std::string_view text) { return parse_expression(text).error()[0].expected; };
  EXPECT_EQ(expected("principal 1"), (Strings{"`.`", "`[`", "an operator", "the end"}));
  EXPECT_EQ(expected("if true 1"), (Strings{"`.`", "`[`", "an operator", "`then`"}));
  EXPECT_EQ(expected("1 +"), (Strings{"an operand"}));
  EXPECT_EQ(expected("(1 ]"), (Strings{"`.`", "`[`", "an operator", "`)`"}));
  EXPECT_EQ(expected("[;"), (Strings{"`]`", "an expression"}));
  EXPECT_EQ(expected("context has 1"), (Strings{"a string", "an identifier"}));
}

TEST(ParseExpression, SaysWhereAnOperandStandsInItsParentheses) {
  const std::string text = "  (1 + 2) * context.a ";
  const Expr product = read(text);
  const auto at = [&](const Expr& e) { return text.substr(e.where.begin, e.where.end - e.where.begin); };
  EXPECT_EQ(at(product), "(1 + 2) * context.a");
  EXPECT_EQ(at(product.children[0]), "(1 + 2)");
  EXPECT_EQ(at(product.children[1]), "context.a");
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Each as deep as may be, and one deeper, and so deep that unbounded recursion would end the program.
TEST(ParseExpression, RefusesWhatIsTooDeep) {
  Limits limits;
  limits.max_depth = 20;
  struct Case {
    std::string open;
    std::string core;
    std::string close;
    std::size_t levels;  // that fit
  };
  for (const auto& [open, core, close, levels] : {
           Case{"(", "1", ")", 19},
           Case{"[", "1", "]", 19},
           Case{"{a:", "1", "}", 19},
           Case{"!(", "true", ")", 19},
           Case{"if true then 1 else ", "1", "", 19},
           Case{"ip(", "1", ")", 19},
           Case{"context.contains(", "1", ")", 19},
           Case{"", "1", "+1", 19},
           Case{"", "1", "&&1", 19},
           Case{"", "context", ".a", 19},
           Case{"", "context", "[\"a\"]", 19},
           Case{"", "context", ".isEmpty()", 19},
       }) {
    const auto nested = [&](std::size_t n) { return repeated(open, n) + core + repeated(close, n); };
    EXPECT_TRUE(parse_expression(nested(levels), limits)) << nested(levels);
    for (const std::size_t n : {levels + 1, std::size_t{100'000}}) {
      const auto deeper = parse_expression(nested(n), limits);
      ASSERT_FALSE(deeper) << open << core << close << n;
      EXPECT_EQ(deeper.error().size(), 1U);
      EXPECT_TRUE(deeper.error()[0].limit);
    }
  }
}

}  // namespace
}  // namespace redoubt::policy
