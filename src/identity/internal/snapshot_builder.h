// Makes snapshots from the tables: whole, or the next one after a fact, which shares with the last all that the fact
// did not touch.
#pragma once

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string_view>

#include "identity/internal/snapshot_data.h"
#include "state/tables.h"

namespace redoubt::identity::internal {

class SnapshotBuilder {
 public:
  static Result<Identities> load(state::Tables& tables);

  // After the fact at `index`.
  SnapshotBuilder(const Identities& last, state::Tables& tables, std::uint64_t index);
  // Takes anew from the tables whatever a fact about this object can have changed.
  void follow(std::string_view object, simdjson::dom::object body);
  // Nothing when the tables could not be read.
  std::optional<Identities> finish();

 private:
  void principal(std::string_view id);
  void group_and_below(std::string_view id);
  void group(std::string_view id);
  void key(std::string_view id);
  void keys_that_ended(std::string_view principal);

  state::Tables& tables_;
  std::uint64_t index_;
  std::shared_ptr<Identities::Data> data_;
  bool failed_ = false;
};

}  // namespace redoubt::identity::internal
