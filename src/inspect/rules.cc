#include "inspect/rules.h"

#include <algorithm>
#include <map>
#include <set>

#include "inspect/internal/compiled.h"

namespace redoubt::inspect {
namespace {

using internal::LiteralRule;
using internal::Matcher;
using internal::Rule;
using internal::ShapeRule;

// What is found by code of its own. `literals` as LiteralRule's; none: by a sign.
struct SpecialRule {
  std::string_view name;
  std::string_view kind;
  Family family;
  Matcher matcher;
  std::string_view literals;
  std::string_view check_name;
  std::string_view context;
  float base;
  float near;
  std::size_t width;
  std::string_view source;
};

constexpr SpecialRule kSpecialRules[] = {
    {"email_address", "EMAIL_ADDRESS", Family::kPersonal, Matcher::kEmail, "", "top-level domain", "", 0.95F, 0.95F,
     330, "RFC 5321 4.1.2, RFC 5322 3.4.1"},
    {"url", "URL", Family::kPersonal, Matcher::kUri, "://", "", "", 0.85F, 0.85F, 2048, "RFC 3986"},
    {"url_www", "URL", Family::kPersonal, Matcher::kDomain, "www.", "top-level domain", "", 0.8F, 0.8F, 260,
     "RFC 1035 2.3.1"},
    {"url_domain", "URL", Family::kPersonal, Matcher::kDomain,
     ".com|.org|.net|.edu|.gov|.co.uk|.org.uk|.ac.uk|.com.au|.co.jp|.com.br|.co.za|.co.nz|.co.in|.info|.io",
     "top-level domain", "", 0.55F, 0.55F, 260, "RFC 1035 2.3.1"},
    {"ipv6", "IP_ADDRESS", Family::kPersonal, Matcher::kIpv6, "", "structure", "", 0.9F, 0.9F, 64, "RFC 4291 2.2"},
    {"mac_address", "MAC_ADDRESS", Family::kPersonal, Matcher::kMac, "", "", "", 0.85F, 0.85F, 64, "IEEE 802 8.1"},
    {"private_key", "PRIVATE_KEY", Family::kSecret, Matcher::kPrivateKey, "-----BEGIN ", "structure", "", 0.98F, 0.98F,
     internal::kPrivateKeyWidth, "RFC 7468, RFC 9580 6.2"},
    {"url_credentials", "CONNECTION_STRING", Family::kSecret, Matcher::kCredentials, "://", "structure", "", 0.96F,
     0.96F, 2048, "RFC 3986 3.2.1"},
    {"invisible_text", "INVISIBLE_TEXT", Family::kAttack, Matcher::kInvisible, "", "", "", 0.95F, 0.95F, 64,
     "Unicode 23.9, UTS 55"},
    {"repetition", "REPETITION", Family::kAttack, Matcher::kRepetition, "", "", "", 0.6F, 0.6F, 288,
     "OWASP LLM10:2025"},
    {"gibberish", "GIBBERISH", Family::kAttack, Matcher::kGibberish, "", "pairs of letters", "", 0.55F, 0.55F, 128,
     "Zou et al. 2023, adversarial suffixes"},
};

// A class that folding would make another one.
bool has_foreign_class(std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[' || pattern[i] == ']') {
      in_class = pattern[i] == '[';
    } else if (in_class && static_cast<unsigned char>(pattern[i]) >= 0x80) {
      return true;
    }
  }
  return false;
}

class Compiler {
 public:
  explicit Compiler(const RulesOptions& options) : options_(options), out_(std::make_unique<Rules::Compiled>()) {}

  Result<std::unique_ptr<const Rules::Compiled>> compile() {
    out_->min_confidence = static_cast<float>(options_.min_confidence);
    out_->decode = options_.decode;
    out_->taggers = options_.taggers;
    for (const UserRule& rule : options_.user) {
      if (auto done = add_user(rule); !done) return done.error();
    }
    add_specials();
    if (auto done = add_shapes(); !done) return done.error();
    if (auto done = add_literal_tables(); !done) return done.error();
    if (auto done = check_kinds(); !done) return done.error();
    if (auto done = finish(); !done) return done.error();
    return std::unique_ptr<const Rules::Compiled>(std::move(out_));
  }

