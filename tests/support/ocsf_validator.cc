#include "tests/support/ocsf_validator.h"

#include <boost/json.hpp>
#include <boost/regex.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "base/file.h"
#include "encoding/json_reader.h"

namespace redoubt::test {
namespace {

namespace json = boost::json;

constexpr std::size_t kSchemaSizeMax = 16 * 1024 * 1024;
constexpr std::size_t kDepthMax = 64;

enum class Primitive { kString, kInteger, kBoolean, kFloat, kJson };

struct Type {
  Primitive primitive = Primitive::kString;
  std::optional<std::uint64_t> max_len;  // characters
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
  std::optional<boost::regex> pattern;
};

struct Attribute {
  std::string type;    // empty when it is an object
  std::string object;  // empty when it is not
  bool is_array = false;
  bool required = false;
  std::string profile;                                       // empty: none
  std::map<std::string, std::string, std::less<>> captions;  // of an enumeration, by value; empty: none
};

struct Definition {
  std::map<std::string, Attribute, std::less<>> attributes;
  std::vector<std::string> at_least_one;
  std::vector<std::string> just_one;
};

struct Class : Definition {
  std::int64_t class_uid = 0;
  std::int64_t category_uid = 0;
  std::string caption;
  std::set<std::string, std::less<>> profiles;  // that events of the class may name
};

// categories.json of the schema; the resolved file names categories by number only.
std::string_view category_caption(std::int64_t uid) {
  switch (uid) {
    case 1:
      return "System Activity";
    case 2:
      return "Findings";
    case 3:
      return "Identity & Access Management";
    case 4:
      return "Network Activity";
    case 5:
      return "Discovery";
    case 6:
      return "Application Activity";
    case 7:
      return "Remediation";
    case 8:
      return "Unmanned Systems";
    default:
      return {};
  }
}

// The attribute that holds the caption of an enumerated one (the dictionary's `sibling`), or empty.
std::string sibling_of(std::string_view name) {
  if (name == "activity_id") return "activity_name";
  if (name == "category_ids") return "categories";
  if (name.ends_with("_ids")) return std::string(name.substr(0, name.size() - 4)) + "s";
  if (name.ends_with("_id")) return std::string(name.substr(0, name.size() - 3));
  return {};
}

// The schema's patterns are Perl's, where a hyphen right after a range (`[0-9-.]`) is a hyphen; Boost wants it escaped.
std::string boost_pattern(std::string_view perl) {
  std::string out;
  bool in_class = false;
  std::size_t since_range = 2;  // class members since the last range ended
  for (std::size_t i = 0; i < perl.size(); ++i) {
    const char c = perl[i];
    if (c == '\\' && i + 1 < perl.size()) {
      out += {c, perl[++i]};
      ++since_range;
    } else if (!in_class) {
      in_class = c == '[';
      since_range = 2;
      out += c;
    } else if (c == ']') {
      in_class = false;
      out += c;
    } else if (c == '-' && i + 1 < perl.size() && perl[i + 1] != ']' && perl[i - 1] != '[') {
      if (since_range == 0) {
        out += "\\-";
        ++since_range;
      } else {
        out += {c, perl[++i]};
        since_range = 0;
      }
    } else {
      out += c;
      ++since_range;
    }
  }
  return out;
}

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::string> names_of(const json::value* value) {
  std::vector<std::string> names;
  if (value == nullptr || !value->is_array()) return names;
  for (const json::value& item : value->get_array()) {
    if (item.is_string()) names.emplace_back(item.get_string());
  }
  return names;
}

// A signed integer of 64 bits, or nothing.
std::optional<std::int64_t> integer_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64() && value.get_uint64() <= static_cast<std::uint64_t>(INT64_MAX)) {
    return static_cast<std::int64_t>(value.get_uint64());
  }
  return std::nullopt;
}

}  // namespace

struct OcsfValidator::Schema {
  std::string version;
  std::map<std::string, Type, std::less<>> types;
  std::map<std::string, Definition, std::less<>> objects;
  std::map<std::int64_t, Class> classes;

