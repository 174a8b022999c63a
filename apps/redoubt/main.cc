// redoubt: the command line. `redoubt <noun> <verb>`; exit status 0 success, 1 the answer is no, 2 usage, 3 failure.
#include <CLI/CLI.hpp>
#include <csignal>

#include "base/standard_fds.h"
#include "redoubt/administer/identity_commands.h"
#include "redoubt/administer/signal_commands.h"
#include "redoubt/attest/commands.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/commands.h"
#include "redoubt/common_options.h"
#include "redoubt/contract/commands.h"
#include "redoubt/enclave/commands.h"
#include "redoubt/incident/commands.h"
#include "redoubt/incident/server_verbs.h"
#include "redoubt/incident/verify_share.h"
#include "redoubt/inspect/commands.h"
#include "redoubt/policy_commands.h"
#include "redoubt/state_commands.h"

namespace redoubt::app {
namespace {

void add_ca_file(CLI::App& command, std::string& ca_file) {
  command.add_option("--ca-file", ca_file, "PEM trust anchors for https (default: DIR/tls-ca.pem, or the system's)");
}

void add_log_key(CLI::App& command, LedgerAccess& access) {
  auto* vkey = command.add_option("--vkey", access.vkey, "the log's verifier key");
  command.add_option("--vkey-file", access.vkey_file, "file that holds it (default: DIR/ledger.vkey)")->excludes(vkey);
  command.add_option("--signers", access.signers_file,
                     "file that says who signed for the log before and after (default: the log's own)");
}

void add_policy(CLI::App& command, LedgerAccess& access) {
  command.add_option("--policy", access.policy_file, "file with the logs and witnesses to believe (C2SP tlog-policy)");
}

void add_access(CLI::App& command, LedgerAccess& access) {
  command.add_option("--tenant", access.tenant, "the log of this tenant (default: the system log)");
  command.add_option("--url", access.url, "a running server instead of the folder");
  add_ca_file(command, access.ca_file);
  command.add_option("--key", access.key, "API key to present (or REDOUBT_KEY)");
  add_log_key(command, access);
}

int run(int argc, char** argv) {
  CLI::App app{"Redoubt: a zero-trust gateway for AI with a tamper-evident ledger", "redoubt"};
  app.set_version_flag("--version", "redoubt " REDOUBT_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 success, 1 the answer is no, 2 usage, 3 failure.");
  Common common;
  int status = kUsage;

  InitOptions init;
  auto* init_command = app.add_subcommand("init", "make a folder with configuration, keys and an empty ledger");
  add_common(*init_command, common);
  init_command->add_option("--origin", init.origin, "the log's name (default: host name and random digits)");
  init_command->add_option("--upstream", init.upstream, "the model server's URL")->capture_default_str();
  init_command->add_option("--administrator", init.administrators, "who may administer (repeatable; two or more)")
      ->allow_extra_args(false)
      ->capture_default_str();
  init_command
      ->add_option("--application", init.applications,
                   "a first application with a key, NAME[:GROUP[:TENANT[:MODEL,...]]] (repeatable)")
      ->allow_extra_args(false);
  init_command->add_option("--tenant", init.tenants, "an organisation with a log of its own (repeatable)")
      ->allow_extra_args(false);
  init_command->add_option(
      "--enclave", init.enclave,
      "what speaks for this machine: auto (its processor, where that can, and its TPM, or swtpm), none, swtpm, "
      "device:PATH, sev-snp, tdx, nitro, sgx, or a processor and a TPM, as sev-snp,swtpm (default: nothing)");
  init_command->add_option("--tsm", init.tsm,
                           "with --enclave: where configfs-tsm is (default: /sys/kernel/config/tsm/report)");
  init_command->add_option("--listen", init.listen, "address and port for callers")->capture_default_str();
  init_command->add_option("--admin-listen", init.admin_listen, "address and port of the administrative interface")
      ->capture_default_str();
  init_command->add_flag("--tls", init.tls, "speak TLS 1.3 to callers, under certificates that the keeper makes");
  init_command->add_option("--approvers", init.approvers,
                           "with --enclave: K/N, as 2/3: who together approve what may open the keys");
  init_command->add_option("--recovery", init.recovery,
                           "with --enclave: K/N: who together open the keys when the TPM is lost");
  init_command->add_flag("--one-person", init.one_person,
                         "let one administrator change policies and the like alone: for trying out");
  init_command->callback([&] { status = run_init(common, init); });

  ServeOptions serve;
  auto* serve_command = app.add_subcommand("serve", "run the server until SIGTERM or Ctrl-C");
  add_common(*serve_command, common);
  serve_command->add_option("--listen", serve.listen,
                            "address and port instead of the configuration's; port 0: a free one");
  serve_command->add_option("--admin-listen", serve.admin_listen,
                            "address and port of the administrative interface, likewise");
  serve_command->add_option("--upstream", serve.upstream, "the model server's URL instead of the configuration's");
  serve_command->add_flag("--tls", serve.tls, "speak TLS 1.3 to callers, under certificates that the keeper makes");
  serve_command->add_flag("--allow-plain-http", serve.allow_plain_http,
                          "listen without TLS on an address that other machines can reach");
  serve_command->add_option("--gateway-cpus", serve.gateway_cpus, "processors for the gateway's threads")
      ->delimiter(',');
  serve_command->add_option("--keeper-cpu", serve.keeper_cpu, "processor for the keeper");
  serve_command->callback([&] { status = run_serve(common, serve); });

  StatusOptions status_options;
  auto* status_command = app.add_subcommand("status", "whether the server works and what its log says");
  add_common(*status_command, common);
  status_command->add_option("--url", status_options.url, "the server (default: the one that runs from the folder)");
  add_ca_file(*status_command, status_options.ca_file);
  status_command->callback([&] { status = run_status(common, status_options); });

  PolicyOptions policy;
  add_policy_commands(app, common, policy, status);

  AdminCommands administer(common, status);
  add_identity_commands(app, administer);
  add_model_commands(app, administer);
  add_state_commands(app, administer);
  add_attest_commands(app, common, status);
  add_enclave_commands(app, common, status);
  add_inspect_commands(app, common, status);
  add_contract_commands(app, common, status);
  add_behaviour_commands(app, common, status);
  add_incident_commands(app, common, status);
  add_incident_server_verbs(*app.get_subcommand("incident"), administer);
  add_signal_commands(*app.get_subcommand("behaviour"), administer);
  add_mesh_command(*app.get_subcommand("behaviour"), administer);

  auto* ledger = app.add_subcommand("ledger", "the tamper-evident log");
  ledger->require_subcommand(1);
  LedgerAccess access;
  auto* checkpoint_command = ledger->add_subcommand("checkpoint", "print the last checkpoint, verified");
  add_common(*checkpoint_command, common);
  add_access(*checkpoint_command, access);
  add_policy(*checkpoint_command, access);
  checkpoint_command->callback([&] { status = run_ledger_checkpoint(common, access); });

  auto* vkey_command = ledger->add_subcommand("vkey", "print the verifier key of the log");
  add_common(*vkey_command, common);
  vkey_command->add_option("--tenant", access.tenant, "the log of this tenant (default: the system log)");
  vkey_command->callback([&] { status = run_ledger_vkey(common, access); });

  ProveOptions prove;
  auto* prove_command = ledger->add_subcommand("prove", "prove that a record is in the log");
  add_common(*prove_command, common);
  add_access(*prove_command, access);
  add_policy(*prove_command, access);
  prove_command->add_option("index", prove.index, "the record's index")->required();
  prove_command->add_option("--leaf", prove.leaf, "base64 of the leaf hash, as a receipt says");
  prove_command->add_option("--output", prove.output, "write the proof (C2SP tlog-proof) to this file");
  prove_command->add_option("--cose", prove.cose, "write a receipt for verifiers of COSE (RFC 9942) to this file");
  prove_command->callback([&] { status = run_ledger_prove(common, access, prove); });

  VerifyOptions verify;
  auto* verify_command = ledger->add_subcommand("verify", "recompute a whole log, ours or anybody's");
  add_common(*verify_command, common);
  add_access(*verify_command, access);
  add_policy(*verify_command, access);
  verify_command->get_option("--url")->group("");  // the log is the argument
  verify_command->add_option("log", verify.where, "folder, or URL under which the log's files lie")->required();
  verify_command->add_option("--checkpoint", verify.checkpoint_file,
                             "file with the checkpoint (default: the log's own)");
  auto* require_tier = verify_command->add_option("--require-tier", verify.require_tier,
                                                  "what evidence over the log's key must reach: software-tpm, tpm, …");
  auto* pin = verify_command->add_option("--pin", verify.accepted.pinned_key,
                                         "SHA-256 of the attestation key that is trusted, or a file with it");
  pin->needs(require_tier);
  verify_command->add_option("--attestation-policy", verify.accepted.policy, "what evidence is accepted, JSON")
      ->needs(require_tier)
      ->excludes(pin);
  auto* references =
      verify_command->add_option("--references", verify.accepted.references.file, "signed reference values");
  references->needs(require_tier);
  verify_command->add_option("--references-signer", verify.accepted.references.signer, "their verifier key, or a file")
      ->needs(references);
  verify_command->callback([&] { status = run_ledger_verify(common, access, verify); });

  VerifyProofOptions verify_proof;
  auto* verify_proof_command =
      ledger->add_subcommand("verify-proof", "verify a proof file (C2SP tlog-proof) or a receipt of COSE, offline");
  add_common(*verify_proof_command, common);
  add_log_key(*verify_proof_command, access);
  add_policy(*verify_proof_command, access);
  verify_proof_command->add_option("proof", verify_proof.file, "the proof file")->required();
  auto* of_what = verify_proof_command->add_option_group("of what");
  of_what->add_option("--leaf", verify_proof.leaf, "base64 of the leaf hash, as a receipt says");
  of_what->add_option("--record", verify_proof.record_file, "file with the record's bytes");
  of_what->require_option(1);
  verify_proof_command->callback([&] { status = run_ledger_verify_proof(common, access, verify_proof); });

  std::string shared;
  auto* verify_share = app.get_subcommand("incident")
                           ->add_subcommand("verify-share", "verify an incident that somebody gave you, offline");
  add_common(*verify_share, common);
  add_log_key(*verify_share, access);
  add_policy(*verify_share, access);
  verify_share->add_option("file", shared, "what `redoubt incident share` wrote")->required();
  verify_share->callback([&] { status = run_verify_share(common, access, shared); });

  ShowOptions show;
  auto* show_command = ledger->add_subcommand("show", "print a record for a person to read");
  add_common(*show_command, common);
  add_access(*show_command, access);
  show_command->add_option("index", show.index, "the record's index")->required();
  auto* reason = show_command->add_option("--reason", show.reason, "why the values are opened; becomes a record");
  show_command->add_flag("--open", show.open, "open the values that the record commits to")->needs(reason);
  show_command->add_option("--opener", show.opener_file, "key file of who opens (default: DIR/keys/opener.key)");
  show_command->callback([&] { status = run_ledger_show(common, access, show); });

  std::string conform_folder;
  auto* conform_command =
      ledger->add_subcommand("conform", "check this program against what other implementations made");
  add_common(*conform_command, common);
  conform_command->add_option("folder", conform_folder, "folder with a folder for each set of data")->required();
  conform_command->callback([&] { status = run_ledger_conform(common, conform_folder); });

  VerifyForkOptions fork;
  auto* fork_command = ledger->add_subcommand("verify-fork", "whether a file proves that a log contradicted itself");
  fork_command->add_flag("--json", common.json, "answer in JSON");
  fork_command->add_option("file", fork.file, "the fork proof")->required();
  fork_command->add_option("--vkey", fork.vkeys, "the log's verifier key (repeatable: after it changed)")->required();
  fork_command->callback([&] { status = run_ledger_verify_fork(common, fork); });

  auto* rotate_command = ledger->add_subcommand("rotate-signer", "change the key that signs, while no server runs");
  add_common(*rotate_command, common);
  bool prepare_signer = false;
  rotate_command->add_flag("--prepare", prepare_signer, "only make the next key and print it; servers may run");
  rotate_command->callback([&] { status = prepare_signer ? run_prepare_signer(common) : run_rotate_signer(common); });

  RevokeSignerOptions revoke_signer;
  auto* revoke_signer_command =
      ledger->add_subcommand("revoke-signer", "make an earlier signing key count up to a size only");
  add_common(*revoke_signer_command, common);
  revoke_signer_command->add_option("--tenant", revoke_signer.tenant, "in this tenant's log (default: the system log)");
  revoke_signer_command->add_option("--key", revoke_signer.key, "the key: a vkey, or its id")->required();
  revoke_signer_command->add_option("--at", revoke_signer.at, "the largest size at which it counts; 0: at none")
      ->required();
  revoke_signer_command->callback([&] { status = run_revoke_signer(common, revoke_signer); });

  std::string ledger_folder;
  auto* fsck_command = ledger->add_subcommand("fsck", "check every file of the ledger; changes nothing");
  add_log_key(*fsck_command, access);
  fsck_command->callback([&] { status = run_ledger_fsck(common, access, ledger_folder); });
  auto* stats_command = ledger->add_subcommand("stats", "what the ledger holds, in numbers");
  stats_command->callback([&] { status = run_ledger_stats(common, ledger_folder); });
  for (auto* command : {fsck_command, stats_command}) {
    add_common(*command, common);
    command->add_option("folder", ledger_folder, "a ledger's folder, or Redoubt's (default: that of --dir)");
  }

  FollowOptions follow;
  auto* follow_command = ledger->add_subcommand("follow", "print records as they are published, each one proven");
  add_common(*follow_command, common);
  add_access(*follow_command, access);
  follow_command->add_option("--from", follow.from, "index of the first record to print (default: the next one)");
  follow_command->add_option("--until", follow.until, "index to end before (default: Ctrl-C)");
  follow_command->add_option("--fork-proof", follow.fork_proof_file, "write the proof to this file if the log forks");
  follow_command->add_option("--retry-for", follow.retry_seconds, "seconds to try again while the log cannot be read")
      ->capture_default_str();
  follow_command->callback([&] { status = run_ledger_follow(common, access, follow); });

  auto* witness_command = ledger->add_subcommand("witness", "be a witness for logs, ours or anybody's");
  witness_command->require_subcommand(1);
  WitnessOptions witness;
  std::string witness_name;
  WitnessServeOptions witness_serve;
  auto* witness_init_command =
      witness_command->add_subcommand("init", "make a witness's folder and key, print its vkey");
  auto* witness_serve_command = witness_command->add_subcommand("serve", "cosign checkpoints until SIGTERM or Ctrl-C");
  for (auto* command : {witness_init_command, witness_serve_command}) {
    command->add_option("--dir", witness.dir, "the witness's folder")->capture_default_str();
    command->add_flag("--json", witness.json, "answer in JSON");
  }
  witness_init_command->add_option("--name", witness_name, "its name, such as witness.example.org/w1")->required();
  witness_init_command->callback([&] { status = run_witness_init(witness, witness_name); });
  witness_serve_command->add_option("--listen", witness_serve.listen, "address and port; port 0: a free one")
      ->capture_default_str();
  witness_serve_command->add_option("--log", witness_serve.logs,
                                    "a log's vkey, or `VKEY ORIGIN`, beside those in DIR/logs (repeatable)");
  auto* tls_certificate = witness_serve_command->add_option("--tls-certificate", witness_serve.tls_certificate,
                                                            "PEM chain: speak TLS 1.3 under it");
  witness_serve_command->add_option("--tls-key", witness_serve.tls_key, "PEM file of its private key")
      ->needs(tls_certificate);
  tls_certificate->needs("--tls-key");
  witness_serve_command->callback([&] { status = run_witness_serve(witness, witness_serve); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::CallForAllHelp& e) {
    return app.exit(e);
  } catch (const CLI::CallForVersion& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return kUsage;
  }
  return status;
}

}  // namespace
}  // namespace redoubt::app

int main(int argc, char** argv) {
  redoubt::fill_standard_fds();
  ::signal(SIGPIPE, SIG_IGN);
  return redoubt::app::run(argc, argv);
}
