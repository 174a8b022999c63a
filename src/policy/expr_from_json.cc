#include <algorithm>
#include <iterator>
#include <utility>

#include "policy/extension.h"
#include "policy/internal/expr_json.h"
#include "policy/internal/json_members.h"
#include "policy/internal/operators.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using ElementType = simdjson::dom::element_type;

Expr make(ExprKind kind) {
  Expr out;
  out.kind = kind;
  return out;
}

// The one member of `json`, where it is an object that has `name` alone.
std::optional<object> only_object(const object& json, std::string_view name) {
  object inner;
  if (json.size() != 1 || json.at_key(name).get(inner) != simdjson::SUCCESS) return std::nullopt;
  return inner;
}

// Functions give nothing where a problem has been reported. `depth` is that of the expression to be read: 1 at the top.
class Reader {
 public:
  Reader(std::size_t max_depth, ProblemList& problems) : max_depth_(max_depth), problems_(problems) {}

  std::optional<Expr> expression(element json, std::size_t depth, const JsonPlace& place);

 private:
  using Read = std::optional<Expr>;

  std::nullopt_t wrong(const JsonPlace& place, std::string message) {
    problems_.add(place, std::move(message));
    return std::nullopt;
  }
  bool too_deep(std::size_t depth, const JsonPlace& place);

  Read named(std::string_view name, element json, std::size_t depth, const JsonPlace& place);
  Read variable(element json, const JsonPlace& place);
  Read operation(const Operator& known, element json, std::size_t depth, const JsonPlace& place);
  Read sign(ExprKind kind, element json, std::size_t depth, const JsonPlace& place);
  Read attribute(element json, std::size_t depth, const JsonPlace& place);
  Read has(element json, std::size_t depth, const JsonPlace& place);
  Read like(element json, std::size_t depth, const JsonPlace& place);
  Read is(element json, std::size_t depth, const JsonPlace& place);
  Read conditional(element json, std::size_t depth, const JsonPlace& place);
  Read set(element json, std::size_t depth, const JsonPlace& place);
  Read record(element json, std::size_t depth, const JsonPlace& place);
  Read call(std::string_view name, Function function, element json, std::size_t depth, const JsonPlace& place);

  // What "Value" holds: plain JSON, with escapes for entities and extension values.
  Read value(element json, std::size_t depth, const JsonPlace& place);
  Read value_object(const object& json, std::size_t depth, const JsonPlace& place);
  Read value_call(std::string_view function, const object& json, std::size_t depth, const JsonPlace& place);

  // Adds the member `name`, an expression one deeper than `of`.
  bool operand(Expr& of, const JsonMembers& members, std::string_view name, std::size_t depth, const JsonPlace& place);
  // Adds all elements, read by `read(element, depth, place)`.
  template <class ReadOne>
  Read all_of(Expr out, const array& json, std::size_t depth, const JsonPlace& place, ReadOne read);
  template <class ReadOne>
  Read record_of(const object& json, std::size_t depth, const JsonPlace& place, ReadOne read);

  std::size_t max_depth_;
  ProblemList& problems_;
};

bool Reader::too_deep(std::size_t depth, const JsonPlace& place) {
  if (depth <= max_depth_) return false;
  problems_.add(place, "expression is more than " + std::to_string(max_depth_) + " levels deep", true);
  return true;
}

std::optional<Expr> Reader::expression(element json, std::size_t depth, const JsonPlace& place) {
  if (too_deep(depth, place)) return std::nullopt;
  object members;
  if (json.get(members) != simdjson::SUCCESS || members.size() != 1) {
    return wrong(place, "expected an object with one member, which names an operator");
  }
  const auto [name, inner] = *members.begin();
  return named(name, inner, depth, JsonPlace(place, name));
}