  // `object` is the schema's own reading; whatever does not fit it throws std::invalid_argument, caught in load().
  void read(const json::object& root);
  Type read_type(const json::object& types_in, const std::string& name, int depth) const;
  void read_definition(const json::object& in, Definition& out) const;
  void add_profiles(const Definition& definition, std::set<std::string, std::less<>>& profiles,
                    std::set<std::string>& seen) const;
};

Type OcsfValidator::Schema::read_type(const json::object& types_in, const std::string& name, int depth) const {
  const json::value* found = types_in.if_contains(name);
  if (found == nullptr || !found->is_object() || depth > 4) throw std::invalid_argument("type `" + name + "`");
  const json::object& in = found->get_object();
  Type type;
  const std::string base = text_of(in, "type");
  if (!base.empty()) {
    type = read_type(types_in, base, depth + 1);
  } else if (name == "string_t") {
    type.primitive = Primitive::kString;
  } else if (name == "integer_t" || name == "long_t") {
    type.primitive = Primitive::kInteger;
  } else if (name == "boolean_t") {
    type.primitive = Primitive::kBoolean;
  } else if (name == "float_t") {
    type.primitive = Primitive::kFloat;
  } else if (name == "json_t") {
    type.primitive = Primitive::kJson;
  } else {
    throw std::invalid_argument("type `" + name + "` has no base");
  }
  if (const json::value* max_len = in.if_contains("max_len")) type.max_len = max_len->to_number<std::uint64_t>();
  if (const json::value* range = in.if_contains("range")) {
    const json::array& bounds = range->as_array();
    type.range = {bounds.at(0).to_number<std::int64_t>(), bounds.at(1).to_number<std::int64_t>()};
  }
  const std::string pattern = text_of(in, "regex");
  if (!pattern.empty()) type.pattern.emplace(boost_pattern(pattern), boost::regex::ECMAScript);
  return type;
}

void OcsfValidator::Schema::read_definition(const json::object& in, Definition& out) const {
  for (const auto& [name, value] : in.at("attributes").as_object()) {
    const json::object& from = value.as_object();
    Attribute attribute;
    attribute.object = text_of(from, "object");
    if (attribute.object.empty()) {
      attribute.type = text_of(from, "type");
      if (!types.contains(attribute.type)) throw std::invalid_argument("attribute `" + std::string(name) + "`");
    }
    const json::value* is_array = from.if_contains("is_array");
    attribute.is_array = is_array != nullptr && is_array->as_bool();
    attribute.required = text_of(from, "requirement") == "required";
    attribute.profile = text_of(from, "profile");
    if (const json::value* captions = from.if_contains("enum")) {
      for (const auto& [key, caption] : captions->as_object()) {
        attribute.captions.emplace(std::string(key), std::string(caption.as_string()));
      }
    }
    out.attributes.emplace(std::string(name), std::move(attribute));
  }
  const json::value* constraints = in.if_contains("constraints");
  if (constraints == nullptr || constraints->is_null()) return;
  for (const auto& [name, members] : constraints->as_object()) {
    if (name == "at_least_one") {
      out.at_least_one = names_of(&members);
    } else if (name == "just_one") {
      out.just_one = names_of(&members);
    } else {
      throw std::invalid_argument("constraint `" + std::string(name) + "`");
    }
  }
}

// A class permits the profiles it lists, and those of its attributes and of the objects it can hold.
void OcsfValidator::Schema::add_profiles(const Definition& definition, std::set<std::string, std::less<>>& profiles,
                                         std::set<std::string>& seen) const {
  for (const auto& [name, attribute] : definition.attributes) {
    if (!attribute.profile.empty()) profiles.insert(attribute.profile);
    if (!attribute.object.empty() && seen.insert(attribute.object).second) {
      add_profiles(objects.find(attribute.object)->second, profiles, seen);
    }
  }
}

