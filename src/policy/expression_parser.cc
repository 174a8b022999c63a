#include "policy/internal/expression_parser.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/extension.h"
#include "policy/internal/escapes.h"
#include "policy/internal/operators.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

// How tightly a token binds as a binary operator; 0 when it is none. Relations do not chain.
constexpr int kRelationLevel = 3;
constexpr int kSumLevel = 4;
constexpr int kHighestLevel = 5;

int level_of(TokenKind kind, std::string_view text) {
  switch (kind) {
    case TokenKind::kOr:
      return 1;
    case TokenKind::kAnd:
      return 2;
    case TokenKind::kEqual:
    case TokenKind::kNotEqual:
    case TokenKind::kLess:
    case TokenKind::kLessEqual:
    case TokenKind::kGreater:
    case TokenKind::kGreaterEqual:
    case TokenKind::kAssign:
      return kRelationLevel;
    case TokenKind::kIdentifier:
      return text == "in" || text == "has" || text == "like" || text == "is" ? kRelationLevel : 0;
    case TokenKind::kPlus:
    case TokenKind::kMinus:
      return kSumLevel;
    case TokenKind::kStar:
    case TokenKind::kSlash:
    case TokenKind::kPercent:
      return kHighestLevel;
    default:
      return 0;
  }
}

bool is_access(TokenKind kind) {
  return kind == TokenKind::kDot || kind == TokenKind::kOpenBracket || kind == TokenKind::kOpenParen;
}

// Indices of the names that stood before, ascending.
std::vector<std::size_t> repeated(const std::vector<std::string>& names) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return std::tie(names[a], a) < std::tie(names[b], b); });
  std::vector<std::size_t> out;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (names[order[i]] == names[order[i - 1]]) out.push_back(order[i]);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// Counts one level of nesting while it lives.
class Deeper {
 public:
  explicit Deeper(std::size_t& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  std::size_t& depth_;
};

}  // namespace

bool ExpressionParser::expression(Expr& out) {
  Node node;
  if (!expression(node)) return false;
  out = std::move(node.expr);
  return true;
}

bool ExpressionParser::expression(Node& out) {
  reader_.expected("an expression");
  if (reader_.peek().kind == TokenKind::kIdentifier && reader_.text(reader_.peek()) == "if") return conditional(out);
  return binary(out, 1);
}

bool ExpressionParser::conditional(Node& out) {
  const Deeper deeper(depth_);
  if (!check_height(depth_, reader_.peek().where)) return false;
  const Span start = reader_.take().where;
  Node condition;
  Node then;
  Node otherwise;
  if (!expression(condition)) return false;
  if (!reader_.accept_word("then")) return reader_.unexpected();
  if (!expression(then)) return false;
  if (!reader_.accept_word("else")) return reader_.unexpected();
  if (!expression(otherwise)) return false;
  out.expr.kind = ExprKind::kIf;
  out.expr.where = {start.begin, reader_.last().end};
  return add_operand(out, std::move(condition)) && add_operand(out, std::move(then)) &&
         add_operand(out, std::move(otherwise));
}

// Operators from `lowest_level` on, left to right.
bool ExpressionParser::binary(Node& left, int lowest_level) {
  const Deeper deeper(depth_);
  if (!check_height(depth_, reader_.peek().where) || !unary(left)) return false;
  // What has been read binds as `highest_level` does; what would bind more tightly cannot follow.
  for (int highest_level = kHighestLevel;;) {
    const Token op = reader_.peek();
    const int level = level_of(op.kind, reader_.text(op));
    if (level == 0) {
      reader_.expected("an operator");
      return true;
    }
    if (level < lowest_level) return true;
    if (level > highest_level) {
      if (level != kRelationLevel) return reader_.unexpected();
      return reader_.report("relations do not chain: put one in parentheses", op.where);
    }
    reader_.take();
    if (!apply(left, op, level)) return false;
    highest_level = level == kRelationLevel ? kRelationLevel - 1 : level;
  }
}

// `left` and the operator have been read; what is on its right follows.
bool ExpressionParser::apply(Node& left, const Token& op, int level) {
  const std::string_view spelt = reader_.text(op);
  if (spelt == "has") return has(left);
  if (spelt == "like") return like(left);
  if (spelt == "is") return is(left);
  if (op.kind == TokenKind::kAssign) return reader_.report("`=` is no operator: equality is `==`", op.where);
  if (op.kind == TokenKind::kSlash || op.kind == TokenKind::kPercent) {
    reader_.report("operator " + shown(spelt) + " does not exist: numbers are added, subtracted and multiplied",
                   op.where);
  }
  const Operator* known = find_operator(spelt);
  const ExprKind kind = known == nullptr ? ExprKind::kMultiply : known->kind;
  Node right;
  reader_.expected("an operand");
  if (!binary(right, level + 1)) return false;
  return wrap(left, kind, left.expr.where.begin) && add_operand(left, std::move(right));
}

