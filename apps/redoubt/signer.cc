// `redoubt ledger rotate-signer` and `revoke-signer`: the life of the key that signs checkpoints, which the keeper's
// program changes (keeper/signer_life.h): this one is told public keys.
#include <cstdio>

#include "base/file.h"
#include "ledger/errand.h"
#include "redoubt/commands.h"
#include "redoubt/enclave/offline_enclave.h"
#include "redoubt/keeper_errands.h"
#include "redoubt/layout.h"

namespace redoubt::app {
namespace {

// Where keys are sealed, the TPM is told what this program and the keeper's are, as at a start.
template <class Answer, class Errand>
Result<Answer> on_errand(const Common& common, Errand errand) {
  OfflineEnclave enclave((Layout(common.dir)));
  if (auto done = enclave.load(); !done) return done.error();
  if (auto done = enclave.have_keys_openable(); !done) return done.error();
  return errand(enclave.layout(), SignerErrand{.origin = enclave.settings().origin, .tpm = enclave.keepers_tpm()});
}

}  // namespace

int run_prepare_signer(const Common& common) {
  const auto next = on_errand<ledger::NextSigner>(common, have_signer_prepared);
  if (!next) return report(next.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("vkey", next->keys.front().format());
    json.key("vkeys");
    json.begin_array();
    for (const tlog::VerifierKey& key : next->keys) json.value(key.format());
    json.end_array();
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("next         %s\n", next->keys.front().format().c_str());
  for (std::size_t i = 1; i < next->keys.size(); ++i) std::printf("             %s\n", next->keys[i].format().c_str());
  std::printf(
      "\nNothing has changed yet. Tell the witnesses, then stop the server and run `redoubt ledger rotate-signer`.\n");
  return kSuccess;
}

int run_rotate_signer(const Common& common) {
  const auto done = on_errand<ledger::ChangedSigner>(common, have_signer_rotated);
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("vkey", done->logs.front().to.format());
    json.member("resumed", done->resumed);
    json.key("logs");
    json.begin_array();
    for (const ledger::ChangedSigner::Log& log : done->logs) {
      json.begin_object();
      json.member("origin", log.to.name());
      json.member("old_vkey", log.from.format());
      json.member("vkey", log.to.format());
      json.member("size", log.size);
      json.end_object();
    }
    json.end_array();
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("%s\n",
              done->resumed ? "the change of the signing key that had begun is done" : "the signing key is another");
  for (const ledger::ChangedSigner::Log& log : done->logs) {
    std::printf("\nlog          %s, from size %llu on\nold vkey     %s\nnew vkey     %s\n", log.to.name().c_str(),
                static_cast<unsigned long long>(log.size), log.from.format().c_str(), log.to.format().c_str());
  }
  std::printf(
      "\nHand out the new vkeys: to witnesses before the next start, to whoever verifies when it suits. Either key\n"
      "verifies the whole log, with the file `signers` beside the checkpoint.\n");
  return kSuccess;
}

int run_revoke_signer(const Common& common, const RevokeSignerOptions& options) {
  const auto done = on_errand<ledger::RevokedSigner>(common, [&](const Layout& layout, const SignerErrand& with) {
    return have_signer_revoked(layout, with, {.tenant = options.tenant, .key = options.key, .at = options.at});
  });
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("origin", done->key.name());
    json.member("revoked", done->key.format());
    json.member("at", done->at);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("revoked      %s\nlog          %s\ncounts       %s\n", done->key.format().c_str(),
              done->key.name().c_str(),
              done->at == 0 ? "nothing that it signed" : ("up to size " + std::to_string(done->at)).c_str());
  std::printf("\nWhoever trusts this key must be given the log's current vkey. Publish the new `signers`.\n");
  return kSuccess;
}

}  // namespace redoubt::app
