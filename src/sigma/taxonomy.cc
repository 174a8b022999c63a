#include "sigma/taxonomy.h"

#include "encoding/json_writer.h"
#include "sigma/internal/message.h"
#include "sigma/internal/path_tree.h"
#include "sigma/internal/rule_document.h"

namespace redoubt::sigma {
namespace {

using encoding::YamlNode;

constexpr std::size_t kMaxPath = 512;

void write(const YamlNode& node, encoding::JsonWriter& json) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      json.null();
      break;
    case YamlNode::Kind::kBoolean:
      json.value(node.boolean);
      break;
    case YamlNode::Kind::kInteger:
    case YamlNode::Kind::kFloat:
      json.raw(node.text);
      break;
    case YamlNode::Kind::kText:
      json.value(node.text);
      break;
    case YamlNode::Kind::kList:
      json.begin_array();
      for (const YamlNode& one : node.items) write(one, json);
      json.end_array();
      break;
    case YamlNode::Kind::kMap:
      json.begin_object();
      for (const auto& [name, value] : node.members) {
        json.key(name);
        write(value, json);
      }
      json.end_object();
      break;
  }
}

class TaxonomyReader {
 public:
  explicit TaxonomyReader(internal::Problems& problems) : problems_(problems) {}

  std::optional<Taxonomy> read(const YamlNode& root) {
    if (!root.is_map()) return problems_.add(root.line, "a taxonomy is a map");
    for (const auto& [name, value] : root.members) {
      if (!member(name, value)) return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  bool fail(std::size_t line, std::string message) {
    problems_.add(line, std::move(message));
    return false;
  }

  bool member(const std::string& name, const YamlNode& value) {
    if (name == "taxonomy" || name == "time") {
      if (!value.is_text() || value.text.empty()) return fail(value.line, internal::in_backticks(name) + " is text");
      (name == "time" ? out_.time_path : out_.name) = value.text;
      return name != "time" || path(value);
    }
    if (name == "fields") return fields(value);
    if (name == "logsources") return logsources(value);
    if (name == "placeholders") return placeholders(value);
    if (name == "predicates") return predicates(value);
    if (name == "title" || name == "description") return true;
    return fail(value.line, "a taxonomy has no attribute " + internal::in_backticks(name));
  }

  bool path(const YamlNode& value) {
    const std::string& text = value.text;
    if (value.is_text() && text.size() <= kMaxPath && internal::parse_path(text)) return true;
    return fail(value.line, "a path is names with dots between them, and conditions as in `matches[where=tool]`");
  }

  bool fields(const YamlNode& value) {
    if (!value.is_map()) return fail(value.line, "`fields` is a map of names to paths");
    for (const auto& [name, paths] : value.members) {
      std::vector<std::string> own;
      if (paths.is_list()) {
        for (const YamlNode& one : paths.items) {
          if (!path(one)) return false;
          own.push_back(one.text);
        }
      } else {
        if (!path(paths)) return false;
        own.push_back(paths.text);
      }
      if (own.empty()) return fail(paths.line, "the field " + internal::in_backticks(name) + " has no path");
      out_.fields.emplace(name, std::move(own));
    }
    return true;
  }

  bool logsources(const YamlNode& value) {
    if (!value.is_list()) return fail(value.line, "`logsources` is a list");
    for (const YamlNode& one : value.items) {
      const YamlNode* const when = one.find("when");
      if (!one.is_map() || when == nullptr || !when->is_map()) return fail(one.line, "a log source has a map `when`");
      YamlNode attributes = one;
      std::erase_if(attributes.members, [](const auto& member) { return member.name == "when"; });
      auto source = internal::read_logsource(attributes, problems_);
      if (!source) return false;
      LogsourceRule rule;
      rule.logsource = std::move(*source);
      encoding::JsonWriter json(rule.when);
      write(*when, json);
      out_.logsources.push_back(std::move(rule));
    }
    return true;
  }

  bool placeholders(const YamlNode& value) {
    if (!value.is_map()) return fail(value.line, "`placeholders` is a map of lists");
    for (const auto& [name, values] : value.members) {
      auto texts = internal::read_texts(values, name, problems_);
      if (!texts) return false;
      out_.placeholders.emplace(name, std::move(*texts));
    }
    return true;
  }

  bool predicates(const YamlNode& value) {
    if (!value.is_map()) return fail(value.line, "`predicates` is a map of names to how many fields they take");
    for (const auto& [name, count] : value.members) {
      if (count.kind != YamlNode::Kind::kInteger || count.number < 0 || count.number > 8)
        return fail(count.line, "a predicate takes 0 to 8 fields");
      out_.predicates.push_back({name, static_cast<std::size_t>(count.number)});
    }
    return true;
  }

  internal::Problems& problems_;
  Taxonomy out_;
};

}  // namespace

Result<Taxonomy> parse_taxonomy(std::string_view yaml, std::string_view file) {
  internal::Problems problems;
  problems.in_file(std::string(file));
  std::vector<YamlNode> documents;
  encoding::YamlProblem problem;
  if (!encoding::read_yaml(yaml, documents, problem)) {
    problems.add(problem.line, problem.message, problem.code);
  } else if (documents.size() != 1) {
    problems.add(1, "a taxonomy is one document");
  } else if (auto out = TaxonomyReader(problems).read(documents[0])) {
    return std::move(*out);
  }
  return problems.found().front().to_error();
}

}  // namespace redoubt::sigma
