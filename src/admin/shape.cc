#include "admin/shape.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/check.h"
#include "base/timestamp.h"

namespace redoubt::admin {
namespace {

using encoding::JsonWriter;
using simdjson::dom::element;
using simdjson::dom::element_type;

bool in_class(std::string_view characters, char c) {
  for (std::size_t i = 0; i < characters.size(); ++i) {
    if (i + 2 < characters.size() && characters[i + 1] == '-') {
      if (c >= characters[i] && c <= characters[i + 2]) return true;
      i += 2;
    } else if (characters[i] == c) {
      return true;
    }
  }
  return false;
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Code points of well-formed UTF-8.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string range_text(std::uint64_t min, std::uint64_t max) {
  return std::to_string(min) + " to " + std::to_string(max);
}

std::string fault_of_text(const Shape& shape, std::string_view text) {
  if (!shape.choices.empty()) {
    if (std::find(shape.choices.begin(), shape.choices.end(), text) != shape.choices.end()) return {};
    std::string out = "must be one of";
    for (std::size_t i = 0; i < shape.choices.size(); ++i) {
      out.append(i == 0 ? " `" : ", `").append(shape.choices[i]).append("`");
    }
    return out;
  }
  const std::size_t size = characters(text);
  if (size < shape.form.min || size > shape.form.max) {
    return "must have " + range_text(shape.form.min, shape.form.max) + " characters";
  }
  if (fits(shape.form, text)) return {};
  switch (shape.form.kind) {
    case TextForm::Kind::kName:
      return "must match " + pattern_of(shape.form);
    case TextForm::Kind::kLine:
      return "must have no control characters";
    case TextForm::Kind::kLines:
      return "must have no control characters but tabs and ends of lines";
    case TextForm::Kind::kAny:
      break;
    case TextForm::Kind::kTimestamp:
      return "must be a time in UTC as RFC 3339 writes it, `2026-01-31T12:00:00Z`";
  }
  return "does not fit";
}

// Names of members go into pointers as RFC 6901 §3 escapes them.
std::string pointer_to(const std::string& parent, std::string_view member) {
  std::string out = parent + "/";
  for (const char c : member.substr(0, 64)) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

class Checker {
 public:
  void check(const Shape& shape, element value, const std::string& at) {
    switch (shape.type) {
      case Shape::Type::kObject:
        return check_object(shape, value, at);
      case Shape::Type::kAnyObject:
        if (!value.is_object()) add(at, "must be an object");
        return;
      case Shape::Type::kArray:
        return check_array(shape, value, at);
      case Shape::Type::kText: {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return add(at, "must be a string");
        if (std::string fault = fault_of_text(shape, text); !fault.empty()) add(at, std::move(fault));
        return;
      }
      case Shape::Type::kInteger: {
        std::uint64_t number = 0;
        if (value.get(number) != simdjson::SUCCESS || number < shape.min || number > shape.max) {
          add(at, "must be an integer from " + range_text(shape.min, shape.max));
        }
        return;
      }
      case Shape::Type::kNumber: {
        double number = 0;
        if (value.get(number) != simdjson::SUCCESS || number < 0) add(at, "must be a number, 0 or more");
        return;
      }
      case Shape::Type::kBoolean:
        if (!value.is_bool()) add(at, "must be true or false");
        return;
    }
  }

  std::vector<Fault> faults;

 private:
  void add(const std::string& at, std::string detail) {
    if (faults.size() < kMaxFaults) faults.push_back({at, std::move(detail)});
  }

  void check_object(const Shape& shape, element value, const std::string& at) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return add(at, "must be an object");
    std::size_t known = 0;
    for (const Field& field : shape.fields) {
      element member;
      if (object.at_key(field.name).get(member) != simdjson::SUCCESS) {
        if (field.required()) add(pointer_to(at, field.name), "is missing");
        continue;
      }
      ++known;
      if (field.nullable() && member.is_null()) continue;
      check(*field.shape, member, pointer_to(at, field.name));
    }
    if (known < shape.min_fields) add(at, "must have at least " + std::to_string(shape.min_fields) + " member");
    if (!shape.closed || known == object.size()) return;
    for (const auto member : object) {
      const auto same = [&](const Field& field) { return field.name == member.key; };
      if (std::none_of(shape.fields.begin(), shape.fields.end(), same)) {
        add(pointer_to(at, member.key), "is not a member that is known");
      }
    }
  }

  void check_array(const Shape& shape, element value, const std::string& at) {
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) return add(at, "must be an array");
    if (array.size() > shape.max_items) {
      return add(at, "must have at most " + std::to_string(shape.max_items) + " items");
    }
    std::vector<std::string_view> seen;
    std::size_t index = 0;
    for (const element item : array) {
      const std::string place = at + "/" + std::to_string(index++);
      check(*shape.items, item, place);
      std::string_view text;
      if (!shape.unique || item.get(text) != simdjson::SUCCESS) continue;
      if (std::find(seen.begin(), seen.end(), text) != seen.end()) add(place, "is there twice");
      seen.push_back(text);
    }
  }
};

void append_text_members(JsonWriter& json, const Shape& shape) {
  json.member("type", "string");
  if (!shape.choices.empty()) {
    json.key("enum");
    json.begin_array();
    for (const std::string_view choice : shape.choices) json.value(choice);
    json.end_array();
    return;
  }
  if (shape.form.min > 0) json.member("minLength", shape.form.min);
  json.member("maxLength", shape.form.max);
  if (const std::string pattern = pattern_of(shape.form); !pattern.empty()) json.member("pattern", pattern);
  if (shape.form.kind == TextForm::Kind::kTimestamp) json.member("format", "date-time");
}

void append_members(JsonWriter& json, const Shape& shape);
void append_definition_members(JsonWriter& json, const Shape& shape);

void append_field(JsonWriter& json, const Field& field) {
  json.key(field.name);
  json.begin_object();
  if (!field.description.empty()) json.member("description", field.description);
  if (field.nullable()) {
    json.key("anyOf");
    json.begin_array();
    append_schema(json, *field.shape);
    json.begin_object();
    json.member("type", "null");
    json.end_object();
    json.end_array();
  } else {
    append_members(json, *field.shape);
  }
  json.end_object();
}

void append_object_members(JsonWriter& json, const Shape& shape) {
  json.member("type", "object");
  json.key("properties");
  json.begin_object();
  for (const Field& field : shape.fields) append_field(json, field);
  json.end_object();
  if (std::any_of(shape.fields.begin(), shape.fields.end(), [](const Field& field) { return field.required(); })) {
    json.key("required");
    json.begin_array();
    for (const Field& field : shape.fields) {
      if (field.required()) json.value(field.name);
    }
    json.end_array();
  }
  if (shape.min_fields > 0) json.member("minProperties", shape.min_fields);
  if (shape.closed) json.member("additionalProperties", false);
}

void append_members(JsonWriter& json, const Shape& shape) {
  if (shape.name.empty()) return append_definition_members(json, shape);
  json.member("$ref", "#/components/schemas/" + std::string(shape.name));
}

void append_definition_members(JsonWriter& json, const Shape& shape) {
  switch (shape.type) {
    case Shape::Type::kObject:
      return append_object_members(json, shape);
    case Shape::Type::kAnyObject:
      return json.member("type", "object");
    case Shape::Type::kArray:
      json.member("type", "array");
      json.key("items");
      append_schema(json, *shape.items);
      json.member("maxItems", shape.max_items);
      if (shape.unique) json.member("uniqueItems", true);
      return;
    case Shape::Type::kText:
      return append_text_members(json, shape);
    case Shape::Type::kInteger:
      json.member("type", "integer");
      json.member("minimum", shape.min);
      json.member("maximum", shape.max);
      return;
    case Shape::Type::kNumber:
      json.member("type", "number");
      json.member("minimum", 0);
      return;
    case Shape::Type::kBoolean:
      return json.member("type", "boolean");
  }
}

}  // namespace

bool fits(const TextForm& form, std::string_view text) {
  const std::size_t size = characters(text);
  if (size < form.min || size > form.max) return false;
  switch (form.kind) {
    case TextForm::Kind::kName:
      return text.empty() ||
             (in_class(form.first, text.front()) &&
              std::all_of(text.begin() + 1, text.end(), [&](char c) { return in_class(form.rest, c); }));
    case TextForm::Kind::kLine:
      return std::none_of(text.begin(), text.end(), is_control);
    case TextForm::Kind::kLines:
      return std::none_of(text.begin(), text.end(),
                          [](char c) { return is_control(c) && c != '\t' && c != '\n' && c != '\r'; });
    case TextForm::Kind::kAny:
      return true;
    case TextForm::Kind::kTimestamp:
      return parse_timestamp(text).has_value();
  }
  return false;
}

std::string pattern_of(const TextForm& form) {
  switch (form.kind) {
    case TextForm::Kind::kName:
      // A name has at least one character.
      return "^[" + std::string(form.first) + "][" + std::string(form.rest) + "]{" + std::to_string(form.min - 1) +
             "," + std::to_string(form.max - 1) + "}$";
    case TextForm::Kind::kLine:
      return R"(^[^\u0000-\u001f\u007f]*$)";
    case TextForm::Kind::kLines:
      return R"(^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$)";
    case TextForm::Kind::kAny:
      break;
    case TextForm::Kind::kTimestamp:
      return R"(^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,3})?Z$)";
  }
  return {};
}

std::vector<Fault> check(const Shape& shape, element value) {
  Checker checker;
  checker.check(shape, value, "");
  return std::move(checker.faults);
}

std::string check_text(const Shape& shape, std::string_view text) {
  switch (shape.type) {
    case Shape::Type::kText:
      if (!encoding::is_utf8(text)) return "must be UTF-8";
      return fault_of_text(shape, text);
    case Shape::Type::kInteger: {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
      const bool plain = text.size() == 1 || !text.starts_with('0');
      if (whole && plain && number >= shape.min && number <= shape.max) return {};
      return "must be an integer from " + range_text(shape.min, shape.max);
    }
    case Shape::Type::kBoolean:
      return text == "true" || text == "false" ? "" : "must be `true` or `false`";
    default:
      REDOUBT_CHECK(false);  // a parameter is none of these
  }
}

void append_schema(JsonWriter& json, const Shape& shape) {
  json.begin_object();
  append_members(json, shape);
  json.end_object();
}

void append_definition(JsonWriter& json, const Shape& shape) {
  json.begin_object();
  append_definition_members(json, shape);
  json.end_object();
}

}  // namespace redoubt::admin
