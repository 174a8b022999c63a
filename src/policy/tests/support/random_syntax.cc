#include "policy/tests/support/random_syntax.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "policy/extension.h"

namespace redoubt::policy::testing {

std::string RandomSyntax::text() {
  std::string out;
  for (std::size_t i = below(4); i > 0; --i) {
    out += one_of<std::string>({"a", "b c", "\"", "\\", "*", "\n", "\t", "\r", std::string(1, '\0'), "\x01", "\x7f",
                                "\xc2\x85", "é", "\xe2\x80\xae", "\xf0\x9f\x94\x92", "// no comment", "{};", "\\u{41}",
                                "a rather long text with several words in it"});
  }
  return out;
}

std::string RandomSyntax::identifier() {
  return one_of<const char*>({"a", "b", "_", "_9", "User", "Action", "permit", "when", "principal", "context", "ip",
                              "contains", "a_rather_long_identifier_that_fills_its_line"});
}

std::string RandomSyntax::name() {
  std::string out = identifier();
  for (std::size_t i = below(3); i > 0; --i) out += "::" + identifier();
  return out;
}

std::string RandomSyntax::attribute() {
  if (below(3) != 0) return identifier();
  return below(2) == 0 ? text() : one_of<const char*>({"if", "true", "in", "__cedar", "9"});
}

EntityUid RandomSyntax::uid() {
  return {name(), text()};
}

Scope RandomSyntax::scope(bool action) {
  using Kind = Scope::Kind;
  Scope out;
  out.kind = action ? one_of({Kind::kAny, Kind::kEqual, Kind::kIn})
                    : one_of({Kind::kAny, Kind::kEqual, Kind::kIn, Kind::kIs, Kind::kIsIn});
  if (out.kind == Kind::kIs || out.kind == Kind::kIsIn) out.type = name();
  if (out.kind == Kind::kAny || out.kind == Kind::kIs) return out;
  if (!action && below(3) == 0) {
    out.slot = true;
    return out;
  }
  for (std::size_t i = action && out.kind == Kind::kIn ? below(4) : 1; i > 0; --i) {
    out.entities.push_back(uid());
    if (action) out.entities.back().type = one_of<const char*>({"Action", "a::Action", "a::b::Action"});
  }
  return out;
}

Policy RandomSyntax::policy(std::string id) {
  Policy out;
  out.id = std::move(id);
  out.effect = below(2) == 0 ? Effect::kPermit : Effect::kForbid;
  std::set<std::string> names;
  for (std::size_t i = below(4); i > 0; --i) {
    const std::string name = below(4) == 0 ? "if" : identifier();
    if (names.insert(name).second) out.annotations.push_back({name, below(3) == 0 ? "" : text(), {}});
  }
  out.principal = scope(false);
  out.action = scope(true);
  out.resource = scope(false);
  for (std::size_t i = below(4); i > 0; --i) out.conditions.push_back({below(2) == 0, expression(below(8)), {}});
  return out;
}

PolicySet RandomSyntax::policies(std::size_t count) {
  PolicySet out;
  for (std::size_t i = 0; i < count; ++i) {
    Policy made = policy("policy" + std::to_string(i));
    Link link{"link " + std::to_string(i) + text(), made.id, {}};
    if (made.principal.slot) link.values.emplace(Slot::kPrincipal, uid());
    if (made.resource.slot) link.values.emplace(Slot::kResource, uid());
    const bool links = made.is_template() && below(2) == 0;
    static_cast<void>(out.add(std::move(made)));              // the ids differ
    if (links) static_cast<void>(out.link(std::move(link)));  // and the slots are filled
  }
  return out;
}

Expr RandomSyntax::leaf() {
  using Limit = std::numeric_limits<std::int64_t>;
  Expr out;
  switch (below(7)) {
    case 0:
      out.kind = ExprKind::kBool;
      out.number = static_cast<std::int64_t>(below(2));
      return out;
    case 1:
      out.kind = ExprKind::kLong;
      out.number = one_of<std::int64_t>({0, 1, -1, 1234567890, Limit::max(), Limit::min(), Limit::min() + 1});
      return out;
    case 2:
      out.kind = ExprKind::kString;
      out.text = text();
      return out;
    case 3:
      out.kind = ExprKind::kEntity;
      out.name = name();
      out.text = text();
      return out;
    case 4:
      out.kind = ExprKind::kSet;
      return out;
    case 5:
      out.kind = ExprKind::kRecord;
      return out;
    default:
      out.kind = ExprKind::kVariable;
      out.number = static_cast<std::int64_t>(below(4));
      return out;
  }
}

Expr RandomSyntax::expression(std::size_t depth) {
  if (depth <= 1) return leaf();
  switch (below(12)) {
    case 0:
      return node(one_of({ExprKind::kNot, ExprKind::kNegate, ExprKind::kIsEmpty}), 1, depth);
    case 1:
      return path(depth);
    case 2:
      return like(depth);
    case 3: {
      Expr out = node(ExprKind::kIs, 1 + below(2), depth);
      out.name = name();
      return out;
    }
    case 4:
      return node(ExprKind::kIf, 3, depth);
    case 5:
      return node(ExprKind::kSet, below(4), depth);
    case 6:
      return record(depth);
    case 7:
      return call(depth);
    case 8: {
      Expr out = node(ExprKind::kGetAttr, 1, depth);
      out.text = attribute();
      return out;
    }
    default: {
      const auto first = static_cast<std::size_t>(ExprKind::kOr);
      const auto last = static_cast<std::size_t>(ExprKind::kHasTag);
      return node(static_cast<ExprKind>(first + below(last - first + 1)), 2, depth);
    }
  }
}

Expr RandomSyntax::node(ExprKind kind, std::size_t operands, std::size_t depth) {
  Expr out;
  out.kind = kind;
  for (; operands > 0; --operands) out.children.push_back(expression(depth - 1));
  return out;
}

Expr RandomSyntax::path(std::size_t depth) {
  Expr out = node(ExprKind::kHas, 1, depth);
  if (below(2) == 0) {
    out.path.push_back(attribute());
  } else {
    for (std::size_t i = 1 + below(3); i > 0; --i) out.path.push_back(identifier());
  }
  return out;
}

Expr RandomSyntax::like(std::size_t depth) {
  Expr out = node(ExprKind::kLike, 1, depth);
  auto& parts = out.pattern.emplace().parts;
  for (std::size_t i = below(5); i > 0; --i) {
    Pattern::Part part{below(2) == 0, {}};
    if (!part.star) {
      if (!parts.empty() && !parts.back().star) continue;
      part.literal = text() + "*";
    }
    parts.push_back(std::move(part));
  }
  return out;
}

Expr RandomSyntax::record(std::size_t depth) {
  std::set<std::string> keys;
  for (std::size_t i = below(4); i > 0; --i) keys.insert(attribute());
  Expr out = node(ExprKind::kRecord, keys.size(), depth);
  out.path.assign(keys.begin(), keys.end());
  std::shuffle(out.path.begin(), out.path.end(), random_);
  return out;
}

Expr RandomSyntax::call(std::size_t depth) {
  const auto function = static_cast<Function>(below(static_cast<std::size_t>(Function::kToDays) + 1));
  Expr out = node(ExprKind::kCall, (info(function).method ? 1 : 0) + below(3), depth);
  out.name = info(function).name;
  return out;
}

}  // namespace redoubt::policy::testing
