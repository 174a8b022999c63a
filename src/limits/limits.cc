#include "limits/limits.h"

#include <algorithm>

#include "base/check.h"
#include "limits/internal/rule.h"
#include "state/persistent_map.h"

namespace redoubt::limits {

struct Limits::Data {
  state::PersistentMap<SubjectRules> by_id;                           // the rules among which the limit is
  std::array<state::PersistentMap<SubjectRules>, kSubjectTypes> own;  // by subject
  std::array<std::shared_ptr<const SubjectRules>, kSubjectTypes> each;

  // The rules of the limit's subject; null when there are none.
  std::shared_ptr<const SubjectRules> rules_like(const Limit& limit) const {
    const auto type = static_cast<std::size_t>(limit.subject_type);
    return limit.subject == kEach ? each[type] : own[type].share(limit.subject);
  }
  void set_rules_like(const Limit& limit, SubjectRules rules) {
    const auto type = static_cast<std::size_t>(limit.subject_type);
    std::shared_ptr<const SubjectRules> kept;
    if (!rules.rules.empty()) kept = std::make_shared<const SubjectRules>(std::move(rules));
    if (kept) {
      for (const Rule& rule : kept->rules) by_id.set(rule.limit.id, kept);
    }
    if (limit.subject == kEach) {
      each[type] = std::move(kept);
    } else if (kept) {
      own[type].set(limit.subject, std::move(kept));
    } else {
      own[type].erase(limit.subject);
    }
  }
  void add(Limit limit) {
    SubjectRules rules;
    if (const auto now = rules_like(limit)) rules = *now;
    REDOUBT_CHECK((rules.shapes >> shape_of(limit) & 1) == 0);
    rules.shapes |= std::uint64_t{1} << shape_of(limit);
    rules.rules.push_back(make_rule(limit));
    // In order of shapes, so that equal limits are equal data.
    std::sort(rules.rules.begin(), rules.rules.end(), [](const Rule& a, const Rule& b) { return a.shape < b.shape; });
    set_rules_like(limit, std::move(rules));
  }
  void remove(const Limit& limit) {
    SubjectRules rules = *rules_like(limit);
    std::erase_if(rules.rules, [&](const Rule& rule) { return rule.shape == shape_of(limit); });
    rules.shapes &= ~(std::uint64_t{1} << shape_of(limit));
    by_id.erase(limit.id);
    set_rules_like(limit, std::move(rules));
  }
  const Limit* find(std::string_view id) const {
    const SubjectRules* rules = by_id.find(id);
    if (rules == nullptr) return nullptr;
    const auto of_id = [&](const Rule& rule) { return rule.limit.id == id; };
    return &std::find_if(rules->rules.begin(), rules->rules.end(), of_id)->limit;
  }
};

Limits::Limits() : data_(std::make_shared<const Data>()) {}
Limits::Limits(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

Limits Limits::with(Limit limit) const {
  auto data = std::make_shared<Data>(*data_);
  if (const Limit* now = data_->find(limit.id)) data->remove(*now);
  data->add(std::move(limit));
  return Limits(std::move(data));
}

Limits Limits::without(std::string_view id) const {
  const Limit* now = data_->find(id);
  if (now == nullptr) return *this;
  auto data = std::make_shared<Data>(*data_);
  data->remove(*now);
  return Limits(std::move(data));
}

Limits Limits::of(std::span<const Limit> limits) {
  auto data = std::make_shared<Data>();
  for (const Limit& limit : limits) data->add(limit);
  return Limits(std::move(data));
}

const Limit* Limits::find(std::string_view id) const {
  return data_->find(id);
}

const Limit* Limits::taken(const Limit& limit) const {
  const auto rules = data_->rules_like(limit);
  if (!rules) return nullptr;
  for (const Rule& rule : rules->rules) {
    if (rule.shape == shape_of(limit) && rule.limit.id != limit.id) return &rule.limit;
  }
  return nullptr;
}

std::size_t Limits::size() const {
  return data_->by_id.size();
}

bool Limits::any_of(SubjectType type) const {
  const auto index = static_cast<std::size_t>(type);
  return data_->own[index].size() != 0 || data_->each[index] != nullptr;
}

std::vector<const Limit*> Limits::all() const {
  std::vector<const Limit*> all;
  all.reserve(size());
  data_->by_id.for_each([&](std::string_view id, const SubjectRules&) { all.push_back(data_->find(id)); });
  std::sort(all.begin(), all.end(), [](const Limit* a, const Limit* b) { return a->id < b->id; });
  return all;
}

Limits::Applying Limits::applying(SubjectType type, std::string_view subject) const {
  const auto index = static_cast<std::size_t>(type);
  const auto& own = data_->own[index];
  return {own.size() != 0 ? own.find(subject) : nullptr, data_->each[index].get()};
}

}  // namespace redoubt::limits
