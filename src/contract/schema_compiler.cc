#include "contract/internal/schema_compiler.h"

#include <algorithm>
#include <array>

namespace redoubt::contract::internal {
namespace {

constexpr std::size_t kMaxSchemas = 20'000;
constexpr std::size_t kMaxPatterns = 256;

std::optional<SchemaDialect> dialect_named(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (uri == "https://json-schema.org/draft/2020-12/schema") return SchemaDialect::kDraft202012;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme) && uri.substr(scheme.size()) == "json-schema.org/draft-07/schema") {
      return SchemaDialect::kDraft7;
    }
  }
  return std::nullopt;
}

std::uint8_t type_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::uint8_t>, 7> kTypes = {{
      {"null", kNull},
      {"boolean", kBoolean},
      {"integer", kInteger},
      {"number", kNumber | kInteger},
      {"string", kString},
      {"array", kArray},
      {"object", kObject},
  }};
  for (const auto& [known, bits] : kTypes) {
    if (known == name) return bits;
  }
  return 0;
}

}  // namespace

SchemaCompiler::SchemaCompiler(Document& document, const JsonSchemaOptions& options)
    : document_(document), options_(options), dialect_(options.dialect) {}

Result<> SchemaCompiler::compile() {
  read_dialect();
  if (error_) return *error_;
  index_.emplace(document_, dialect_);
  if (!document_.root.json.is_object()) {  // `true` and `false` have no names
    document_.resources.push_back({.root = &document_.root});
    document_.root.resource = &document_.resources.back();
  }
  if (auto indexed = index_->index(document_.root); !indexed) return indexed;
  schema_at(document_.root);
  // A list, not recursion: how far references go is for the document to say.
  while (!unfilled_.empty() && !error_) {
    at_ = unfilled_.back().first;
    Schema& next = *unfilled_.back().second;
    unfilled_.pop_back();
    fill(next);
  }
  if (index_->exhausted()) return Error(Errc::kTooLarge, "the schema's references take more work than the limit");
  if (error_) return *error_;
  return {};
}

void SchemaCompiler::read_dialect() {
  simdjson::dom::element declared;
  if (document_.root.json.at_key("$schema").get(declared) != simdjson::SUCCESS) return;
  const auto known = declared.is_string() ? dialect_named(as_text(declared)) : std::nullopt;
  if (!known) return refuse(document_.root, Errc::kUnsupported, "`$schema` is neither draft 2020-12 nor draft 7");
  dialect_ = *known;
}

const Schema* SchemaCompiler::schema_at(Location& location) {
  if (location.schema != nullptr || error_) return location.schema;
  if (!location.json.is_object() && !location.json.is_bool()) {
    refuse(location, Errc::kMalformed, "must be a schema: an object, `true` or `false`");
    return nullptr;
  }
  if (document_.schemas.size() == kMaxSchemas) {
    refuse(location, Errc::kTooLarge, "there are more than 20,000 schemas");
    return nullptr;
  }
  // One that only a pointer leads to.
  if (auto indexed = index_->index(location); !indexed) {
    error_ = indexed.error();
    return nullptr;
  }
  Schema& made = document_.schemas.emplace_back();
  made.location = &location;
  location.schema = &made;
  unfilled_.emplace_back(&location, &made);
  return &made;
}

void SchemaCompiler::refuse(const Location& at, Errc code, std::string_view what) {
  if (!error_) error_ = Error(code, "`" + pointer_to(at) + "`: " + std::string(what));
}

void SchemaCompiler::fill(Schema& schema) {
  if (at_->json.is_bool()) {
    schema.always = as_bool(at_->json);
    return;
  }
  fill_references(schema);
  if (schema.reference != nullptr && dialect_ == SchemaDialect::kDraft7) return;  // §8.3: the rest is ignored
  fill_types(schema);
  fill_values(schema);
  fill_number(schema);
  fill_string(schema);
  fill_array(schema);
  fill_object(schema);
  fill_alternatives(schema);
}

void SchemaCompiler::fill_references(Schema& schema) {
  if (Location* const declared = keyword("$schema"); declared != nullptr) {
    const auto known = text("$schema") ? dialect_named(*text("$schema")) : std::nullopt;
    if (known != dialect_) return refuse(*declared, Errc::kUnsupported, "is not the dialect of the whole document");
  }
  for (const std::string_view name : {"$ref", "$dynamicRef"}) {
    if (name == "$dynamicRef" && dialect_ == SchemaDialect::kDraft7) break;
    const auto reference = text(name);
    if (!reference) continue;
    const auto target = name == "$ref" ? index_->resolve(*at_->resource, *reference)
                                       : index_->resolve_dynamic(*at_->resource, *reference);
    if (!target) return refuse(*keyword(name), target.error().code(), target.error().message());
    const Schema* const found = schema_at(**target);
    if (schema.reference == nullptr) {
      schema.reference = found;
      schema.reference_keyword = name;
    } else {
      schema.all_of.push_back(found);  // both at once
    }
  }
}