bool ExpressionParser::has(Node& left) {
  if (!wrap(left, ExprKind::kHas, left.expr.where.begin)) return false;
  auto& path = left.expr.path;
  if (reader_.at(TokenKind::kString)) {
    path.push_back(unescaped(reader_.take()));
  } else {
    do {
      if (!attribute(path.emplace_back())) return false;
    } while (reader_.accept(TokenKind::kDot));
  }
  left.expr.where.end = reader_.last().end;
  return true;
}

bool ExpressionParser::like(Node& left) {
  if (!reader_.at(TokenKind::kString)) return reader_.unexpected();
  const Token literal = reader_.take();
  if (!wrap(left, ExprKind::kLike, left.expr.where.begin)) return false;
  const std::string_view spelt = reader_.text(literal);
  auto pattern = unescape_pattern(spelt.substr(1, spelt.size() - 2), literal.where.begin + 1);
  if (!pattern) reader_.report(std::move(pattern.error()));
  left.expr.pattern = pattern ? std::move(*pattern) : Pattern{};
  return true;
}

bool ExpressionParser::is(Node& left) {
  std::string type;
  reader_.expected("an entity type");
  if (!name(type) || !wrap(left, ExprKind::kIs, left.expr.where.begin)) return false;
  left.expr.name = std::move(type);
  if (!reader_.accept_word("in")) return true;
  Node in;
  reader_.expected("an operand");
  return binary(in, kSumLevel) && add_operand(left, std::move(in));
}

bool ExpressionParser::unary(Node& out) {
  const Token first = reader_.peek();
  if (first.kind != TokenKind::kNot && first.kind != TokenKind::kMinus) return member(out);
  std::size_t count = 0;
  Token last = first;
  for (; reader_.peek().kind == first.kind; ++count) last = reader_.take();
  if (count > kMaxUnary) {
    reader_.report("at most four " + shown(reader_.text(first)) + " may stand together",
                   {first.where.begin, last.where.end});
    count = kMaxUnary;
  }
  reader_.expected("an operand");
  if (first.kind == TokenKind::kMinus && reader_.peek().kind == TokenKind::kNumber) {
    if (!negated_number(out, count)) return false;
  } else if (!member(out)) {
    return false;
  }
  for (; count > 0; --count) {
    if (!wrap(out, first.kind == TokenKind::kNot ? ExprKind::kNot : ExprKind::kNegate, first.where.begin)) return false;
  }
  return true;
}

// A minus sign directly before a number that stands alone belongs to the literal, and is no operator.
bool ExpressionParser::negated_number(Node& out, std::size_t& minus_signs) {
  const Span minus = reader_.last();
  const Token digits = reader_.take();
  const bool literal = !is_access(reader_.peek().kind);
  number(out, digits, literal);
  if (!literal) return accesses(out);
  out.expr.where.begin = minus.begin;
  --minus_signs;
  return true;
}

bool ExpressionParser::member(Node& out) {
  return primary(out) && accesses(out);
}

bool ExpressionParser::accesses(Node& out) {
  const std::uint32_t begin = out.expr.where.begin;
  for (;;) {
    if (reader_.peek().kind == TokenKind::kOpenParen) {
      return reader_.report("only functions and methods can be called", reader_.peek().where);
    }
    std::string text;
    if (reader_.accept(TokenKind::kDot)) {
      const Token name = reader_.peek();
      if (!attribute(text)) return false;
      if (reader_.peek().kind == TokenKind::kOpenParen) {
        if (!method(out, name)) return false;
        continue;
      }
    } else if (reader_.accept(TokenKind::kOpenBracket)) {
      if (!reader_.at(TokenKind::kString)) return reader_.unexpected();
      text = unescaped(reader_.take());
      if (!reader_.expect(TokenKind::kCloseBracket)) return false;
    } else {
      return true;
    }
    if (!wrap(out, ExprKind::kGetAttr, begin)) return false;
    out.expr.text = std::move(text);
  }
}

