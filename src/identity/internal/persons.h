// Who may be behind what a principal does.
//
// A bearer key says only that whoever presents it knows it, and whoever issued it may. So what a principal does may be
// done by the principal itself, by those who may know one of its keys, and by whom it acts for. Who may know a key is
// fixed when it is issued: all who may then be behind its issuer. A key that a principal makes for itself is therefore
// known to those who knew the old one; only a reset by somebody else, who is then known to know the new one, ends that.
//
// Two principals are surely two persons when nobody may be behind both.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "record/fact_record.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

class Persons {
 public:
  static constexpr std::size_t kMax = 64;  // more are anybody

  Persons() = default;  // nobody
  // From a column of the tables.
  static Persons parse(std::string_view joined);
  std::string joined() const;

  void add(std::string_view id);
  void add(const Persons& others);
  // Those in a column of the tables.
  void add_joined(std::string_view joined);
  bool contains(std::string_view id) const;
  bool shares_one_with(const Persons& others) const;

 private:
  bool anybody_ = false;
  std::vector<std::string> ids_;  // sorted
};

// Behind what the principal does at `now`.
Persons persons_behind(state::Tables& tables, std::string_view principal, UnixMillis now);
// Behind what the actor does, for itself or on behalf of another.
Persons persons_behind(state::Tables& tables, const record::FactActor& actor, UnixMillis now);

// Who wanted a fact: its actor or, when two persons did it, who asked for it. Nobody may be behind `init`.
struct Author {
  std::string principal;
  Persons persons;
};
Author author_of(state::Tables& tables, const record::Fact& fact);

}  // namespace redoubt::identity::internal
