#include "sigma/internal/rule_document.h"
#include "sigma/internal/message.h"

#include <algorithm>
#include <array>
#include <set>

namespace redoubt::sigma::internal {
namespace {

constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxDescription = 65'535;
constexpr std::size_t kMaxTexts = 1024;

constexpr std::string_view kKnown[] = {
    "title",      "id",   "name",     "related",     "taxonomy", "status",    "description", "license",
    "references", "date", "modified", "logsource",   "author",   "detection", "fields",      "falsepositives",
    "level",      "tags", "scope",    "correlation", "generate", "filter",    "new_terms"};

struct LevelName {
  std::string_view name;
  Level value;
};
constexpr LevelName kLevels[] = {{"informational", Level::kInformational},
                                 {"low", Level::kLow},
                                 {"medium", Level::kMedium},
                                 {"high", Level::kHigh},
                                 {"critical", Level::kCritical}};
struct StatusName {
  std::string_view name;
  Status value;
};
constexpr StatusName kStatuses[] = {{"stable", Status::kStable},
                                    {"test", Status::kTest},
                                    {"experimental", Status::kExperimental},
                                    {"deprecated", Status::kDeprecated},
                                    {"unsupported", Status::kUnsupported}};

template <class Table, class Value>
bool by_name(const Table& table, std::string_view name, Value& out) {
  for (const auto& entry : table) {
    if (entry.name != name) continue;
    out = entry.value;
    return true;
  }
  return false;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t at : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[at] < '0' || text[at] > '9') return false;
  }
  const int month = (text[5] - '0') * 10 + (text[6] - '0');
  const int day = (text[8] - '0') * 10 + (text[9] - '0');
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// `namespace.name`, Sigma's schema: `^[a-z0-9_-]+\.[a-z0-9._-]+$`.
bool is_tag(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == text.size()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

class DocumentReader {
 public:
  DocumentReader(const YamlNode& root, Problems& problems) : root_(root), problems_(problems) {}

  std::optional<RuleDocument> read() {
    RuleDocument out;
    if (!root_.is_map()) return problems_.add(root_.line, "a rule is a map, not " + std::string(kind_name(root_.kind)));
    if (!names() || !kind(out)) return std::nullopt;
    RuleInfo& info = out.info;
    info.file = problems_.file();
    info.line = root_.line;
    bool good = text("title", info.title, kMaxName) & text("id", info.id, kMaxName) &
                text("name", info.name, kMaxName) & text("taxonomy", info.taxonomy, kMaxName) &
                text("description", info.description, kMaxDescription) & text("author", info.author, kMaxDescription) &
                text("license", info.license, kMaxName) & text("date", info.date, kMaxName) &
                text("modified", info.modified, kMaxName) & texts("references", info.references) &
                texts("fields", info.fields) & texts("tags", info.tags) & texts("scope", info.scope) &
                related(info.related);
    if (!good) return std::nullopt;
    if (const YamlNode* const node = root_.find("falsepositives"); node != nullptr && node->is_text()) {
      info.falsepositives.push_back(node->text);
    } else if (!texts("falsepositives", info.falsepositives)) {
      return std::nullopt;
    }
    if (info.title.empty()) return problems_.add(root_.line, "a rule without `title`");
    for (const auto& [name, value] : {std::pair{"date", &info.date}, std::pair{"modified", &info.modified}}) {
      if (!value->empty() && !is_date(*value))
        return problems_.add(line(name),
                             in_backticks(name) + " is a date as in `2026-01-31`, not " + in_backticks(*value));
    }
    for (const std::string& tag : info.tags) {
      if (!is_tag(tag))
        return problems_.add(line("tags"), "the tag " + in_backticks(tag) + " is not as `namespace.name`");
    }
    if (const YamlNode* const node = root_.find("level")) {
      if (!by_name(kLevels, node->text, info.level))
        return problems_.add(node->line, in_backticks(node->text) + " is no level");
    }
    if (const YamlNode* const node = root_.find("status")) {
      if (!by_name(kStatuses, node->text, info.status))
        return problems_.add(node->line, in_backticks(node->text) + " is no status");
    }
    if (const YamlNode* const node = root_.find("generate")) {
      if (node->kind != YamlNode::Kind::kBoolean || out.kind != RuleDocument::Kind::kCorrelation)
        return problems_.add(node->line, "`generate` is true or false, of a correlation");
      out.generate = node->boolean;
    }
    const bool needs_source = out.kind == RuleDocument::Kind::kDetection || out.kind == RuleDocument::Kind::kFilter;
    if (const YamlNode* const node = root_.find("logsource")) {
      if (!needs_source) return problems_.add(node->line, "a correlation has no `logsource`: its rules have");
      auto source = read_logsource(*node, problems_);
      if (!source) return std::nullopt;
      info.logsource = std::move(*source);
      out.logsource_line = node->line;
    } else if (needs_source) {
      return problems_.add(root_.line, "a rule without `logsource`");
    }
    return out;
  }

 private:
  std::size_t line(std::string_view name) const {
    const YamlNode* const node = root_.find(name);
    return node == nullptr ? root_.line : node->line;
  }

  bool names() {
    for (const auto& [name, value] : root_.members) {
      if (name == "action")
        return refuse(value.line, "`action` is of Sigma before version 2: write documents out in full");
      if (name == "sigma-version") {
        const bool known = value.is_number() ? value.number < 3 : value.text.starts_with("2.");
        if (!known) return refuse(value.line, "Sigma of version " + in_backticks(value.text));
        continue;
      }
      if (std::find(std::begin(kKnown), std::end(kKnown), name) != std::end(kKnown)) continue;
      for (const std::string_view known : kKnown) {
        if (looks_like(name, known)) {
          problems_.add(value.line,
                        "the attribute " + in_backticks(name) + " is unknown; is it " + in_backticks(known) + "?");
          return false;
        }
      }
    }
    return true;
  }

  bool refuse(std::size_t at, std::string message) {
    problems_.add(at, std::move(message), Errc::kUnsupported);
    return false;
  }

  bool kind(RuleDocument& out) {
    using Kind = RuleDocument::Kind;
    struct Section {
      std::string_view name;
      Kind kind;
    };
    static constexpr Section kSections[] = {{"detection", Kind::kDetection},
                                            {"correlation", Kind::kCorrelation},
                                            {"new_terms", Kind::kNewTerms},
                                            {"filter", Kind::kFilter}};
    for (const Section& section : kSections) {
      const YamlNode* const node = root_.find(section.name);
      if (node == nullptr) continue;
      if (out.body != nullptr) {
        problems_.add(node->line, in_backticks(section.name) + " beside another kind of rule in one document");
        return false;
      }
      out.body = node;
      out.kind = section.kind;
    }
    if (out.body != nullptr) return true;
    problems_.add(root_.line, "a document without `detection`, `correlation`, `new_terms` or `filter`");
    return false;
  }

  bool text(std::string_view name, std::string& out, std::size_t longest) {
    const YamlNode* const node = root_.find(name);
    if (node == nullptr) return true;
    if (!node->is_text() || node->text.empty()) {
      problems_.add(node->line, in_backticks(name) + " is text");
      return false;
    }
    if (node->text.size() > longest) {
      problems_.add(node->line, in_backticks(name) + " has more than " + std::to_string(longest) + " bytes",
                    Errc::kTooLarge);
      return false;
    }
    out = node->text;
    return true;
  }

  bool texts(std::string_view name, std::vector<std::string>& out) {
    const YamlNode* const node = root_.find(name);
    if (node == nullptr) return true;
    auto found = read_texts(*node, name, problems_);
    if (!found) return false;
    out = std::move(*found);
    return true;
  }

  bool related(std::vector<RelatedRule>& out) {
    const YamlNode* const node = root_.find("related");
    if (node == nullptr) return true;
    const auto fail = [&](std::size_t at) {
      problems_.add(at, "`related` is a list of maps with `id` and `type`");
      return false;
    };
    if (!node->is_list() || node->items.size() > kMaxTexts) return fail(node->line);
    for (const YamlNode& one : node->items) {
      const YamlNode* const id = one.find("id");
      const YamlNode* const type = one.find("type");
      if (!one.is_map() || one.members.size() != 2 || id == nullptr || type == nullptr || !id->is_text() ||
          !type->is_text())
        return fail(one.line);
      static constexpr std::array<std::string_view, 5> kTypes = {"derived", "obsolete", "merged", "renamed", "similar"};
      if (std::find(kTypes.begin(), kTypes.end(), type->text) == kTypes.end()) {
        problems_.add(type->line, in_backticks(type->text) + " is no type of a related rule");
        return false;
      }
      out.push_back({id->text, type->text});
    }
    return true;
  }

  const YamlNode& root_;
  Problems& problems_;
};

}  // namespace

bool looks_like(std::string_view slip, std::string_view name) {
  const std::size_t longest = std::max(slip.size(), name.size());
  const std::size_t allowed = longest >= 6 ? 2 : longest >= 4 ? 1 : 0;
  if (std::max(slip.size(), name.size()) - std::min(slip.size(), name.size()) > allowed) return false;
  // Levenshtein's distance, with letters that have changed places as one.
  std::vector<std::vector<std::size_t>> rows(slip.size() + 1, std::vector<std::size_t>(name.size() + 1));
  for (std::size_t i = 0; i <= slip.size(); ++i) {
    for (std::size_t j = 0; j <= name.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      const bool same = slip[i - 1] == name[j - 1];
      rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && slip[i - 1] == name[j - 2] && slip[i - 2] == name[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[slip.size()][name.size()] <= allowed;
}

std::optional<std::vector<std::string>> read_texts(const YamlNode& node, std::string_view name, Problems& problems) {
  if (!node.is_list()) return problems.add(node.line, in_backticks(name) + " is a list of texts");
  if (node.items.size() > kMaxTexts)
    return problems.add(node.line, in_backticks(name) + " has more than " + std::to_string(kMaxTexts) + " items",
                        Errc::kTooLarge);
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const YamlNode& one : node.items) {
    if (!one.is_text() || one.text.empty()) return problems.add(one.line, in_backticks(name) + " is a list of texts");
    if (!seen.insert(one.text).second)
      return problems.add(one.line, in_backticks(one.text) + " stands twice in " + in_backticks(name));
    out.push_back(one.text);
  }
  return out;
}

std::optional<Logsource> read_logsource(const YamlNode& node, Problems& problems) {
  if (!node.is_map()) return problems.add(node.line, "`logsource` is a map");
  Logsource out;
  for (const auto& [name, value] : node.members) {
    std::string* const to = name == "category"  ? &out.category
                            : name == "product" ? &out.product
                            : name == "service" ? &out.service
                                                : nullptr;
    if (name == "definition") continue;
    if (to == nullptr)
      return problems.add(value.line, "`logsource` has the unknown attribute " + in_backticks(name),
                          Errc::kUnsupported);
    if (!value.is_text() || value.text.empty() || value.text.size() > kMaxName)
      return problems.add(value.line, in_backticks(name) + " is text");
    *to = value.text;
  }
  if (out == Logsource()) return problems.add(node.line, "`logsource` without category, product and service");
  return out;
}

std::optional<RuleDocument> read_document(const YamlNode& root, Problems& problems) {
  return DocumentReader(root, problems).read();
}

}  // namespace redoubt::sigma::internal
