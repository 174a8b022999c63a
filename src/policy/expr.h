// Expressions as they were written: what the parser makes, the formatter, the JSON form and the validator walk, and the
// compiler takes apart.
//
// An Expr is a tree of values; children are owned. Depth is bounded by Limits::max_depth for whatever a reader of this
// module made, so walking and destroying recursively is safe. Any thread that has it to itself; constant ones, any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/name.h"
#include "policy/source.h"

namespace redoubt::policy {

enum class ExprKind : std::uint8_t {
  // Leaves
  kBool,      // number: 0 or 1
  kLong,      // number
  kString,    // text
  kEntity,    // name: the type; text: the id
  kVariable,  // number: a Variable
  kSlot,      // number: a Slot. In scopes only: no reader accepts it elsewhere
  kUnknown,   // text: its name. Made by partial evaluation; no reader accepts it
  // One operand
  kNot,      // !a
  kNegate,   // -a, of anything but a literal: -1 is kLong
  kGetAttr,  // a.text, or a["…"] when text is no identifier
  kHas,      // a has p.q.r: path, one element or more; `a has "…"` has one
  kLike,     // a like pattern
  kIs,       // a is name; and `in b` when there are two operands
  kIsEmpty,  // a.isEmpty()
  // Two operands
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kContains,
  kContainsAll,
  kContainsAny,
  kGetTag,
  kHasTag,  // a.getTag(b), a.hasTag(b)
  // Three operands
  kIf,
  // Any number
  kSet,     // the elements
  kRecord,  // path: the keys, in the order written; children: their values
  kCall,    // an extension function, by name: ip("…"), a.lessThan(b) with a first; see extension.h
};

enum class Variable : std::uint8_t { kPrincipal, kAction, kResource, kContext };
enum class Slot : std::uint8_t { kPrincipal, kResource };

// What `like` matches: literal text and stars (`*`), which match any text, in order. `\*` is a literal star.
struct Pattern {
  struct Part {
    bool star = false;
    std::string literal;  // not empty, unless it is a star
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts;  // no two literals follow each other
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

struct Expr {
  ExprKind kind = ExprKind::kBool;
  Span where;
  std::int64_t number = 0;
  std::string text;
  std::string name;               // of a type or function
  std::vector<std::string> path;  // attributes, or keys of a record
  std::vector<Expr> children;     // operands, in the order written
  std::optional<Pattern> pattern;

  // Of everything but `where`.
  friend bool operator==(const Expr& a, const Expr& b);
};

}  // namespace redoubt::policy