 private:
  bool wanted(std::string_view kind, Family family) {
    known_kinds_.insert(kind);
    const auto& families = options_.families;
    if (!families.empty() && std::ranges::find(families, family) == families.end()) return false;
    return options_.kinds.empty() || std::ranges::find(options_.kinds, kind) != options_.kinds.end();
  }

  Rule& add(RuleInfo info, Matcher matcher, std::size_t width) {
    Rule& rule = out_->rules.emplace_back();
    rule.info = info;
    rule.info.max_width_bytes = width + internal::kReachRight;
    rule.matcher = matcher;
    rule.width = width;
    return rule;
  }

  void set_confidence(Rule& rule, std::string_view context, float base, float near) {
    rule.base = base;
    rule.near = near;
    rule.context = near > base ? out_->context.add(context) : internal::ContextWords::kNoSet;
  }

  void add_specials() {
    for (const SpecialRule& special : kSpecialRules) {
      if (!wanted(special.kind, special.family)) continue;
      const std::size_t number = out_->rules.size();
      Rule& rule = add({special.name, special.kind, special.family, 0, special.source}, special.matcher, special.width);
      rule.check_name = special.check_name;
      set_confidence(rule, special.context, special.base, special.near);
      switch (special.matcher) {
        case Matcher::kEmail:
          out_->email = number;
          break;
        case Matcher::kUri:
          out_->uri = number;
          break;
        case Matcher::kCredentials:
          out_->credentials = number;
          break;
        case Matcher::kIpv6:
          out_->ipv6 = number;
          break;
        case Matcher::kMac:
          out_->mac = number;
          break;
        case Matcher::kInvisible:
          out_->invisible = number;
          break;
        case Matcher::kRepetition:
          out_->repetition = number;
          break;
        case Matcher::kGibberish:
          out_->gibberish = number;
          break;
        default:
          break;
      }
      // One place for each URI, whichever of the two rules about them there are.
      if (special.matcher == Matcher::kCredentials && out_->uri != internal::kNoRule) continue;
      if (special.matcher == Matcher::kCredentials) rule.matcher = Matcher::kUri;
      add_literals(special.literals, true, false, static_cast<std::uint16_t>(number));
    }
  }

  // `\` before a sign makes it part of a literal.
  void add_literals(std::string_view literals, bool ignore_case, bool starts_word, std::uint16_t rule) {
    std::string literal;
    for (std::size_t i = 0; i <= literals.size(); ++i) {
      if (i == literals.size() || literals[i] == '|') {
        if (!literal.empty()) literals_[{literal, ignore_case, starts_word}].push_back(rule);
        literal.clear();
        continue;
      }
      if (literals[i] == '\\' && i + 1 < literals.size()) ++i;
      literal += literals[i];
    }
  }

  Result<> add_shapes() {
    for (const auto& table :
         {internal::secret_shapes(), internal::account_shapes(), internal::network_shapes(), internal::date_shapes(),
          internal::phone_shapes(), internal::health_shapes(), internal::vat_shapes(), internal::america_shapes(),
          internal::british_shapes(), internal::german_shapes(), internal::south_europe_shapes(),
          internal::north_europe_shapes(), internal::east_europe_shapes(), internal::asia_shapes(),
          internal::pacific_africa_shapes(), internal::vehicle_shapes()}) {
      const bool secret = table.data() == internal::secret_shapes().data();
      const Family family = secret ? Family::kSecret : Family::kPersonal;
      for (const ShapeRule& shape : table) {
        if (!wanted(shape.kind, family)) continue;
        const auto width = internal::longest_match(shape.pattern);
        if (!width) return width.error().in(shape.name);
        const auto number = static_cast<std::uint16_t>(out_->rules.size());
        Rule& rule = add({shape.name, shape.kind, family, 0, shape.source}, Matcher::kShape, *width);
        rule.check = shape.check;
        rule.check_name = shape.check_name;
        rule.flags = shape.flags;
        set_confidence(rule, shape.context, shape.base, shape.near);
        shapes_.push_back(shape.pattern);
        out_->shape_rules.push_back(number);
      }
    }
    return {};
  }

