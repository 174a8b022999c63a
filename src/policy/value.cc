#include "policy/value.h"

#include <algorithm>
#include <iterator>

#include "policy/internal/shown.h"
#include "policy/internal/value_order.h"

namespace redoubt::policy {
namespace {

// Shorter first, then by the first difference: any total order will do, and this one seldom looks inside.
template <class T>
std::strong_ordering compare(std::span<const T> a, std::span<const T> b) {
  if (a.data() == b.data() || a.size() != b.size()) return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

template <class T>
bool equal(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && (a.data() == b.data() || std::equal(a.begin(), a.end(), b.begin()));
}

}  // namespace

Set::Set(std::vector<Value> elements) {
  if (elements.empty()) return;
  std::sort(elements.begin(), elements.end());
  elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
  elements_ = std::make_shared<const std::vector<Value>>(std::move(elements));
}

std::span<const Value> Set::elements() const {
  return elements_ ? std::span<const Value>(*elements_) : std::span<const Value>();
}

bool Set::contains(const Value& value) const {
  return elements_ && std::binary_search(elements_->begin(), elements_->end(), value);
}

std::strong_ordering operator<=>(const Set& a, const Set& b) {
  return compare(a.elements(), b.elements());
}
bool operator==(const Set& a, const Set& b) {
  return equal(a.elements(), b.elements());
}

Result<Record> Record::create(std::vector<Attribute> attributes) {
  Record record;
  if (attributes.empty()) return record;
  const auto in_order = [](const Attribute& a, const Attribute& b) { return a.name < b.name; };
  const auto out_of_order = [&](const Attribute& a, const Attribute& b) { return !in_order(a, b); };
  if (std::adjacent_find(attributes.begin(), attributes.end(), out_of_order) != attributes.end()) {
    std::sort(attributes.begin(), attributes.end(), in_order);
    const auto twice = std::adjacent_find(attributes.begin(), attributes.end(), out_of_order);
    if (twice != attributes.end()) {
      return Error(Errc::kAlreadyExists, "the record has the attribute " + internal::shown(twice->name) + " twice");
    }
  }
  record.attributes_ = std::make_shared<const std::vector<Attribute>>(std::move(attributes));
  return record;
}

std::span<const Attribute> Record::attributes() const {
  return attributes_ ? std::span<const Attribute>(*attributes_) : std::span<const Attribute>();
}

const Value* Record::find(std::string_view name) const {
  if (!attributes_) return nullptr;
  const auto at = std::lower_bound(attributes_->begin(), attributes_->end(), name,
                                   [](const Attribute& a, std::string_view b) { return a.name < b; });
  return at != attributes_->end() && at->name == name ? &at->value : nullptr;
}

std::strong_ordering operator<=>(const Record& a, const Record& b) {
  return compare(a.attributes(), b.attributes());
}
bool operator==(const Record& a, const Record& b) {
  return equal(a.attributes(), b.attributes());
}

// Recursion here, as in all that walks values, is as deep as the value: Limits::max_depth, for what a reader made.
std::strong_ordering operator<=>(const Value& a, const Value& b) {
  return internal::compare_values(a, b);
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case ValueKind::kBool:
      return a.boolean() == b.boolean();
    case ValueKind::kLong:
      return a.number() == b.number();
    case ValueKind::kString:
      return a.string() == b.string();
    case ValueKind::kEntity:
      return a.entity() == b.entity();
    case ValueKind::kSet:
      return a.set() == b.set();
    case ValueKind::kRecord:
      return a.record() == b.record();
    case ValueKind::kExtension:
      break;
  }
  return a.extension() == b.extension();
}

namespace {

void append_cedar(std::string& out, const Value& value) {
  switch (value.kind()) {
    case ValueKind::kBool:
      out += value.boolean() ? "true" : "false";
      return;
    case ValueKind::kLong:
      out += std::to_string(value.number());
      return;
    case ValueKind::kString:
      out += quoted(value.string());
      return;
    case ValueKind::kEntity:
      out += to_string(value.entity());
      return;
    case ValueKind::kSet: {
      out += '[';
      for (std::string_view separator; const Value& element : value.set().elements()) {
        out += std::exchange(separator, ", ");
        append_cedar(out, element);
      }
      out += ']';
      return;
    }
    case ValueKind::kRecord: {
      out += '{';
      for (std::string_view separator; const Attribute& attribute : value.record().attributes()) {
        out += std::exchange(separator, ", ");
        out += quoted(attribute.name);
        out += ": ";
        append_cedar(out, attribute.value);
      }
      out += '}';
      return;
    }
    case ValueKind::kExtension:
      break;
  }
  out += to_cedar(value.extension());
}

}  // namespace

std::string to_cedar(const Value& value) {
  std::string out;
  append_cedar(out, value);
  return out;
}

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kBool:
      return "bool";
    case ValueKind::kLong:
      return "long";
    case ValueKind::kString:
      return "string";
    case ValueKind::kEntity:
      return "(entity of type `" + value.entity().type + "`)";
    case ValueKind::kSet:
      return "set";
    case ValueKind::kRecord:
      return "record";
    case ValueKind::kExtension:
      break;
  }
  return std::string(to_string(value.extension().type));
}

}  // namespace redoubt::policy
