// Cedar's own schema syntax (RFC 24, with annotations of RFC 48, enumerated entities of RFC 53 and tags of RFC 82).
//
//   Schema     = {Annotations (Namespace | Decl)}
//   Namespace  = 'namespace' Path '{' {Annotations Decl} '}'
//   Decl       = Entity | Action | CommonType
//   Entity     = 'entity' Idents (['in' Types] [['='] Record] ['tags' Type] | 'enum' '[' Strings ']') ';'
//   Action     = 'action' Names ['in' (ActionName | '[' ActionNames ']')] ['appliesTo' '{' Apply {',' Apply} [','] '}']
//                ['attributes' '{' '}'] ';'
//   Apply      = ('principal' | 'resource') ':' Types | 'context' ':' (Path | Record)
//   CommonType = 'type' Ident '=' Type ';'
//   Type       = 'Set' '<' Type '>' | Record | Path
//   Record     = '{' [Attribute {',' Attribute} [',']] '}'
//   Attribute  = Annotations Name ['?'] ':' Type
//   Types      = Path | '[' [Path {',' Path}] ']'
//   ActionName = Path '::' String | Name
#include <algorithm>
#include <map>
#include <utility>

#include "encoding/json_writer.h"
#include "policy/internal/escapes.h"
#include "policy/internal/lexer.h"
#include "policy/internal/schema_fragment.h"
#include "policy/internal/shown.h"

namespace redoubt::policy::internal {
namespace {

// Recursive descent with one token of lookahead. Functions that return bool give false once a problem was added; what
// they were reading is then given up, up to the next declaration.
class Parser {
 public:
  Parser(std::string_view text, const Limits& limits) : lexer_(text), limits_(limits) { advance(); }

  Checked<SchemaFragment> parse() {
    while (!at_end() && problems_.size() < kMaxSchemaProblems) {
      depth_of_braces_ = 0;
      if (!top_level()) recover();
    }
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    SchemaFragment fragment{std::move(named_)};
    if (!unnamed_.common_types.empty() || !unnamed_.entity_types.empty() || !unnamed_.actions.empty()) {
      fragment.namespaces.push_back(std::move(unnamed_));
    }
    return fragment;
  }

 private:
  // Tokens

  void advance() {
    if (is("{")) ++depth_of_braces_;
    if (is("}")) --depth_of_braces_;
    token_ = lexer_.next();
    word_ = token_.kind == TokenKind::kString ? std::string_view() : lexer_.text(token_);
  }
  bool is(std::string_view sign_or_word) const { return word_ == sign_or_word; }
  bool at_end() const { return token_.kind == TokenKind::kEnd; }

  bool fail_at(Span where, std::string message, std::vector<std::string> expected = {}) {
    problems_.push_back({.message = std::move(message), .where = where, .expected = std::move(expected)});
    return false;
  }
  bool unexpected(std::vector<std::string> expected) {
    const bool named = token_.kind == TokenKind::kIdentifier || token_.kind == TokenKind::kInvalid;
    const std::string what = named ? shown(word_) : std::string(to_string(token_.kind));
    return fail_at(token_.where, "unexpected " + what, std::move(expected));
  }

  bool accept(std::string_view sign_or_word) {
    if (!is(sign_or_word)) return false;
    advance();
    return true;
  }
  bool expect(std::string_view sign_or_word) {
    return accept(sign_or_word) || unexpected({"`" + std::string(sign_or_word) + "`"});
  }

  // Goes on behind the `;` that ends the declaration given up, or behind the braces it left open.
  void recover() {
    while (!at_end()) {
      const bool ends = is(";") && depth_of_braces_ <= (in_namespace_ ? 1 : 0);
      if (is("}") && in_namespace_ && depth_of_braces_ <= 1) return;
      advance();
      if (ends) return;
    }
  }

  // Declarations

