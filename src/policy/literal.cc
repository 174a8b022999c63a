#include "policy/internal/literal.h"

#include <algorithm>
#include <utility>

namespace redoubt::policy::internal {
namespace {

constexpr std::size_t kSmall = 256;

Expr text_literal(std::string text) {
  Expr made;
  made.kind = ExprKind::kString;
  made.text = std::move(text);
  return made;
}

Expr call(Function function, std::vector<Expr> arguments) {
  Expr made;
  made.kind = ExprKind::kCall;
  made.name = info(function).name;
  made.children = std::move(arguments);
  return made;
}

Expr extension_literal(const Extension& value) {
  const auto constructor = static_cast<Function>(value.type);
  if (auto text = to_string(value)) return call(constructor, {text_literal(*std::move(text))});
  // A datetime that has no text, as to_cedar() of extension.h has it.
  const Extension since_1970{ExtensionType::kDuration, value.number, {}};
  return call(Function::kOffset, {extension_literal({ExtensionType::kDatetime, 0, {}}), extension_literal(since_1970)});
}

// Takes the value's size off what is left; false when that does not suffice.
bool spend(std::size_t& left, const Value& value) {
  std::size_t size = 1;
  if (value.kind() == ValueKind::kString) size += value.string().size();
  if (value.kind() == ValueKind::kEntity) size += value.entity().type.size() + value.entity().id.size();
  if (size > left) return false;
  left -= size;
  if (value.kind() == ValueKind::kSet) {
    const auto elements = value.set().elements();
    return std::all_of(elements.begin(), elements.end(), [&](const Value& element) { return spend(left, element); });
  }
  if (value.kind() != ValueKind::kRecord) return true;
  const auto attributes = value.record().attributes();
  return std::all_of(attributes.begin(), attributes.end(), [&](const Attribute& attribute) {
    if (attribute.name.size() > left) return false;
    left -= attribute.name.size();
    return spend(left, attribute.value);
  });
}

}  // namespace

Expr literal(const Value& value) {
  Expr made;
  switch (value.kind()) {
    case ValueKind::kBool:
      made.kind = ExprKind::kBool;
      made.number = value.boolean() ? 1 : 0;
      return made;
    case ValueKind::kLong:
      made.kind = ExprKind::kLong;
      made.number = value.number();
      return made;
    case ValueKind::kString:
      return text_literal(value.string());
    case ValueKind::kEntity:
      made.kind = ExprKind::kEntity;
      made.name = value.entity().type;
      made.text = value.entity().id;
      return made;
    case ValueKind::kSet:
      made.kind = ExprKind::kSet;
      for (const Value& element : value.set().elements()) made.children.push_back(literal(element));
      return made;
    case ValueKind::kRecord:
      made.kind = ExprKind::kRecord;
      for (const Attribute& attribute : value.record().attributes()) {
        made.path.push_back(attribute.name);
        made.children.push_back(literal(attribute.value));
      }
      return made;
    case ValueKind::kExtension:
      break;
  }
  return extension_literal(value.extension());
}

bool has_small_literal(const Value& value) {
  std::size_t left = kSmall;
  return spend(left, value);
}

}  // namespace redoubt::policy::internal