Reader::Read Reader::named(std::string_view name, element json, std::size_t depth, const JsonPlace& place) {
  if (const Operator* known = find_operator(name)) return operation(*known, json, depth, place);
  if (name == "Value") return value(json, depth, place);
  if (name == "Var") return variable(json, place);
  if (name == "!") return sign(ExprKind::kNot, json, depth, place);
  if (name == "neg") return sign(ExprKind::kNegate, json, depth, place);
  if (name == ".") return attribute(json, depth, place);
  if (name == "has") return has(json, depth, place);
  if (name == "like") return like(json, depth, place);
  if (name == "is") return is(json, depth, place);
  if (name == "if-then-else") return conditional(json, depth, place);
  if (name == "Set") return set(json, depth, place);
  if (name == "Record") return record(json, depth, place);
  if (name == "Slot") return wrong(place, "slots may not stand in a condition");
  if (const auto function = find_function(name)) return call(name, *function, json, depth, place);
  return wrong(place, shown(name) + " is no operator and no function");
}

Reader::Read Reader::variable(element json, const JsonPlace& place) {
  std::string_view name;
  const auto* found =
      json.get(name) == simdjson::SUCCESS ? std::find(kVariables.begin(), kVariables.end(), name) : kVariables.end();
  if (found == kVariables.end()) return wrong(place, "expected `principal`, `action`, `resource` or `context`");
  Expr out = make(ExprKind::kVariable);
  out.number = std::distance(kVariables.begin(), found);
  return out;
}

bool Reader::operand(Expr& of, const JsonMembers& members, std::string_view name, std::size_t depth,
                     const JsonPlace& place) {
  const auto json = members.get(name);
  if (!json) return false;
  auto read = expression(*json, depth + 1, JsonPlace(place, name));
  if (read) of.children.push_back(std::move(*read));
  return read.has_value();
}

Reader::Read Reader::operation(const Operator& known, element json, std::size_t depth, const JsonPlace& place) {
  if (known.operands == 1) return sign(known.kind, json, depth, place);
  const JsonMembers members(json, {"left", "right"}, place, problems_);
  Expr out = make(known.kind);
  const bool left = operand(out, members, "left", depth, place);
  if (!operand(out, members, "right", depth, place) || !left) return std::nullopt;
  return out;
}

Reader::Read Reader::sign(ExprKind kind, element json, std::size_t depth, const JsonPlace& place) {
  const JsonMembers members(json, {"arg"}, place, problems_);
  Expr out = make(kind);
  if (!operand(out, members, "arg", depth, place)) return std::nullopt;
  return out;
}

Reader::Read Reader::attribute(element json, std::size_t depth, const JsonPlace& place) {
  const JsonMembers members(json, {"left", "attr"}, place, problems_);
  Expr out = make(ExprKind::kGetAttr);
  const auto name = members.text("attr");
  if (!operand(out, members, "left", depth, place) || !name) return std::nullopt;
  out.text = *name;
  return out;
}

// "attr" is a string, or an array of identifiers: what may be written a.b.c.
Reader::Read Reader::has(element json, std::size_t depth, const JsonPlace& place) {
  const JsonMembers members(json, {"left", "attr"}, place, problems_);
  Expr out = make(ExprKind::kHas);
  const bool left = operand(out, members, "left", depth, place);
  const auto path = members.get("attr");
  if (!left || !path) return std::nullopt;
  const JsonPlace path_place(place, "attr");
  array names;
  if (path->get(names) == simdjson::SUCCESS) {
    for (const element one : names) {
      std::string_view name;
      if (one.get(name) != simdjson::SUCCESS) return wrong(path_place, "expected strings");
      out.path.emplace_back(name);
    }
    if (out.path.empty()) return wrong(path_place, "expected at least one attribute");
    if (out.path.size() > 1 && !std::all_of(out.path.begin(), out.path.end(), is_identifier)) {
      return wrong(path_place, "the attributes of a path must be identifiers");
    }
    return out;
  }
  std::string_view name;
  if (path->get(name) != simdjson::SUCCESS) return wrong(path_place, "expected a string, or an array of strings");
  out.path.emplace_back(name);
  return out;
}