  Result<> add_literal_tables() {
    for (const auto& [family, table] : std::initializer_list<std::pair<Family, std::span<const LiteralRule>>>{
             {Family::kSecret, internal::cloud_secrets()},
             {Family::kSecret, internal::code_secrets()},
             {Family::kSecret, internal::message_secrets()},
             {Family::kSecret, internal::payment_secrets()},
             {Family::kSecret, internal::model_secrets()},
             {Family::kSecret, internal::structured_secrets()},
             {Family::kSecret, internal::named_secrets()},
             {Family::kPersonal, internal::document_literals()},
             {Family::kAttack, internal::injection_phrases()},
             {Family::kAttack, internal::jailbreak_phrases()},
             {Family::kAttack, internal::exfiltration_forms()}}) {
      for (const LiteralRule& literal : table) {
        if (!wanted(literal.kind, family)) continue;
        if (auto done = add_literal_rule(literal, family); !done) return done.error().in(literal.name);
      }
    }
    return {};
  }

  Result<> add_literal_rule(const LiteralRule& literal, Family family) {
    const bool ignore_case = (literal.flags & internal::kIgnoreCase) != 0;
    const auto number = static_cast<std::uint16_t>(out_->rules.size());
    std::size_t width = (literal.flags & internal::kLong) != 0 ? internal::kLongWidth : literal.width;
    if ((literal.flags & internal::kInside) != 0) width += internal::kInsideTail;
    Rule& rule = add({literal.name, literal.kind, family, 0, literal.source}, Matcher::kPattern, width);
    rule.check = literal.check;
    rule.check_name = literal.check_name;
    rule.flags = literal.flags;
    set_confidence(rule, literal.context, literal.base, literal.near);
    RE2::Options options(RE2::Quiet);
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_case_sensitive(!ignore_case);
    // They are matched against folded text, so what is not ASCII in them is folded too.
    rule.pattern = std::make_unique<const RE2>(folded(std::string(literal.pattern)), options);
    if (!rule.pattern->ok()) return Error(Errc::kInvalidArgument, rule.pattern->error());
    add_literals(folded(std::string(literal.literals)), ignore_case, (literal.flags & internal::kInWord) == 0, number);
    return {};
  }

  std::string_view keep(std::string text) {
    out_->strings.push_back(std::make_unique<const std::string>(std::move(text)));
    return *out_->strings.back();
  }

  Result<> add_user(const UserRule& user) {
    const std::string named = "rule `" + user.name + "`";
    if (user.name.empty() || user.kind.empty()) return Error(Errc::kInvalidArgument, "a rule without a name or a kind");
    if (user.pattern.empty() == user.words.empty()) {
      return Error(Errc::kInvalidArgument, named + ": either a pattern or words");
    }
    if (!user.dictionary.empty() && user.pattern.empty()) {
      return Error(Errc::kInvalidArgument, named + ": a dictionary needs a pattern");
    }
    if (!user.dictionary.empty() && options_.dictionaries == nullptr) {
      return Error(Errc::kUnavailable, named + ": nobody keeps its dictionary");
    }
    if (!wanted(user.kind, Family::kUser)) return {};
    std::string context;
    for (const std::string& word : user.context) context += (context.empty() ? "" : "|") + word;
    const RuleInfo info{keep(user.name), keep(user.kind), Family::kUser, 0, "configured"};
    const auto number = static_cast<std::uint16_t>(out_->rules.size());
    if (!user.words.empty()) {
      std::size_t longest = 0;
      for (const std::string& word : user.words) longest = std::max(longest, word.size());
      Rule& rule = add(info, Matcher::kWord, longest + 1);
      set_confidence(rule, keep(context), static_cast<float>(user.confidence),
                     static_cast<float>(user.confidence_near));
      for (const std::string& word : user.words) {
        if (word.empty()) return Error(Errc::kInvalidArgument, named + ": an empty word");
        literals_[{folded(word), true, true}].push_back(number);
      }
      return {};
    }
    RE2::Options options(RE2::Quiet);
    options.set_case_sensitive(!user.ignore_case);
    options.set_longest_match(true);
    if (has_foreign_class(user.pattern)) {
      return Error(Errc::kInvalidArgument, named + ": a class of what is not ASCII");
    }
    const std::string text = folded(user.pattern);
    auto pattern = std::make_unique<const RE2>(text, options);
    if (!pattern->ok()) return Error(Errc::kInvalidArgument, named + ": " + pattern->error());
    if (RE2::FullMatch("", *pattern)) return Error(Errc::kInvalidArgument, named + ": matches nothing at all");
    std::size_t width = user.max_width_bytes;
    if (width == 0) {
      const auto told = internal::pattern_width(text, user.ignore_case);
      if (!told) return Error(Errc::kInvalidArgument, named + ": " + told.error().message() + "; give max_width_bytes");
      width = *told;
    }
    if (width > internal::kLongWidth) return Error(Errc::kInvalidArgument, named + ": wider than 4096 bytes");
    Rule& rule = add(info, Matcher::kUserPattern, width);
    rule.pattern = std::move(pattern);
    rule.number = out_->user_patterns.size();
    if (!user.dictionary.empty()) {
      rule.dictionary =
          std::make_unique<const internal::Dictionary>(internal::Dictionary{user.dictionary, options_.dictionaries});
      rule.check_name = "dictionary";
    }
    set_confidence(rule, keep(context), static_cast<float>(user.confidence), static_cast<float>(user.confidence_near));
    out_->user_patterns.push_back(number);
    return {};
  }

