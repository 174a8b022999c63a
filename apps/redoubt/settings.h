// redoubt.toml: what it may say, and its defaults (docs/operating/configuration.md).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attest/appraisal.h"
#include "base/file.h"
#include "base/result.h"
#include "gateway/gateway.h"

namespace redoubt::app {

// Evidence by the processor, beside the TPM's.
struct CpuSettings {
  std::optional<attest::Kind> kind;                         // nothing: there is none
  std::string tsm;                                          // where configfs-tsm is; empty: where Linux has it
  std::vector<std::pair<attest::Role, std::string>> files;  // that go with it: paths, from the folder's root
  std::optional<crypto::Sha256Digest> root;                 // by which the server judges its own; else the vendor's

  friend bool operator==(const CpuSettings&, const CpuSettings&) = default;
};

// The kinds that `enclave.cpu` may name: of what makes evidence of the machine that it runs in.
std::optional<attest::Kind> find_cpu_kind(std::string_view name);

struct Settings {
  std::string listen = "127.0.0.1:8080";
  std::string admin_listen = "127.0.0.1:8081";
  unsigned threads = 1;
  bool tls = false;
  std::vector<std::string> tls_names;                               // empty: localhost and what `listen` says
  std::chrono::milliseconds tls_leaf_life{std::chrono::hours(24)};  // of the certificates that the keeper makes
  std::string tls_certificate;                                      // PEM files; empty: the keeper certifies
  std::string tls_key;
  bool allow_plain_http = false;  // also where other machines can reach it
  std::string origin;
  struct Tenant {
    gateway::TenantSettings log;
    std::uint64_t quota = 0;  // bytes in the segments; 0: as many as the disk has
  };
  std::vector<Tenant> tenants;
  std::uint64_t segment_bytes = 64 * 1024 * 1024;
  std::uint64_t free_space_reserve = 256 * 1024 * 1024;
  std::string upstream_url;
  std::string upstream_name = "default";
  std::string upstream_provider = "unknown";
  std::string upstream_key_file;  // holds the upstream's API key; empty for none
  std::string upstream_ca_file;
  gateway::AcceptedPeer upstream_evidence;  // nothing in it: the upstream is not asked what it is
  bool upstream_mutual = false;             // it is shown our own evidence
  gateway::AcceptedPeer caller_evidence;    // nothing in it: callers are not asked
  bool caller_evidence_required = false;
  std::string witness_policy;       // file (C2SP tlog-policy), from the folder's root; empty: no witness is asked
  std::string witness_policy_text;  // what it holds: the launcher's to read
  bool witness_required = false;    // only what the quorum has cosigned counts as published
  std::chrono::milliseconds witness_timeout{5'000};
  std::string keeper_user = "redoubt-keeper";      // name or number; empty: the launcher's user
  std::string gateway_user = "redoubt-gateway";    // name or number; empty: the launcher's user
  std::string notifier_user = "redoubt-notifier";  // name or number; empty: the launcher's user
  std::string attester_user = "redoubt-attester";  // name or number; empty: the launcher's user
  bool require_confinement = false;
  std::string tpm;                              // `swtpm`, `device:PATH`; empty: nothing attests
  CpuSettings cpu;                              // only with a TPM
  attest::Tier min_tier = attest::Tier::kNone;  // that its own evidence must reach for it to be ready
  net::ServerLimits server;
  net::ClientLimits client;
  std::size_t max_reply_bytes = 16 * 1024 * 1024;
  std::uint64_t max_stream_bytes = 256ULL * 1024 * 1024;
  std::chrono::milliseconds drain_grace{30'000};
  std::chrono::milliseconds denial_interval = gateway::DenialCounter::kInterval;
  std::chrono::milliseconds ledger_timeout{10'000};
  gateway::CommitSettings commit;
  std::size_t meters = std::size_t{1} << 18;  // that limits may need at once
};

// Errors name file, line and column; a key that nobody knows is one. `path` is for messages.
Result<Settings> parse_settings(std::string_view text, const std::string& path);
Result<Settings> load_settings(FileSystem& fs, const std::string& path);

// The file that `redoubt init` writes.
struct InitialSettings {
  std::string origin;
  std::string upstream_url;
  std::string listen;
  std::string admin_listen;
  bool tls = false;
  std::string tpm;  // empty: none
  std::string cpu;  // kind of evidence by the processor; empty: none
  std::string tsm;  // as CpuSettings has it
  std::vector<std::string> tenants;
};
std::string format_initial_settings(const InitialSettings& initial);

}  // namespace redoubt::app
