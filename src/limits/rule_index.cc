#include "limits/internal/rule_index.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "base/check.h"

namespace redoubt::limits {

// The shard is chosen by the hash's upper half, the slot by its lower one.
static_assert(sizeof(std::size_t) == sizeof(std::uint64_t));

std::uint64_t RuleIndex::hash_of(std::string_view subject) {
  return std::hash<std::string_view>{}(subject);
}

RuleIndex::RuleIndex() {
  static_assert(std::has_single_bit(kShards));
  auto shards = std::make_shared<Shards>();
  shards->fill(make_shard({}));
  shards_ = std::move(shards);
}

void RuleIndex::prefetch(std::string_view subject) const {
  if (empty()) return;
  const std::uint64_t hash = hash_of(subject);
  const Shard& shard = *(*shards_)[shard_of(hash)];
  if (!shard.slots.empty()) __builtin_prefetch(&shard.slots[hash & (shard.slots.size() - 1)]);
}

Rules RuleIndex::find(std::string_view subject) const {
  if (empty()) return {};
  const std::uint64_t hash = hash_of(subject);
  const Shard& shard = *(*shards_)[shard_of(hash)];
  if (shard.slots.empty()) return {};
  const std::size_t mask = shard.slots.size() - 1;
  for (std::size_t i = hash & mask; shard.slots[i].count != 0; i = (i + 1) & mask) {
    const Slot& slot = shard.slots[i];
    if (slot.hash != hash || std::string_view(shard.names).substr(slot.name, slot.name_size) != subject) continue;
    return Rules(shard.rules).subspan(slot.first, slot.count);
  }
  return {};
}

std::shared_ptr<const RuleIndex::Shard> RuleIndex::make_shard(std::vector<Rule> rules) {
  auto shard = std::make_shared<Shard>();
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    const int order = a.limit->subject.compare(b.limit->subject);
    return order != 0 ? order < 0 : a.shape < b.shape;
  });
  rules.shrink_to_fit();
  shard->rules = std::move(rules);
  if (shard->rules.empty()) return shard;
  std::size_t subjects = 1;
  for (std::size_t i = 1; i < shard->rules.size(); ++i) {
    subjects += shard->rules[i].limit->subject != shard->rules[i - 1].limit->subject;
  }
  shard->slots.resize(std::bit_ceil(2 * subjects));
  const std::size_t mask = shard->slots.size() - 1;
  for (std::size_t first = 0; first < shard->rules.size();) {
    const std::string& subject = shard->rules[first].limit->subject;
    std::size_t end = first;
    for (; end < shard->rules.size() && shard->rules[end].limit->subject == subject; ++end) {
      REDOUBT_CHECK(end == first || shard->rules[end].shape != shard->rules[end - 1].shape);
    }
    const std::uint64_t hash = hash_of(subject);
    std::size_t i = hash & mask;
    while (shard->slots[i].count != 0) i = (i + 1) & mask;
    shard->slots[i] = {.hash = hash,
                       .first = static_cast<std::uint32_t>(first),
                       .name = static_cast<std::uint32_t>(shard->names.size()),
                       .name_size = static_cast<std::uint32_t>(subject.size()),
                       .count = static_cast<std::uint32_t>(end - first)};
    shard->names += subject;
    first = end;
  }
  return shard;
}

RuleIndex RuleIndex::with(std::string_view subject, Rules rules) const {
  const std::size_t at = shard_of(hash_of(subject));
  std::vector<Rule> changed = (*shards_)[at]->rules;
  const std::size_t removed = std::erase_if(changed, [&](const Rule& rule) { return rule.limit->subject == subject; });
  changed.insert(changed.end(), rules.begin(), rules.end());
  auto shards = std::make_shared<Shards>(*shards_);
  (*shards)[at] = make_shard(std::move(changed));
  return {std::move(shards), size_ - removed + rules.size()};
}

RuleIndex RuleIndex::of(Rules rules) {
  std::vector<std::vector<Rule>> by_shard(kShards);
  for (const Rule& rule : rules) by_shard[shard_of(hash_of(rule.limit->subject))].push_back(rule);
  auto shards = std::make_shared<Shards>();
  for (std::size_t i = 0; i < kShards; ++i) (*shards)[i] = make_shard(std::move(by_shard[i]));
  return {std::move(shards), rules.size()};
}

}  // namespace redoubt::limits
