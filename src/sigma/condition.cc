#include "sigma/internal/condition.h"

#include <charconv>

#include "sigma/internal/expr.h"
#include "sigma/internal/message.h"
#include "sigma/internal/text_pattern.h"

namespace redoubt::sigma::internal {
namespace {

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

// What was meant by words that are close to the language's own.
std::string_view hint(std::string_view word) {
  if (word == "AND" || word == "And" || word == "OR" || word == "Or" || word == "NOT" || word == "Not")
    return ": operators are lower case";
  if (word == "any") return ": write `1 of`";
  return "";
}

// Copies of selections may not make a condition of some hundred bytes grow without bound.
constexpr std::size_t kMaxNodes = 100'000;

std::size_t node_count(const Expr& expr) {
  std::size_t count = 1;
  for (const Expr& child : expr.children) count += node_count(child);
  return count;
}

class Parser {
 public:
  Parser(std::string_view text, const std::map<std::string, Expr>& selections, std::set<std::string>& used,
         ConditionProblem& problem)
      : rest_(text), selections_(selections), used_(used), problem_(problem) {}

  std::optional<Expr> parse() {
    if (!next()) return std::nullopt;
    auto expr = disjunctions(0);
    if (!expr) return std::nullopt;
    if (!word_.empty()) return unexpected();
    return expr;
  }

 private:
  std::nullopt_t fail(std::string message, Errc code = Errc::kMalformed) {
    problem_ = {code, "the condition " + std::move(message)};
    return std::nullopt;
  }
  std::nullopt_t unexpected() {
    if (word_.empty()) return fail("ends where an identifier should stand");
    return fail("has " + in_backticks(word_) + " where it cannot stand" + std::string(hint(word_)));
  }

  // The next word or bracket; empty at the end.
  bool next() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\n' || rest_[0] == '\r'))
      rest_.remove_prefix(1);
    if (rest_.empty()) {
      word_ = {};
      return true;
    }
    std::size_t size = 0;
    while (size < rest_.size() && (is_word_character(rest_[size]) || rest_[size] == '*')) ++size;
    if (size == 0 && (rest_[0] == '(' || rest_[0] == ')')) size = 1;
    if (size == 0) {
      if (rest_[0] == '|') {
        fail("has an aggregation (`|`), which Sigma no longer has: write a correlation", Errc::kUnsupported);
      } else {
        const std::size_t shown = static_cast<unsigned char>(rest_[0]) < 0x80 ? 1 : 0;
        fail("has a character that cannot stand there" + (shown == 1 ? ": " + in_backticks(rest_.substr(0, 1)) : ""));
      }
      return false;
    }
    word_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::optional<Expr> disjunctions(std::size_t depth) {
    std::vector<Expr> terms;
    for (;;) {
      auto term = conjunctions(depth);
      if (!term) return std::nullopt;
      terms.push_back(std::move(*term));
      if (word_ != "or") return disjunction(std::move(terms));
      if (!next()) return std::nullopt;
    }
  }

  std::optional<Expr> conjunctions(std::size_t depth) {
    std::vector<Expr> terms;
    for (;;) {
      auto term = negations(depth);
      if (!term) return std::nullopt;
      terms.push_back(std::move(*term));
      if (word_ != "and") return conjunction(std::move(terms));
      if (!next()) return std::nullopt;
    }
  }

  std::optional<Expr> negations(std::size_t depth) {
    bool negated = false;
    while (word_ == "not") {
      negated = !negated;
      if (!next()) return std::nullopt;
    }
    auto expr = primary(depth);
    if (!expr || !negated) return expr;
    return negation(std::move(*expr));
  }

