// What a document of a rule file says, apart from its logic.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/yaml_reader.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/problems.h"

namespace redoubt::sigma::internal {

using encoding::kind_name;
using encoding::YamlNode;
using encoding::YamlProblem;

struct RuleDocument {
  enum class Kind : std::uint8_t { kDetection, kCorrelation, kNewTerms, kFilter };
  Kind kind = Kind::kDetection;
  RuleInfo info;
  std::size_t logsource_line = 0;
  const YamlNode* body = nullptr;  // `detection`, `correlation`, `new_terms` or `filter`; of the tree it was read from
  bool generate = false;
};
std::optional<RuleDocument> read_document(const YamlNode& root, Problems& problems);

// A correlation's section, names not yet looked up.
struct CorrelationBody {
  RuleKind kind = RuleKind::kEventCount;
  struct Name {
    std::string text;
    std::size_t line = 0;
  };
  std::vector<Name> rules;
  std::vector<std::string> group_by;
  std::int64_t timespan_ms = 0;
  std::int64_t learning_ms = 0;
  std::vector<std::string> fields;
  std::vector<ConditionTerm> condition;
  std::optional<double> percentile;
  struct Alias {
    std::size_t line = 0;
    std::map<std::string, std::string> fields;  // by rule
  };
  std::map<std::string, Alias> aliases;
  bool generate = false;
};
std::optional<CorrelationBody> read_correlation(const YamlNode& body, bool new_terms, Problems& problems);

// `number + letter`: s, m, h or d, at most 3,650 days.
std::optional<std::int64_t> parse_timespan_ms(std::string_view text);

// A list of texts, none twice.
std::optional<std::vector<std::string>> read_texts(const YamlNode& node, std::string_view name, Problems& problems);

std::optional<Logsource> read_logsource(const YamlNode& node, Problems& problems);

}  // namespace redoubt::sigma::internal
