#include "sigma/event_reader.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "encoding/json_items.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/json_tokens.h"
#include "sigma/internal/name_memory.h"
#include "sigma/internal/path_tree.h"

namespace redoubt::sigma {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxDepth = 64;

using encoding::JsonItem;
using encoding::JsonItems;
using internal::JsonTokens;
using internal::PathTree;

bool begins_number(char c) {
  return c == '-' || (c >= '0' && c <= '9');
}

}  // namespace

// Goes through the tokens once. What no path leads to is checked and passed over. Functions take the token that they
// begin with and give the one behind what they have read, or null: then something is wrong.
class EventReader::Walk {
 public:
  Walk(const RuleSet& rules, Form form)
      : keep_(rules), rules_(internal::compiled(rules)), event_(rules), tree_(rules_, form == Form::kFields) {}

  Result<Event*> read(std::string_view json) {
    event_.clear();
    timed_ = false;
    if (json.size() > kMaxBytes) return Error(Errc::kTooLarge, "an event of more than 4 MiB");
    if (!tokens_.read(json)) return Error(Errc::kMalformed, "not an event: no JSON in UTF-8");
    if (tokens_.at(tokens_.first()) != '{') return Error(Errc::kMalformed, "an event is a JSON object");
    wrong_ = nullptr;
    too_deep_ = false;
    names_.begin();
    const Token behind = members(tokens_.first() + 1, tree_.root(), 1);
    if (behind == tokens_.end()) return &event_;
    if (too_deep_) return Error(Errc::kTooLarge, "an event deeper than 64 levels");
    return Error(Errc::kMalformed,
                 "not an event: no JSON near byte " + std::to_string(behind == nullptr ? *wrong_ : *behind));
  }

  Result<Event*> read(const JsonItems& json) {
    event_.clear();
    spelled_.clear();
    timed_ = false;
    if (!json[0].is(JsonItem::Kind::kObject)) return Error(Errc::kMalformed, "an event is a JSON object");
    learn_paths(json);
    members(json, 0, tree_.root());
    return &event_;
  }

 private:
  using Token = JsonTokens::Token;

  Token wrong(Token token) {
    wrong_ = token;
    return nullptr;
  }
  Token too_deep(Token token) {
    too_deep_ = true;
    return wrong(token);
  }
  // A name and its colon.
  bool is_name(Token token) const { return tokens_.at(token) == '"' && tokens_.at(token + 1) == ':'; }

  // Of an object whose bracket has been taken, all members and the other bracket. `depth` arrays and objects are open.
  Token members(Token token, std::uint32_t node, std::size_t depth) {
    if (tokens_.at(token) == '}') return token + 1;
    for (;;) {
      std::uint32_t next = PathTree::kNone;
      if (node == PathTree::kNone) {
        if (!is_name(token) || !tokens_.check_string(token)) return wrong(token);
      } else if (!names_.expected(tokens_.text_from(token), node, next)) {
        std::string_view name;
        if (!is_name(token) || !tokens_.string(token, name)) return wrong(token);
        next = names_.find(tree_, tokens_.text_from(token), node, name);
      }
      token += 2;
      const char first = tokens_.at(token);
      if (next != PathTree::kNone || rules_.keywords) {
        if (first == '"') {
          std::string_view text;
          if (!tokens_.string(token, text)) return wrong(token);
          put(next, Value::of_text(text));
          ++token;
        } else {
          token = value(token, next, depth);
          if (token == nullptr) return nullptr;
        }
      } else if (first == '{' || first == '[') {
        token = pass_over(token, depth);
        if (token == nullptr) return nullptr;
      } else {
        if (first == '"' ? !tokens_.check_string(token)
                         : !tokens_.is_few_digits(token) && !check_scalar(first, token)) {
          return wrong(token);
        }
        ++token;
      }
      const char after = tokens_.at(token);
      if (after == '}') return token + 1;
      if (after != ',') return wrong(token);
      ++token;
    }
  }

  // An object at this node, and at those of its branches whose condition it meets.
  Token object_at(Token token, std::uint32_t node, std::size_t depth) {
    present(node);
    const Token behind = members(token, node, depth);
    if (behind == nullptr || node == PathTree::kNone) return behind;
    for (const PathTree::Branch& branch : tree_.branches(node)) {
      std::string_view text;
      if (!find_text(token, branch.member, depth, text) ||
          std::find(branch.values.begin(), branch.values.end(), text) == branch.values.end())
        continue;
      if (object_at(token, branch.node, depth) == nullptr) return nullptr;
    }
    return behind;
  }

