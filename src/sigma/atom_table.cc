#include <re2/filtered_re2.h>

#include <algorithm>
#include <cstring>

#include "sigma/internal/detection.h"
#include "sigma/internal/fold.h"

namespace redoubt::sigma::internal {
namespace {

constexpr std::int64_t kMaxRegexMemoryBytes = 1 << 20;  // of one pattern, its automaton included

template <class T>
std::string bytes_of(const T& value) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}

std::string key_of(const TextPattern& pattern) {
  std::string out;
  for (const PatternPart& part : pattern.parts) {
    out += static_cast<char>('0' + static_cast<int>(part.kind));
    out += std::to_string(part.text.size()) + ":" + part.text;
  }
  return out;
}

// RE2 prints its own complaints otherwise.
re2::RE2::Options regex_options(std::string_view flags) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemoryBytes);
  options.set_case_sensitive(flags.find('i') == std::string_view::npos);
  options.set_dot_nl(flags.find('s') != std::string_view::npos);
  return options;
}

// `\C` splits characters; PCRE's meaning of it is another one in UTF-8.
bool has_single_byte_escape(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (pattern[i + 1] == 'C') return true;
    ++i;
  }
  return false;
}

constexpr int kLeastNeeded = 3;  // bytes of a literal that is worth looking for

}  // namespace

std::optional<FieldSlot> AtomTable::slot(std::string_view name, bool paths) {
  if (const auto found = rules_.slots.find(name); found != rules_.slots.end()) return found->second;
  const auto field = taxonomy_.fields.find(name);
  if (field == taxonomy_.fields.end() && !taxonomy_.fields.empty() && !paths) return std::nullopt;
  const auto slot = static_cast<FieldSlot>(rules_.slot_names.size());
  rules_.slot_names.emplace_back(name);
  rules_.slot_paths.push_back(field == taxonomy_.fields.end() ? std::vector<std::string>{std::string(name)}
                                                              : field->second);
  rules_.slots.emplace(name, slot);
  return slot;
}

std::uint32_t AtomTable::intern(Atom atom, std::string key) {
  if (atom.text.empty()) atom.text = key;
  key.insert(0, bytes_of(atom.slot));
  key.insert(0, 1, static_cast<char>(atom.kind));
  const auto [found, fresh] = atoms_.try_emplace(std::move(key), static_cast<std::uint32_t>(rules_.atoms.size()));
  if (fresh) rules_.atoms.push_back(std::move(atom));
  return found->second;
}

std::uint32_t AtomTable::literal(Atom::Kind kind, FieldSlot slot, std::string_view folded_text) {
  if (slot == kAnywhere) rules_.keywords = true;
  return intern({kind, slot, 0, std::string(folded_text), 0}, std::string(folded_text));
}

std::uint32_t AtomTable::number(FieldSlot slot, double value, std::string_view text) {
  return intern({Atom::Kind::kNumber, slot, 0, folded(text), value}, std::string(text));
}

std::uint32_t AtomTable::plain(Atom::Kind kind, FieldSlot slot) {
  return intern({kind, slot, 0, {}, 0}, {});
}

std::uint32_t AtomTable::glob(FieldSlot slot, const TextPattern& pattern, bool cased) {
  if (slot == kAnywhere) rules_.keywords = true;
  const auto data = static_cast<std::uint32_t>(rules_.globs.size());
  const auto atom = intern({Atom::Kind::kGlob, slot, data, {}, 0}, (cased ? "c" : "i") + key_of(pattern));
  if (rules_.atoms[atom].data == data) rules_.globs.emplace_back(pattern, cased);
  return atom;
}

std::optional<std::uint32_t> AtomTable::regex(FieldSlot slot, std::string_view pattern, std::string_view flags,
                                              std::string& why) {
  if (has_single_byte_escape(pattern)) {
    why = "`\\C` is not supported";
    return std::nullopt;
  }
  // Without the flag `m`, RE2's `^` and `$` are the text's start and end in Perl's syntax, too.
  const std::string text =
      flags.find('m') == std::string_view::npos ? std::string(pattern) : "(?m)" + std::string(pattern);
  auto regex = std::make_unique<const re2::RE2>(text, regex_options(flags));
  if (!regex->ok()) {
    why = regex->error();
    return std::nullopt;
  }
  if (slot == kAnywhere) rules_.keywords = true;
  const auto data = static_cast<std::uint32_t>(rules_.regexes.size());
  const auto atom = intern({Atom::Kind::kRegex, slot, data, {}, 0}, std::string(flags) + "/" + std::string(pattern));
  if (rules_.atoms[atom].data == data) rules_.regexes.push_back(std::move(regex));
  return atom;
}

std::vector<std::string> AtomTable::needed_by_regex(std::string_view pattern, std::string_view flags) {
  re2::FilteredRE2 filter(kLeastNeeded);
  int id = 0;
  std::vector<std::string> out;
  if (filter.Add(std::string(pattern), regex_options(flags), &id) != re2::RE2::NoError) return out;
  filter.Compile(&out);
  // RE2 makes them lower case, which is another thing than folding, but not for ASCII.
  const bool ascii = std::all_of(out.begin(), out.end(), [](const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  });
  if (!ascii) out.clear();
  return out;
}

std::uint32_t AtomTable::network(FieldSlot slot, const Network& network, std::string_view text) {
  const auto data = static_cast<std::uint32_t>(rules_.networks.size());
  const auto atom = intern({Atom::Kind::kNetwork, slot, data, {}, 0}, std::string(text));
  if (rules_.atoms[atom].data == data) rules_.networks.push_back(network);
  return atom;
}

std::uint32_t AtomTable::compare(FieldSlot slot, Comparison comparison, double number) {
  const auto data = static_cast<std::uint32_t>(rules_.comparisons.size());
  const auto atom = intern({Atom::Kind::kCompare, slot, data, {}, 0}, bytes_of(comparison) + bytes_of(number));
  if (rules_.atoms[atom].data == data) rules_.comparisons.push_back({comparison, number});
  return atom;
}

std::uint32_t AtomTable::time(FieldSlot slot, const TimeQuestion& question) {
  const auto data = static_cast<std::uint32_t>(rules_.times.size());
  const auto atom = intern({Atom::Kind::kTime, slot, data, {}, 0},
                           bytes_of(question.unit) + bytes_of(question.comparison) + bytes_of(question.number));
  if (rules_.atoms[atom].data == data) rules_.times.push_back(question);
  return atom;
}

std::uint32_t AtomTable::reference(FieldSlot slot, const ReferenceQuestion& question) {
  const auto data = static_cast<std::uint32_t>(rules_.references.size());
  const auto atom = intern({Atom::Kind::kReference, slot, data, {}, 0},
                           rules_.slot_names[question.other] + bytes_of(question.how) + bytes_of(question.cased));
  if (rules_.atoms[atom].data == data) rules_.references.push_back(question);
  return atom;
}

std::uint32_t AtomTable::predicate(PredicateUse use) {
  std::string key = use.name;
  for (const FieldSlot argument : use.arguments) key += "," + rules_.slot_names[argument];
  const auto data = static_cast<std::uint32_t>(rules_.predicates.size());
  const auto atom = intern({Atom::Kind::kPredicate, use.subject, data, {}, 0}, key);
  if (rules_.atoms[atom].data == data) rules_.predicates.push_back(std::move(use));
  return atom;
}

}  // namespace redoubt::sigma::internal