bool ExpressionParser::method(Node& receiver, const Token& method_name) {
  const std::string_view spelt = reader_.text(method_name);
  const Operator* known = find_operator(spelt);
  if (known != nullptr && !known->method) known = nullptr;
  const std::optional<Function> function = known == nullptr ? find_function(spelt) : std::nullopt;
  if (known == nullptr && (!function || !info(*function).method)) {
    reader_.report(shown(spelt) + (function ? " is a function, not a method" : " is no method"), method_name.where);
  }
  if (!wrap(receiver, known == nullptr ? ExprKind::kCall : known->kind, receiver.expr.where.begin)) return false;
  if (known == nullptr) receiver.expr.name = spelt;
  reader_.take();
  if (!list(receiver, TokenKind::kCloseParen)) return false;
  receiver.expr.where.end = reader_.last().end;
  if (known != nullptr && receiver.expr.children.size() != known->operands) {
    reader_.report("method " + shown(spelt) + (known->operands == 1 ? " takes no argument" : " takes one argument"),
                   {method_name.where.begin, reader_.last().end});
  }
  return true;
}

bool ExpressionParser::primary(Node& out) {
  const Token token = reader_.peek();
  out.expr.where = token.where;
  switch (token.kind) {
    case TokenKind::kNumber:
      return number(out, reader_.take(), false);
    case TokenKind::kString:
      out.expr.kind = ExprKind::kString;
      out.expr.text = unescaped(reader_.take());
      return true;
    case TokenKind::kIdentifier:
      return word(out);
    case TokenKind::kSlot:
      reader_.take();
      reader_.report("slot " + shown(reader_.text(token)) + " may not stand in a condition", token.where);
      return true;
    case TokenKind::kOpenParen:
      reader_.take();
      if (!expression(out) || !reader_.expect(TokenKind::kCloseParen)) return false;
      out.expr.where = {token.where.begin, reader_.last().end};
      return true;
    case TokenKind::kOpenBracket:
      reader_.take();
      out.expr.kind = ExprKind::kSet;
      if (!list(out, TokenKind::kCloseBracket)) return false;
      out.expr.where.end = reader_.last().end;
      return true;
    case TokenKind::kOpenBrace:
      return record(out);
    default:
      return reader_.unexpected();
  }
}

bool ExpressionParser::number(Node& out, const Token& token, bool negative) {
  out.expr.kind = ExprKind::kLong;
  out.expr.where = token.where;
  const std::string_view digits = reader_.text(token);
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1 : 0);
  if (read.ec != std::errc() || value > largest) {
    reader_.report("number " + shown(digits) + " does not fit in 64 bits", token.where);
    value = 0;
  }
  out.expr.number = static_cast<std::int64_t>(negative ? 0 - value : value);
  return true;
}

// What begins with an identifier.
bool ExpressionParser::word(Node& out) {
  const Token token = reader_.take();
  const std::string_view spelt = reader_.text(token);
  if (reader_.peek().kind == TokenKind::kColons) return named(out, std::string(spelt), token.where);
  if (spelt == "true" || spelt == "false") {
    out.expr.kind = ExprKind::kBool;
    out.expr.number = spelt == "true" ? 1 : 0;
    return true;
  }
  if (spelt == "if") return reader_.report("`if` as an operand must stand in parentheses", token.where);
  if (reader_.peek().kind == TokenKind::kOpenParen) return function(out, std::string(spelt), token.where);
  const auto* variable = std::find(kVariables.begin(), kVariables.end(), spelt);
  if (variable != kVariables.end()) {
    out.expr.kind = ExprKind::kVariable;
    out.expr.number = std::distance(kVariables.begin(), variable);
    return true;
  }
  if (!is_identifier(spelt)) return reader_.report(shown(spelt) + " is a reserved word", token.where);
  reader_.report(shown(spelt) + " is no variable: there are `principal`, `action`, `resource` and `context`",
                 token.where);
  return true;
}

// A name of several parts, of which the first has been read: of an entity, or of a function.
bool ExpressionParser::named(Node& out, std::string first, Span where) {
  if (!is_identifier(first)) reader_.report(shown(first) + " is a reserved word", where);
  std::string name = std::move(first);
  while (reader_.accept(TokenKind::kColons)) {
    if (reader_.at(TokenKind::kString)) {
      out.expr.kind = ExprKind::kEntity;
      out.expr.name = std::move(name);
      out.expr.text = unescaped(reader_.take());
      out.expr.where = {where.begin, reader_.last().end};
      return true;
    }
    std::string part;
    if (!attribute(part)) return false;
    name += "::" + part;
  }
  const Span whole{where.begin, reader_.last().end};
  if (reader_.peek().kind == TokenKind::kOpenParen) return function(out, name, whole);
  return reader_.report(shown(name) + " is a name, not a value; an entity is written " + shown(name + "::\"id\""),
                        whole);
}

