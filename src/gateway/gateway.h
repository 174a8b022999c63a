// The gateway process's inside: one core per thread, each with its own listener, upstream connections and ledger rings.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "attest/lease.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/accepted_peer.h"
#include "gateway/administration.h"
#include "gateway/commit_settings.h"
#include "gateway/denial_counter.h"
#include "gateway/logs.h"
#include "gateway/pipeline.h"
#include "gateway/witnesses.h"
#include "ledger/record_time.h"
#include "net/http_client.h"
#include "net/http_server.h"

namespace redoubt::gateway {

// TLS towards callers. From the keeper, unless files are named.
struct TlsSettings {
  bool on = false;
  std::string certificate_path;  // for messages; empty: from the keeper
  // Sockets on which the files are sent, once before the start and again before each SIGHUP (base/pass_file.h).
  int certificate_socket = -1;  // PEM, the server's certificate first
  int key_socket = -1;          // PEM, not encrypted
};

struct GatewaySettings {
  std::string origin;  // of the log
  std::vector<TenantSettings> tenants;
  std::string version;           // of Redoubt
  std::string ledger_directory;  // read only
  net::UpstreamUrl upstream_url;
  UpstreamSettings upstream;
  AcceptedPeer upstream_evidence;  // with something in it the upstream is attested
  bool upstream_mutual = false;    // this server shows the upstream its own evidence
  AcceptedPeer caller_evidence;    // with something in it callers are asked
  bool caller_evidence_required = false;
  TlsSettings tls;
  WitnessSettings witnesses;
  net::ServerLimits server_limits;
  net::ClientLimits client_limits;
  std::chrono::milliseconds drain_grace{30'000};
  std::chrono::milliseconds denial_interval = DenialCounter::kInterval;
  std::chrono::milliseconds ledger_timeout{10'000};  // for a record to become durable
  // Of all who record in this process.
  std::shared_ptr<ledger::RecordTime> record_time = std::make_shared<ledger::RecordTime>();
  const behaviour::FeatureSealing* features = nullptr;  // sealed with records; must outlive the gateway. Null: none
  // What new connections may be attested by, without a quote each; run_gateway() makes its own. Null: no evidence at
  // all.
  const attest::LeaseKey* lease_key = nullptr;
  // Keys to which requests are sealed; run_gateway() makes its own. Null: no sealed requests.
  SealedBodies* sealed = nullptr;
  // What this server's own evidence must satisfy for it to be ready; nothing: whatever it is.
  std::optional<attest::AppraisalPolicy> own_tier = std::nullopt;
  CommitSettings commit;
  bool has_quorum = false;  // whether a witness policy with a quorum is configured: nothing is cosigned without
  std::vector<int> cpus;    // core i runs on cpus[i % size]; empty: wherever the system puts it
  // Gives up what serving does not need. Called once, when everything is open, before a byte from outside is read and
  // before any thread starts; an error ends run_gateway().
  std::function<Result<>()> confine;
};

// What the launcher hands to one core. Descriptors are taken over.
struct CoreHandles {
  UniqueFd listener;  // bound; listens once everything else is ready
  UniqueFd request_ring;
  UniqueFd answer_ring;
  UniqueFd wake;  // this core's eventfd
};

// Serves until SIGTERM or SIGINT, then drains: the administration first, so that what it has begun still reaches every
// core. `meters`: what all cores count in. `keeper_wake` is the keeper's eventfd; `keeper_alive` the read end of a pipe
// whose write end the keeper alone holds: its end means that the keeper is gone. One byte is written to `ready` when
// the administration's first publication is everywhere (or a second later, when the ledger is not ready by then), with
// TLS under a certificate. With witnesses, requests are refused until the keeper has heard what they have seen. Errors:
// what keeps it from starting; kVerifyFailed when a witness shows that the ledger was rolled back or forked;
// kUnavailable when the ledger stopped while serving (in-flight exchanges have been refused or cut); the
// administration's.
Result<> run_gateway(const GatewaySettings& settings, std::vector<CoreHandles> cores, Administration& administration,
                     limits::Meters& meters, UniqueFd keeper_wake, UniqueFd keeper_alive, UniqueFd ready);

}  // namespace redoubt::gateway
