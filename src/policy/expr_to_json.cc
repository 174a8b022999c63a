#include "policy/internal/expr_json.h"
#include "policy/internal/operators.h"

namespace redoubt::policy::internal {
namespace {

class Writer {
 public:
  explicit Writer(encoding::JsonWriter& json) : json_(json) {}

  void write(const Expr& e) {
    json_.begin_object();
    if (const Operator* known = find_operator(e.kind)) {
      operation(*known, e);
    } else {
      other(e);
    }
    json_.end_object();
  }

 private:
  void other(const Expr& e);
  void operation(const Operator& known, const Expr& e);
  void operand(std::string_view name, const Expr& e) {
    json_.key(name);
    write(e);
  }
  void list(std::string_view name, const std::vector<Expr>& children);
  void sign(std::string_view name, const Expr& e);
  void entity(const Expr& e);
  void has(const Expr& e);
  void like(const Expr& e);
  void is(const Expr& e);
  void conditional(const Expr& e);
  void record(const Expr& e);
  void unknown(const Expr& e);

  encoding::JsonWriter& json_;
};

void Writer::other(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kBool:
      return json_.member("Value", e.number != 0);
    case ExprKind::kLong:
      return json_.member("Value", e.number);
    case ExprKind::kString:
      return json_.member("Value", e.text);
    case ExprKind::kEntity:
      return entity(e);
    case ExprKind::kVariable:
      return json_.member("Var", kVariables.at(static_cast<std::size_t>(e.number)));
    case ExprKind::kSlot:
      return json_.member("Slot", kSlots.at(static_cast<std::size_t>(e.number)));
    case ExprKind::kUnknown:
      return unknown(e);
    case ExprKind::kNot:
      return sign("!", e);
    case ExprKind::kNegate:
      return sign("neg", e);
    case ExprKind::kGetAttr:
      json_.key(".");
      json_.begin_object();
      operand("left", e.children[0]);
      json_.member("attr", e.text);
      return json_.end_object();
    case ExprKind::kHas:
      return has(e);
    case ExprKind::kLike:
      return like(e);
    case ExprKind::kIs:
      return is(e);
    case ExprKind::kIf:
      return conditional(e);
    case ExprKind::kSet:
      return list("Set", e.children);
    case ExprKind::kRecord:
      return record(e);
    default:
      return list(e.name, e.children);
  }
}

void Writer::operation(const Operator& known, const Expr& e) {
  if (known.operands == 1) return sign(known.name, e);
  json_.key(known.name);
  json_.begin_object();
  operand("left", e.children[0]);
  operand("right", e.children[1]);
  json_.end_object();
}

void Writer::list(std::string_view name, const std::vector<Expr>& children) {
  json_.key(name);
  json_.begin_array();
  for (const Expr& child : children) write(child);
  json_.end_array();
}

void Writer::sign(std::string_view name, const Expr& e) {
  json_.key(name);
  json_.begin_object();
  operand("arg", e.children[0]);
  json_.end_object();
}

void Writer::entity(const Expr& e) {
  json_.key("Value");
  json_.begin_object();
  json_.key("__entity");
  write_uid(json_, {e.name, e.text});
  json_.end_object();
}

void Writer::has(const Expr& e) {
  json_.key("has");
  json_.begin_object();
  operand("left", e.children[0]);
  json_.key("attr");
  if (e.path.size() == 1) {
    json_.value(e.path[0]);
  } else {
    json_.begin_array();
    for (const std::string& name : e.path) json_.value(name);
    json_.end_array();
  }
  json_.end_object();
}

void Writer::like(const Expr& e) {
  json_.key("like");
  json_.begin_object();
  operand("left", e.children[0]);
  json_.key("pattern");
  json_.begin_array();
  for (const Pattern::Part& part : e.pattern->parts) {
    if (part.star) {
      json_.value("Wildcard");
      continue;
    }
    json_.begin_object();
    json_.member("Literal", part.literal);
    json_.end_object();
  }
  json_.end_array();
  json_.end_object();
}

void Writer::is(const Expr& e) {
  json_.key("is");
  json_.begin_object();
  operand("left", e.children[0]);
  json_.member("entity_type", e.name);
  if (e.children.size() > 1) operand("in", e.children[1]);
  json_.end_object();
}

void Writer::conditional(const Expr& e) {
  json_.key("if-then-else");
  json_.begin_object();
  operand("if", e.children[0]);
  operand("then", e.children[1]);
  operand("else", e.children[2]);
  json_.end_object();
}

void Writer::record(const Expr& e) {
  json_.key("Record");
  json_.begin_object();
  for (std::size_t i = 0; i < e.path.size(); ++i) operand(e.path[i], e.children[i]);
  json_.end_object();
}

void Writer::unknown(const Expr& e) {
  json_.key("unknown");
  json_.begin_array();
  json_.begin_object();
  json_.member("Value", e.text);
  json_.end_object();
  json_.end_array();
}

}  // namespace

void write_expr(encoding::JsonWriter& json, const Expr& expression) {
  Writer(json).write(expression);
}

}  // namespace redoubt::policy::internal