// "pattern" is an array of "Wildcard" and {"Literal": text}.
Reader::Read Reader::like(element json, std::size_t depth, const JsonPlace& place) {
  const JsonMembers members(json, {"left", "pattern"}, place, problems_);
  Expr out = make(ExprKind::kLike);
  const bool left = operand(out, members, "left", depth, place);
  const auto parts = members.array("pattern");
  if (!left || !parts) return std::nullopt;
  Pattern& pattern = out.pattern.emplace();
  for (const element part : *parts) {
    std::string_view text;
    if (part.get(text) == simdjson::SUCCESS && text == "Wildcard") {
      pattern.parts.push_back({.star = true, .literal = {}});
      continue;
    }
    object literal;
    if (part.get(literal) != simdjson::SUCCESS || literal.size() != 1 ||
        literal.at_key("Literal").get(text) != simdjson::SUCCESS) {
      return wrong(JsonPlace(place, "pattern"), R"(expected "Wildcard" and {"Literal": text} only)");
    }
    if (text.empty()) continue;
    if (pattern.parts.empty() || pattern.parts.back().star) pattern.parts.push_back({});
    pattern.parts.back().literal += text;
  }
  return out;
}

Reader::Read Reader::is(element json, std::size_t depth, const JsonPlace& place) {
  const JsonMembers members(json, {"left", "entity_type", "in"}, place, problems_);
  Expr out = make(ExprKind::kIs);
  const bool left = operand(out, members, "left", depth, place);
  const auto type = members.text("entity_type");
  if (!left || !type) return std::nullopt;
  if (!is_name(*type)) return wrong(JsonPlace(place, "entity_type"), shown(*type) + " is no name of an entity type");
  out.name = *type;
  if (members.find("in") && !operand(out, members, "in", depth, place)) return std::nullopt;
  return out;
}

Reader::Read Reader::conditional(element json, std::size_t depth, const JsonPlace& place) {
  const JsonMembers members(json, {"if", "then", "else"}, place, problems_);
  Expr out = make(ExprKind::kIf);
  for (const std::string_view name : {"if", "then", "else"}) {
    if (!operand(out, members, name, depth, place)) return std::nullopt;
  }
  return out;
}

template <class ReadOne>
Reader::Read Reader::all_of(Expr out, const array& json, std::size_t depth, const JsonPlace& place, ReadOne read) {
  std::size_t index = 0;
  for (const element one : json) {
    auto child = (this->*read)(one, depth + 1, JsonPlace(place, index++));
    if (!child) return std::nullopt;
    out.children.push_back(std::move(*child));
  }
  return out;
}

template <class ReadOne>
Reader::Read Reader::record_of(const object& json, std::size_t depth, const JsonPlace& place, ReadOne read) {
  Expr out = make(ExprKind::kRecord);
  for (const auto& [key, member] : json) {
    auto child = (this->*read)(member, depth + 1, JsonPlace(place, key));
    if (!child) return std::nullopt;
    out.path.emplace_back(key);
    out.children.push_back(std::move(*child));
  }
  return out;
}

Reader::Read Reader::set(element json, std::size_t depth, const JsonPlace& place) {
  array elements;
  if (json.get(elements) != simdjson::SUCCESS) return wrong(place, "expected an array");
  return all_of(make(ExprKind::kSet), elements, depth, place, &Reader::expression);
}

Reader::Read Reader::record(element json, std::size_t depth, const JsonPlace& place) {
  object members;
  if (json.get(members) != simdjson::SUCCESS) return wrong(place, "expected an object");
  return record_of(members, depth, place, &Reader::expression);
}

