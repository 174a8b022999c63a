#include "sigma/event_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "sigma/internal/compiled.h"
#include "sigma/internal/json_tokens.h"
#include "sigma/internal/name_memory.h"
#include "sigma/internal/path_tree.h"

namespace redoubt::sigma {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxDepth = 64;

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

  Result<Event*> read(const simdjson::dom::element& json) {
    event_.clear();
    spelled_.clear();
    timed_ = false;
    simdjson::dom::object object;
    if (json.get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "an event is a JSON object");
    members(object, tree_.root());
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

  // The same of a tree. By recursion, as deep as its parser let it be. Behind each string of simdjson's stand at least
  // eight bytes of its buffer, which find() reads.
  void members(const simdjson::dom::object& object, std::uint32_t node) {
    for (const auto field : object) {
      const std::uint32_t next = node == PathTree::kNone ? node : tree_.find(node, field.key);
      if (next != PathTree::kNone || rules_.keywords) value(field.value, next);
    }
  }

  void object_at(const simdjson::dom::object& object, std::uint32_t node) {
    present(node);
    members(object, node);
    if (node == PathTree::kNone) return;
    for (const PathTree::Branch& branch : tree_.branches(node)) {
      std::string_view text;
      if (object[branch.member].get(text) == simdjson::SUCCESS &&
          std::find(branch.values.begin(), branch.values.end(), text) != branch.values.end()) {
        object_at(object, branch.node);
      }
    }
  }

  void value(const simdjson::dom::element& json, std::uint32_t node) {
    using simdjson::dom::element_type;
    switch (json.type()) {
      case element_type::OBJECT:
        return object_at(as<simdjson::dom::object>(json), node);
      case element_type::ARRAY:
        present(node);
        for (const simdjson::dom::element item : as<simdjson::dom::array>(json)) value(item, node);
        return;
      case element_type::STRING:
        return put(node, Value::of_text(as<std::string_view>(json)));
      case element_type::BOOL:
        return put(node, Value::boolean(as<bool>(json)));
      case element_type::NULL_VALUE:
        return put(node, Value::null());
      case element_type::INT64: {
        const auto number = as<std::int64_t>(json);
        return put(node, Value::of_number(spelled(number), static_cast<double>(number)));
      }
      case element_type::UINT64: {
        const auto number = as<std::uint64_t>(json);
        return put(node, Value::of_number(spelled(number), static_cast<double>(number)));
      }
      case element_type::DOUBLE: {
        const auto number = as<double>(json);
        return put(node, Value::of_number(spelled(number), number));
      }
    }
  }

  // Of the type that the value has.
  template <class T>
  static T as(const simdjson::dom::element& json) {
    T out{};
    const auto error = json.get(out);
    REDOUBT_CHECK(error == simdjson::SUCCESS);
    return out;
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
  internal::TextBlocks spelled_;  // numbers of a tree
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
Result<Event*> EventReader::read(const simdjson::dom::element& json) {
  return walk_->read(json);
}

}  // namespace redoubt::sigma
