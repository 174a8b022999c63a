#include "inspect/internal/shape_pattern.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "inspect/internal/chars.h"

namespace redoubt::inspect::internal {
namespace {

using Bytes256 = std::bitset<256>;

struct Node {
  enum class Type : std::uint8_t { kClass, kSequence, kChoice, kRepeat };
  Type type = Type::kSequence;
  Bytes256 bytes;
  std::vector<Node> children;
  int least = 0;
  int most = 0;
};

std::size_t longest(const Node& node) {
  std::size_t out = 0;
  switch (node.type) {
    case Node::Type::kClass:
      return 1;
    case Node::Type::kSequence:
      for (const Node& child : node.children) out += longest(child);
      return out;
    case Node::Type::kChoice:
      for (const Node& child : node.children) out = std::max(out, longest(child));
      return out;
    case Node::Type::kRepeat:
      return longest(node.children.front()) * static_cast<std::size_t>(node.most);
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : whole_(pattern), rest_(pattern) {
    constexpr std::string_view kCaseMatters = "(?-i)";
    if (rest_.starts_with(kCaseMatters)) {
      ignore_case_ = false;
      rest_.remove_prefix(kCaseMatters.size());
    }
  }

  Result<Node> parse() {
    auto node = choice(0);
    if (!node) return node;
    if (!rest_.empty()) return bad("an unmatched `)`");
    return node;
  }

 private:
  static constexpr int kMaxDepth = 16;

  Error bad(std::string_view why) const {
    return Error(Errc::kInvalidArgument, "shape `" + std::string(whole_) + "`: " + std::string(why));
  }

  Result<Node> choice(int depth) {
    if (depth > kMaxDepth) return bad("too deep");
    Node out{.type = Node::Type::kChoice, .bytes = {}, .children = {}};
    while (true) {
      auto one = sequence(depth);
      if (!one) return one;
      out.children.push_back(*std::move(one));
      if (rest_.empty() || rest_.front() != '|') break;
      rest_.remove_prefix(1);
    }
    if (out.children.size() == 1) return std::move(out.children.front());
    return out;
  }

  Result<Node> sequence(int depth) {
    Node out;
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      auto one = item(depth);
      if (!one) return one;
      auto repeated = repeat(*std::move(one));
      if (!repeated) return repeated;
      out.children.push_back(*std::move(repeated));
    }
    return out;
  }

  Result<Node> item(int depth) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '(') {
      auto inner = choice(depth + 1);
      if (!inner) return inner;
      if (rest_.empty()) return bad("a missing `)`");
      rest_.remove_prefix(1);
      return inner;
    }
    if (c == '[') return char_class();
    if (c == '*' || c == '+' || c == '{' || c == '?' || c == '.') return bad("an unescaped sign");
    Node out{.type = Node::Type::kClass, .bytes = {}, .children = {}};
    if (c == '\\') {
      if (rest_.empty()) return bad("a lone `\\`");
      add_escaped(out.bytes);
    } else {
      add(out.bytes, c);
    }
    return out;
  }

  void add(Bytes256& bytes, char c) const {
    bytes.set(static_cast<unsigned char>(c));
    if (!ignore_case_) return;
    bytes.set(static_cast<unsigned char>(to_upper(c)));
    bytes.set(static_cast<unsigned char>(to_lower(c)));
  }

  void add_escaped(Bytes256& bytes) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c != 'd') return add(bytes, c);
    for (char digit = '0'; digit <= '9'; ++digit) add(bytes, digit);
  }

  Result<Node> char_class() {
    Node out{.type = Node::Type::kClass, .bytes = {}, .children = {}};
    while (!rest_.empty() && rest_.front() != ']') {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
        add_escaped(out.bytes);
        continue;
      }
      const char first = rest_.front();
      rest_.remove_prefix(1);
      char last = first;
      if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']') {
        last = rest_[1];
        rest_.remove_prefix(2);
      }
      if (last < first) return bad("a range the wrong way round");
      for (int c = first; c <= last; ++c) add(out.bytes, static_cast<char>(c));
    }
    if (rest_.empty()) return bad("a missing `]`");
    rest_.remove_prefix(1);
    return out;
  }

  std::optional<int> number() {
    int out = -1;
    while (!rest_.empty() && is_digit(rest_.front()) && out < 1000) {
      out = std::max(out, 0) * 10 + digit_value(rest_.front());
      rest_.remove_prefix(1);
    }
    return out < 0 ? std::nullopt : std::optional(out);
  }

  Result<Node> repeat(Node node) {
    int least = 0;
    int most = 1;
    if (rest_.starts_with('?')) {
      rest_.remove_prefix(1);
    } else if (rest_.starts_with('{')) {
      rest_.remove_prefix(1);
      const auto low = number();
      if (!low) return bad("a count that is no number");
      least = most = *low;
      if (rest_.starts_with(',')) {
        rest_.remove_prefix(1);
        const auto high = number();
        if (!high) return bad("a count without an end");
        most = *high;
      }
      if (!rest_.starts_with('}') || most < least || most == 0 || most > 128) return bad("an odd count");
      rest_.remove_prefix(1);
    } else {
      return node;
    }
    Node out{.type = Node::Type::kRepeat, .bytes = {}, .children = {}, .least = least, .most = most};
    out.children.push_back(std::move(node));
    return out;
  }

  std::string_view whole_;
  std::string_view rest_;
  bool ignore_case_ = true;
};

}  // namespace

