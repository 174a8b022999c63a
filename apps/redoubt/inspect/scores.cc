#include "redoubt/inspect/scores.h"

#include <algorithm>
#include <initializer_list>

namespace redoubt::app::inspect_verbs {
namespace {

// Other names that data sets have for kinds.
struct OtherName {
  std::string_view theirs;
  std::string_view ours;
};
constexpr OtherName kOtherNames[] = {{"DOMAIN_NAME", "URL"},
                                     {"DOMAIN", "URL"},
                                     {"EMAIL", "EMAIL_ADDRESS"},
                                     {"PHONE", "PHONE_NUMBER"},
                                     {"PHONENUMBER", "PHONE_NUMBER"},
                                     {"TELEPHONE", "PHONE_NUMBER"},
                                     {"CREDITCARDNUMBER", "CREDIT_CARD"},
                                     {"CREDIT_CARD_NUMBER", "CREDIT_CARD"},
                                     {"IBAN", "IBAN_CODE"},
                                     {"SSN", "US_SSN"},
                                     {"IP", "IP_ADDRESS"},
                                     {"IPV4", "IP_ADDRESS"},
                                     {"IPV6", "IP_ADDRESS"},
                                     {"MAC", "MAC_ADDRESS"},
                                     {"VEHICLEVIN", "VIN"},
                                     {"PHONEIMEI", "IMEI"},
                                     {"BITCOINADDRESS", "CRYPTO"},
                                     {"ETHEREUMADDRESS", "CRYPTO"},
                                     {"LITECOINADDRESS", "CRYPTO"},
                                     {"BIC", "SWIFT_CODE"},
                                     {"DATE", "DATE_TIME"},
                                     {"TIME", "DATE_TIME"},
                                     {"DATEOFBIRTH", "DATE_TIME"},
                                     {"ORG", "ORGANIZATION"},
                                     {"NAME", "PERSON"}};

std::string_view our_name(std::string_view kind) {
  const auto other = std::ranges::find(kOtherNames, kind, &OtherName::theirs);
  return other == std::end(kOtherNames) ? kind : other->ours;
}

bool is_one_of(std::string_view label, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, label) != names.end();
}

bool agrees(std::string_view label, const inspect::Match& match) {
  if (is_one_of(label, {"SECRET", "CREDENTIAL", "API_KEY", "TOKEN"})) return match.family == inspect::Family::kSecret;
  if (is_one_of(label, {"INJECTION", "ATTACK"})) return match.family == inspect::Family::kAttack;
  return label == match.kind;
}

std::uint64_t shared(const Labelled& label, const inspect::Match& match) {
  const auto begin = std::max(label.start, match.span.begin_points);
  const auto end = std::min(label.end, match.span.end_points);
  return end > begin ? end - begin : 0;
}

// What needs a learned tagger, or has no form that is its own.
bool is_structured(std::string_view kind) {
  constexpr std::string_view kOthers[] = {"PERSON",   "ADDRESS",    "LOCATION",  "ORGANIZATION",      "NRP",
                                          "TITLE",    "PREFIX",     "DATE_TIME", "US_DRIVER_LICENSE", "AGE",
                                          "ZIP_CODE", "NATIONALITY"};
  return std::ranges::find(kOthers, kind) == std::end(kOthers);
}

double ratio(std::uint64_t part, std::uint64_t other) {
  return part + other == 0 ? 1 : static_cast<double>(part) / static_cast<double>(part + other);
}

}  // namespace

double Score::precision() const {
  return ratio(found, false_ones);
}

double Score::recall() const {
  return ratio(found, missed);
}

double Score::f(double beta) const {
  const double p = precision();
  const double r = recall();
  const double weight = beta * beta;
  return p + r > 0 ? (1 + weight) * p * r / (weight * p + r) : 0;
}

Score& Score::operator+=(const Score& other) {
  found += other.found;
  false_ones += other.false_ones;
  missed += other.missed;
  return *this;
}

void Scores::add(const std::vector<Labelled>& labels, const std::vector<inspect::Match>& matches) {
  ++texts_;
  std::vector<bool> used(matches.size());
  for (const Labelled& label : labels) {
    const std::string_view kind = our_name(label.kind);
    bool hit = false;
    std::string_view instead;
    for (std::size_t i = 0; i < matches.size() && !hit; ++i) {
      const auto longer = std::max(label.end - label.start, matches[i].span.end_points - matches[i].span.begin_points);
      if (shared(label, matches[i]) * 2 < longer) continue;
      if (!agrees(kind, matches[i])) {
        instead = matches[i].kind;
      } else if (!used[i]) {
        hit = used[i] = true;
      }
    }
    Score& score = kinds_[std::string(kind)];
    ++(hit ? score.found : score.missed);
    if (!hit && !instead.empty()) ++confusion_[std::string(kind) + " as " + std::string(instead)];
  }
  for (std::size_t i = 0; i < matches.size(); ++i) {
    if (!used[i]) ++kinds_[std::string(matches[i].kind)].false_ones;
  }
}

void Scores::add_text(bool label, bool claimed) {
  ++texts_;
  of_texts_ = true;
  if (!label) ++negatives_;
  Score& score = kinds_["TEXT"];
  if (label) ++(claimed ? score.found : score.missed);
  if (!label && claimed) ++score.false_ones;
}

Score Scores::overall() const {
  Score out;
  for (const auto& [kind, score] : kinds_) out += score;
  return out;
}

Score Scores::structured() const {
  Score out;
  for (const auto& [kind, score] : kinds_) {
    if (is_structured(kind)) out += score;
  }
  return out;
}

}  // namespace redoubt::app::inspect_verbs
