// The JSON schema syntax (Cedar reference, "JSON schema format"). Strict: members that the format does not know are
// problems, and so is null but where the reference takes it for nothing.
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "encoding/json_reader.h"
#include "policy/internal/schema_fragment.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

namespace dom = simdjson::dom;

bool is_null(dom::element value) {
  return value.type() == dom::element_type::NULL_VALUE;
}

class Reader {
 public:
  explicit Reader(const Limits& limits) : limits_(limits) {}

  Checked<SchemaFragment> read(dom::element root) {
    SchemaFragment fragment;
    each_member(root, [&](std::string_view name, dom::element value) {
      NamespaceDecl decl;
      decl.name.name = name;
      if (!name.empty() && !is_name(name)) return complain("namespace " + shown(name) + " is not a name");
      read_namespace(value, decl);
      if (name.empty() && !decl.annotations.empty()) complain("the empty namespace cannot have annotations");
      fragment.namespaces.push_back(std::move(decl));
    });
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return fragment;
  }

 private:
  // Problems are told with the place where reading is: the keys and indices on the way there.

  struct Step {
    std::string_view key;
    std::size_t index = 0;  // where key.data() is null
  };

  void complain(std::string message, bool limit = false) {
    if (problems_.size() >= kMaxSchemaProblems) return;
    Problem problem{.message = std::move(message), .limit = limit};
    for (const Step& step : path_) {
      problem.path += '/';
      if (!step.key.data()) {
        problem.path += std::to_string(step.index);
        continue;
      }
      for (const char c : step.key) {
        if (c == '~') {
          problem.path += "~0";
        } else if (c == '/') {
          problem.path += "~1";
        } else {
          problem.path += c;
        }
      }
    }
    problems_.push_back(std::move(problem));
  }

  template <class F>
  void at(Step step, F&& f) {
    if (problems_.size() >= kMaxSchemaProblems) return;
    path_.push_back(step);
    f();
    path_.pop_back();
  }

  template <class F>
  void each_member(dom::element value, F&& f) {
    if (!value.is_object()) return complain("expected an object");
    for (const dom::key_value_pair member : dom::object(value)) {
      at({member.key}, [&] { f(member.key, member.value); });
    }
  }
  template <class F>
  void each_element(dom::element value, F&& f) {
    if (!value.is_array()) return complain("expected an array");
    std::size_t index = 0;
    for (const dom::element element : dom::array(value)) at({{}, index++}, [&] { f(element); });
  }

  // Calls f with an optional member.
  template <class F>
  void with_member(dom::element object, std::string_view name, F&& f) {
    dom::element value;
    if (object.is_object() && object[name].get(value) == simdjson::SUCCESS) at({name}, [&] { f(value); });
  }
  template <class F>
  void with_required_member(dom::element object, std::string_view name, F&& f) {
    dom::element value;
    if (!object.is_object()) return;  // said already
    if (object[name].get(value) != simdjson::SUCCESS) return complain("missing `" + std::string(name) + "`");
    at({name}, [&] { f(value); });
  }

  // An object with none but these members.
  void expect_members(dom::element value, std::initializer_list<std::string_view> known) {
    each_member(value, [&](std::string_view name, dom::element) {
      if (std::ranges::find(known, name) == known.end()) complain("unknown member " + shown(name));
    });
  }

  // Values

  std::string_view read_string(dom::element value) {
    if (value.is_string()) return std::string_view(value);
    complain("expected a string");
    return {};
  }

  NameRef read_reference(dom::element value) {
    const std::string_view name = read_string(value);
    if (value.is_string() && !is_reference(name)) complain(shown(name) + " is not a name");
    return {std::string(name), {}};
  }

  std::vector<NameRef> read_references(dom::element value) {
    std::vector<NameRef> names;
    each_element(value, [&](dom::element name) { names.push_back(read_reference(name)); });
    return names;
  }