  std::string folded(const std::string& text) {
    internal::FoldedText out(out_->fold);
    std::vector<internal::InvisibleRun> ignored;
    out.append(text, true, ignored);
    return std::string(out.view());
  }

  Result<> check_kinds() {
    for (const std::string& kind : options_.kinds) {
      if (!known_kinds_.contains(kind)) return Error(Errc::kInvalidArgument, "no rule has the kind `" + kind + "`");
    }
    std::set<std::string_view> names;
    for (const Rule& rule : out_->rules) {
      if (!names.insert(rule.info.name).second) {
        return Error(Errc::kInvalidArgument, "two rules have the name `" + std::string(rule.info.name) + "`");
      }
    }
    return {};
  }

  Result<> finish() {
    auto shapes = internal::compile_shapes(shapes_);
    if (!shapes) return shapes.error();
    out_->shapes = *std::move(shapes);
    std::vector<internal::Literal> literals;
    for (auto& [literal, rules] : literals_) {
      literals.push_back({std::get<0>(literal), std::get<1>(literal), std::get<2>(literal)});
      out_->literal_rules.push_back(std::move(rules));
    }
    auto set = internal::LiteralSet::compile(std::move(literals));
    if (!set) return set.error();
    out_->literals = *std::move(set);
    out_->reach = std::max<std::size_t>(out_->literals->longest(), 128);  // and what tells whether a value follows
    if (out_->decode) out_->reach = std::max(out_->reach, internal::kSpacedWidth + internal::kReachRight);
    out_->longest_wait = out_->decode ? internal::kEncodedWidth + internal::kReachRight : 0;
    for (const Rule& rule : out_->rules) {
      const bool waits = (rule.matcher == Matcher::kPattern && (rule.flags & internal::kLong) != 0) ||
                         (rule.matcher == Matcher::kPattern && (rule.flags & internal::kInside) == 0 &&
                          rule.width > internal::kSpacedWidth) ||
                         rule.matcher == Matcher::kEmail || rule.matcher == Matcher::kUri ||
                         rule.matcher == Matcher::kCredentials || rule.matcher == Matcher::kPrivateKey;
      std::size_t& bound = waits ? out_->longest_wait : out_->reach;
      bound = std::max(bound, rule.info.max_width_bytes);
      out_->list.push_back(rule.info);
    }
    std::ranges::sort(out_->list, {}, &RuleInfo::name);
    return {};
  }

  const RulesOptions& options_;
  std::unique_ptr<Rules::Compiled> out_;
  std::set<std::string_view> known_kinds_;
  std::vector<std::string_view> shapes_;
  std::map<std::tuple<std::string, bool, bool>, std::vector<std::uint16_t>> literals_;
};

}  // namespace

Rules::Rules(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Rules::~Rules() = default;

Result<std::shared_ptr<const Rules>> Rules::compile(const RulesOptions& options) {
  auto compiled = Compiler(options).compile();
  if (!compiled) return compiled.error();
  return std::shared_ptr<const Rules>(new Rules(*std::move(compiled)));
}

const std::vector<RuleInfo>& Rules::list() const {
  return compiled_->list;
}

std::size_t Rules::hold_back_bytes() const {
  return std::max(compiled_->reach, compiled_->longest_wait) + internal::kReachLeft;
}

}  // namespace redoubt::inspect
