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

std::uint64_t RuleIndex::prefetch(std::string_view subject) const {
  if (empty()) return 0;
  const std::uint64_t hash = hash_of(subject);
  const Shard& shard = shards_->read[shard_of(hash)];
  if (shard.slots != nullptr) {
    const Slot& slot = shard.slots[hash & shard.mask];
    __builtin_prefetch(&slot);
    __builtin_prefetch(&slot.rules.back());
  }
  return hash;
}

Rules RuleIndex::rules_of(const Shard& shard, const Slot& slot) {
  if (slot.count <= Slot::kRulesMax) return Rules(slot.rules).first(slot.count);
  return {shard.more + slot.first, slot.count};
}

std::string_view RuleIndex::name_of(const Shard& shard, const Slot& slot) {
  if (slot.name_size <= Slot::kNameMax) return {slot.name.data(), slot.name_size};
  return rules_of(shard, slot).front().limit->subject;
}

Rules RuleIndex::find(std::string_view subject, std::uint64_t hash) const {
  if (empty()) return {};
  const Shard& shard = shards_->read[shard_of(hash)];
  if (shard.slots == nullptr) return {};
  for (std::size_t i = hash & shard.mask; shard.slots[i].count != 0; i = (i + 1) & shard.mask) {
    const Slot& slot = shard.slots[i];
    if (slot.hash == hash && name_of(shard, slot) == subject) return rules_of(shard, slot);
  }
  return {};
}

std::shared_ptr<const RuleIndex::Content> RuleIndex::make_content(std::vector<Rule> rules) {
  if (rules.empty()) return nullptr;
  std::sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
    const int order = a.limit->subject.compare(b.limit->subject);
    return order != 0 ? order < 0 : a.shape < b.shape;
  });
  std::size_t subjects = 1;
  for (std::size_t i = 1; i < rules.size(); ++i) subjects += rules[i].limit->subject != rules[i - 1].limit->subject;
  auto content = std::make_shared<Content>();
  content->slots.resize(std::bit_ceil(2 * subjects));
  const std::size_t mask = content->slots.size() - 1;
  for (std::size_t first = 0; first < rules.size();) {
    const std::string& subject = rules[first].limit->subject;
    std::size_t end = first;
    for (; end < rules.size() && rules[end].limit->subject == subject; ++end) {
      REDOUBT_CHECK(end == first || rules[end].shape != rules[end - 1].shape);
    }
    const std::uint64_t hash = hash_of(subject);
    std::size_t i = hash & mask;
    while (content->slots[i].count != 0) i = (i + 1) & mask;
    Slot& slot = content->slots[i];
    slot.hash = hash;
    slot.name_size = static_cast<std::uint16_t>(subject.size());
    slot.count = static_cast<std::uint8_t>(end - first);
    if (subject.size() <= Slot::kNameMax) std::copy(subject.begin(), subject.end(), slot.name.begin());
    if (slot.count <= Slot::kRulesMax) {
      std::copy_n(rules.begin() + static_cast<std::ptrdiff_t>(first), slot.count, slot.rules.begin());
    } else {
      slot.first = static_cast<std::uint32_t>(content->more.size());
      content->more.insert(content->more.end(), rules.begin() + static_cast<std::ptrdiff_t>(first),
                           rules.begin() + static_cast<std::ptrdiff_t>(end));
    }
    first = end;
  }
  content->more.shrink_to_fit();
  return content;
}

std::vector<Rule> RuleIndex::all_of(const Content& content) {
  const Shard shard{.slots = content.slots.data(), .mask = content.slots.size() - 1, .more = content.more.data()};
  std::vector<Rule> all;
  for (const Slot& slot : content.slots) {
    const Rules rules = rules_of(shard, slot);
    all.insert(all.end(), rules.begin(), rules.end());
  }
  return all;
}

void RuleIndex::set(Shards& shards, std::size_t at, std::vector<Rule> rules) {
  const auto content = make_content(std::move(rules));
  shards.contents[at] = content;
  shards.read[at] = {};
  if (!content) return;
  shards.read[at] = {.slots = content->slots.data(), .mask = content->slots.size() - 1, .more = content->more.data()};
}

RuleIndex RuleIndex::with(std::string_view subject, Rules rules) const {
  const std::size_t at = shard_of(hash_of(subject));
  std::vector<Rule> changed;
  if (shards_ && shards_->contents[at]) changed = all_of(*shards_->contents[at]);
  const std::size_t removed = std::erase_if(changed, [&](const Rule& rule) { return rule.limit->subject == subject; });
  changed.insert(changed.end(), rules.begin(), rules.end());
  auto shards = shards_ ? std::make_shared<Shards>(*shards_) : std::make_shared<Shards>();
  set(*shards, at, std::move(changed));
  return {std::move(shards), size_ - removed + rules.size()};
}

RuleIndex RuleIndex::of(Rules rules) {
  std::vector<std::vector<Rule>> by_shard(kShards);
  for (const Rule& rule : rules) by_shard[shard_of(hash_of(rule.limit->subject))].push_back(rule);
  auto shards = std::make_shared<Shards>();
  for (std::size_t i = 0; i < kShards; ++i) set(*shards, i, std::move(by_shard[i]));
  return {std::move(shards), rules.size()};
}

}  // namespace redoubt::limits
