#include <algorithm>
#include <set>

#include "policy/authorizer.h"
#include "policy/internal/store.h"
#include "policy/schema.h"

namespace redoubt::policy::internal {
namespace {

std::vector<EntityUid> sorted(std::vector<EntityUid> uids) {
  std::sort(uids.begin(), uids.end());
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  return uids;
}

// Whether nothing can tell the one from the other.
bool is_same(const Entity& a, const Entity& b) {
  return a.attributes == b.attributes && a.tags == b.tags && sorted(a.parents) == sorted(b.parents);
}

// Whether `given` says of the action what the schema does. Beside its parents it may name further ancestors.
bool agrees(const Entity& given, const ActionType& declared) {
  const std::set<EntityUid> parents(given.parents.begin(), given.parents.end());
  return given.attributes.attributes().empty() && given.tags.attributes().empty() &&
         std::includes(declared.ancestors.begin(), declared.ancestors.end(), parents.begin(), parents.end()) &&
         std::all_of(declared.parents.begin(), declared.parents.end(),
                     [&](const EntityUid& parent) { return parents.contains(parent); });
}

}  // namespace

class StoreBuilder {
 public:
  StoreBuilder(Entities entities, const Limits& limits) : store_(std::make_shared<Store>()), limits_(limits) {
    store_->entities_ = std::move(entities);
  }

  Result<> add_actions(const Schema& schema) {
    std::set<EntityUid> given;
    for (Entity& entity : store_->entities_) {
      const auto declared = schema.actions().find(entity.uid);
      if (declared == schema.actions().end()) continue;
      const ActionType& action = declared->second;
      if (!agrees(entity, action)) {
        return Error(Errc::kAlreadyExists, "the action `" + to_string(entity.uid) + "` differs from the schema's");
      }
      entity.parents.assign(action.ancestors.begin(), action.ancestors.end());
      given.insert(entity.uid);
    }
    for (const auto& [uid, action] : schema.actions()) {
      if (given.contains(uid)) continue;
      store_->entities_.push_back({uid, {action.ancestors.begin(), action.ancestors.end()}, {}, {}});
    }
    return {};
  }

  Result<std::shared_ptr<const Store>> build() {
    if (store_->entities_.size() > limits_.max_entities) {
      return Error(Errc::kTooLarge,
                   "there are more than " + std::to_string(limits_.max_entities) + " entities in the store");
    }
    if (auto numbered = number(); !numbered) return numbered.error();
    if (auto placed = place_entities(); !placed) return placed.error();
    if (auto found = find_ancestors(); !found) return found.error();
    return std::shared_ptr<const Store>(std::move(store_));
  }

 private:
  // Every UID that occurs, as an entity's or a parent's, gets its number.
  Result<> number() {
    std::size_t count = 0;
    for (const Entity& entity : store_->entities_) count += 1 + entity.parents.size();
    if (count > limits_.max_ancestors) return too_many_ancestors();
    std::vector<HashedUid> mentioned;
    mentioned.reserve(count);
    for (const Entity& entity : store_->entities_) {
      mentioned.push_back(hashed(entity.uid));
      for (const EntityUid& parent : entity.parents) mentioned.push_back(hashed(parent));
    }
    store_->uids_ = UidTable(mentioned, &numbers_);
    store_->nodes_.resize(store_->uids_.size());
    return {};
  }

  Result<> place_entities() {
    parents_.resize(store_->nodes_.size());
    std::uint32_t at = 0;
    for (const Entity& entity : store_->entities_) {
      Store::Node& node = store_->nodes_[numbers_[at]];
      if (node.entity != nullptr && !is_same(*node.entity, entity)) {
        return Error(Errc::kAlreadyExists, "the entity `" + to_string(entity.uid) + "` is there twice, and differs");
      }
      node.entity = &entity;
      const auto parents = static_cast<std::uint32_t>(entity.parents.size());
      parents_[numbers_[at]] = {at + 1, at + 1 + parents};
      at += 1 + parents;
    }
    return {};
  }

  // Depth first, without recursion: a node is done once its parents are.
  Result<> find_ancestors() {
    enum class State : std::uint8_t { kNew, kOpen, kDone };
    std::vector<State> states(store_->nodes_.size(), State::kNew);
    std::vector<std::uint32_t> open;
    open.reserve(states.size());
    store_->ancestors_.reserve(numbers_.size());
    for (std::uint32_t first = 0; first < states.size(); ++first) {
      if (states[first] == State::kNew) open.push_back(first);
      while (!open.empty()) {
        const std::uint32_t node = open.back();
        if (states[node] == State::kNew) {
          states[node] = State::kOpen;
          for (std::uint32_t i = parents_[node].begin; i < parents_[node].end; ++i) {
            if (states[numbers_[i]] == State::kOpen) {
              return Error(Errc::kMalformed, "`" + to_string(*store_->uids_[node].uid) + "` is its own ancestor");
            }
            if (states[numbers_[i]] == State::kNew) open.push_back(numbers_[i]);
          }
          continue;
        }
        open.pop_back();
        if (states[node] == State::kDone) continue;  // it was there twice
        if (auto joined = join_ancestors(node); !joined) return joined.error();
        states[node] = State::kDone;
      }
    }
    return {};
  }

  Result<> join_ancestors(std::uint32_t number) {
    std::vector<std::uint32_t>& all = store_->ancestors_;
    const std::size_t begin = all.size();
    for (std::uint32_t i = parents_[number].begin; i < parents_[number].end; ++i) {
      const Store::Node& parent = store_->nodes_[numbers_[i]];
      steps_ += 1 + parent.ancestors_end - parent.ancestors_begin;
      if (steps_ > limits_.max_ancestors) return too_many_ancestors();
      all.push_back(numbers_[i]);
      for (std::uint32_t k = parent.ancestors_begin; k < parent.ancestors_end; ++k) all.push_back(all[k]);
    }
    if (all.size() - begin > 1) {
      std::sort(all.begin() + static_cast<std::ptrdiff_t>(begin), all.end());
      all.erase(std::unique(all.begin() + static_cast<std::ptrdiff_t>(begin), all.end()), all.end());
    }
    store_->nodes_[number].ancestors_begin = static_cast<std::uint32_t>(begin);
    store_->nodes_[number].ancestors_end = static_cast<std::uint32_t>(all.size());
    return {};
  }

  Error too_many_ancestors() const {
    return {Errc::kTooLarge, "the entities have more than " + std::to_string(limits_.max_ancestors) + " ancestors"};
  }

  struct Range {
    std::uint32_t begin = 0;  // in numbers_
    std::uint32_t end = 0;
  };

  std::shared_ptr<Store> store_;
  const Limits& limits_;
  std::vector<std::uint32_t> numbers_;  // of each entity and then its parents
  std::vector<Range> parents_;          // by number
  std::size_t steps_ = 0;
};

Result<std::shared_ptr<const Store>> Store::build(Entities entities, const Schema* schema, const Limits& limits) {
  StoreBuilder builder(std::move(entities), limits);
  if (schema != nullptr) {
    if (auto added = builder.add_actions(*schema); !added) return added.error();
  }
  return builder.build();
}

}  // namespace redoubt::policy::internal

namespace redoubt::policy {

Result<std::shared_ptr<const EntityStore>> EntityStore::build(Entities entities, const Schema* schema,
                                                              const Limits& limits) {
  auto store = internal::Store::build(std::move(entities), schema, limits);
  if (!store) return store.error();
  return std::shared_ptr<const EntityStore>(*std::move(store));
}

}  // namespace redoubt::policy