  std::vector<Annotation> read_annotations(dom::element object) {
    std::vector<Annotation> annotations;
    with_member(object, "annotations", [&](dom::element value) {
      each_member(value, [&](std::string_view name, dom::element text) {
        if (!is_identifier_shape(name)) return complain("annotation " + shown(name) + " is not an identifier");
        annotations.push_back({std::string(name), is_null(text) ? std::string() : std::string(read_string(text)), {}});
      });
    });
    return annotations;
  }

  // Declarations

  void read_namespace(dom::element value, NamespaceDecl& decl) {
    expect_members(value, {"commonTypes", "entityTypes", "actions", "annotations"});
    decl.annotations = read_annotations(value);
    with_member(value, "commonTypes", [&](dom::element types) {
      each_member(types, [&](std::string_view name, dom::element type) {
        CommonTypeDecl& common = decl.common_types.emplace_back();
        common.name.name = name;
        common.annotations = read_annotations(type);
        common.type = read_type(type, 1, Extra::kAnnotations);
      });
    });
    with_required_member(value, "entityTypes", [&](dom::element types) {
      each_member(types, [&](std::string_view name, dom::element type) {
        EntityDecl& entity = decl.entity_types.emplace_back();
        entity.names.push_back({std::string(name), {}});
        read_entity_type(type, entity);
      });
    });
    with_required_member(value, "actions", [&](dom::element actions) {
      each_member(actions, [&](std::string_view name, dom::element action) {
        ActionDecl& decl_of_action = decl.actions.emplace_back();
        decl_of_action.names.push_back({std::string(name), {}});
        read_action(action, decl_of_action);
      });
    });
  }

  void read_entity_type(dom::element value, EntityDecl& decl) {
    decl.annotations = read_annotations(value);
    dom::element choices;
    if (value.is_object() && value["enum"].get(choices) == simdjson::SUCCESS) {
      expect_members(value, {"enum", "annotations"});
      at({"enum"}, [&] {
        each_element(choices, [&](dom::element id) { decl.enumerated.emplace_back(read_string(id)); });
        if (choices.is_array() && decl.enumerated.empty()) complain("an enumerated entity type has one entity or more");
      });
      return;
    }
    expect_members(value, {"memberOfTypes", "shape", "tags", "annotations"});
    with_member(value, "memberOfTypes", [&](dom::element types) { decl.parents = read_references(types); });
    with_member(value, "shape", [&](dom::element type) { decl.shape = read_type(type, 1); });
    with_member(value, "tags", [&](dom::element type) { decl.tags = read_type(type, 1); });
  }

  void read_action(dom::element value, ActionDecl& decl) {
    expect_members(value, {"attributes", "appliesTo", "memberOf", "annotations"});
    decl.annotations = read_annotations(value);
    with_member(value, "attributes", [&](dom::element attributes) {
      if (!is_null(attributes)) complain("actions cannot have attributes");
    });
    with_member(value, "memberOf", [&](dom::element actions) {
      if (is_null(actions)) return;
      each_element(actions, [&](dom::element action) { read_action_reference(action, decl.parents.emplace_back()); });
    });
    with_member(value, "appliesTo", [&](dom::element applies_to) {
      if (!is_null(applies_to)) read_applies_to(applies_to, decl.applies_to.emplace());
    });
  }

  void read_action_reference(dom::element value, ActionRef& action) {
    expect_members(value, {"type", "id"});
    with_required_member(value, "id", [&](dom::element id) { action.id = read_string(id); });
    with_member(value, "type", [&](dom::element type) {
      if (!is_null(type)) action.type = read_reference(type).name;
    });
  }

  void read_applies_to(dom::element value, AppliesTo& applies_to) {
    expect_members(value, {"principalTypes", "resourceTypes", "context"});
    with_required_member(value, "principalTypes",
                         [&](dom::element types) { applies_to.principals = read_references(types); });
    with_required_member(value, "resourceTypes",
                         [&](dom::element types) { applies_to.resources = read_references(types); });
    with_member(value, "context", [&](dom::element type) { applies_to.context = read_type(type, 1); });
  }

  // Types

  // What else may stand in a type's object.
  enum class Extra { kNothing, kAnnotations, kAttribute };