  // Of an object that has been checked, the first member of this name; false: there is none, or it is no text.
  bool find_text(Token token, std::string_view wanted, std::size_t depth, std::string_view& text) {
    while (tokens_.at(token) == '"') {
      std::string_view name;
      if (!tokens_.string(token, name)) return false;
      token += 2;
      if (name == wanted) return tokens_.at(token) == '"' && tokens_.string(token, text);
      token = pass_over(token, depth);
      if (token == nullptr) return false;
      if (tokens_.at(token) == ',') ++token;
    }
    return false;
  }

  // A value, by recursion: as deep as kMaxDepth.
  Token value(Token token, std::uint32_t node, std::size_t depth) {
    const char first = tokens_.at(token);
    switch (first) {
      case '{':
        return depth == kMaxDepth ? too_deep(token) : object_at(token + 1, node, depth + 1);
      case '[':
        return depth == kMaxDepth ? too_deep(token) : items(token + 1, node, depth + 1);
      case '"': {
        std::string_view text;
        if (!tokens_.string(token, text)) return wrong(token);
        put(node, Value::of_text(text));
        return token + 1;
      }
      case 't':
      case 'f':
        if (!tokens_.is_word(token, first == 't' ? "true" : "false")) return wrong(token);
        put(node, Value::boolean(first == 't'));
        return token + 1;
      case 'n':
        if (!tokens_.is_word(token, "null")) return wrong(token);
        put(node, Value::null());
        return token + 1;
      default: {
        JsonTokens::Number number;
        if (!begins_number(first) || !tokens_.number(token, number)) return wrong(token);
        put(node, Value::of_number(number.text, number.value));
        return token + 1;
      }
    }
  }

  Token items(Token token, std::uint32_t node, std::size_t depth) {
    present(node);
    if (tokens_.at(token) == ']') return token + 1;
    for (;;) {
      token = value(token, node, depth);
      if (token == nullptr) return nullptr;
      const char after = tokens_.at(token);
      if (after == ']') return token + 1;
      if (after != ',') return wrong(token);
      ++token;
    }
  }

  // A value that nobody looks at. Without recursion: of each array or object that is open, a bit says which it is.
  Token pass_over(Token token, std::size_t depth) {
    const std::size_t outside = depth;
    std::uint64_t objects = 0;
    for (;;) {
      // A value, or the first bracket of one.
      const char first = tokens_.at(token);
      if (first == '"') {
        if (!tokens_.check_string(token)) return wrong(token);
      } else if (first == '{' || first == '[') {
        if (depth == kMaxDepth) return too_deep(token);
        ++depth;
        objects = (objects << 1) | (first == '{' ? 1 : 0);
        if (tokens_.at(token + 1) != (first == '{' ? '}' : ']')) {
          ++token;
          if (first == '[') continue;
          if (!is_name(token) || !tokens_.check_string(token)) return wrong(token);
          token += 2;
          continue;
        }
      } else if (!check_scalar(first, token)) {
        return wrong(token);
      }
      ++token;
      // What is complete now, and on to the next value.
      for (;;) {
        if (depth == outside) return token;
        const bool object = (objects & 1) != 0;
        const char after = tokens_.at(token);
        if (after == (object ? '}' : ']')) {
          ++token;
          --depth;
          objects >>= 1;
          continue;
        }
        if (after != ',') return wrong(token);
        ++token;
        if (!object) break;
        if (!is_name(token) || !tokens_.check_string(token)) return wrong(token);
        token += 2;
        break;
      }
    }
  }

  bool check_scalar(char first, Token token) {
    switch (first) {
      case 't':
        return tokens_.is_word(token, "true");
      case 'f':
        return tokens_.is_word(token, "false");
      case 'n':
        return tokens_.is_word(token, "null");
      default:
        return begins_number(first) && tokens_.check_number(token);
    }
  }

  // Where the paths lead in the tree that were not there before.
  void learn_paths(const JsonItems& json) {
    if (form_ != json.form()) {
      form_ = json.form();
      nodes_.assign(1, tree_.root());
    }
    while (nodes_.size() < json.paths()) {
      const auto path = static_cast<std::uint32_t>(nodes_.size());
      const std::uint32_t above = nodes_[json.parent(path)];
      nodes_.push_back(above == PathTree::kNone ? above : tree_.find(above, json.name(path)));
    }
  }