  bool top_level() {
    std::vector<Annotation> annotations;
    if (!parse_annotations(annotations)) return false;
    if (is("namespace")) return parse_namespace(std::move(annotations));
    if (is("}")) {
      const Span where = token_.where;
      advance();
      return fail_at(where, "unexpected `}`", {"a declaration"});
    }
    return parse_declaration(unnamed_, std::move(annotations), true);
  }

  bool parse_namespace(std::vector<Annotation> annotations) {
    NamespaceDecl decl;
    decl.annotations = std::move(annotations);
    advance();
    if (!parse_path(decl.name) || !expect("{")) return false;
    in_namespace_ = true;
    while (!is("}") && !at_end() && problems_.size() < kMaxSchemaProblems) {
      std::vector<Annotation> of_declaration;
      if (!parse_annotations(of_declaration) || !parse_declaration(decl, std::move(of_declaration), false)) recover();
    }
    in_namespace_ = false;
    if (!expect("}")) return false;
    const auto [first, added] = namespaces_.emplace(decl.name.name, decl.name.where);
    if (!added) return fail_at(decl.name.where, "namespace " + shown(decl.name.name) + " is declared twice");
    named_.push_back(std::move(decl));
    return true;
  }

  bool parse_declaration(NamespaceDecl& into, std::vector<Annotation> annotations, bool top) {
    if (accept("entity")) {
      EntityDecl decl;
      decl.annotations = std::move(annotations);
      if (!parse_entity(decl)) return false;
      into.entity_types.push_back(std::move(decl));
      return true;
    }
    if (accept("action")) {
      ActionDecl decl;
      decl.annotations = std::move(annotations);
      if (!parse_action(decl)) return false;
      into.actions.push_back(std::move(decl));
      return true;
    }
    if (accept("type")) {
      CommonTypeDecl decl;
      decl.annotations = std::move(annotations);
      if (!parse_identifier(decl.name) || !expect("=") || !parse_type(decl.type, 1) || !expect(";")) return false;
      into.common_types.push_back(std::move(decl));
      return true;
    }
    std::vector<std::string> expected = {"`entity`", "`action`", "`type`", "`@`"};
    if (top) expected.emplace_back("`namespace`");
    return unexpected(std::move(expected));
  }

  bool parse_entity(EntityDecl& decl) {
    do {
      if (!parse_identifier(decl.names.emplace_back())) return false;
    } while (accept(","));
    if (accept("enum")) {
      if (!expect("[")) return false;
      do {
        if (!parse_string(decl.enumerated.emplace_back())) return false;
      } while (accept(","));
      return expect("]") && expect(";");
    }
    if (accept("in") && !parse_types(decl.parents)) return false;
    if (is("=") || is("{")) {
      accept("=");
      if (!parse_record(decl.shape.emplace(), 1)) return false;
    }
    if (accept("tags") && !parse_type(decl.tags.emplace(), 1)) return false;
    if (accept(";")) return true;
    std::vector<std::string> expected = {"`;`"};
    if (!decl.tags) expected.emplace_back("`tags`");
    if (!decl.tags && !decl.shape) expected.emplace_back("`{`");
    if (!decl.tags && !decl.shape && decl.parents.empty()) expected.insert(expected.end(), {"`in`", "`enum`", "`,`"});
    return unexpected(std::move(expected));
  }

  bool parse_action(ActionDecl& decl) {
    do {
      if (!parse_name(decl.names.emplace_back())) return false;
    } while (accept(","));
    if (accept("in")) {
      if (accept("[")) {
        do {
          if (!parse_action_name(decl.parents.emplace_back())) return false;
        } while (accept(","));
        if (!expect("]")) return false;
      } else if (!parse_action_name(decl.parents.emplace_back())) {
        return false;
      }
    }
    if (accept("appliesTo") && !parse_applies_to(decl)) return false;
    if (accept("attributes") && (!expect("{") || !expect("}"))) return false;
    return expect(";");
  }

