#include "redoubt/enclave/commands.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "redoubt/common_options.h"
#include "redoubt/enclave/verbs.h"

namespace redoubt::app {

namespace {

using namespace enclave_verbs;

void add_approver(CLI::App& verb, ApproverOptions& approver) {
  auto* const key =
      verb.add_option("--approver-key", approver.key, "the approver's key file (default: DIR/keys/approver.key)");
  verb.add_option("--approver-share", approver.shares, "file with a share of the approver's key (repeatable)")
      ->allow_extra_args(false)
      ->excludes(key);
}

CLI::Option* add_bring_into_force(CLI::App& verb, bool& bring_into_force) {
  return verb.add_flag(
      "--bring-into-force", bring_into_force,
      "let DIR/redoubt.toml come into force at the next start, where nothing starts with the one that is");
}

}  // namespace

void add_enclave_commands(CLI::App& app, Common& common, int& status) {
  auto* const enclave = app.add_subcommand("enclave", "what may open the keeper's keys, where a TPM seals them");
  enclave->require_subcommand(1);

  auto* const approve_verb =
      enclave->add_subcommand("approve", "sign that these programs and this configuration may open the keys");
  const auto approval = std::make_shared<ApproveOptions>();
  add_common(*approve_verb, common);
  add_approver(*approve_verb, approval->approver);
  approve_verb->add_option("--programs", approval->programs,
                           "folder with `redoubt` and `redoubt-keeper` (default: that of this program)");
  auto* const configuration =
      approve_verb->add_option("--configuration", approval->configuration, "(default: DIR/redoubt.toml)");
  approve_verb->add_option("--version", approval->version, "(default: the one after the last approval's)");
  approve_verb->add_option("--out", approval->out, "the approval (default: DIR/approvals/VERSION.approval)");
  approve_verb->add_flag("--read-boot", approval->read_boot,
                         "approve the firmware's registers as this machine's TPM has them (default: as approved last)");
  add_bring_into_force(*approve_verb, approval->bring_into_force)->excludes(configuration);
  approve_verb->callback([approval, &common, &status] { status = approve(common, *approval); });

  auto* const seal_verb =
      enclave->add_subcommand("seal", "seal the keys of a folder that was made with them in the clear");
  const auto sealing = std::make_shared<SealOptions>();
  add_common(*seal_verb, common);
  seal_verb->add_option("--approvers", sealing->approvers, "K/N, as 2/3: who together approve (default: a key file)");
  seal_verb->add_option("--recovery", sealing->recovery, "K/N: who together open the keys when the TPM is lost");
  seal_verb->callback([sealing, &common, &status] { status = seal(common, *sealing); });

  auto* const supersede_verb =
      enclave->add_subcommand("supersede", "end the approvals before the one that the last start was opened with");
  const auto superseded = std::make_shared<SupersedeOptions>();
  add_common(*supersede_verb, common);
  supersede_verb->add_option("--version", superseded->version, "the first that goes on (default: the last start's)");
  supersede_verb->callback([superseded, &common, &status] { status = supersede(common, *superseded); });

  auto* const recover_verb =
      enclave->add_subcommand("recover", "seal the keys to the TPM that is there now, by recovery shares");
  const auto recovery = std::make_shared<RecoverOptions>();
  add_common(*recover_verb, common);
  recover_verb->add_option("--recovery-share", recovery->recovery_shares, "file with a recovery share (repeatable)")
      ->required()
      ->allow_extra_args(false);
  add_approver(*recover_verb, recovery->approver);
  add_bring_into_force(*recover_verb, recovery->bring_into_force);
  recover_verb->callback([recovery, &common, &status] { status = recover(common, *recovery); });

  auto* const status_verb = enclave->add_subcommand("status", "whether the keys are sealed, and what is approved");
  add_common(*status_verb, common);
  status_verb->callback([&common, &status] { status = enclave_verbs::status(common); });
}

}  // namespace redoubt::app
