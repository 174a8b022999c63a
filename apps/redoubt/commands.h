// The commands of `redoubt`. Each returns the exit status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "redoubt/attest/verbs.h"
#include "redoubt/output.h"

namespace redoubt::app {

struct InitOptions {
  std::string origin;  // empty: made from the host's name and random digits
  std::string upstream = "http://127.0.0.1:9000";
  std::vector<std::string> administrators{"admin-1", "admin-2"};
  std::vector<std::string> applications;  // NAME[:GROUP[:TENANT[:MODEL,…]]]
  std::vector<std::string> tenants;
  std::string listen = "127.0.0.1:8080";
  std::string admin_listen = "127.0.0.1:8081";
  bool tls = false;         // to callers, under certificates of the keeper's
  std::string enclave;      // `auto`, `none`, or what choose_enclave() in init.cc reads; empty: none
  std::string tsm;          // where configfs-tsm is; empty: where Linux has it
  std::string approvers;    // K/N: who hold the approver's key in shares; empty: a key file
  std::string recovery;     // K/N: who open the keys when the TPM is lost; empty: nobody
  bool one_person = false;  // no act but those that always do needs two persons
};
int run_init(const Common& common, const InitOptions& options);

struct ServeOptions {
  std::string listen;             // instead of the configuration's
  std::string upstream;           // instead of the configuration's
  std::string admin_listen;       // instead of the configuration's
  bool tls = false;               // also if the configuration does not say so
  bool allow_plain_http = false;  // likewise
  std::vector<int> gateway_cpus;
  int keeper_cpu = -1;
};
int run_serve(const Common& common, const ServeOptions& options);

struct StatusOptions {
  std::string url;      // empty: the server that runs from the folder
  std::string ca_file;  // as LedgerAccess's
};
int run_status(const Common& common, const StatusOptions& options);

struct LedgerAccess {
  std::string tenant;     // whose log; empty: the system log
  std::string url;        // a running server instead of the folder
  std::string key;        // API key for what needs one; also from REDOUBT_KEY
  std::string ca_file;    // trust anchors for https; default: the folder's for the folder's server, else the system's
  std::string vkey;       // the log's verifier key
  std::string vkey_file;  // or a file that holds it; default: the folder's

  std::string signers_file;  // the log's file `signers`; default: beside its checkpoint
  std::string policy_file;   // trust policy (C2SP tlog-policy) that the checkpoint must satisfy; empty: the key alone
};
int run_ledger_checkpoint(const Common& common, const LedgerAccess& access);
int run_ledger_vkey(const Common& common, const LedgerAccess& access);

struct ProveOptions {
  std::uint64_t index = 0;
  std::string leaf;    // base64 of the leaf hash that the proof must be for; empty: read from the entry
  std::string output;  // write the proof file there
  std::string cose;    // write a receipt of COSE (RFC 9942) there
};
int run_ledger_prove(const Common& common, const LedgerAccess& access, const ProveOptions& options);

struct VerifyOptions {
  std::string where;                      // folder or URL
  std::string checkpoint_file;            // default: `checkpoint` of the log
  std::string require_tier;               // that evidence over the log's key must reach; empty: it is not looked at
  attest_verbs::AcceptedServer accepted;  // of that evidence
};
int run_ledger_verify(const Common& common, const LedgerAccess& access, const VerifyOptions& options);

struct VerifyProofOptions {
  std::string file;
  std::string leaf;         // base64 of the leaf hash, or
  std::string record_file;  // the record's bytes
};
int run_ledger_verify_proof(const Common& common, const LedgerAccess& access, const VerifyProofOptions& options);

struct ShowOptions {
  std::uint64_t index = 0;
  bool open = false;        // ask the keeper for the values
  std::string reason;       // why: becomes a record
  std::string opener_file;  // default: the folder's
};
int run_ledger_show(const Common& common, const LedgerAccess& access, const ShowOptions& options);

// Checks the ledger's code against folders of other implementations' data (apps/redoubt/conform/checks.h). The answer
// is no when any check fails, a file is not understood, or there is nothing to check.
int run_ledger_conform(const Common& common, const std::string& folder);

struct VerifyForkOptions {
  std::string file;
  std::vector<std::string> vkeys;  // the log's
};
int run_ledger_verify_fork(const Common& common, const VerifyForkOptions& options);

int run_prepare_signer(const Common& common);
int run_rotate_signer(const Common& common);

struct RevokeSignerOptions {
  std::string tenant;  // whose log; empty: the system log
  std::string key;     // vkey or key id
  std::uint64_t at = 0;
};
int run_revoke_signer(const Common& common, const RevokeSignerOptions& options);

// `where`: a ledger's folder, or Redoubt's; empty: that of `--dir`.
int run_ledger_fsck(const Common& common, const LedgerAccess& access, const std::string& where);
int run_ledger_stats(const Common& common, const std::string& where);

struct FollowOptions {
  std::optional<std::uint64_t> from;   // default: the end that the log has
  std::optional<std::uint64_t> until;  // the first index not to print; default: no end
  std::string fork_proof_file;         // where the proof of a fork goes
  unsigned retry_seconds = 300;        // how long failures that may pass are tried again
};
int run_ledger_follow(const Common& common, const LedgerAccess& access, const FollowOptions& options);

struct WitnessOptions {
  std::string dir = "witness";
  bool json = false;
};
int run_witness_init(const WitnessOptions& witness, const std::string& name);

struct WitnessServeOptions {
  std::string listen = "127.0.0.1:8081";
  std::vector<std::string> logs;  // lines as of the file `logs`, beside those in it
  std::string tls_certificate;    // PEM files; both or neither
  std::string tls_key;
};
int run_witness_serve(const WitnessOptions& witness, const WitnessServeOptions& options);

}  // namespace redoubt::app
