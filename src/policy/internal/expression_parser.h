// Reads expressions (Cedar reference, "Grammar specification": Expr and below) by precedence climbing.
//
// Functions return false when reading cannot go on at this place; the problem has then been reported. What has the
// right form but means nothing (a reserved word as an attribute, an unknown function) is reported, and reading goes on.
// One thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "policy/expr.h"
#include "policy/internal/token_reader.h"

namespace redoubt::policy::internal {

class ExpressionParser {
 public:
  // `reader` must outlive the parser. Neither nesting nor the trees that are made are deeper than `max_depth`.
  ExpressionParser(TokenReader& reader, std::size_t max_depth) : reader_(reader), max_depth_(max_depth) {}

  bool expression(Expr& out);

  // A::B. Reserved words within are reported.
  bool name(std::string& out);
  // Type::"id".
  bool entity(EntityUid& out);
  // What the string token taken means; empty when an escape is wrong, which is reported.
  std::string unescaped(const Token& string);

 private:
  // An expression, and how deep it is: a leaf is 1.
  struct Node {
    Expr expr;
    std::size_t height = 1;
  };

  bool expression(Node& out);
  bool conditional(Node& out);
  bool binary(Node& left, int lowest_level);
  bool apply(Node& left, const Token& op, int level);
  bool has(Node& left);
  bool like(Node& left);
  bool is(Node& left);
  bool unary(Node& out);
  bool negated_number(Node& out, std::size_t& minus_signs);
  bool member(Node& out);
  bool accesses(Node& out);
  bool method(Node& receiver, const Token& method_name);
  bool primary(Node& out);
  bool number(Node& out, const Token& token, bool negative);
  bool word(Node& out);
  bool named(Node& out, std::string first, Span where);
  bool function(Node& out, const std::string& function_name, Span where);
  bool list(Node& out, TokenKind close);
  bool record(Node& out);
  bool key(std::string& out);
  // The identifier that stands next, for an attribute or a key. Reserved words are reported.
  bool attribute(std::string& out);

  // Makes `operand` the first operand of a new node.
  bool wrap(Node& operand, ExprKind kind, std::uint32_t begin);
  bool add_operand(Node& node, Node operand);
  bool check_height(std::size_t height, Span where);

  TokenReader& reader_;
  std::size_t max_depth_;
  std::size_t depth_ = 0;
};

}  // namespace redoubt::policy::internal
