#include "contract/internal/schema_index.h"

#include <charconv>

#include "contract/internal/uri.h"

namespace redoubt::contract::internal {
namespace {

constexpr std::size_t kMaxPointerBytes = 1024;
constexpr std::size_t kMaxResources = 1000;

Error refuse(const Location& schema, std::string_view keyword, Errc code, std::string_view what) {
  return Error(code, "`" + pointer_to(schema, keyword) + "`: " + std::string(what));
}

// RFC 6901 §4: `~1` before `~0`.
std::optional<std::string> unescaped(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      out += step[i];
    } else if (++i < step.size() && (step[i] == '0' || step[i] == '1')) {
      out += step[i] == '0' ? '~' : '/';
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace

void append_step(std::string& pointer, std::string_view step) {
  pointer += '/';
  for (const char c : step) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

std::string pointer_to(const Location& location, std::string_view keyword) {
  std::vector<const Location*> steps;
  for (const Location* at = &location; at->parent != nullptr; at = at->parent) steps.push_back(at);
  std::string out = "#";
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::size_t before = out.size();
    append_step(out, (*step)->step);
    if (out.size() <= kMaxPointerBytes) continue;
    out.resize(before);
    return out;
  }
  if (!keyword.empty()) out.append("/").append(keyword);
  return out;
}

Below below(std::string_view keyword, SchemaDialect dialect) {
  struct Row {
    std::string_view keyword;
    Below draft7;
    Below draft202012;
  };
  static constexpr Row kRows[] = {
      {"$defs", Below::kNothing, Below::kMembers},
      {"additionalItems", Below::kSchema, Below::kNothing},
      {"additionalProperties", Below::kSchema, Below::kSchema},
      {"allOf", Below::kList, Below::kList},
      {"anyOf", Below::kList, Below::kList},
      {"contains", Below::kSchema, Below::kSchema},
      {"definitions", Below::kMembers, Below::kMembers},
      {"dependencies", Below::kMembersOrNames, Below::kMembersOrNames},
      {"dependentSchemas", Below::kNothing, Below::kMembers},
      {"else", Below::kSchema, Below::kSchema},
      {"if", Below::kSchema, Below::kSchema},
      {"items", Below::kSchemaOrList, Below::kSchema},
      {"not", Below::kSchema, Below::kSchema},
      {"oneOf", Below::kList, Below::kList},
      {"patternProperties", Below::kMembers, Below::kMembers},
      {"prefixItems", Below::kNothing, Below::kList},
      {"properties", Below::kMembers, Below::kMembers},
      {"propertyNames", Below::kSchema, Below::kSchema},
      {"then", Below::kSchema, Below::kSchema},
      {"unevaluatedItems", Below::kNothing, Below::kSchema},
      {"unevaluatedProperties", Below::kNothing, Below::kSchema},
  };
  for (const Row& row : kRows) {
    if (row.keyword == keyword) return dialect == SchemaDialect::kDraft7 ? row.draft7 : row.draft202012;
  }
  return Below::kNothing;
}

Location& SchemaIndex::child(Location& of, std::string_view step, simdjson::dom::element json) {
  std::unique_ptr<Location>& place = of.children[std::string(step)];
  if (place == nullptr) {
    place = std::make_unique<Location>();
    place->parent = &of;
    place->step = step;
    place->json = json;
    place->resource = of.resource;
  }
  return *place;
}

Location* SchemaIndex::child(Location& of, std::string_view step) {
  if (const auto known = of.children.find(step); known != of.children.end()) return known->second.get();
  simdjson::dom::element json;
  simdjson::dom::object object;
  simdjson::dom::array array;
  if (of.json.get(object) == simdjson::SUCCESS) {
    if (!lookups_.spend(object.size()) || object.at_key(step).get(json) != simdjson::SUCCESS) return nullptr;
  } else if (of.json.get(array) == simdjson::SUCCESS) {
    std::size_t index = 0;
    const char* const end = step.data() + step.size();
    const auto [stop, error] = std::from_chars(step.data(), end, index);
    if (error != std::errc() || stop != end || (step.size() > 1 && step.front() == '0')) return nullptr;
    if (!lookups_.spend(array.size()) || array.at(index).get(json) != simdjson::SUCCESS) return nullptr;
  } else {
    return nullptr;
  }
  return &child(of, step, json);
}

Result<> SchemaIndex::index(Location& schema) {
  if (schema.indexed) return {};
  schema.indexed = true;
  simdjson::dom::object object;
  if (schema.json.get(object) != simdjson::SUCCESS) return {};
  // Draft 7 §8.3: beside `$ref` all else is ignored, but that the root is one.
  if (dialect_ == SchemaDialect::kDraft7 && object.at_key("$ref").error() == simdjson::SUCCESS) {
    return schema.parent == nullptr && schema.resource == nullptr ? add_resource(schema, {}) : Result<>();
  }
  if (auto named = name(schema, object); !named) return named;
  for (const auto& member : object) {
    if (auto done = index_below(schema, member.key, member.value); !done) return done;
  }
  return {};
}

Result<> SchemaIndex::index_below(Location& schema, std::string_view keyword, simdjson::dom::element value) {
  const Below how = below(keyword, dialect_);
  if (how == Below::kNothing) return {};
  Location& location = child(schema, keyword, value);
  const bool list = location.json.is_array();
  if (how == Below::kSchema || (how == Below::kSchemaOrList && !list)) return index(location);
  if (list && (how == Below::kList || how == Below::kSchemaOrList)) {
    std::size_t position = 0;
    for (const auto item : as_array(location.json)) {
      if (auto done = index(child(location, std::to_string(position++), item)); !done) return done;
    }
  } else if (location.json.is_object() && (how == Below::kMembers || how == Below::kMembersOrNames)) {
    for (const auto& member : as_object(location.json)) {
      if (auto done = index(child(location, member.key, member.value)); !done) return done;
    }
  }
  return {};  // a value of another form is refused by who compiles the keyword
}

Result<> SchemaIndex::name(Location& schema, const simdjson::dom::object& object) {
  const bool draft7 = dialect_ == SchemaDialect::kDraft7;
  simdjson::dom::element id;
  const bool has_id = object.at_key("$id").get(id) == simdjson::SUCCESS;
  if (has_id && !id.is_string()) return refuse(schema, "$id", Errc::kMalformed, "must be a string");
  const std::string_view text = has_id ? as_text(id) : std::string_view();
  const std::string_view base = schema.resource == nullptr ? std::string_view() : schema.resource->uri;
  const std::string_view fragment = text.substr(std::min(text.find('#'), text.size()));
  if (fragment.size() > 1 && !draft7) {
    return refuse(schema, "$id", Errc::kMalformed, "must not have a fragment; `$anchor` names places");
  }
  if (schema.resource == nullptr || (has_id && !without_fragment(text).empty())) {
    if (auto added = add_resource(schema, resolve_uri(base, without_fragment(text))); !added) return added;
  }
  if (fragment.size() > 1) {
    if (auto added = add_anchor(schema, fragment.substr(1)); !added) return added;
  }
  if (draft7) return {};
  for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"}) {
    simdjson::dom::element anchor;
    if (object.at_key(keyword).get(anchor) != simdjson::SUCCESS) continue;
    if (!anchor.is_string()) return refuse(schema, keyword, Errc::kMalformed, "must be a string");
    const std::string_view value = as_text(anchor);
    if (keyword == "$dynamicAnchor") dynamic_anchors_.emplace(value);
    if (auto added = add_anchor(schema, value); !added) return added;
  }
  return {};
}

Result<> SchemaIndex::add_resource(Location& schema, std::string uri) {
  for (const Resource& known : document_.resources) {
    if (!uri.empty() && known.uri == uri) {
      return refuse(schema, "$id", Errc::kMalformed, "names two parts of the document alike");
    }
  }
  if (document_.resources.size() == kMaxResources) {
    return refuse(schema, "$id", Errc::kTooLarge, "there are more than 1,000 of them");
  }
  document_.resources.push_back({.uri = std::move(uri), .root = &schema});
  schema.resource = &document_.resources.back();
  return {};
}

Result<> SchemaIndex::add_anchor(Location& schema, std::string_view anchor) {
  const auto [known, added] = schema.resource->anchors.emplace(anchor, &schema);
  if (added || known->second == &schema) return {};
  return refuse(schema, {}, Errc::kMalformed, "an anchor names two places alike");
}

Location* SchemaIndex::follow(Location& root, std::string_view pointer) {
  Location* at = &root;
  while (!pointer.empty() && at != nullptr) {
    pointer.remove_prefix(1);  // the slash
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    const auto name = unescaped(step);
    at = name ? child(*at, *name) : nullptr;
  }
  return at;
}

Result<Location*> SchemaIndex::resolve(const Resource& from, std::string_view reference) {
  const std::string uri = resolve_uri(from.uri, reference);
  const std::string_view wanted = without_fragment(uri);
  const Resource* resource = without_fragment(reference).empty() || wanted == from.uri ? &from : nullptr;
  for (const Resource& known : document_.resources) {
    if (resource == nullptr && known.uri == wanted) resource = &known;
  }
  const auto fragment = fragment_of(reference);
  Location* found = nullptr;
  if (resource != nullptr && fragment) {
    if (fragment->empty() || fragment->front() == '/') {
      found = follow(*resource->root, *fragment);
    } else if (const auto anchor = resource->anchors.find(*fragment); anchor != resource->anchors.end()) {
      found = anchor->second;
    }
  }
  if (found == nullptr) {
    return Error(Errc::kUnsupported, "refers to what is not in this document, and nothing is fetched");
  }
  return found;
}

Result<Location*> SchemaIndex::resolve_dynamic(const Resource& from, std::string_view reference) {
  auto found = resolve(from, reference);
  const auto fragment = fragment_of(reference);
  // With one such anchor in the whole document, there is no other that could be nearer to where validation began.
  if (found && fragment && dynamic_anchors_.count(*fragment) > 1) {
    return Error(Errc::kUnsupported, "refers to one of several dynamic anchors");
  }
  return found;
}

}  // namespace redoubt::contract::internal
