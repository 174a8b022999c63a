// Principals as Cedar entity stores: made when they are first asked for, and kept while nothing that they say changes.
// One for each core, so that nothing of it is shared.
//
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "identity/identities.h"
#include "policy/authorizer.h"

namespace redoubt::identity {

class EntityCache {
 public:
  static constexpr std::size_t kKeptAtFirst = 4096;

  // The actions of `schema` are in every store; null: none. It must outlive the cache. At most `kept` stores are kept;
  // when there is no more room, all are let go.
  explicit EntityCache(const policy::Schema* schema, std::size_t kept = kKeptAtFirst);
  ~EntityCache();
  EntityCache(const EntityCache&) = delete;
  EntityCache& operator=(const EntityCache&) = delete;

  // The principal with its attributes, all groups that it is in at `now` and its tenant. `principal` is of this
  // snapshot.
  std::shared_ptr<const policy::EntityStore> entities_of(const Identities& identities, const Principal& principal,
                                                         UnixMillis now);

  std::size_t kept() const { return entries_.size(); }

 private:
  struct Entry;
  const policy::Schema* schema_;
  std::size_t max_;
  std::shared_ptr<const Identities::Data> last_;                     // the snapshot asked about last
  std::uint64_t snapshot_ = 0;                                       // its number
  std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;  // by principal
};

}  // namespace redoubt::identity
