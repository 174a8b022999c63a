#include "encoding/json_writer.h"
#include "policy/internal/schema_names.h"
#include "policy/internal/schema_writer.h"

namespace redoubt::policy::internal {
namespace {

class Writer {
 public:
  Writer(std::string& out, std::size_t max_bytes) : out_(out), json_(out), max_bytes_(max_bytes) {}

  void write(const SchemaFragment& fragment) {
    json_.begin_object();
    for (const NamespaceDecl& space : fragment.namespaces) {
      json_.key(space.name.name);
      write(space);
    }
    json_.end_object();
  }
  // Declarations of several names are written once for each; so the text can grow with the square of what was read.
  bool too_large() const { return out_.size() > max_bytes_; }

 private:
  void write(const NamespaceDecl& space) {
    json_.begin_object();
    write_annotations(space.annotations);
    if (!space.common_types.empty()) {
      json_.key("commonTypes");
      json_.begin_object();
      for (const CommonTypeDecl& decl : space.common_types) {
        json_.key(decl.name.name);
        json_.begin_object();
        write_members(decl.type);
        write_annotations(decl.annotations);
        json_.end_object();
      }
      json_.end_object();
    }
    json_.key("entityTypes");
    json_.begin_object();
    for (const EntityDecl& decl : space.entity_types) write_each(decl);
    json_.end_object();
    json_.key("actions");
    json_.begin_object();
    for (const ActionDecl& decl : space.actions) write_each(decl);
    json_.end_object();
    json_.end_object();
  }

  template <class Decl>
  void write_each(const Decl& decl) {
    for (const NameRef& name : decl.names) {
      if (too_large()) return;
      json_.key(name.name);
      json_.begin_object();
      write(decl);
      write_annotations(decl.annotations);
      json_.end_object();
    }
  }

  void write(const EntityDecl& decl) {
    if (!decl.enumerated.empty()) {
      json_.key("enum");
      json_.begin_array();
      for (const std::string& id : decl.enumerated) json_.value(id);
      json_.end_array();
    }
    if (!decl.parents.empty()) write_names("memberOfTypes", decl.parents);
    if (decl.shape) write_type("shape", *decl.shape);
    if (decl.tags) write_type("tags", *decl.tags);
  }

  void write(const ActionDecl& decl) {
    if (!decl.parents.empty()) {
      json_.key("memberOf");
      json_.begin_array();
      for (const ActionRef& parent : decl.parents) {
        json_.begin_object();
        json_.member("id", parent.id);
        if (parent.type) json_.member("type", *parent.type);
        json_.end_object();
      }
      json_.end_array();
    }
    if (!decl.applies_to) return;
    json_.key("appliesTo");
    json_.begin_object();
    write_names("principalTypes", decl.applies_to->principals);
    write_names("resourceTypes", decl.applies_to->resources);
    if (decl.applies_to->context) write_type("context", *decl.applies_to->context);
    json_.end_object();
  }

  void write_names(std::string_view key, const std::vector<NameRef>& names) {
    json_.key(key);
    json_.begin_array();
    for (const NameRef& name : names) json_.value(name.name);
    json_.end_array();
  }

  void write_annotations(const std::vector<Annotation>& annotations) {
    if (annotations.empty()) return;
    json_.key("annotations");
    json_.begin_object();
    for (const Annotation& annotation : annotations) json_.member(annotation.name, annotation.value);
    json_.end_object();
  }

  void write_type(std::string_view key, const TypeExpr& type) {
    json_.key(key);
    json_.begin_object();
    write_members(type);
    json_.end_object();
  }

  void write_named(std::string_view kind, const TypeExpr& type) {
    json_.member("type", kind);
    json_.member("name", type.name);
  }

  // Recursion is as deep as the type is written, which the readers bound.
  void write_members(const TypeExpr& type) {
    using Kind = TypeExpr::Kind;
    switch (type.kind) {
      case Kind::kBool:
        return json_.member("type", "Boolean");
      case Kind::kLong:
        return json_.member("type", "Long");
      case Kind::kString:
        return json_.member("type", "String");
      case Kind::kExtension:
        return write_named("Extension", type);
      case Kind::kEntity:
        return write_named("Entity", type);
      case Kind::kEntityOrCommon:
        return write_named("EntityOrCommon", type);
      case Kind::kCommon:
        return json_.member("type", type.name);
      case Kind::kSet:
        json_.member("type", "Set");
        return write_type("element", type.element.front());
      case Kind::kRecord:
        break;
    }
    json_.member("type", "Record");
    json_.key("attributes");
    json_.begin_object();
    for (const AttributeDecl& attribute : type.attributes) {
      json_.key(attribute.name);
      json_.begin_object();
      write_members(attribute.type);
      if (!attribute.required) json_.member("required", false);
      write_annotations(attribute.annotations);
      json_.end_object();
    }
    json_.end_object();
  }

  std::string& out_;
  encoding::JsonWriter json_;
  std::size_t max_bytes_;
};

}  // namespace

Checked<std::string> write_json_schema(const SchemaFragment& fragment, const Limits& limits) {
  SchemaProblems problems;
  const SchemaNames names(fragment, problems);
  if (!problems.empty()) return tl::unexpected(problems.take());
  std::string out;
  Writer writer(out, limits.max_bytes);
  writer.write(fragment);
  if (writer.too_large()) {
    return fail({.message = "schema would be longer than " + std::to_string(limits.max_bytes) + " bytes"});
  }
  return out;
}

}  // namespace redoubt::policy::internal
