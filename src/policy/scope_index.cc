#include "policy/internal/scope_index.h"

#include <limits>
#include <numeric>
#include <utility>

namespace redoubt::policy::internal {

ScopeIndex::KnownParts ScopeIndex::know(const Subjects& request) const {
  KnownParts parts;
  for (std::size_t part = 0; part < kParts; ++part) {
    parts[part] = {&request[part], symbols_.find(request[part].uid)};
  }
  return parts;
}

bool ScopeIndex::holds(const Guard& guard, const KnownParts& request, const Store& store) const {
  const Known& known = request[guard.part];
  switch (guard.kind) {
    case Guard::Kind::kEqual:
      return known.symbol == guard.first;
    case Guard::Kind::kIn:
      return is_in(known, guard.first, store);
    case Guard::Kind::kInAny:
      return first_of(guard, request, store) != UidTable::kNone;
    case Guard::Kind::kIs:
      break;
  }
  return known.subject->uid.uid->type == type_numbers_[guard.first].uid->type;
}

std::uint32_t ScopeIndex::first_of(const Guard& list, const KnownParts& request, const Store& store) const {
  const auto symbols = std::span(lists_).subspan(list.first, list.count);
  const auto at = std::find_if(symbols.begin(), symbols.end(),
                               [&](std::uint32_t symbol) { return is_in(request[list.part], symbol, store); });
  return at == symbols.end() ? UidTable::kNone : *at;
}

void ScopeIndexBuilder::add(const Policy& policy) {
  // `action in []` is never true.
  impossible_.push_back(policy.action.kind == Scope::Kind::kIn && policy.action.entities.empty());
  if (!impossible_.back()) {
    add(policy.principal, 0);
    add(policy.action, 1);
    add(policy.resource, 2);
  }
  index_.guards_begin_.push_back(static_cast<std::uint32_t>(index_.guards_.size()));
}

void ScopeIndexBuilder::add(const Scope& scope, std::uint8_t part) {
  auto& guards = index_.guards_;
  if (scope.kind == Scope::Kind::kIs || scope.kind == Scope::Kind::kIsIn) {
    guards.push_back({Guard::Kind::kIs, part, type(scope.type), 0});
  }
  if (scope.kind == Scope::Kind::kEqual) {
    guards.push_back({Guard::Kind::kEqual, part, symbol(scope.entities.front()), 0});
  } else if (scope.kind == Scope::Kind::kIn || scope.kind == Scope::Kind::kIsIn) {
    std::vector<std::uint32_t> symbols;
    for (const EntityUid& uid : scope.entities) symbols.push_back(symbol(uid));
    std::sort(symbols.begin(), symbols.end());
    symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
    if (symbols.size() == 1) {
      guards.push_back({Guard::Kind::kIn, part, symbols.front(), 0});
    } else {
      guards.push_back({Guard::Kind::kInAny, part, static_cast<std::uint32_t>(index_.lists_.size()),
                        static_cast<std::uint32_t>(symbols.size())});
      index_.lists_.insert(index_.lists_.end(), symbols.begin(), symbols.end());
    }
  }
}

std::uint32_t ScopeIndexBuilder::symbol(const EntityUid& uid) {
  const auto [at, added] = symbols_.try_emplace(uid, static_cast<std::uint32_t>(index_.uids_.size()));
  if (added) index_.uids_.push_back(uid);
  return at->second;
}

std::uint32_t ScopeIndexBuilder::type(const std::string& name) {
  const auto [at, added] = types_.try_emplace(name, static_cast<std::uint32_t>(index_.types_.size()));
  if (added) index_.types_.push_back({name, {}});
  return at->second;
}

ScopeIndex ScopeIndexBuilder::build() && {
  renumber();
  choose();
  file();
  return std::move(index_);
}

// So far symbols have the order in which they came; now they get the numbers by which they are found.
void ScopeIndexBuilder::renumber() {
  const auto number = [](std::vector<EntityUid>& uids, UidTable& table) {
    uids.shrink_to_fit();
    std::vector<HashedUid> keys;
    for (const EntityUid& uid : uids) keys.push_back(hashed(uid));
    std::vector<std::uint32_t> numbers;
    table = UidTable(keys, &numbers);
    return numbers;
  };
  const auto symbols = number(index_.uids_, index_.symbols_);
  const auto types = number(index_.types_, index_.type_numbers_);
  for (std::uint32_t& symbol : index_.lists_) symbol = symbols[symbol];
  for (Guard& guard : index_.guards_) {
    if (guard.kind == Guard::Kind::kEqual || guard.kind == Guard::Kind::kIn) guard.first = symbols[guard.first];
    if (guard.kind == Guard::Kind::kIs) guard.first = types[guard.first];
  }
}

template <class Visit>
void ScopeIndexBuilder::each_key(const Guard& guard, Visit&& visit) {
  switch (guard.kind) {
    case Guard::Kind::kEqual:
      return visit(index_.by_symbol_, ScopeIndex::equal_key(guard.first, guard.part));
    case Guard::Kind::kIn:
      return visit(index_.by_symbol_, ScopeIndex::in_key(guard.first, guard.part));
    case Guard::Kind::kInAny:
      for (std::uint32_t i = guard.first; i < guard.first + guard.count; ++i) {
        visit(index_.by_symbol_, ScopeIndex::in_key(index_.lists_[i], guard.part));
      }
      return;
    case Guard::Kind::kIs:
      return visit(index_.by_type_, ScopeIndex::type_key(guard.first, guard.part));
  }
}

// Puts the guard first under whose keys the fewest policies could be filed.
void ScopeIndexBuilder::choose() {
  const auto count = [&](const Guard& guard) {
    each_key(guard, [](ScopeIndex::File& file, std::size_t key) { ++file.starts[key]; });
  };
  const auto shared_with = [&](const Guard& guard) {
    if (!guard.can_be_filed_under()) return std::numeric_limits<std::size_t>::max();
    std::size_t sum = 0;
    each_key(guard, [&](ScopeIndex::File& file, std::size_t key) { sum += file.starts[key]; });
    return sum;
  };
  index_.by_symbol_.starts.assign(ScopeIndex::equal_key(static_cast<std::uint32_t>(index_.symbols_.size()), 0) + 1, 0);
  index_.by_type_.starts.assign(ScopeIndex::type_key(static_cast<std::uint32_t>(index_.types_.size()), 0) + 1, 0);
  std::for_each(index_.guards_.begin(), index_.guards_.end(), count);
  for (std::size_t policy = 0; policy < impossible_.size(); ++policy) {
    const auto begin = index_.guards_.begin() + index_.guards_begin_[policy];
    const auto end = index_.guards_.begin() + index_.guards_begin_[policy + 1];
    const auto best =
        std::min_element(begin, end, [&](const Guard& a, const Guard& b) { return shared_with(a) < shared_with(b); });
    if (best != end) std::iter_swap(begin, best);
  }
}

void ScopeIndexBuilder::file() {
  const auto each_filed = [&](auto&& visit) {
    for (std::uint32_t policy = 0; policy < impossible_.size(); ++policy) {
      const auto guards = index_.guards(policy);
      if (guards.empty() || !guards[0].can_be_filed_under()) continue;
      each_key(guards[0], [&](ScopeIndex::File& file, std::size_t key) { visit(file, key, policy); });
    }
  };
  for (ScopeIndex::File* file : {&index_.by_symbol_, &index_.by_type_}) {
    std::fill(file->starts.begin(), file->starts.end(), 0);
  }
  // Counts, then where each key ends; filing backwards from there leaves where it begins.
  each_filed([](ScopeIndex::File& file, std::size_t key, std::uint32_t) { ++file.starts[key]; });
  for (ScopeIndex::File* file : {&index_.by_symbol_, &index_.by_type_}) {
    std::partial_sum(file->starts.begin(), file->starts.end(), file->starts.begin());
    file->policies.resize(file->starts.back());
  }
  each_filed([](ScopeIndex::File& file, std::size_t key, std::uint32_t policy) {
    file.policies[--file.starts[key]] = policy;
  });
  for (std::uint32_t policy = 0; policy < impossible_.size(); ++policy) {
    const auto guards = index_.guards(policy);
    if (guards.empty() || !guards[0].can_be_filed_under()) {
      if (!impossible_[policy]) index_.unfiled_.push_back(policy);
      continue;
    }
    const Guard& first = guards[0];
    if (first.kind == Guard::Kind::kIn || first.kind == Guard::Kind::kInAny) index_.files_in_[first.part] = true;
    if (first.kind == Guard::Kind::kIs) index_.files_type_[first.part] = true;
  }
}

}  // namespace redoubt::policy::internal