void OcsfValidator::Schema::read(const json::object& root) {
  version = std::string(root.at("ocsf_version").as_string());
  const json::object& types_in = root.at("types").as_object();
  for (const auto& [name, value] : types_in) {
    types.emplace(std::string(name), read_type(types_in, std::string(name), 0));
  }
  for (const auto& [name, value] : root.at("objects").as_object()) {
    read_definition(value.as_object(), objects[std::string(name)]);
  }
  const auto check_objects = [&](const Definition& definition) {
    for (const auto& [name, attribute] : definition.attributes) {
      if (!attribute.object.empty() && !objects.contains(attribute.object)) {
        throw std::invalid_argument("object `" + attribute.object + "`");
      }
    }
  };
  for (const auto& [name, object] : objects) check_objects(object);
  for (const auto& [name, value] : root.at("classes").as_object()) {
    const json::object& in = value.as_object();
    Class read_class;
    read_definition(in, read_class);
    check_objects(read_class);
    read_class.class_uid = in.at("class_uid").to_number<std::int64_t>();
    read_class.category_uid = in.at("category_uid").to_number<std::int64_t>();
    read_class.caption = std::string(in.at("caption").as_string());
    for (const std::string& profile : names_of(in.if_contains("profiles"))) read_class.profiles.insert(profile);
    std::set<std::string> seen;
    add_profiles(read_class, read_class.profiles, seen);
    classes.emplace(read_class.class_uid, std::move(read_class));
  }
  if (classes.empty()) throw std::invalid_argument("no classes");
}

namespace {

// One event's walk. Collects problems rather than stopping at the first.
template <class Schema>
class Walk {
 public:
  explicit Walk(const Schema& schema) : schema_(schema) {}

  std::vector<OcsfProblem> run(const json::value& event) {
    if (!event.is_object()) {
      add("", "event is not an object");
      return std::move(problems_);
    }
    const json::object& root = event.get_object();
    const json::value* class_uid = root.if_contains("class_uid");
    if (class_uid == nullptr) {
      add("class_uid", "required attribute is missing");
      return std::move(problems_);
    }
    const std::optional<std::int64_t> uid = integer_of(*class_uid);
    const auto found = uid ? schema_.classes.find(*uid) : schema_.classes.end();
    if (found == schema_.classes.end()) {
      add("class_uid", "no such class");
      return std::move(problems_);
    }
    const Class& event_class = found->second;
    read_profiles(root, event_class);
    object(root, event_class, "", 0);
    classification(root, event_class);
    version(root);
    return std::move(problems_);
  }

 private:
  void add(std::string path, std::string reason) { problems_.push_back({std::move(path), std::move(reason)}); }

  static std::string join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
  }

  void read_profiles(const json::object& root, const Class& event_class) {
    const json::value* metadata = root.if_contains("metadata");
    if (metadata == nullptr || !metadata->is_object()) return;  // reported by object()
    for (const std::string& name : names_of(metadata->get_object().if_contains("profiles"))) {
      if (!event_class.profiles.contains(name)) {
        add("metadata.profiles", "class does not permit profile `" + name + "`");
      } else if (!profiles_.insert(name).second) {
        add("metadata.profiles", "profile `" + name + "` is named twice");
      }
    }
  }

  void version(const json::object& root) {
    const json::value* metadata = root.if_contains("metadata");
    if (metadata == nullptr || !metadata->is_object()) return;
    const std::string named = text_of(metadata->get_object(), "version");
    if (!named.empty() && named != schema_.version) {
      add("metadata.version", "event is of schema `" + named + "`, not `" + schema_.version + "`");
    }
  }

