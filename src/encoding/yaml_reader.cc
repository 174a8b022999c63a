#include "encoding/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <cmath>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "encoding/json_writer.h"

namespace redoubt::encoding {
namespace {

struct Refused {
  YamlProblem problem;
};

[[noreturn]] void refuse(std::size_t line, std::string message, Errc code = Errc::kMalformed) {
  throw Refused{{code, line, std::move(message)}};
}

std::size_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 1 : static_cast<std::size_t>(mark.line) + 1;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `-?(0|[1-9]…)`, or with leading zeros or a plus, as the core schema has integers.
bool resolve_integer(std::string_view text, YamlNode& node) {
  bool negative = false;
  int base = 10;
  std::string_view digits = text;
  if (digits.starts_with("0x")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.starts_with("0o")) {
    base = 8;
    digits.remove_prefix(2);
  } else {
    if (digits.starts_with("-") || digits.starts_with("+")) {
      negative = digits[0] == '-';
      digits.remove_prefix(1);
    }
    if (!all_digits(digits)) return false;
  }
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (digits.empty() || end != digits.data() + digits.size()) return false;
  if (error != std::errc() || (negative && magnitude > (std::uint64_t{1} << 63)))
    refuse(node.line, "the number `" + std::string(text) + "` has more than 64 bits");
  node.kind = YamlNode::Kind::kInteger;
  node.number = negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
  node.text = (negative && magnitude != 0 ? "-" : "") + std::to_string(magnitude);
  return true;
}

// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
bool is_float(std::string_view text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - start;
  };
  const std::size_t whole = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() + whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

bool resolve_float(std::string_view text, YamlNode& node) {
  if (!is_float(text)) {
    for (const std::string_view special : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}) {
      if (text.ends_with(special) && text.size() <= special.size() + 1 &&
          (text.size() == special.size() || text[0] == '-' || text[0] == '+'))
        refuse(node.line, "`" + std::string(text) + "` is not a number that can be compared with");
    }
    return false;
  }
  std::string_view unsigned_text = text;
  if (unsigned_text.starts_with('+')) unsigned_text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(unsigned_text.data(), unsigned_text.data() + unsigned_text.size(), value);
  if (error != std::errc() || end != unsigned_text.data() + unsigned_text.size() || !std::isfinite(value))
    refuse(node.line, "the number `" + std::string(text) + "` is too large");
  node.kind = YamlNode::Kind::kFloat;
  node.number = value;
  node.text = unsigned_text;
  return true;
}

void resolve_plain(const std::string& text, YamlNode& node) {
  node.text = text;
  if (text.empty() || text == "null" || text == "Null" || text == "NULL" || text == "~") {
    node.kind = YamlNode::Kind::kNull;
  } else if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
             text == "FALSE") {
    node.kind = YamlNode::Kind::kBoolean;
    node.boolean = text[0] == 't' || text[0] == 'T';
    node.text = node.boolean ? "true" : "false";
  } else if (!resolve_integer(text, node) && !resolve_float(text, node)) {
    node.kind = YamlNode::Kind::kText;
  }
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const YamlLimits& limits, std::size_t& nodes) : limits_(limits), nodes_(nodes) {}

  bool has_root() const { return has_root_; }
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, "?", anchor, ""); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(line_of(mark), "anchors and aliases are not read", Errc::kUnsupported);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    scalar(mark, tag, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    std::string key;
    bool has_key = false;
    std::unordered_set<std::string> names;
  };

  void count(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(line_of(mark), "anchors and aliases are not read", Errc::kUnsupported);
    if (!tag.empty() && tag != "?" && tag != "!") refuse(line_of(mark), "tags are not read", Errc::kUnsupported);
    if (++nodes_ > limits_.max_nodes)
      refuse(line_of(mark), "the file has more than " + std::to_string(limits_.max_nodes) + " values", Errc::kTooLarge);
  }

  void scalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) {
    count(mark, tag, anchor);
    YamlNode node;
    node.line = line_of(mark);
    if (!levels_.empty() && levels_.back().node.is_map() && !levels_.back().has_key) {
      Level& level = levels_.back();
      if (!level.names.insert(value).second) refuse(node.line, "`" + value + "` stands here twice");
      level.key = value;
      level.has_key = true;
      return;
    }
    if (tag == "!") {
      node.kind = YamlNode::Kind::kText;
      node.text = value;
    } else {
      resolve_plain(value, node);
    }
    put(std::move(node));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    count(mark, tag, anchor);
    if (levels_.size() >= limits_.max_depth)
      refuse(line_of(mark), "deeper than " + std::to_string(limits_.max_depth) + " levels", Errc::kTooLarge);
    if (!levels_.empty() && levels_.back().node.is_map() && !levels_.back().has_key)
      refuse(line_of(mark), "a name must be text");
    Level level;
    level.node.kind = kind;
    level.node.line = line_of(mark);
    levels_.push_back(std::move(level));
  }

  void close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    put(std::move(node));
  }

  void put(YamlNode node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Level& level = levels_.back();
    if (level.node.is_map()) {
      level.node.members.push_back({std::move(level.key), std::move(node)});
      level.has_key = false;
    } else {
      level.node.items.push_back(std::move(node));
    }
  }

  const YamlLimits& limits_;
  std::size_t& nodes_;
  std::vector<Level> levels_;
  YamlNode root_;
  bool has_root_ = false;
};

// The parser's own words, without its place: `yaml-cpp: error at line 2, column 3: end of map not found`.
std::string reason_of(const YAML::ParserException& error) {
  return "not YAML: " + error.msg;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kBoolean:
      return "true or false";
    case YamlNode::Kind::kInteger:
    case YamlNode::Kind::kFloat:
      return "a number";
    case YamlNode::Kind::kText:
      return "text";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

bool read_yaml(std::string_view text, std::vector<YamlNode>& documents, YamlProblem& problem,
               const YamlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    problem = {Errc::kTooLarge, 1, "more than " + std::to_string(limits.max_bytes) + " bytes"};
    return false;
  }
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    problem = {Errc::kMalformed, 1, "not UTF-8 text"};
    return false;
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    std::size_t nodes = 0;
    std::size_t seen = 0;
    for (;;) {
      TreeBuilder builder(limits, nodes);
      if (!parser.HandleNextDocument(builder)) break;
      if (++seen > limits.max_documents)
        refuse(1, "more than " + std::to_string(limits.max_documents) + " documents", Errc::kTooLarge);
      if (!builder.has_root()) continue;
      YamlNode root = builder.take();
      if (root.kind != YamlNode::Kind::kNull) documents.push_back(std::move(root));
    }
    return true;
  } catch (const Refused& refused) {
    problem = refused.problem;
  } catch (const YAML::ParserException& error) {
    problem = {Errc::kMalformed, line_of(error.mark), reason_of(error)};
  } catch (const std::exception& error) {
    problem = {Errc::kMalformed, 1, std::string("not YAML: ") + error.what()};
  }
  return false;
}

}  // namespace redoubt::encoding