  std::optional<Expr> primary(std::size_t depth) {
    if (depth >= kMaxConditionDepth)
      return fail("is deeper than " + std::to_string(kMaxConditionDepth) + " brackets", Errc::kTooLarge);
    if (word_ == "(") {
      if (!next()) return std::nullopt;
      auto inner = disjunctions(depth + 1);
      if (!inner) return std::nullopt;
      if (word_ != ")") return fail("has a bracket that is not closed");
      if (!next()) return std::nullopt;
      return inner;
    }
    if (word_.empty() || word_ == ")" || word_ == "and" || word_ == "or" || word_ == "of" || word_ == "them")
      return unexpected();
    const std::string_view word = word_;
    if (!next()) return std::nullopt;
    if (word_ == "of") return quantified(word);
    return identifier(word);
  }

  std::optional<Expr> identifier(std::string_view word) {
    if (word.find('*') != std::string_view::npos)
      return fail("has the pattern " + in_backticks(word) + " without `1 of` or `all of` before it");
    const auto found = selections_.find(std::string(word));
    if (found == selections_.end())
      return fail(
          "names " + in_backticks(word) + ", which is no search identifier of the rule" + std::string(hint(word)),
          Errc::kNotFound);
    used_.insert(found->first);
    if (!spend(found->second)) return std::nullopt;
    return found->second;
  }

  bool spend(const Expr& expr) {
    nodes_ += node_count(expr);
    if (nodes_ <= kMaxNodes) return true;
    fail("uses more than " + std::to_string(kMaxNodes) + " values", Errc::kTooLarge);
    return false;
  }

  std::optional<Expr> quantified(std::string_view quantity) {
    if (quantity != "all" && !is_number(quantity))
      return fail(
          "has " + in_backticks(quantity) + " before `of`, which takes `all` or a number" + std::string(hint(quantity)),
          Errc::kUnsupported);
    if (!next()) return std::nullopt;
    if (word_.empty() || word_ == "(" || word_ == ")" || word_ == "and" || word_ == "or" || word_ == "not" ||
        word_ == "of")
      return fail("has `of` without `them` or a pattern after it");
    const std::string_view pattern = word_;
    std::vector<Expr> chosen;
    const Glob glob(parse_pattern(pattern, false), true);
    for (const auto& [name, expr] : selections_) {
      if (pattern == "them" ? name.starts_with('_') : !glob.matches(name)) continue;
      if (!spend(expr)) return std::nullopt;
      chosen.push_back(expr);
      used_.insert(name);
    }
    if (chosen.empty())
      return fail("has " + in_backticks(pattern) + ", which no search identifier matches", Errc::kNotFound);
    std::size_t count = chosen.size();
    if (quantity != "all") {
      const auto [end, error] = std::from_chars(quantity.data(), quantity.data() + quantity.size(), count);
      if (error != std::errc() || end != quantity.data() + quantity.size() || count == 0 || count > chosen.size())
        return fail("wants " + in_backticks(quantity) + " of " + std::to_string(chosen.size()) + " search identifiers");
    }
    if (!next()) return std::nullopt;
    return at_least(static_cast<std::uint32_t>(count), std::move(chosen));
  }

  std::string_view rest_;
  std::string_view word_;
  const std::map<std::string, Expr>& selections_;
  std::set<std::string>& used_;
  ConditionProblem& problem_;
  std::size_t nodes_ = 0;
};

}  // namespace

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > 256) return false;
  for (const char c : name) {
    if (!is_word_character(c)) return false;
  }
  for (const std::string_view word : {"and", "or", "not", "of", "them", "all"}) {
    if (name == word) return false;
  }
  return true;
}

std::optional<Expr> parse_condition(std::string_view text, const std::map<std::string, Expr>& selections,
                                    std::set<std::string>& used, ConditionProblem& problem) {
  if (text.size() > kMaxConditionBytes) {
    problem = {Errc::kTooLarge, "the condition has more than " + std::to_string(kMaxConditionBytes) + " bytes"};
    return std::nullopt;
  }
  return Parser(text, selections, used, problem).parse();
}

}  // namespace redoubt::sigma::internal
