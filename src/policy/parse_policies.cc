// The policy parser: heads, annotations and conditions; expressions are internal/expression_parser.h's.
#include <algorithm>
#include <optional>
#include <set>

#include "encoding/json_writer.h"
#include "policy/internal/escapes.h"
#include "policy/internal/expression_parser.h"
#include "policy/internal/shown.h"
#include "policy/internal/token_reader.h"
#include "policy/policy_set.h"

namespace redoubt::policy {
namespace {

using internal::ExpressionParser;
using internal::shown;
using internal::Token;
using internal::TokenKind;
using internal::TokenReader;

enum class Part : std::uint8_t { kPrincipal, kAction, kResource };

std::string_view to_string(Part part) {
  switch (part) {
    case Part::kPrincipal:
      return "principal";
    case Part::kAction:
      return "action";
    case Part::kResource:
      return "resource";
  }
  return "";
}

std::string_view slot_of(Part part) {
  return part == Part::kPrincipal ? "?principal" : "?resource";
}

// As ExpressionParser's, functions return false when reading cannot go on; the problem has then been reported.
class PolicyParser {
 public:
  PolicyParser(TokenReader& reader, const Limits& limits) : reader_(reader), expressions_(reader, limits.max_depth) {}

  bool policy(Policy& out);
  // Goes on to where the next policy seems to begin: behind a semicolon that is not within braces of this one, or that
  // a word follows with which policies begin.
  void skip_to_next();

 private:
  bool annotation(Policy& out);
  bool effect(Policy& out);
  bool head(Policy& out);
  bool scope(Scope& out, Part part);
  bool target(Scope& out, Part part);
  bool entity(Scope& out, Part part);
  bool action_list(Scope& out);
  bool condition(Policy& out);
  // Entities and lists may stand in parentheses, any number of them.
  std::size_t open_parentheses();
  bool close_parentheses(std::size_t count);