void SchemaCompiler::fill_types(Schema& schema) {
  Location* const type = keyword("type");
  if (type == nullptr) return;
  schema.types = 0;
  const auto add = [&](simdjson::dom::element name) {
    const std::uint8_t bits = name.is_string() ? type_named(as_text(name)) : std::uint8_t{0};
    if (bits == 0) refuse(*type, Errc::kMalformed, "must name types of JSON");
    schema.types |= bits;
  };
  if (type->json.is_array()) {
    for (const auto name : as_array(type->json)) add(name);
    if (schema.types == 0) refuse(*type, Errc::kMalformed, "must name types of JSON");
  } else {
    add(type->json);
  }
}

void SchemaCompiler::fill_values(Schema& schema) {
  if (Location* const list = keyword("enum"); list != nullptr) {
    if (!list->json.is_array()) return refuse(*list, Errc::kMalformed, "must be a list");
    for (const auto value : as_array(list->json)) schema.enumeration.push_back(value);
    schema.has_enumeration = true;
  }
  if (const Location* const constant = keyword("const"); constant != nullptr) schema.constant = constant->json;
}

void SchemaCompiler::fill_number(Schema& schema) {
  NumberRules rules{.minimum = number("minimum"),
                    .maximum = number("maximum"),
                    .exclusive_minimum = number("exclusiveMinimum"),
                    .exclusive_maximum = number("exclusiveMaximum"),
                    .multiple_of = number("multipleOf")};
  if (rules.multiple_of && !rules.multiple_of->is_positive()) {
    return refuse(*keyword("multipleOf"), Errc::kMalformed, "must be more than 0");
  }
  if (rules.minimum || rules.maximum || rules.exclusive_minimum || rules.exclusive_maximum || rules.multiple_of) {
    schema.number = std::make_unique<NumberRules>(rules);
  }
}

void SchemaCompiler::fill_string(Schema& schema) {
  StringRules rules{.min_length = count("minLength", 0), .max_length = count("maxLength", kNoBound)};
  if (const auto written = text("pattern")) rules.pattern = pattern(*keyword("pattern"), *written);
  if (const auto format = text("format"); format && options_.assert_formats) rules.format = format_named(*format);
  if (rules.min_length > 0 || rules.max_length != kNoBound || rules.pattern || rules.format != nullptr) {
    schema.string = std::make_unique<StringRules>(std::move(rules));
  }
}

void SchemaCompiler::fill_array(Schema& schema) {
  ArrayRules rules{
      .min_items = count("minItems", 0), .max_items = count("maxItems", kNoBound), .unique = flag("uniqueItems")};
  const Location* const items = keyword("items");
  const bool is_list = items != nullptr && items->json.is_array();
  if (dialect_ == SchemaDialect::kDraft202012) {
    if (is_list) {
      return refuse(*items, Errc::kMalformed, "is a list, as in draft 7: `prefixItems` here, or say so in `$schema`");
    }
    rules.prefix = schemas_of("prefixItems");
    rules.rest = schema_of("items");
    rules.rest_keyword = "items";
    rules.min_contains = count("minContains", 1);
    rules.max_contains = count("maxContains", kNoBound);
    rules.contains_evaluates = true;
    schema.unevaluated_items = schema_of("unevaluatedItems");
  } else if (is_list) {
    rules.prefix = schemas_of("items");
    rules.rest = schema_of("additionalItems");
    rules.rest_keyword = "additionalItems";
  } else {
    rules.rest = schema_of("items");
    rules.rest_keyword = "items";
  }
  rules.contains = schema_of("contains");
  if (rules.min_items > 0 || rules.max_items != kNoBound || rules.unique || !rules.prefix.empty() ||
      rules.rest != nullptr || rules.contains != nullptr) {
    schema.array = std::make_unique<ArrayRules>(std::move(rules));
  }
}

void SchemaCompiler::fill_object(Schema& schema) {
  ObjectRules rules{.min_properties = count("minProperties", 0), .max_properties = count("maxProperties", kNoBound)};
  if (Location* const list = keyword("required"); list != nullptr) rules.required = names(*list);
  const auto each_member = [this](std::string_view name, const auto& take) {
    Location* const members = keyword(name);
    if (members == nullptr) return;
    if (!members->json.is_object()) return refuse(*members, Errc::kMalformed, "must be an object");
    for (const auto& member : as_object(members->json)) {
      take(SchemaIndex::child(*members, member.key, member.value));
    }
  };
  each_member("properties", [&](Location& member) { rules.properties.emplace_back(member.step, schema_at(member)); });
  std::sort(rules.properties.begin(), rules.properties.end());
  each_member("patternProperties", [&](Location& member) {
    if (auto compiled = pattern(member, member.step)) {
      rules.patterns.emplace_back(*std::move(compiled), schema_at(member));
    }
  });
  rules.additional = schema_of("additionalProperties");
  rules.names = schema_of("propertyNames");
  fill_dependents(rules);
  if (dialect_ == SchemaDialect::kDraft202012) schema.unevaluated_properties = schema_of("unevaluatedProperties");
  if (rules.min_properties > 0 || rules.max_properties != kNoBound || !rules.required.empty() ||
      !rules.properties.empty() || !rules.patterns.empty() || rules.additional != nullptr || rules.names != nullptr ||
      !rules.dependents.empty()) {
    schema.object = std::make_unique<ObjectRules>(std::move(rules));
  }
}