  // The same of a list of values. By recursion, as deep as its reader let it be.
  void members(const JsonItems& json, std::uint32_t object, std::uint32_t node) {
    // Elsewhere is only what conditions lead to.
    const bool by_path = node == nodes_[json[object].path];
    for (std::uint32_t at = object + 1; at < json[object].end; at = json[at].end) {
      const std::uint32_t path = json[at].path;
      const std::uint32_t next = by_path                   ? nodes_[path]
                                 : node == PathTree::kNone ? node
                                                           : tree_.find(node, json.name(path));
      if (next != PathTree::kNone || rules_.keywords) value(json, at, next);
    }
  }

  void object_at(const JsonItems& json, std::uint32_t object, std::uint32_t node) {
    present(node);
    members(json, object, node);
    if (node == PathTree::kNone) return;
    for (const PathTree::Branch& branch : tree_.branches(node)) {
      std::string_view text;
      if (has_text(json, object, branch.member, text) &&
          std::find(branch.values.begin(), branch.values.end(), text) != branch.values.end()) {
        object_at(json, object, branch.node);
      }
    }
  }

  // Whether the object has a member of this name, and it is a text.
  static bool has_text(const JsonItems& json, std::uint32_t object, std::string_view wanted, std::string_view& text) {
    for (std::uint32_t at = object + 1; at < json[object].end; at = json[at].end) {
      if (json.name(json[at].path) == wanted) return json[at].get(text);
    }
    return false;
  }

  void value(const JsonItems& json, std::uint32_t at, std::uint32_t node) {
    const JsonItem& item = json[at];
    switch (item.kind) {
      case JsonItem::Kind::kObject:
        return object_at(json, at, node);
      case JsonItem::Kind::kArray:
        present(node);
        for (std::uint32_t each = at + 1; each < item.end; each = json[each].end) value(json, each, node);
        return;
      case JsonItem::Kind::kString:
        return put(node, Value::of_text({item.value.text, item.size}));
      case JsonItem::Kind::kTrue:
      case JsonItem::Kind::kFalse:
        return put(node, Value::boolean(item.is(JsonItem::Kind::kTrue)));
      case JsonItem::Kind::kNull:
        return put(node, Value::null());
      case JsonItem::Kind::kInteger:
        return put(node, Value::of_number(spelled(item.value.integer), static_cast<double>(item.value.integer)));
      case JsonItem::Kind::kUnsigned:
        return put(node, Value::of_number(spelled(item.value.whole), static_cast<double>(item.value.whole)));
      case JsonItem::Kind::kDouble:
        return put(node, Value::of_number(spelled(item.value.real), item.value.real));
    }
  }

  template <class Number>
  std::string_view spelled(Number number) {
    constexpr std::size_t kLongest = 32;
    char* const to = spelled_.take(kLongest);
    return {to, std::to_chars(to, to + kLongest, number).ptr};
  }

  void present(std::uint32_t node) {
    if (node == PathTree::kNone) return;
    for (const FieldSlot slot : tree_.slots(node)) event_.add_presence(slot);
  }

  void put(std::uint32_t node, const Value& value) {
    if (node == PathTree::kNone) {
      event_.add_unnamed(value);
      return;
    }
    if (!timed_ && tree_.is_time(node)) {
      event_.set_time_ms(internal::time_of(value));
      timed_ = true;
    }
    const auto slots = tree_.slots(node);
    for (const FieldSlot slot : slots) event_.add(slot, value);
    if (slots.empty() && rules_.keywords) event_.add_unnamed(value);
  }

  RuleSet keep_;
  const internal::CompiledRules& rules_;
  Event event_;
  PathTree tree_;
  JsonTokens tokens_;
  internal::NameMemory names_;
  internal::TextBlocks spelled_;      // numbers of a list of values
  std::uint64_t form_ = 0;            // of the paths in nodes_; 0: none
  std::vector<std::uint32_t> nodes_;  // where each path leads
  Token wrong_ = nullptr;
  bool too_deep_ = false;
  bool timed_ = false;
};

EventReader::EventReader(const RuleSet& rules, Form form) : walk_(std::make_unique<Walk>(rules, form)) {}
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;
EventReader::~EventReader() = default;

Result<Event*> EventReader::read(std::string_view json) {
  return walk_->read(json);
}
Result<Event*> EventReader::read(const encoding::JsonItems& json) {
  return walk_->read(json);
}

}  // namespace redoubt::sigma
