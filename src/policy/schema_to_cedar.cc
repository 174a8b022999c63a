#include <algorithm>

#include "policy/internal/schema_names.h"
#include "policy/internal/schema_writer.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

using Kind = TypeExpr::Kind;

// An identifier where one will do, else a string.
std::string name_or_string(std::string_view name) {
  return is_identifier(name) ? std::string(name) : quoted(name);
}

class Writer {
 public:
  Writer(const SchemaFragment& fragment, SchemaProblems& problems, std::size_t max_bytes)
      : problems_(problems), names_(fragment, problems), max_bytes_(max_bytes) {}

  std::string write(const SchemaFragment& fragment) {
    for (const NamespaceDecl& space : fragment.namespaces) {
      if (space.name.name.empty()) {
        write_declarations(space);
        continue;
      }
      separate();
      write_annotations(space.annotations);
      out_ += "namespace " + space.name.name + " {";
      ++indent_;
      first_ = true;
      write_declarations(space);
      --indent_;
      new_line();
      out_ += "}";
      first_ = false;
    }
    if (!out_.empty()) out_ += '\n';
    if (out_.size() > max_bytes_) {
      problems_.add({}, "schema would be longer than " + std::to_string(max_bytes_) + " bytes");
    }
    return std::move(out_);
  }

 private:
  // Lines

  void new_line() {
    if (out_.empty()) return;
    out_ += '\n';
    out_.append(2 * indent_, ' ');
  }
  // An empty line between declarations.
  void separate() {
    if (!first_) out_ += '\n';
    first_ = false;
    new_line();
  }

  // Declarations

  void write_declarations(const NamespaceDecl& space) {
    for (const CommonTypeDecl& decl : space.common_types) {
      place_ = {&space, "commonTypes", decl.name.name, {}};
      separate();
      write_annotations(decl.annotations);
      out_ += "type " + decl.name.name + " = ";
      write_type(decl.type);
      out_ += ';';
    }
    for (const EntityDecl& decl : space.entity_types) {
      place_ = {&space, "entityTypes", decl.names.front().name, {}};
      separate();
      write_annotations(decl.annotations);
      write_entity(decl);
    }
    for (const ActionDecl& decl : space.actions) {
      place_ = {&space, "actions", decl.names.front().name, {}};
      separate();
      write_annotations(decl.annotations);
      write_action(decl);
    }
  }

