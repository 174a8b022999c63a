#include "policy/internal/value_json.h"

namespace redoubt::policy::internal {
namespace {

void begin_call(encoding::JsonWriter& json, Function function) {
  json.begin_object();
  json.key("__extn");
  json.begin_object();
  json.member("fn", info(function).name);
}

void end_call(encoding::JsonWriter& json) {
  json.end_object();
  json.end_object();
}

void write_extension(encoding::JsonWriter& json, const Extension& value) {
  if (const auto text = to_string(value)) {
    begin_call(json, static_cast<Function>(value.type));
    json.member("arg", *text);
    return end_call(json);
  }
  // A datetime without a text, as to_cedar() has it.
  begin_call(json, Function::kOffset);
  json.key("args");
  json.begin_array();
  write_extension(json, {ExtensionType::kDatetime, 0, {}});
  write_extension(json, {ExtensionType::kDuration, value.number, {}});
  json.end_array();
  end_call(json);
}

}  // namespace

void write_uid(encoding::JsonWriter& json, const EntityUid& uid) {
  json.begin_object();
  json.member("type", uid.type);
  json.member("id", uid.id);
  json.end_object();
}

void write_value(encoding::JsonWriter& json, const Value& value) {
  switch (value.kind()) {
    case ValueKind::kBool:
      json.value(value.boolean());
      return;
    case ValueKind::kLong:
      json.value(value.number());
      return;
    case ValueKind::kString:
      json.value(value.string());
      return;
    case ValueKind::kEntity:
      json.begin_object();
      json.key("__entity");
      write_uid(json, value.entity());
      json.end_object();
      return;
    case ValueKind::kSet:
      json.begin_array();
      for (const Value& element : value.set().elements()) write_value(json, element);
      json.end_array();
      return;
    case ValueKind::kRecord:
      json.begin_object();
      for (const Attribute& attribute : value.record().attributes()) {
        json.key(attribute.name);
        write_value(json, attribute.value);
      }
      json.end_object();
      return;
    case ValueKind::kExtension:
      break;
  }
  write_extension(json, value.extension());
}

}  // namespace redoubt::policy::internal