bool ExpressionParser::function(Node& out, const std::string& function_name, Span where) {
  const std::optional<Function> function = find_function(function_name);
  const bool is_method = function ? info(*function).method : find_operator(function_name) != nullptr;
  if (!function || is_method) {
    reader_.report(
        shown(function_name) + (is_method ? " is a method: write it behind a value and `.`" : " is no function"),
        where);
  }
  reader_.take();
  out.expr.kind = ExprKind::kCall;
  out.expr.name = function_name;
  if (!list(out, TokenKind::kCloseParen)) return false;
  out.expr.where = {where.begin, reader_.last().end};
  return true;
}

// Expressions up to `close`, with commas between them and perhaps behind the last, as further operands.
bool ExpressionParser::list(Node& out, TokenKind close) {
  while (!reader_.accept(close)) {
    Node element;
    if (!expression(element) || !add_operand(out, std::move(element))) return false;
    if (!reader_.accept(TokenKind::kComma)) return reader_.expect(close);
  }
  return true;
}

bool ExpressionParser::record(Node& out) {
  const Span open = reader_.take().where;
  std::vector<Span> keys;
  out.expr.kind = ExprKind::kRecord;
  while (!reader_.accept(TokenKind::kCloseBrace)) {
    Node value;
    if (!key(out.expr.path.emplace_back())) return false;
    keys.push_back(reader_.last());
    if (!reader_.expect(TokenKind::kColon) || !expression(value) || !add_operand(out, std::move(value))) return false;
    if (reader_.accept(TokenKind::kComma)) continue;
    if (!reader_.expect(TokenKind::kCloseBrace)) return false;
    break;
  }
  out.expr.where = {open.begin, reader_.last().end};
  for (const std::size_t again : repeated(out.expr.path)) {
    reader_.report("key " + shown(out.expr.path[again]) + " stands in the record already", keys[again]);
  }
  return true;
}

bool ExpressionParser::key(std::string& out) {
  if (!reader_.at(TokenKind::kString)) return attribute(out);
  out = unescaped(reader_.take());
  return true;
}

bool ExpressionParser::attribute(std::string& out) {
  if (!reader_.at(TokenKind::kIdentifier)) return reader_.unexpected();
  const Token token = reader_.take();
  out = reader_.text(token);
  if (!is_identifier(out)) reader_.report(shown(out) + " is a reserved word", token.where);
  return true;
}

bool ExpressionParser::name(std::string& out) {
  do {
    std::string part;
    if (!attribute(part)) return false;
    if (!out.empty()) out += "::";
    out += part;
  } while (reader_.accept(TokenKind::kColons));
  return true;
}

bool ExpressionParser::entity(EntityUid& out) {
  reader_.expected("an entity");
  do {
    if (!out.type.empty() && reader_.at(TokenKind::kString)) {
      out.id = unescaped(reader_.take());
      return true;
    }
    std::string part;
    if (!attribute(part)) return false;
    if (!out.type.empty()) out.type += "::";
    out.type += part;
  } while (reader_.accept(TokenKind::kColons));
  return reader_.unexpected();
}

std::string ExpressionParser::unescaped(const Token& string) {
  const std::string_view spelt = reader_.text(string);
  auto text = unescape(spelt.substr(1, spelt.size() - 2), string.where.begin + 1);
  if (text) return std::move(*text);
  reader_.report(std::move(text.error()));
  return "";
}

bool ExpressionParser::wrap(Node& operand, ExprKind kind, std::uint32_t begin) {
  Node outer;
  outer.expr.kind = kind;
  outer.expr.where = {begin, reader_.last().end};
  if (!add_operand(outer, std::move(operand))) return false;
  operand = std::move(outer);
  return true;
}

bool ExpressionParser::add_operand(Node& node, Node operand) {
  node.height = std::max(node.height, operand.height + 1);
  node.expr.where.end = std::max(node.expr.where.end, operand.expr.where.end);
  node.expr.children.push_back(std::move(operand.expr));
  return check_height(node.height, node.expr.where);
}

bool ExpressionParser::check_height(std::size_t height, Span where) {
  if (height <= max_depth_) return true;
  return reader_.report({.message = "expression is more than " + std::to_string(max_depth_) + " levels deep",
                         .where = where,
                         .limit = true});
}

}  // namespace redoubt::policy::internal
