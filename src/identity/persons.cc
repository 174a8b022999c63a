#include "identity/internal/persons.h"

#include <algorithm>

#include "identity/internal/approval_rows.h"
#include "identity/internal/rows.h"

namespace redoubt::identity::internal {
namespace {

constexpr std::string_view kAnybody = "*";

}  // namespace

Persons Persons::parse(std::string_view joined) {
  Persons persons;
  persons.add_joined(joined);
  return persons;
}

std::string Persons::joined() const {
  return anybody_ ? std::string(kAnybody) : join(ids_);
}

void Persons::add(std::string_view id) {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (anybody_ || (at != ids_.end() && *at == id)) return;
  if (ids_.size() == kMax) {
    anybody_ = true;
    ids_.clear();
  } else {
    ids_.emplace(at, id);
  }
}

void Persons::add(const Persons& others) {
  if (others.anybody_) {
    anybody_ = true;
    ids_.clear();
  }
  for (const std::string& id : others.ids_) add(id);
}

void Persons::add_joined(std::string_view joined) {
  if (joined == kAnybody) {
    anybody_ = true;
    ids_.clear();
    return;
  }
  while (!joined.empty()) {
    const std::size_t end = std::min(joined.find('\n'), joined.size());
    add(joined.substr(0, end));
    joined.remove_prefix(std::min(end + 1, joined.size()));
  }
}

bool Persons::contains(std::string_view id) const {
  return anybody_ || std::binary_search(ids_.begin(), ids_.end(), id);
}

bool Persons::shares_one_with(const Persons& others) const {
  return anybody_ || others.anybody_ ||
         std::any_of(ids_.begin(), ids_.end(), [&](const std::string& id) { return others.contains(id); });
}

Persons persons_behind(state::Tables& tables, std::string_view principal, UnixMillis now) {
  // Owners have none themselves, so this ends after two.
  Persons persons;
  for (std::string id(principal); !id.empty();) {
    persons.add(id);
    std::string owner;
    if (const state::Row* holder = tables.find("identity_principals", {id})) {
      owner = holder->text(PrincipalColumn::kOwner);
      each_key(tables, id, [&](const state::Row& key) {
        if (!has_expired(key, now)) persons.add_joined(key.text(KeyColumn::kKnownTo));
      });
    }
    id = std::move(owner);
  }
  return persons;
}

Persons persons_behind(state::Tables& tables, const record::FactActor& actor, UnixMillis now) {
  Persons persons = persons_behind(tables, actor.principal, now);
  if (!actor.on_behalf_of.empty()) persons.add(persons_behind(tables, actor.on_behalf_of, now));
  return persons;
}

Author author_of(state::Tables& tables, const record::Fact& fact) {
  Author author{.principal = fact.actor.principal, .persons = {}};
  if (fact.actor.principal == kInitActor) return author;
  const auto request = object_id(fact.approval, kApprovalPrefix);
  if (!request) {
    author.persons = persons_behind(tables, fact.actor, fact.time);
    return author;
  }
  if (const state::Row* row = tables.find("approval_requests", {*request})) {
    author = {.principal = std::string(row->text(ApprovalColumn::kRequester)),
              .persons = Persons::parse(row->text(ApprovalColumn::kPersons))};
  }
  return author;
}

}  // namespace redoubt::identity::internal
