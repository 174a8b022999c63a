// Which policies a request can concern, going by what their scopes demand: found by looking up the principal, action
// and resource, what they are in, and their types, so that policies about others cost nothing.
//
// A scope is taken apart into guards, all of which must hold. Each policy is filed under one of its guards, the one
// that it shares with the fewest others, or, when it has none, under none. A list of more than kMaxKeys entities is no
// guard to be filed under: who is in many of them would find the policy as often.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/internal/store.h"
#include "policy/internal/subject.h"
#include "policy/internal/uid_table.h"
#include "policy/policy_set.h"

namespace redoubt::policy::internal {

class ScopeIndex {
 public:
  ScopeIndex() = default;

  // Calls visit(policy) for each policy whose scope fits the request, each once, in no order.
  template <class Visit>
  void visit(const Subjects& request, const Store& store, Visit&& visit) const;

 private:
  friend class ScopeIndexBuilder;

  static constexpr std::size_t kParts = 3;  // of a scope: principal, action, resource
  static constexpr std::uint32_t kMaxKeys = 64;

  struct Guard {
    enum class Kind : std::uint8_t {
      kEqual,  // the part is the symbol `first`
      kIn,     // the part is, or is in, the symbol `first`
      kInAny,  // … one of the symbols lists_[first, first + count), which differ
      kIs,     // the part's type is types_[first]
    };
    Kind kind = Kind::kEqual;
    std::uint8_t part = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;

    bool can_be_filed_under() const { return kind != Kind::kInAny || count <= kMaxKeys; }
  };

  // A part of the request, as policies name it.
  struct Known {
    const Subject* subject = nullptr;
    std::uint32_t symbol = UidTable::kNone;
  };
  using KnownParts = std::array<Known, kParts>;

  // Policies under numbered keys.
  struct File {
    std::vector<std::uint32_t> starts{0};  // by key; one more at the end
    std::vector<std::uint32_t> policies;
    std::span<const std::uint32_t> at(std::size_t key) const {
      return std::span(policies).subspan(starts[key], starts[key + 1] - starts[key]);
    }
  };
  static std::size_t equal_key(std::uint32_t symbol, std::size_t part) { return (symbol * kParts + part) * 2; }
  static std::size_t in_key(std::uint32_t symbol, std::size_t part) { return equal_key(symbol, part) + 1; }
  static std::size_t type_key(std::uint32_t type, std::size_t part) { return type * kParts + part; }

  KnownParts know(const Subjects& request) const;
  std::span<const Guard> guards(std::uint32_t policy) const {
    return std::span(guards_).subspan(guards_begin_[policy], guards_begin_[policy + 1] - guards_begin_[policy]);
  }
  bool is_in(const Known& known, std::uint32_t symbol, const Store& store) const {
    return known.symbol == symbol ||
           (known.subject->node != nullptr && store.has_ancestor(*known.subject->node, symbols_[symbol]));
  }
  bool holds(const Guard& guard, const KnownParts& request, const Store& store) const;
  bool all_hold(std::span<const Guard> guards, const KnownParts& request, const Store& store) const {
    return std::all_of(guards.begin(), guards.end(), [&](const Guard& guard) { return holds(guard, request, store); });
  }
  // Whether a policy found under its first guard, there with `symbol`, fits. One that lists several entities is found
  // under each that fits, and counts for the first of them.
  bool fits_found(std::uint32_t policy, std::uint32_t symbol, const KnownParts& request, const Store& store) const {
    const auto all = guards(policy);
    return (all[0].kind != Guard::Kind::kInAny || first_of(all[0], request, store) == symbol) &&
           all_hold(all.subspan(1), request, store);
  }
  std::uint32_t first_of(const Guard& list, const KnownParts& request, const Store& store) const;

  std::vector<EntityUid> uids_;   // of symbols_
  std::vector<EntityUid> types_;  // types alone, without an id; of type_numbers_
  UidTable symbols_;
  UidTable type_numbers_;
  std::vector<std::uint32_t> lists_;
  std::vector<Guard> guards_;                   // policy after policy, the one that it is filed under first
  std::vector<std::uint32_t> guards_begin_{0};  // by policy; one more at the end
  File by_symbol_;
  File by_type_;
  std::vector<std::uint32_t> unfiled_;  // policies without a guard to be filed under
  // Whether a policy is filed so under that part.
  std::array<bool, kParts> files_in_{};
  std::array<bool, kParts> files_type_{};
};

class ScopeIndexBuilder {
 public:
  void add(const Policy& policy);
  ScopeIndex build() &&;

 private:
  using Guard = ScopeIndex::Guard;

  void add(const Scope& scope, std::uint8_t part);
  std::uint32_t symbol(const EntityUid& uid);
  std::uint32_t type(const std::string& name);
  void renumber();
  // Calls visit(file, key) for each key that the guard can be filed under.
  template <class Visit>
  void each_key(const Guard& guard, Visit&& visit);
  void choose();
  void file();

  ScopeIndex index_;
  std::unordered_map<EntityUid, std::uint32_t, EntityUidHash> symbols_;
  std::map<std::string, std::uint32_t> types_;
  std::vector<bool> impossible_;  // by policy: never fits, whatever the request
};

template <class Visit>
void ScopeIndex::visit(const Subjects& request, const Store& store, Visit&& visit) const {
  const KnownParts parts = know(request);
  for (const std::uint32_t policy : unfiled_) {
    if (all_hold(guards(policy), parts, store)) visit(policy);
  }
  const auto visit_all = [&](std::span<const std::uint32_t> policies, std::uint32_t symbol) {
    for (const std::uint32_t policy : policies) {
      if (fits_found(policy, symbol, parts, store)) visit(policy);
    }
  };
  for (std::size_t part = 0; part < kParts; ++part) {
    const Known& known = parts[part];
    if (known.symbol != UidTable::kNone) {
      visit_all(by_symbol_.at(equal_key(known.symbol, part)), known.symbol);
      visit_all(by_symbol_.at(in_key(known.symbol, part)), known.symbol);
    }
    if (files_in_[part] && known.subject->node != nullptr) {
      for (const std::uint32_t ancestor : store.ancestors(*known.subject->node)) {
        const std::uint32_t symbol = symbols_.find(store.uids()[ancestor]);
        if (symbol != UidTable::kNone) visit_all(by_symbol_.at(in_key(symbol, part)), symbol);
      }
    }
    if (files_type_[part]) {
      const std::string_view name = known.subject->uid.uid->type;
      const std::uint32_t type = type_numbers_.find(hash_uid(name, {}), name, {});
      if (type != UidTable::kNone) visit_all(by_type_.at(type_key(type, part)), UidTable::kNone);
    }
  }
}

}  // namespace redoubt::policy::internal