  void expect_type_members(dom::element value, std::initializer_list<std::string_view> known, Extra extra) {
    each_member(value, [&](std::string_view name, dom::element) {
      if (name == "type" || std::ranges::find(known, name) != known.end()) return;
      if (name == "annotations" && extra != Extra::kNothing) return;
      if (name == "required" && extra == Extra::kAttribute) return;
      complain("unknown member " + shown(name));
    });
  }

  TypeExpr read_type(dom::element value, std::size_t depth, Extra extra = Extra::kNothing) {
    TypeExpr type;
    if (depth > limits_.max_depth) {
      complain("types are nested more than " + std::to_string(limits_.max_depth) + " deep", true);
      return type;
    }
    if (!value.is_object()) {
      complain("expected an object");
      return type;
    }
    with_required_member(value, "type", [&](dom::element kind) { type.name = read_string(kind); });
    using Kind = TypeExpr::Kind;
    static constexpr std::pair<std::string_view, Kind> kPlain[] = {
        {"Boolean", Kind::kBool}, {"Long", Kind::kLong}, {"String", Kind::kString}};
    static constexpr std::pair<std::string_view, Kind> kNamed[] = {
        {"Entity", Kind::kEntity}, {"EntityOrCommon", Kind::kEntityOrCommon}, {"Extension", Kind::kExtension}};
    const auto has_name = [&](const auto& entry) { return entry.first == type.name; };
    if (const auto* plain = std::ranges::find_if(kPlain, has_name); plain != std::end(kPlain)) {
      expect_type_members(value, {}, extra);
      type.kind = plain->second;
      type.name.clear();
    } else if (const auto* named = std::ranges::find_if(kNamed, has_name); named != std::end(kNamed)) {
      expect_type_members(value, {"name"}, extra);
      type.kind = named->second;
      type.name.clear();
      with_required_member(value, "name", [&](dom::element name) { type.name = read_reference(name).name; });
    } else if (type.name == "Set") {
      expect_type_members(value, {"element"}, extra);
      type.kind = Kind::kSet;
      type.name.clear();
      with_required_member(value, "element",
                           [&](dom::element element) { type.element.push_back(read_type(element, depth + 1)); });
    } else if (type.name == "Record") {
      expect_type_members(value, {"attributes", "additionalAttributes"}, extra);
      type.kind = Kind::kRecord;
      type.name.clear();
      read_attributes(value, type, depth);
    } else {
      expect_type_members(value, {}, extra);
      type.kind = Kind::kCommon;
      with_member(value, "type", [&](dom::element name) { read_reference(name); });
    }
    return type;
  }

  void read_attributes(dom::element value, TypeExpr& type, std::size_t depth) {
    with_member(value, "additionalAttributes", [&](dom::element flag) {
      if (!flag.is_bool()) return complain("expected true or false");
      if (bool(flag)) complain("records cannot have attributes that are not declared");
    });
    with_required_member(value, "attributes", [&](dom::element attributes) {
      each_member(attributes, [&](std::string_view name, dom::element attribute) {
        AttributeDecl decl;
        decl.name = name;
        decl.annotations = read_annotations(attribute);
        decl.type = read_type(attribute, depth + 1, Extra::kAttribute);
        with_member(attribute, "required", [&](dom::element flag) {
          if (!flag.is_bool()) return complain("expected true or false");
          decl.required = bool(flag);
        });
        type.attributes.push_back(std::move(decl));
      });
    });
  }

  Limits limits_;
  std::vector<Step> path_;
  Problems problems_;
};

}  // namespace

Checked<SchemaFragment> read_json_schema(std::string_view json, const Limits& limits) {
  // A record type costs two levels of JSON; around types there are at most eight.
  constexpr std::size_t kMaxJsonDepth = 1024;
  encoding::JsonReader reader({.max_bytes = std::min<std::size_t>(limits.max_bytes, 0xffff'fffe),
                               .max_depth = std::min(kMaxJsonDepth, 2 * limits.max_depth + 8)});
  const auto root = reader.parse(json);
  if (!root) return fail({.message = root.error().message(), .limit = root.error().code() == Errc::kTooLarge});
  return Reader(limits).read(*root);
}

}  // namespace redoubt::policy::internal