  template <class Items, class F>
  void write_joined(const Items& items, F&& text_of) {
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ", ";
      first = false;
      out_ += text_of(item);
    }
  }

  void write_types(const std::vector<NameRef>& types) {
    out_ += '[';
    write_joined(types, [](const NameRef& type) { return type.name; });
    out_ += ']';
  }

  void write_entity(const EntityDecl& decl) {
    out_ += "entity ";
    write_joined(decl.names, [](const NameRef& name) { return name.name; });
    if (!decl.enumerated.empty()) {
      out_ += " enum [";
      write_joined(decl.enumerated, [](const std::string& id) { return quoted(id); });
      out_ += "];";
      return;
    }
    if (!decl.parents.empty()) {
      out_ += " in ";
      write_types(decl.parents);
    }
    if (decl.shape) write_shape(*decl.shape);
    if (decl.tags) {
      out_ += " tags ";
      write_type(*decl.tags);
    }
    out_ += ';';
  }

  void write_shape(const TypeExpr& shape) {
    if (shape.kind != Kind::kRecord) {
      problems_.add(place_, "the shape of " + shown(place_.name) +
                                " is not a record written out; Cedar's own syntax has no other");
    } else if (!shape.attributes.empty()) {
      out_ += ' ';
      write_type(shape);
    }
  }

  void write_action(const ActionDecl& decl) {
    out_ += "action ";
    write_joined(decl.names, [](const NameRef& id) { return name_or_string(id.name); });
    if (!decl.parents.empty()) {
      out_ += " in [";
      write_joined(decl.parents, [](const ActionRef& parent) {
        return parent.type ? *parent.type + "::" + quoted(parent.id) : name_or_string(parent.id);
      });
      out_ += ']';
    }
    // An action that applies to no principal or no resource has no requests, which is said by leaving this out.
    if (decl.applies_to && !decl.applies_to->principals.empty() && !decl.applies_to->resources.empty()) {
      write_applies_to(*decl.applies_to);
    }
    out_ += ';';
  }

  void write_applies_to(const AppliesTo& applies_to) {
    out_ += " appliesTo {";
    ++indent_;
    new_line();
    out_ += "principal: ";
    write_types(applies_to.principals);
    out_ += ',';
    new_line();
    out_ += "resource: ";
    write_types(applies_to.resources);
    if (applies_to.context) {
      out_ += ',';
      new_line();
      out_ += "context: ";
      write_context(*applies_to.context);
    }
    --indent_;
    new_line();
    out_ += '}';
  }

  // A name here means a common type.
  void write_context(const TypeExpr& context) {
    if (context.kind == Kind::kRecord) return write_type(context);
    if (context.kind != Kind::kCommon && context.kind != Kind::kEntityOrCommon) {
      problems_.add(place_, "the context of " + shown(place_.name) + " is not a record");
    }
    out_ += context.name;
  }

  void write_annotations(const std::vector<Annotation>& annotations) {
    for (const Annotation& annotation : annotations) {
      out_ += '@' + annotation.name;
      if (!annotation.value.empty()) out_ += '(' + quoted(annotation.value) + ')';
      new_line();
    }
  }

  // Types

  // A name means an entity type or a common type in Cedar's own syntax; it must mean the same there.
  void write_name(const TypeExpr& type) {
    const std::string_view space = place_.space->name.name;
    if (names_.resolve(space, type.name, type.kind) != names_.resolve(space, type.name, Kind::kEntityOrCommon)) {
      problems_.add(place_, shown(type.name) +
                                " would mean another type in Cedar's own syntax, which does not tell "
                                "entity types from common types of the same name");
    }
    out_ += type.name;
  }

  // Recursion is as deep as the type is written, which the readers bound.
  void write_type(const TypeExpr& type) {
    switch (type.kind) {
      case Kind::kBool:
        out_ += "__cedar::Bool";
        return;
      case Kind::kLong:
        out_ += "__cedar::Long";
        return;
      case Kind::kString:
        out_ += "__cedar::String";
        return;
      case Kind::kExtension:
        out_ += "__cedar::" + type.name;
        return;
      case Kind::kEntity:
      case Kind::kCommon:
      case Kind::kEntityOrCommon:
        return write_name(type);
      case Kind::kSet:
        out_ += "Set<";
        write_type(type.element.front());
        out_ += '>';
        return;
      case Kind::kRecord:
        break;
    }
    out_ += '{';
    ++indent_;
    for (const AttributeDecl& attribute : type.attributes) {
      if (out_.size() > max_bytes_) break;  // indentation can make a text much longer
      new_line();
      write_annotations(attribute.annotations);
      out_ += name_or_string(attribute.name);
      if (!attribute.required) out_ += '?';
      out_ += ": ";
      write_type(attribute.type);
      out_ += ',';
    }
    --indent_;
    if (!type.attributes.empty()) new_line();
    out_ += '}';
  }

  SchemaProblems& problems_;
  SchemaNames names_;
  std::size_t max_bytes_;
  DeclarationPlace place_;
  std::string out_;
  std::size_t indent_ = 0;
  bool first_ = true;
};

}  // namespace

Checked<std::string> write_cedar_schema(const SchemaFragment& fragment, const Limits& limits) {
  SchemaProblems problems;
  Writer writer(fragment, problems, limits.max_bytes);
  if (!problems.empty()) return tl::unexpected(problems.take());
  std::string text = writer.write(fragment);
  if (!problems.empty()) return tl::unexpected(problems.take());
  return text;
}

}  // namespace redoubt::policy::internal