  void classification(const json::object& root, const Class& event_class) {
    const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
      const json::value* value = root.if_contains(name);
      return value == nullptr ? std::nullopt : integer_of(*value);
    };
    const auto name_is = [&](std::string_view name, const std::string& expected) {
      const json::value* value = root.if_contains(name);
      if (value != nullptr && value->is_string() && value->get_string() != expected) {
        add(std::string(name), "is not `" + expected + "`");
      }
    };
    const auto category = number("category_uid");
    if (category && *category != event_class.category_uid) {
      add("category_uid", "is not the category of class " + std::to_string(event_class.class_uid));
    }
    name_is("category_name", std::string(category_caption(event_class.category_uid)));
    name_is("class_name", event_class.caption);
    const auto activity = number("activity_id");
    const auto type = number("type_uid");
    if (activity && type && *type != event_class.class_uid * 100 + *activity) {
      add("type_uid", "is not class_uid * 100 + activity_id");
    }
    const auto activity_attribute = event_class.attributes.find("activity_id");
    if (activity && activity_attribute != event_class.attributes.end()) {
      const auto caption = activity_attribute->second.captions.find(std::to_string(*activity));
      if (caption != activity_attribute->second.captions.end()) {
        name_is("type_name", event_class.caption + ": " + caption->second);
      }
    }
  }

  bool active(const Attribute& attribute) const {
    return attribute.profile.empty() || profiles_.contains(attribute.profile);
  }

  void object(const json::object& in, const Definition& definition, const std::string& path, std::size_t depth) {
    if (depth > kDepthMax) {
      add(path, "nested too deep");
      return;
    }
    for (const auto& [name, attribute] : definition.attributes) {
      if (attribute.required && active(attribute) && !in.contains(name)) {
        add(join(path, name), "required attribute is missing");
      }
    }
    for (const auto& [key, value] : in) {
      const std::string_view name(key.data(), key.size());
      const auto found = definition.attributes.find(name);
      if (found == definition.attributes.end()) {
        add(join(path, name), "unknown attribute");
        continue;
      }
      if (!active(found->second)) {
        add(join(path, name), "belongs to profile `" + found->second.profile + "`, which the event does not name");
        continue;
      }
      // The resolved schema keeps the base event's one value of these two; classification() checks them.
      const bool is_class = depth == 0 && (name == "class_uid" || name == "category_uid");
      attribute_value(value, found->second, join(path, name), is_class, depth);
      if (!found->second.captions.empty() && !is_class) sibling(in, name, value, found->second, definition, path);
    }
    const auto present = [&](const std::vector<std::string>& names) {
      std::size_t count = 0;
      for (const std::string& name : names) count += in.contains(name);
      return count;
    };
    if (!definition.at_least_one.empty() && present(definition.at_least_one) == 0) {
      add(path, "has none of " + list(definition.at_least_one));
    }
    if (!definition.just_one.empty() && present(definition.just_one) != 1) {
      add(path, "does not have exactly one of " + list(definition.just_one));
    }
  }

  void attribute_value(const json::value& value, const Attribute& attribute, const std::string& path, bool any_enum,
                       std::size_t depth) {
    if (!attribute.is_array) {
      single_value(value, attribute, path, any_enum, depth);
      return;
    }
    if (!value.is_array()) {
      add(path, "is not an array");
      return;
    }
    std::size_t index = 0;
    for (const json::value& item : value.get_array()) {
      single_value(item, attribute, path + "[" + std::to_string(index++) + "]", any_enum, depth);
    }
  }

  void single_value(const json::value& value, const Attribute& attribute, const std::string& path, bool any_enum,
                    std::size_t depth) {
    if (!attribute.object.empty()) {
      if (!value.is_object()) {
        add(path, "is not an object");
      } else if (attribute.object != "object") {  // the generic object holds anything
        object(value.get_object(), schema_.objects.find(attribute.object)->second, path, depth + 1);
      }
      return;
    }
    const Type& type = schema_.types.find(attribute.type)->second;
    if (!primitive_value(value, attribute.type, type, path) || attribute.captions.empty() || any_enum) return;
    const std::string key = value.is_string() ? std::string(value.get_string()) : std::to_string(*integer_of(value));
    if (!attribute.captions.contains(key)) add(path, "value `" + key + "` is not in the enumeration");
  }

  bool primitive_value(const json::value& value, const std::string& name, const Type& type, const std::string& path) {
    const auto refuse = [&](const std::string& reason) {
      add(path, reason);
      return false;
    };
    switch (type.primitive) {
      case Primitive::kJson:
        return true;
      case Primitive::kBoolean:
        return value.is_bool() || refuse("is not a boolean");
      case Primitive::kFloat:
        return value.is_number() || refuse("is not a number");
      case Primitive::kInteger: {
        const auto number = integer_of(value);
        if (!number) return refuse("is not an integer of 64 bits (" + name + ")");
        if (type.range && (*number < type.range->first || *number > type.range->second)) {
          return refuse("is out of the range of " + name);
        }
        return true;
      }
      case Primitive::kString: {
        if (!value.is_string()) return refuse("is not a string (" + name + ")");
        const json::string& text = value.get_string();
        if (type.max_len && characters({text.data(), text.size()}) > *type.max_len) {
          return refuse("is longer than " + name + " may be");
        }
        if (type.pattern && !matches(text, *type.pattern)) return refuse("does not have the form of " + name);
        return true;
      }
    }
    return false;
  }

  // A pattern too costly for the text throws; such a text is refused.
  static bool matches(const json::string& text, const boost::regex& pattern) {
    try {
      return boost::regex_search(text.begin(), text.end(), pattern);
    } catch (const std::exception&) {
      return false;
    }
  }

  void sibling(const json::object& in, std::string_view name, const json::value& value, const Attribute& attribute,
               const Definition& definition, const std::string& path) {
    const std::string sibling_name = sibling_of(name);
    if (sibling_name.empty() || !definition.attributes.contains(sibling_name)) return;
    const json::value* captions = in.if_contains(sibling_name);
    if (captions == nullptr) return;
    const auto pair = [&](const json::value& id, const json::value& caption) {
      const auto number = integer_of(id);
      if (!number || !caption.is_string() || *number == 99) return;  // 99: the source's own word
      const auto expected = attribute.captions.find(std::to_string(*number));
      if (expected != attribute.captions.end() && caption.get_string() != expected->second) {
        add(join(path, sibling_name), "is not `" + expected->second + "`, the caption of " + std::string(name));
      }
    };
    if (!attribute.is_array) {
      pair(value, *captions);
    } else if (value.is_array() && captions->is_array()) {
      const json::array& ids = value.get_array();
      const json::array& texts = captions->get_array();
      if (ids.size() != texts.size()) {
        add(join(path, sibling_name), "has another length than " + std::string(name));
        return;
      }
      for (std::size_t i = 0; i < ids.size(); ++i) pair(ids[i], texts[i]);
    }
  }

  const Schema& schema_;
  std::set<std::string, std::less<>> profiles_;
  std::vector<OcsfProblem> problems_;
};

}  // namespace