// Thompson's construction, then subsets.
class ShapeCompiler {
 public:
  Result<> add(std::string_view pattern, std::uint16_t number) {
    const auto node = Parser(pattern).parse();
    if (!node) return node.error();
    const std::uint32_t end = new_state();
    states_[end].accepts = number;
    roots_.push_back(build(*node, end));
    if (states_.size() > kMaxStates) return Error(Errc::kResourceExhausted, "the shapes need too many states");
    return {};
  }

  Result<ShapeAutomaton> finish() {
    ShapeAutomaton out;
    sort_bytes(out);
    subset({});  // the dead state
    subset(closed(roots_));
    std::vector<std::uint16_t> table(out.row_, ShapeAutomaton::kDead);
    std::vector<Members> targets(out.row_);
    for (std::size_t at = 1; at < subsets_.size(); ++at) {
      if (subsets_.size() > kMaxStates) return Error(Errc::kResourceExhausted, "the shapes need too many states");
      for (Members& target : targets) target.clear();
      for (const std::uint32_t member : *subsets_[at]) {
        const State& state = states_[member];
        if (state.set < 0) continue;
        for (const std::uint8_t symbol : symbols_[static_cast<std::size_t>(state.set)]) {
          targets[symbol].push_back(state.next);
        }
      }
      for (const Members& target : targets) {
        table.push_back(target.empty() ? 0 : static_cast<std::uint16_t>(subset_from(target)));
      }
    }
    table.resize(std::max(subsets_.size(), kFixedStates) * out.row_, ShapeAutomaton::kDead);
    number_states(table, out);
    return out;
  }

 private:
  static constexpr std::size_t kMaxStates = 65'535;  // a state is 16 bits of the table
  static constexpr std::size_t kFixedStates = 2;     // the dead one and the start
  static constexpr int kNone = -1;

  using Members = std::vector<std::uint32_t>;
  struct MembersHash {
    std::size_t operator()(const Members& members) const {
      std::size_t hash = members.size();
      for (const std::uint32_t member : members) hash = (hash ^ member) * 0x9e3779b97f4a7c15U;
      return hash ^ (hash >> 32);
    }
  };

  struct State {
    int set = kNone;  // which bytes lead to `next`; kNone: none do
    std::uint32_t next = 0;
    std::vector<std::uint32_t> free;  // reached without a byte
    int accepts = kNone;
  };

  std::uint32_t new_state() {
    states_.emplace_back();
    return static_cast<std::uint32_t>(states_.size() - 1);
  }

  int set_of(const Bytes256& bytes) {
    const auto found = std::ranges::find(sets_, bytes);
    if (found != sets_.end()) return static_cast<int>(found - sets_.begin());
    sets_.push_back(bytes);
    return static_cast<int>(sets_.size()) - 1;
  }