Reader::Read Reader::call(std::string_view name, Function function, element json, std::size_t depth,
                          const JsonPlace& place) {
  array arguments;
  if (json.get(arguments) != simdjson::SUCCESS) return wrong(place, "expected an array of arguments");
  if (info(function).method && arguments.size() == 0) return wrong(place, "a method needs a value to be called on");
  Expr out = make(ExprKind::kCall);
  out.name = name;
  return all_of(std::move(out), arguments, depth, place, &Reader::expression);
}

Reader::Read Reader::value(element json, std::size_t depth, const JsonPlace& place) {
  if (too_deep(depth, place)) return std::nullopt;
  Expr out;
  switch (json.type()) {
    case ElementType::BOOL:
      out.kind = ExprKind::kBool;
      out.number = bool(json) ? 1 : 0;
      return out;
    case ElementType::INT64:
      out.kind = ExprKind::kLong;
      out.number = std::int64_t(json);
      return out;
    case ElementType::UINT64:  // simdjson's type for what is above the other's range
      return wrong(place, "the number does not fit a signed 64-bit integer");
    case ElementType::DOUBLE:
      return wrong(place, "numbers must be integers");
    case ElementType::NULL_VALUE:
      return wrong(place, "`null` is no value");
    case ElementType::STRING:
      out.kind = ExprKind::kString;
      out.text = std::string_view(json);
      return out;
    case ElementType::ARRAY:
      return all_of(make(ExprKind::kSet), array(json), depth, place, &Reader::value);
    case ElementType::OBJECT:
      break;
  }
  return value_object(object(json), depth, place);
}

// An escape where there is one member with the form of one, and a record else, as the reference has it.
Reader::Read Reader::value_object(const object& json, std::size_t depth, const JsonPlace& place) {
  std::string_view text;
  if (const auto entity = only_object(json, "__entity")) {
    std::string_view id;
    if (entity->at_key("type").get(text) == simdjson::SUCCESS && entity->at_key("id").get(id) == simdjson::SUCCESS) {
      const JsonPlace inner(place, "__entity");
      if (!is_name(text)) return wrong(JsonPlace(inner, "type"), shown(text) + " is no name of an entity type");
      Expr out = make(ExprKind::kEntity);
      out.name = text;
      out.text = id;
      return out;
    }
  }
  if (const auto call = only_object(json, "__extn")) {
    array ignored;
    const bool has_arguments =
        call->at_key("arg").error() == simdjson::SUCCESS || call->at_key("args").get(ignored) == simdjson::SUCCESS;
    if (has_arguments && call->at_key("fn").get(text) == simdjson::SUCCESS) {
      return value_call(text, *call, depth, JsonPlace(place, "__extn"));
    }
  }
  if (json.size() == 1 && json.at_key("__expr").get(text) == simdjson::SUCCESS) {
    return wrong(place, "the `__expr` escape is no longer supported: use `__entity` or `__extn`");
  }
  return record_of(json, depth, place, &Reader::value);
}

// {"fn": name, "arg": value} or {"fn": name, "args": [values]}.
Reader::Read Reader::value_call(std::string_view function, const object& json, std::size_t depth,
                                const JsonPlace& place) {
  const auto known = find_function(function);
  if (!known) return wrong(JsonPlace(place, "fn"), shown(function) + " is no function");
  Expr out = make(ExprKind::kCall);
  out.name = function;
  element argument;
  if (json.at_key("arg").get(argument) == simdjson::SUCCESS) {
    auto read = value(argument, depth + 1, JsonPlace(place, "arg"));
    if (!read) return std::nullopt;
    out.children.push_back(std::move(*read));
    return out;
  }
  const array arguments(json.at_key("args"));
  if (info(*known).method && arguments.size() == 0) return wrong(place, "a method needs a value to be called on");
  return all_of(std::move(out), arguments, depth, JsonPlace(place, "args"), &Reader::value);
}

}  // namespace

std::optional<Expr> read_expr(element json, std::size_t max_depth, const JsonPlace& place, ProblemList& problems) {
  return Reader(max_depth, problems).expression(json, 1, place);
}

}  // namespace redoubt::policy::internal