  bool parse_applies_to(ActionDecl& decl) {
    AppliesTo& applies_to = decl.applies_to.emplace();
    const Span opening = token_.where;
    if (!expect("{")) return false;
    bool principal = false;
    bool resource = false;
    do {
      const Span where = token_.where;
      if (accept("principal")) {
        if (!parse_application(principal, "principal", where, applies_to.principals)) return false;
      } else if (accept("resource")) {
        if (!parse_application(resource, "resource", where, applies_to.resources)) return false;
      } else if (accept("context")) {
        if (applies_to.context) return fail_at(where, "`context` is given twice");
        if (!expect(":") || !parse_context(applies_to.context.emplace())) return false;
      } else {
        return unexpected({"`principal`", "`resource`", "`context`"});
      }
    } while (accept(",") && !is("}"));
    if (!expect("}")) return false;
    if (!principal) return fail_at(opening, "missing `principal`: an action applies to one type of principal or more");
    if (!resource) return fail_at(opening, "missing `resource`: an action applies to one type of resource or more");
    return true;
  }

  bool parse_application(bool& given, std::string_view part, Span where, std::vector<NameRef>& into) {
    const std::string name = "`" + std::string(part) + "`";
    if (std::exchange(given, true)) return fail_at(where, name + " is given twice");
    if (!expect(":") || !parse_types(into)) return false;
    return !into.empty() ||
           fail_at(where, name + " has no types; leave out `appliesTo` where an action has no requests");
  }

  bool parse_context(TypeExpr& type) {
    if (is("{")) return parse_record(type, 1);
    NameRef name;
    if (!parse_path(name)) return false;
    type.kind = TypeExpr::Kind::kCommon;
    type.name = std::move(name.name);
    type.where = name.where;
    return true;
  }

  // Types

  bool parse_type(TypeExpr& type, std::size_t depth) {
    if (depth > limits_.max_depth) {
      problems_.push_back({.message = "types are nested more than " + std::to_string(limits_.max_depth) + " deep",
                           .where = token_.where,
                           .limit = true});
      return false;
    }
    if (is("{")) return parse_record(type, depth);
    NameRef name;
    if (!parse_path(name)) return false;
    type.where = name.where;
    if (name.name == "Set" && accept("<")) {
      type.kind = TypeExpr::Kind::kSet;
      if (!parse_type(type.element.emplace_back(), depth + 1)) return false;
      type.where.end = token_.where.end;
      return expect(">");
    }
    type.kind = TypeExpr::Kind::kEntityOrCommon;
    type.name = std::move(name.name);
    return true;
  }

  bool parse_record(TypeExpr& type, std::size_t depth) {
    type.kind = TypeExpr::Kind::kRecord;
    type.where = token_.where;
    if (!expect("{")) return false;
    while (!is("}")) {
      AttributeDecl& attribute = type.attributes.emplace_back();
      NameRef name;
      if (!parse_annotations(attribute.annotations) || !parse_name(name)) return false;
      attribute.name = std::move(name.name);
      attribute.where = name.where;
      attribute.required = !accept("?");
      if (!expect(":") || !parse_type(attribute.type, depth + 1)) return false;
      if (!accept(",") && !is("}")) return unexpected({"`,`", "`}`"});
    }
    type.where.end = token_.where.end;
    advance();
    keep_last_of_each_name(type.attributes);
    return true;
  }

  // The reference lets an attribute be declared twice, and takes the last.
  static void keep_last_of_each_name(std::vector<AttributeDecl>& attributes) {
    std::map<std::string_view, std::size_t> last;
    for (std::size_t i = 0; i < attributes.size(); ++i) last[attributes[i].name] = i;
    if (last.size() == attributes.size()) return;
    std::vector<AttributeDecl> kept;
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      if (last[attributes[i].name] == i) kept.push_back(std::move(attributes[i]));
    }
    attributes = std::move(kept);
  }