OcsfValidator::OcsfValidator(std::unique_ptr<const Schema> schema) : schema_(std::move(schema)) {}
OcsfValidator::OcsfValidator(OcsfValidator&&) noexcept = default;
OcsfValidator& OcsfValidator::operator=(OcsfValidator&&) noexcept = default;
OcsfValidator::~OcsfValidator() = default;

Result<OcsfValidator> OcsfValidator::load(const std::string& path) {
  PosixFileSystem fs;
  const Result<Bytes> bytes = read_file(fs, path, kSchemaSizeMax);
  if (!bytes) return bytes.error();
  try {
    auto schema = std::make_unique<Schema>();
    schema->read(json::parse(as_chars(*bytes)).as_object());
    return OcsfValidator(std::move(schema));
  } catch (const std::exception& e) {
    return Error(Errc::kMalformed, "`" + path + "` is not a resolved schema: " + e.what());
  }
}

std::vector<OcsfProblem> OcsfValidator::validate(std::string_view event_json) const {
  // Boost.JSON keeps the last of several equal names; the strict reader refuses them.
  encoding::JsonReader strict;
  if (const auto parsed = strict.parse(event_json); !parsed) return {{"", parsed.error().message()}};
  boost::system::error_code failure;
  json::parse_options options;
  options.max_depth = kDepthMax + 1;
  const json::value event = json::parse(event_json, failure, {}, options);
  if (failure) return {{"", failure.message()}};
  return Walk<Schema>(*schema_).run(event);
}

std::string ocsf_schema_path() {
  const char* data = std::getenv("REDOUBT_DATA");
  const std::string root = data != nullptr && *data != '\0' ? data : REDOUBT_SOURCE_DIR "/../shared/data";
  return root + "/compliance/ocsf-resolved-1.8.0.json";
}

std::string to_string(const std::vector<OcsfProblem>& problems) {
  std::string out;
  for (const OcsfProblem& problem : problems) {
    out += problem.path.empty() ? problem.reason : "`" + problem.path + "`: " + problem.reason;
    out += '\n';
  }
  return out;
}

}  // namespace redoubt::test
