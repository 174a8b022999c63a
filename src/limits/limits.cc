#include "limits/limits.h"

#include <algorithm>

#include "base/check.h"
#include "limits/internal/rule_index.h"
#include "state/persistent_map.h"

namespace redoubt::limits {

// INVARIANT: rules refer to limits of `by_id`.
struct Limits::Data {
  state::PersistentMap<Limit> by_id;
  std::array<RuleIndex, kSubjectTypes> own;
  std::array<std::vector<Rule>, kSubjectTypes> each;

  Rules rules_like(const Limit& limit) const {
    const auto type = static_cast<std::size_t>(limit.subject_type);
    return limit.subject == kEach ? Rules(each[type]) : own[type].find(limit.subject);
  }
  void set_rules_like(const Limit& limit, std::vector<Rule> rules) {
    const auto type = static_cast<std::size_t>(limit.subject_type);
    if (limit.subject == kEach) {
      each[type] = std::move(rules);
    } else {
      own[type] = own[type].with(limit.subject, rules);
    }
  }
  void keep(std::shared_ptr<const Limit> limit) {
    const std::string& id = limit->id;
    by_id.set(id, std::move(limit));
  }
  void add(std::shared_ptr<const Limit> limit) {
    const Rules now = rules_like(*limit);
    std::vector<Rule> rules(now.begin(), now.end());
    REDOUBT_CHECK((shapes_of(rules) >> shape_of(*limit) & 1) == 0);
    rules.push_back(make_rule(*limit));
    std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) { return a.shape < b.shape; });
    set_rules_like(*limit, std::move(rules));
    keep(std::move(limit));
  }
  void remove(const Limit& limit) {
    const Rules now = rules_like(limit);
    std::vector<Rule> rules(now.begin(), now.end());
    std::erase_if(rules, [&](const Rule& rule) { return rule.limit == &limit; });
    set_rules_like(limit, std::move(rules));
    by_id.erase(limit.id);
  }
};

Limits::Limits() : data_(std::make_shared<const Data>()) {}
Limits::Limits(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

Limits Limits::with(Limit limit) const {
  auto data = std::make_shared<Data>(*data_);
  if (const Limit* now = data_->by_id.find(limit.id)) data->remove(*now);
  data->add(std::make_shared<const Limit>(std::move(limit)));
  return Limits(std::move(data));
}

Limits Limits::without(std::string_view id) const {
  const Limit* now = data_->by_id.find(id);
  if (now == nullptr) return *this;
  auto data = std::make_shared<Data>(*data_);
  data->remove(*now);
  return Limits(std::move(data));
}

Limits Limits::of(std::span<const Limit> limits) {
  auto data = std::make_shared<Data>();
  std::array<std::vector<Rule>, kSubjectTypes> own;
  for (const Limit& each : limits) {
    auto limit = std::make_shared<const Limit>(each);
    if (limit->subject == kEach) {
      data->add(std::move(limit));
    } else {
      own[static_cast<std::size_t>(limit->subject_type)].push_back(make_rule(*limit));
      data->keep(std::move(limit));
    }
  }
  for (std::size_t type = 0; type < kSubjectTypes; ++type) data->own[type] = RuleIndex::of(own[type]);
  return Limits(std::move(data));
}

const Limit* Limits::find(std::string_view id) const {
  return data_->by_id.find(id);
}

const Limit* Limits::taken(const Limit& limit) const {
  for (const Rule& rule : data_->rules_like(limit)) {
    if (rule.shape == shape_of(limit) && rule.limit->id != limit.id) return rule.limit;
  }
  return nullptr;
}

std::size_t Limits::size() const {
  return data_->by_id.size();
}

bool Limits::any_of(SubjectType type) const {
  const auto index = static_cast<std::size_t>(type);
  return !data_->own[index].empty() || !data_->each[index].empty();
}

std::vector<const Limit*> Limits::all() const {
  std::vector<const Limit*> all;
  all.reserve(size());
  data_->by_id.for_each([&](std::string_view, const Limit& limit) { all.push_back(&limit); });
  std::sort(all.begin(), all.end(), [](const Limit* a, const Limit* b) { return a->id < b->id; });
  return all;
}

std::uint64_t Limits::prefetch(SubjectType type, std::string_view subject) const {
  return data_->own[static_cast<std::size_t>(type)].prefetch(subject);
}

Limits::Applying Limits::applying(SubjectType type, std::string_view subject, std::uint64_t prefetched) const {
  const auto index = static_cast<std::size_t>(type);
  return {data_->own[index].find(subject, prefetched), data_->each[index]};
}

}  // namespace redoubt::limits
