// Which facts need two persons.
#pragma once

#include <simdjson.h>

#include <string_view>

#include "record/fact_record.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

// A fact, or what would be one.
struct Act {
  std::string_view kind;
  std::string_view object;
  std::string_view principal;  // who does it
  simdjson::dom::object body;
};

// Whether it changes who is an administrator, makes one of theirs good again, or gives a key to one. A body that has
// not its form changes nothing.
bool changes_administrators(state::Tables& tables, const Act& act);
// By its kind, or by what it changes.
bool needs_two_persons(state::Tables& tables, const Act& act);

}  // namespace redoubt::identity::internal