void SchemaCompiler::fill_dependents(ObjectRules& rules) {
  for (const std::string_view name : {"dependencies", "dependentRequired", "dependentSchemas"}) {
    if (name != "dependencies" && dialect_ == SchemaDialect::kDraft7) break;
    Location* const members = keyword(name);
    if (members == nullptr) continue;
    if (!members->json.is_object()) return refuse(*members, Errc::kMalformed, "must be an object");
    for (const auto& member : as_object(members->json)) {
      Location& location = SchemaIndex::child(*members, member.key, member.value);
      Dependent dependent{.name = location.step, .keyword = name};
      if (name == "dependentRequired" || (name == "dependencies" && location.json.is_array())) {
        dependent.required = names(location);
      } else {
        dependent.schema = schema_at(location);
      }
      rules.dependents.push_back(std::move(dependent));
    }
  }
}

void SchemaCompiler::fill_alternatives(Schema& schema) {
  for (const Schema* const part : schemas_of("allOf")) schema.all_of.push_back(part);
  schema.any_of = schemas_of("anyOf");
  schema.one_of = schemas_of("oneOf");
  schema.negated = schema_of("not");
  schema.condition = schema_of("if");
  schema.consequence = schema_of("then");
  schema.alternative = schema_of("else");
}

Location* SchemaCompiler::keyword(std::string_view name) {
  return error_ ? nullptr : index_->child(*at_, name);
}

std::optional<Decimal> SchemaCompiler::number(std::string_view name) {
  Location* const value = keyword(name);
  if (value == nullptr) return std::nullopt;
  const auto decimal = Decimal::of(value->json);
  if (!decimal) refuse(*value, Errc::kMalformed, "must be a number");
  return decimal;
}

std::uint64_t SchemaCompiler::count(std::string_view name, std::uint64_t absent) {
  Location* const value = keyword(name);
  if (value == nullptr) return absent;
  // A whole number in any spelling, 2.0 as well; no instance has as many as 2^53 of anything.
  constexpr double kEnough = 9007199254740992.0;
  double number = -1;
  if (value->json.get(number) != simdjson::SUCCESS || number < 0 || !Decimal::of(value->json)->is_integer()) {
    refuse(*value, Errc::kMalformed, "must be a whole number, 0 or more");
    return absent;
  }
  return static_cast<std::uint64_t>(std::min(number, kEnough));
}

std::optional<std::string_view> SchemaCompiler::text(std::string_view name) {
  Location* const value = keyword(name);
  if (value == nullptr) return std::nullopt;
  if (!value->json.is_string()) {
    refuse(*value, Errc::kMalformed, "must be a string");
    return std::nullopt;
  }
  return as_text(value->json);
}

bool SchemaCompiler::flag(std::string_view name) {
  Location* const value = keyword(name);
  if (value == nullptr) return false;
  if (!value->json.is_bool()) {
    refuse(*value, Errc::kMalformed, "must be `true` or `false`");
    return false;
  }
  return as_bool(value->json);
}

const Schema* SchemaCompiler::schema_of(std::string_view name) {
  Location* const value = keyword(name);
  return value == nullptr ? nullptr : schema_at(*value);
}

std::vector<const Schema*> SchemaCompiler::schemas_of(std::string_view name) {
  std::vector<const Schema*> all;
  Location* const list = keyword(name);
  if (list == nullptr) return all;
  if (!list->json.is_array()) {
    refuse(*list, Errc::kMalformed, "must be a list of schemas");
    return all;
  }
  std::size_t position = 0;
  for (const auto item : as_array(list->json)) {
    all.push_back(schema_at(SchemaIndex::child(*list, std::to_string(position++), item)));
  }
  if (all.empty()) refuse(*list, Errc::kMalformed, "must not be empty");
  return all;
}

std::vector<std::string> SchemaCompiler::names(Location& list) {
  std::vector<std::string> all;
  if (!list.json.is_array()) {
    refuse(list, Errc::kMalformed, "must be a list of names");
    return all;
  }
  for (const auto name : as_array(list.json)) {
    if (!name.is_string()) {
      refuse(list, Errc::kMalformed, "must be a list of names");
      break;
    }
    all.emplace_back(as_text(name));
  }
  return all;
}

std::optional<Pattern> SchemaCompiler::pattern(Location& at, std::string_view text) {
  if (error_) return std::nullopt;
  if (++patterns_ > kMaxPatterns) {
    refuse(at, Errc::kTooLarge, "there are more than 256 patterns");
    return std::nullopt;
  }
  auto compiled = Pattern::compile(text);
  if (compiled) return *std::move(compiled);
  refuse(at, compiled.error().code(), compiled.error().message());
  return std::nullopt;
}

}  // namespace redoubt::contract::internal
