// `redoubt enclave recover`: the keeper's program opens the storage key by its shares, and seals it anew; what people
// approve is done here.
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "redoubt/enclave/approval.h"
#include "redoubt/enclave/next_bundle.h"
#include "redoubt/enclave/offline_enclave.h"
#include "redoubt/enclave/verbs.h"
#include "redoubt/keeper_errands.h"
#include "sealing/keeper_keys.h"
#include "sealing/sealing.h"

namespace redoubt::app::enclave_verbs {

namespace {

struct Recovered {
  std::string tpm;
  std::uint64_t version = 0;
  std::optional<NextBundle> next;
};

// What was approved before, and the key that attested, are of the TPM that is gone.
Result<> remove_what_is_over(FileSystem& fs, const Layout& layout) {
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  std::vector<std::string> over{layout.attestation_key(), layout.keeper() + "/" + sealing::kOpenedFile};
  for (const sealing::KeptApproval& each : *approvals) over.push_back(each.path);
  for (const std::string& path : over) {
    if (auto done = fs.remove(path); !done && done.error().code() != Errc::kNotFound) return done;
  }
  return {};
}

Result<Recovered> seal_anew(OfflineEnclave& enclave, const RecoverOptions& options) {
  PosixFileSystem fs;
  const Layout& layout = enclave.layout();
  if (auto done = enclave.load(); !done) return done.error();
  if (auto done = enclave.lock_out(); !done) return done.error();
  if (enclave.tpm().empty()) {
    return Error(Errc::kInvalidArgument, "redoubt.toml has no `enclave.tpm`, to which the keys would be sealed");
  }
  const auto approver = load_approver(fs, layout, options.approver);
  if (!approver) return approver.error();
  const auto before = sealing::Sealing::load(fs, layout.sealing());
  if (!before && before.error().code() != Errc::kNotFound) return before.error();
  if (before && before->approver != approver->public_key()) {
    return Error(Errc::kVerifyFailed, "this is not the key of the approver of these keys");
  }
  std::optional<NextBundle> next;
  if (options.bring_into_force) {
    auto chosen = choose_next_bundle(fs, layout);
    if (!chosen) return chosen.error();
    next = *std::move(chosen);
  }
  // The storage key is the keeper's program's, and so are shares of it.
  const auto sealed = enclave.have_sealed([&](const std::string& keepers_tpm) {
    return have_keys_recovered(layout, {.tpm = keepers_tpm, .approver = approver->public_key(), .recovery = {}},
                               options.recovery_shares);
  });
  if (!sealed) return sealed.error();
  if (auto done = remove_what_is_over(fs, layout); !done) return done.error();
  if (auto done = approve_first(layout, *sealed, enclave.configuration(), *approver); !done) return done.error();
  if (next) {
    if (auto done = approve_next_bundle(fs, layout, sealed->sealing, *next, *approver); !done) return done.error();
  }
  return Recovered{.tpm = enclave.tpm(), .version = sealed->version, .next = std::move(next)};
}

}  // namespace

int recover(const Common& common, const RecoverOptions& options) {
  OfflineEnclave enclave((Layout(common.dir)));
  const auto done = seal_anew(enclave, options);
  if (!done) return report(done.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("tpm", done->tpm);
    json.member("version", done->version);
    write_next_bundle(json, done->next);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  std::printf("sealed    to the TPM that is there now (%s)\napproved  what is there now, as version %llu\n\n",
              done->tpm.c_str(), static_cast<unsigned long long>(done->version));
  std::printf(
      "Earlier approvals open nothing any more. The next start makes another attestation key: hand\n"
      "attestation-key.sha256 out again to who pins it.\n");
  print_next_bundle(done->next);
  return kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
