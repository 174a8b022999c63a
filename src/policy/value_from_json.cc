#include "policy/internal/value_json.h"

#include <algorithm>

#include "policy/internal/functions.h"
#include "policy/internal/shown.h"
#include "policy/schema.h"

namespace redoubt::policy::internal {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using ElementType = simdjson::dom::element_type;

// Room is made at once for so many, whatever an array or object promises.
constexpr std::size_t kReserved = 1024;

// Nothing when there is no such member, or it is of another type.
template <class T>
std::optional<T> member(const object& json, std::string_view name) {
  T value;
  if (json.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

// The members "type" and "id", when they are there and are strings.
std::optional<UidView> type_and_id(const object& json) {
  UidView found;
  bool has_type = false;
  bool has_id = false;
  for (const auto& [name, value] : json) {
    if (name == "type") has_type = value.get(found.type) == simdjson::SUCCESS;
    if (name == "id") has_id = value.get(found.id) == simdjson::SUCCESS;
  }
  if (!has_type || !has_id) return std::nullopt;
  return found;
}

// {"fn": name, "arg": value} or {"fn": name, "args": [values]}.
struct Call {
  std::string_view function;
  std::optional<element> argument;  // of "arg"; nothing: "args"
  simdjson::dom::array arguments;
};

std::optional<Call> call_of(const object& json) {
  const auto function = member<std::string_view>(json, "fn");
  if (!function) return std::nullopt;
  if (const auto argument = member<element>(json, "arg")) return Call{*function, argument, {}};
  if (const auto arguments = member<simdjson::dom::array>(json, "args")) return Call{*function, {}, *arguments};
  return std::nullopt;
}

template <class T>
std::optional<Value> as_value(std::optional<T> read) {
  if (!read) return std::nullopt;
  return Value(std::move(*read));
}

// The type that an argument of a function has, and with it what may be left out there.
Type argument_type(Function function, std::size_t index) {
  const auto extension = [](ExtensionType type) {
    return Type{Type::Kind::kExtension, std::string(to_string(type)), {}, {}};
  };
  switch (function) {
    case Function::kDecimal:
    case Function::kIp:
    case Function::kDatetime:
    case Function::kDuration:
      return Type{Type::Kind::kString, {}, {}, {}};
    case Function::kLessThan:
    case Function::kLessThanOrEqual:
    case Function::kGreaterThan:
    case Function::kGreaterThanOrEqual:
      return extension(ExtensionType::kDecimal);
    case Function::kIsIpv4:
    case Function::kIsIpv6:
    case Function::kIsLoopback:
    case Function::kIsMulticast:
    case Function::kIsInRange:
      return extension(ExtensionType::kIp);
    case Function::kOffset:
      return extension(index == 0 ? ExtensionType::kDatetime : ExtensionType::kDuration);
    case Function::kDurationSince:
    case Function::kToDate:
    case Function::kToTime:
      return extension(ExtensionType::kDatetime);
    case Function::kToMilliseconds:
    case Function::kToSeconds:
    case Function::kToMinutes:
    case Function::kToHours:
    case Function::kToDays:
      break;
  }
  return extension(ExtensionType::kDuration);
}

std::optional<Function> constructor_of(std::string_view extension_type) {
  for (const auto type :
       {ExtensionType::kDecimal, ExtensionType::kIp, ExtensionType::kDatetime, ExtensionType::kDuration}) {
    if (to_string(type) == extension_type) return static_cast<Function>(type);
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(ProblemList& problems) : problems_(problems) {}

  std::optional<Value> value(element json, const Type* expected, const JsonPlace& place) {
    const auto kind = expected != nullptr ? std::optional(expected->kind) : std::nullopt;
    if (kind == Type::Kind::kEntity) return as_value(uid(json, place));
    if (kind == Type::Kind::kExtension) return extension(json, *expected, place);
    switch (json.type()) {
      case ElementType::BOOL:
        return Value(bool(json));
      case ElementType::INT64:
        return Value(std::int64_t(json));
      case ElementType::UINT64:  // simdjson's type for what is above the other's range
        return wrong(place, "the number does not fit a signed 64-bit integer");
      case ElementType::DOUBLE:
        return wrong(place, "numbers must be integers");
      case ElementType::STRING:
        return Value(std::string(std::string_view(json)));
      case ElementType::NULL_VALUE:
        return wrong(place, "`null` is no value");
      case ElementType::ARRAY:
        return set(simdjson::dom::array(json), kind == Type::Kind::kSet ? expected->element.get() : nullptr, place);
      case ElementType::OBJECT:
        break;
    }
    const object members(json);
    return kind == Type::Kind::kRecord ? as_value(record(members, expected, place)) : escape_or_record(members, place);
  }

  // Never an escape. `expected`: null, or a record's.
  std::optional<Record> record(const object& json, const Type* expected, const JsonPlace& place) {
    return record_of(json, place, [expected](std::string_view name) -> const Type* {
      if (expected == nullptr) return nullptr;
      const auto attribute = expected->attributes.find(std::string(name));
      return attribute != expected->attributes.end() ? attribute->second.type.get() : nullptr;
    });
  }

  // Of members that have the types that `type_of` says, null for any.
  template <class TypeOf>
  std::optional<Record> record_of(const object& json, const JsonPlace& place, const TypeOf& type_of) {
    if (json.size() == 0) return Record();
    std::vector<Attribute> attributes;
    attributes.reserve(std::min(json.size(), kReserved));
    bool good = true;
    for (const auto& [name, json_value] : json) {
      auto read = value(json_value, type_of(name), JsonPlace(place, name));
      if (read) attributes.emplace_back(std::string(name), std::move(*read));
      good = good && read.has_value();
      if (problems_.full()) break;
    }
    if (!good) return std::nullopt;
    auto made = Record::create(std::move(attributes));
    if (!made) return wrong(place, made.error().message());
    return std::move(*made);
  }

  std::optional<UidView> uid(element json, const JsonPlace& place) {
    object members;
    if (json.get(members) == simdjson::SUCCESS) {
      const auto plain = type_and_id(members);
      if (plain && members.size() == 2) return checked(*plain, place);  // no escape beside them: by far the most
      if (member<std::string_view>(members, "__expr")) return no_expressions(place);
      if (const auto escape = member<object>(members, "__entity")) {
        if (const auto parts = type_and_id(*escape)) return checked(*parts, JsonPlace(place, "__entity"));
      }
      if (plain) return checked(*plain, place);
    }
    return wrong(place, R"(expected an entity, as {"type": …, "id": …})");
  }

 private:
  std::nullopt_t wrong(const JsonPlace& place, std::string message) {
    problems_.add(place, std::move(message));
    return std::nullopt;
  }

  std::nullopt_t no_expressions(const JsonPlace& place) {
    return wrong(place, "the `__expr` escape is no longer supported: use `__entity` or `__extn`");
  }

  std::optional<UidView> checked(const UidView& uid, const JsonPlace& place) {
    if (!is_name(uid.type)) {
      return wrong(JsonPlace(place, "type"), shown(uid.type) + " is not a valid entity type name");
    }
    return uid;
  }

  // Of an object with one member, and that as an escape has it; whatever else is a record.
  std::optional<Value> escape_or_record(const object& members, const JsonPlace& place) {
    if (members.size() == 1) {
      const auto [name, inner] = *members.begin();
      if (name == "__expr" && inner.is_string()) return no_expressions(place);
      if (object escape; name == "__entity" && inner.get(escape) == simdjson::SUCCESS) {
        if (const auto parts = type_and_id(escape)) return as_value(checked(*parts, JsonPlace(place, name)));
      }
      if (object escape; name == "__extn" && inner.get(escape) == simdjson::SUCCESS) {
        if (const auto written = call_of(escape)) return called(*written, false, JsonPlace(place, name));
      }
    }
    return as_value(record(members, nullptr, place));
  }

  // The escape, what is within it, or the argument of the type's constructor alone.
  std::optional<Value> extension(element json, const Type& expected, const JsonPlace& place) {
    object members;
    if (json.get(members) == simdjson::SUCCESS) {
      if (member<std::string_view>(members, "__expr")) return no_expressions(place);
      if (const auto escape = member<object>(members, "__extn")) {
        if (const auto written = call_of(*escape)) return called(*written, true, JsonPlace(place, "__extn"));
      }
      if (const auto written = call_of(members)) return called(*written, true, place);
    }
    const auto constructor = constructor_of(expected.name);
    if (!constructor) return wrong(place, "there is no extension type " + shown(expected.name));
    const auto argument = value(json, nullptr, place);
    if (!argument) return std::nullopt;
    return result_of(*constructor, {&*argument, 1}, place);
  }

  // Any function of the extension types will do, as in the reference. With `typed`, the arguments are read by the types
  // that it takes.
  std::optional<Value> called(const Call& written, bool typed, const JsonPlace& place) {
    const auto function = find_function(written.function);
    if (!function) {
      return wrong(JsonPlace(place, "fn"), "there is no extension function " + shown(written.function));
    }
    const std::size_t takes = info(*function).arity;
    const std::size_t given = written.argument ? 1 : written.arguments.size();
    if (given != takes) {
      return wrong(place, shown(written.function) + " takes " + std::to_string(takes) +
                              (takes == 1 ? " argument" : " arguments") + ", not " + std::to_string(given));
    }
    std::vector<Value> arguments;
    const auto read = [&](element json, const JsonPlace& at) {
      const auto type = typed ? std::optional(argument_type(*function, arguments.size())) : std::nullopt;
      auto argument = value(json, type ? &*type : nullptr, at);
      if (argument) arguments.push_back(std::move(*argument));
      return argument.has_value();
    };
    if (written.argument) {
      if (!read(*written.argument, JsonPlace(place, "arg"))) return std::nullopt;
    } else {
      const JsonPlace list(place, "args");
      for (const element json : written.arguments) {
        if (!read(json, JsonPlace(list, arguments.size()))) return std::nullopt;
      }
    }
    return result_of(*function, arguments, place);
  }

  std::optional<Value> result_of(Function function, std::span<const Value> arguments, const JsonPlace& place) {
    auto result = call(function, arguments);
    if (result) return std::move(*result);
    const std::string name(info(function).name);
    if (result.error() != EvalError::kExtension) {
      std::string types;
      for (const Value& argument : arguments) types += (types.empty() ? "" : ", ") + type_name(argument);
      return wrong(place, "`" + name + "` does not take " + types);
    }
    if (function > Function::kDuration) return wrong(place, "`" + name + "` overflows");
    // A constructor: once more, for the message.
    const auto read = parse_extension(static_cast<ExtensionType>(function), arguments.front().string());
    return wrong(place, read.error().message());
  }

  std::optional<Value> set(const simdjson::dom::array& json, const Type* element_type, const JsonPlace& place) {
    std::vector<Value> elements;
    elements.reserve(std::min(json.size(), kReserved));
    bool good = true;
    std::size_t index = 0;
    for (const element json_element : json) {
      auto read = value(json_element, element_type, JsonPlace(place, index++));
      if (read) elements.push_back(std::move(*read));
      good = good && read.has_value();
      if (problems_.full()) break;
    }
    if (!good) return std::nullopt;
    return Value(Set(std::move(elements)));
  }

  ProblemList& problems_;
};

}  // namespace

std::optional<Value> read_value(element json, const Type* expected, const JsonPlace& place, ProblemList& problems) {
  return Reader(problems).value(json, expected, place);
}

std::optional<Record> read_attributes(element json, const Type* expected, const JsonPlace& place,
                                      ProblemList& problems) {
  object members;
  if (json.get(members) == simdjson::SUCCESS) return Reader(problems).record(members, expected, place);
  problems.add(place, "expected an object");
  return std::nullopt;
}

std::optional<Record> read_tags(element json, const Type* expected, const JsonPlace& place, ProblemList& problems) {
  object members;
  if (json.get(members) == simdjson::SUCCESS) {
    return Reader(problems).record_of(members, place, [expected](std::string_view) { return expected; });
  }
  problems.add(place, "expected an object");
  return std::nullopt;
}

std::optional<UidView> read_uid(element json, const JsonPlace& place, ProblemList& problems) {
  return Reader(problems).uid(json, place);
}

}  // namespace redoubt::policy::internal
