// What the handlers of /admin/v1 work with. Everything must outlive the interface, and is used on its thread alone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "admin/authorizer.h"
#include "admin/bundle_library.h"
#include "admin/fact_proofs.h"
#include "admin/holds_projection.h"
#include "admin/models_projection.h"
#include "admin/signal_desk.h"
#include "identity/identity_projection.h"
#include "limits/limits_projection.h"
#include "limits/meters.h"
#include "state/bundle.h"
#include "state/engine.h"

namespace redoubt::admin {

// A tenant as the configuration has it.
struct TenantInfo {
  std::string id;
  std::string log;  // the origin of its log
};

struct Services {
  boost::asio::io_context& io;
  state::Engine& engine;
  state::FactSink& sink;      // for the time, which never runs behind the ledger
  state::FactSource& source;  // for the stream of changes
  identity::IdentityProjection& identities;
  limits::LimitsProjection& limits;
  const limits::Meters& meters;
  ModelsProjection& models;
  HoldsProjection& holds;
  const state::BundleProjection& bundles;
  BundleLibrary& library;
  AdminAuthorizer& authorizer;
  AdminRecorder& recorder;
  SignalDesk& signals;
  FactProofs& proofs;
  std::vector<TenantInfo> tenants;  // sorted by id
  std::string version;              // of Redoubt
};

}  // namespace redoubt::admin