  // The state from which `node`, and then what is from `end` on, matches.
  std::uint32_t build(const Node& node, std::uint32_t end) {
    switch (node.type) {
      case Node::Type::kClass: {
        const std::uint32_t state = new_state();
        states_[state].set = set_of(node.bytes);
        states_[state].next = end;
        return state;
      }
      case Node::Type::kSequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) end = build(*child, end);
        return end;
      case Node::Type::kChoice: {
        const std::uint32_t state = new_state();
        for (const Node& child : node.children) {
          const std::uint32_t first = build(child, end);
          states_[state].free.push_back(first);
        }
        return state;
      }
      case Node::Type::kRepeat: {
        std::uint32_t rest = end;
        for (int i = node.least; i < node.most; ++i) {
          const std::uint32_t state = new_state();
          const std::uint32_t first = build(node.children.front(), rest);
          states_[state].free = {first, end};
          rest = state;
        }
        for (int i = 0; i < node.least; ++i) rest = build(node.children.front(), rest);
        return rest;
      }
    }
    return end;
  }

  // Bytes that no set tells apart are one symbol. Symbol 0: bytes of no set.
  void sort_bytes(ShapeAutomaton& out) {
    std::map<std::vector<bool>, std::uint8_t> known;
    known[std::vector<bool>(sets_.size(), false)] = 0;
    symbols_.resize(sets_.size());
    for (std::size_t byte = 0; byte < 256; ++byte) {
      std::vector<bool> in(sets_.size());
      for (std::size_t set = 0; set < sets_.size(); ++set) in[set] = sets_[set][byte];
      const auto [entry, is_new] = known.try_emplace(in, static_cast<std::uint8_t>(known.size()));
      out.class_of_[byte] = entry->second;
      if (!is_new) continue;
      for (std::size_t set = 0; set < sets_.size(); ++set) {
        if (in[set]) symbols_[set].push_back(entry->second);
      }
    }
    out.row_ = known.size();
  }

  // Gives the states their last numbers: behind the fixed ones those that accept nothing, then those that do. A
  // pattern that matches nothing at all does not match there.
  void number_states(const std::vector<std::uint16_t>& table, ShapeAutomaton& out) {
    const std::size_t count = table.size() / out.row_;
    const auto accepts = [&](std::uint32_t subset) {
      return subset >= kFixedStates && std::ranges::any_of(*subsets_[subset], [&](std::uint32_t member) {
               return states_[member].accepts != kNone;
             });
    };
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    const auto accepting = std::ranges::stable_partition(order, [&](std::uint32_t subset) { return !accepts(subset); });
    out.first_accepting_ = static_cast<std::uint32_t>(count - accepting.size());
    std::vector<std::uint16_t> number(count);
    for (std::size_t i = 0; i < count; ++i) number[order[i]] = static_cast<std::uint16_t>(i);
    out.table_.reserve(table.size());
    for (const std::uint32_t subset : order) {
      for (std::size_t i = 0; i < out.row_; ++i) out.table_.push_back(number[table[subset * out.row_ + i]]);
    }
    for (const std::uint32_t subset : accepting) note_accepted(out, *subsets_[subset]);
    out.accepted_begin_.push_back(static_cast<std::uint32_t>(out.accepted_.size()));
  }

  Members closed(Members todo) {
    Members out;
    seen_.resize(states_.size());
    ++round_;
    while (!todo.empty()) {
      const std::uint32_t state = todo.back();
      todo.pop_back();
      if (seen_[state] == round_) continue;
      seen_[state] = round_;
      const State& from = states_[state];
      // States that only lead on are no part of what tells subsets apart.
      if (from.set != kNone || from.accepts != kNone) out.push_back(state);
      todo.insert(todo.end(), from.free.begin(), from.free.end());
    }
    std::ranges::sort(out);
    return out;
  }

  // The subset that a symbol leads to which leads to these states. Most symbols of a subset lead to the same ones.
  std::uint32_t subset_from(const Members& states) {
    const auto [entry, is_new] = moves_.try_emplace(states, 0);
    if (is_new) entry->second = subset(closed(states));
    return entry->second;
  }

  std::uint32_t subset(Members members) {
    const auto [entry, is_new] = numbers_.try_emplace(std::move(members), static_cast<std::uint32_t>(subsets_.size()));
    if (is_new) subsets_.push_back(&entry->first);
    return entry->second;
  }

  void note_accepted(ShapeAutomaton& out, const std::vector<std::uint32_t>& members) {
    const auto begin = out.accepted_.size();
    out.accepted_begin_.push_back(static_cast<std::uint32_t>(begin));
    for (const std::uint32_t member : members) {
      if (states_[member].accepts != kNone) {
        out.accepted_.push_back(static_cast<std::uint16_t>(states_[member].accepts));
      }
    }
    std::sort(out.accepted_.begin() + static_cast<std::ptrdiff_t>(begin), out.accepted_.end());
  }

  std::vector<State> states_;
  std::vector<Bytes256> sets_;
  std::vector<std::vector<std::uint8_t>> symbols_;  // of each set
  std::vector<std::uint32_t> roots_;
  std::unordered_map<Members, std::uint32_t, MembersHash> moves_;
  std::unordered_map<Members, std::uint32_t, MembersHash> numbers_;
  std::vector<const Members*> subsets_;  // keys of numbers_, by their number
  std::vector<std::uint32_t> seen_;
  std::uint32_t round_ = 0;
};

Result<ShapeAutomaton> compile_shapes(std::span<const std::string_view> patterns) {
  ShapeCompiler compiler;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (auto done = compiler.add(patterns[i], static_cast<std::uint16_t>(i)); !done) return done.error();
  }
  return compiler.finish();
}

Result<std::size_t> longest_match(std::string_view pattern) {
  const auto node = Parser(pattern).parse();
  if (!node) return node.error();
  return longest(*node);
}

}  // namespace redoubt::inspect::internal