  bool parse_types(std::vector<NameRef>& into) {
    if (!accept("[")) return parse_path(into.emplace_back());
    if (accept("]")) return true;
    do {
      if (!parse_path(into.emplace_back())) return false;
    } while (accept(","));
    return expect("]");
  }

  // Names

  bool parse_annotations(std::vector<Annotation>& into) {
    while (is("@")) {
      Annotation& annotation = into.emplace_back();
      annotation.where = token_.where;
      advance();
      if (token_.kind != TokenKind::kIdentifier) return unexpected({"the annotation's name"});
      annotation.name = word_;
      annotation.where.end = token_.where.end;
      advance();
      if (accept("(") && (!parse_string(annotation.value) || !expect(")"))) return false;
      const auto same = [&](const Annotation& other) { return other.name == annotation.name; };
      if (std::any_of(into.begin(), into.end() - 1, same)) {
        return fail_at(annotation.where, "annotation " + shown(annotation.name) + " is given twice");
      }
      if (into.size() > kMaxAnnotations) return fail_at(annotation.where, "too many annotations");
    }
    return true;
  }

  bool parse_identifier(NameRef& name) {
    if (token_.kind != TokenKind::kIdentifier) return unexpected({"a name"});
    if (!is_reference_part(word_)) {
      return fail_at(token_.where, shown(word_) + " is a reserved word and cannot be a name");
    }
    name = {std::string(word_), token_.where};
    advance();
    return true;
  }

  bool parse_string(std::string& value) {
    if (token_.kind != TokenKind::kString) return unexpected({"a string"});
    std::string_view literal = lexer_.text(token_);
    literal = literal.substr(1, literal.size() - 2);
    auto text = unescape(literal, token_.where.begin + 1);
    if (!text) {
      problems_.push_back(std::move(text.error()));
      return false;
    }
    value = *std::move(text);
    advance();
    return true;
  }

  bool parse_name(NameRef& name) {
    if (token_.kind != TokenKind::kString) return parse_identifier(name);
    name.where = token_.where;
    return parse_string(name.name);
  }

  // With `id`, the path may end in a string, which becomes the id; it is set then.
  bool parse_path(NameRef& path, std::optional<std::string>* id = nullptr) {
    if (!parse_identifier(path)) return false;
    while (accept("::")) {
      if (id && token_.kind == TokenKind::kString) {
        path.where.end = token_.where.end;
        return parse_string(id->emplace());
      }
      NameRef part;
      if (!parse_identifier(part)) return false;
      path.name.append("::").append(part.name);
      path.where.end = part.where.end;
    }
    return true;
  }

  bool parse_action_name(ActionRef& action) {
    NameRef path;
    std::optional<std::string> id;
    if (token_.kind == TokenKind::kString) {
      if (!parse_name(path)) return false;
    } else if (!parse_path(path, &id)) {
      return false;
    } else if (!id && path.name.find("::") != std::string::npos) {
      return unexpected({"`::` and the action's id as a string"});
    }
    action.where = path.where;
    if (id) {
      action.type = std::move(path.name);
      action.id = *std::move(id);
    } else {
      action.id = std::move(path.name);
    }
    return true;
  }

  static constexpr std::size_t kMaxAnnotations = 1000;  // of one declaration; they are compared with each other

  Lexer lexer_;
  Limits limits_;
  Token token_;
  std::string_view word_;    // its text; empty of a string
  int depth_of_braces_ = 0;  // since the last declaration outside namespaces began
  bool in_namespace_ = false;
  NamespaceDecl unnamed_;
  std::vector<NamespaceDecl> named_;
  std::map<std::string, Span, std::less<>> namespaces_;
  Problems problems_;
};

}  // namespace

Checked<SchemaFragment> read_cedar_schema(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail({.message = "schema is longer than " + std::to_string(limits.max_bytes) + " bytes", .limit = true});
  }
  if (!encoding::is_utf8(text)) return fail({.message = "schema is not UTF-8"});
  return Parser(text, limits).parse();
}

}  // namespace redoubt::policy::internal