  TokenReader& reader_;
  ExpressionParser expressions_;
  std::size_t outer_braces_ = 0;  // left open before this policy
};

bool PolicyParser::policy(Policy& out) {
  outer_braces_ = reader_.open_braces();
  out.where.begin = reader_.peek().where.begin;
  while (reader_.accept(TokenKind::kAt)) {
    if (!annotation(out)) return false;
  }
  if (!effect(out) || !head(out)) return false;
  while (!reader_.accept(TokenKind::kSemicolon)) {
    if (!condition(out)) return false;
  }
  out.where.end = reader_.last().end;
  return true;
}

void PolicyParser::skip_to_next() {
  for (;;) {
    if (reader_.peek().kind == TokenKind::kEnd) return;
    if (reader_.take().kind != TokenKind::kSemicolon) continue;
    const std::string_view next = reader_.text(reader_.peek());
    if (reader_.open_braces() <= outer_braces_ || next == "permit" || next == "forbid" || next == "@") return;
  }
}

bool PolicyParser::annotation(Policy& out) {
  Annotation annotation{.name = {}, .value = {}, .where = reader_.last()};
  if (!reader_.at(TokenKind::kIdentifier)) return reader_.unexpected();
  annotation.name = reader_.text(reader_.take());
  if (reader_.accept(TokenKind::kOpenParen)) {
    if (!reader_.at(TokenKind::kString)) return reader_.unexpected();
    annotation.value = expressions_.unescaped(reader_.take());
    if (!reader_.expect(TokenKind::kCloseParen)) return false;
  }
  annotation.where.end = reader_.last().end;
  out.annotations.push_back(std::move(annotation));
  return true;
}

bool PolicyParser::effect(Policy& out) {
  const bool permit = reader_.at_word("permit");
  const bool forbid = reader_.at_word("forbid");
  if (!permit && !forbid) return reader_.unexpected();
  reader_.take();
  out.effect = permit ? Effect::kPermit : Effect::kForbid;
  return true;
}

bool PolicyParser::head(Policy& out) {
  if (!reader_.expect(TokenKind::kOpenParen)) return false;
  if (!scope(out.principal, Part::kPrincipal) || !reader_.expect(TokenKind::kComma)) return false;
  if (!scope(out.action, Part::kAction) || !reader_.expect(TokenKind::kComma)) return false;
  if (!scope(out.resource, Part::kResource)) return false;
  reader_.accept(TokenKind::kComma);
  return reader_.expect(TokenKind::kCloseParen);
}

bool PolicyParser::scope(Scope& out, Part part) {
  out.where.begin = reader_.peek().where.begin;
  if (!reader_.accept_word(to_string(part))) return reader_.unexpected();
  if (part != Part::kAction && reader_.accept_word("is")) {
    out.kind = Scope::Kind::kIs;
    reader_.expected("an entity type");
    if (!expressions_.name(out.type)) return false;
    if (reader_.accept_word("in")) {
      out.kind = Scope::Kind::kIsIn;
      if (!target(out, part)) return false;
    }
  } else if (reader_.accept(TokenKind::kEqual)) {
    out.kind = Scope::Kind::kEqual;
    if (!target(out, part)) return false;
  } else if (reader_.accept_word("in")) {
    out.kind = Scope::Kind::kIn;
    if (!target(out, part)) return false;
  }
  out.where.end = reader_.last().end;
  return true;
}

bool PolicyParser::target(Scope& out, Part part) {
  const std::size_t parentheses = open_parentheses();
  const bool list = part == Part::kAction && out.kind == Scope::Kind::kIn && reader_.accept(TokenKind::kOpenBracket);
  return (list ? action_list(out) : entity(out, part)) && close_parentheses(parentheses);
}

bool PolicyParser::entity(Scope& out, Part part) {
  if (part != Part::kAction) {
    if (reader_.peek().kind == TokenKind::kSlot && reader_.text(reader_.peek()) == slot_of(part)) {
      reader_.take();
      out.slot = true;
      return true;
    }
    reader_.expected(part == Part::kPrincipal ? "`?principal`" : "`?resource`");
  }
  const std::uint32_t begin = reader_.peek().where.begin;
  EntityUid& uid = out.entities.emplace_back();
  if (!expressions_.entity(uid)) return false;
  const std::string_view type = uid.type;
  if (part == Part::kAction && type != "Action" && !type.ends_with("::Action")) {
    reader_.report("an action is an entity of type `Action`, in whatever namespace, not " + shown(type),
                   {begin, reader_.last().end});
  }
  return true;
}

bool PolicyParser::action_list(Scope& out) {
  while (!reader_.accept(TokenKind::kCloseBracket)) {
    const std::size_t parentheses = open_parentheses();
    if (!entity(out, Part::kAction) || !close_parentheses(parentheses)) return false;
    if (!reader_.accept(TokenKind::kComma)) return reader_.expect(TokenKind::kCloseBracket);
  }
  return true;
}

bool PolicyParser::condition(Policy& out) {
  Condition condition;
  condition.where.begin = reader_.peek().where.begin;
  const bool when = reader_.at_word("when");
  condition.unless = reader_.at_word("unless");
  if (!when && !condition.unless) return reader_.unexpected();
  reader_.take();
  if (!reader_.expect(TokenKind::kOpenBrace) || !expressions_.expression(condition.body)) return false;
  if (!reader_.expect(TokenKind::kCloseBrace)) return false;
  condition.where.end = reader_.last().end;
  out.conditions.push_back(std::move(condition));
  return true;
}

std::size_t PolicyParser::open_parentheses() {
  std::size_t count = 0;
  while (reader_.accept(TokenKind::kOpenParen)) ++count;
  return count;
}

bool PolicyParser::close_parentheses(std::size_t count) {
  for (; count > 0; --count) {
    if (!reader_.expect(TokenKind::kCloseParen)) return false;
  }
  return true;
}

void report_repeated_annotations(const Policy& policy, TokenReader& reader) {
  std::set<std::string_view> names;
  for (const Annotation& annotation : policy.annotations) {
    if (names.insert(annotation.name).second) continue;
    reader.report("annotation " + shown("@" + annotation.name) + " stands at the policy already", annotation.where);
  }
}

// What no parser can read.
std::optional<Problem> check_text(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes || text.size() >= UINT32_MAX) {
    return Problem{.message = "text is longer than " + std::to_string(limits.max_bytes) + " bytes", .limit = true};
  }
  if (encoding::is_utf8(text)) return std::nullopt;
  std::uint32_t at = 0;
  while (true) {
    const internal::CodePoint point = internal::first_code_point(text.substr(at));
    if (!encoding::is_utf8(text.substr(at, point.size))) break;
    at += static_cast<std::uint32_t>(point.size);
  }
  return Problem{.message = "text is not UTF-8", .where = {at, at + 1}};
}

}  // namespace

Checked<PolicySet> parse_policies(std::string_view text, const Limits& limits) {
  if (auto problem = check_text(text, limits)) return fail(std::move(*problem));
  Problems problems;
  TokenReader reader(text, problems);
  PolicyParser parser(reader, limits);
  PolicySet out;
  for (std::size_t count = 0; reader.peek().kind != TokenKind::kEnd && problems.size() < internal::kMaxProblems;
       ++count) {
    if (count == limits.max_policies) {
      reader.report({.message = "more than " + std::to_string(limits.max_policies) + " policies",
                     .where = reader.peek().where,
                     .limit = true});
      break;
    }
    Policy policy;
    policy.id = "policy" + std::to_string(count);
    if (!parser.policy(policy)) {
      parser.skip_to_next();
      continue;
    }
    report_repeated_annotations(policy, reader);
    static_cast<void>(out.add(std::move(policy)));  // the ids differ
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return out;
}

Checked<Expr> parse_expression(std::string_view text, const Limits& limits) {
  if (auto problem = check_text(text, limits)) return fail(std::move(*problem));
  Problems problems;
  TokenReader reader(text, problems);
  Expr out;
  if (ExpressionParser(reader, limits.max_depth).expression(out)) reader.expect(TokenKind::kEnd);
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return out;
}

}  // namespace redoubt::policy
