// All that a server folds facts into, without the server: for commands that read a ledger's files themselves.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "admin/holds_projection.h"
#include "admin/ledger_facts.h"
#include "admin/models_projection.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "incident/incident_projection.h"
#include "keys/key_store.h"
#include "keys/sealing_key.h"
#include "limits/limits_projection.h"
#include "redoubt/layout.h"
#include "state/bundle.h"

namespace redoubt::app {

inline std::string tables_path(const Layout& layout) {
  return layout.state() + "/state.db";
}

// While it is held no server runs from the folder. kUnavailable when one does.
Result<UniqueFd> lock_out_server(const Layout& layout);

// One thread.
class OfflineState {
 public:
  // With the keeper's keys, what facts keep sealed is opened by its own, so that only who may read the keeper's folder
  // can make the tables anew as they are; null: values stay closed. `keys` is used here alone. Errors: those of the
  // key's file.
  static Result<std::unique_ptr<OfflineState>> open(const Layout& layout, const keys::KeyStore* keys);
  OfflineState(const OfflineState&) = delete;
  OfflineState& operator=(const OfflineState&) = delete;

  std::span<state::Projection* const> projections() const { return projections_; }
  state::FactSource& source() { return source_; }
  // Facts whose values were not opened, because it was not asked for.
  std::uint64_t unopened() const { return unopened_; }

 private:
  OfflineState(const Layout& layout, std::unique_ptr<keys::KeyWrapper> wrapper);
  Result<Bytes> open_values(std::uint64_t index);

  PosixFileSystem fs_;
  const std::unique_ptr<keys::KeyWrapper> wrapper_;  // null: nothing is opened
  ledger::LedgerReader reader_;
  admin::LedgerFactSource source_;
  std::uint64_t unopened_ = 0;
  identity::IdentityProjection identities_;
  identity::ApprovalsProjection approvals_;
  limits::LimitsProjection limits_;
  admin::ModelsProjection models_;
  admin::HoldsProjection holds_;
  incident::IncidentProjection incidents_;
  state::BundleProjection bundles_;
  const std::array<state::Projection*, 7> projections_{&identities_, &approvals_, &limits_, &models_,
                                                       &holds_,      &incidents_, &bundles_};
};

}  // namespace redoubt::app
