// `redoubt enclave seal`: for a folder that was made with its keys in the clear.
//
// The keeper's program makes a storage key and seals it; that is approved here, as a first start would need it; then
// the program, for which it opens now, encrypts the key files one by one, the signer's last. A call that was cut short
// is gone on with by the next: before the approval is there nothing is encrypted yet, and it begins anew.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/unique_fd.h"
#include "keys/key_quorum.h"
#include "keys/quorum_files.h"
#include "redoubt/enclave/approval.h"
#include "redoubt/enclave/new_sealing.h"
#include "redoubt/enclave/offline_enclave.h"
#include "redoubt/enclave/verbs.h"
#include "redoubt/keeper_errands.h"
#include "redoubt/sealing_paths.h"
#include "sealing/keeper_keys.h"
#include "sealing/sealing.h"

namespace redoubt::app::enclave_verbs {

namespace {

// How a key file rests, by how it begins: before its bytes.
Result<bool> is_encrypted(const std::string& path) {
  constexpr std::string_view kBegins = "redoubt-encrypted-";
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return errno_error("cannot open `" + path + "`", errno);
  std::array<char, kBegins.size()> begins{};
  const ssize_t n = ::read(file.get(), begins.data(), begins.size());
  if (n < 0) return errno_error("cannot read `" + path + "`", errno);
  return std::string_view(begins.data(), static_cast<std::size_t>(n)) == kBegins;
}

Result<bool> is_any_encrypted(const std::string& keeper) {
  std::error_code error;
  for (auto each = std::filesystem::directory_iterator(keeper, error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    if (each->path().extension() != ".key") continue;
    const auto encrypted = is_encrypted(each->path().string());
    if (!encrypted || *encrypted) return encrypted;
  }
  if (error) return errno_error("cannot list `" + keeper + "`", error.value());
  return false;
}

Result<bool> is_approved(FileSystem& fs, const Layout& layout) {
  const auto sealing = sealing::Sealing::load(fs, layout.sealing());
  if (!sealing && sealing.error().code() == Errc::kNotFound) return false;
  if (!sealing) return sealing.error();
  const auto approvals = sealing::read_approvals(fs, layout.approvals());
  if (!approvals) return approvals.error();
  for (const sealing::KeptApproval& each : *approvals) {
    if (each.file.is_signed_by(sealing->approver, sealing->purpose())) return true;
  }
  return false;
}

// What a call left that was cut short before anything was encrypted: it opens nothing, and nobody was told of it.
Result<> remove_what_was_begun(FileSystem& fs, const Layout& layout) {
  const keys::QuorumSize all{.threshold = keys::kQuorumSharesMax, .count = keys::kQuorumSharesMax};
  std::vector<std::string> files{layout.keeper() + "/" + sealing::kSealedFile, layout.sealing(), layout.approver_key(),
                                 layout.approver_quorum(), layout.recovery_quorum()};
  for (const std::string& prefix : {approver_share(layout), sealing_paths(layout).recovery_share}) {
    for (std::string& path : keys::share_paths(all, prefix)) files.push_back(std::move(path));
  }
  for (const std::string& path : files) {
    if (auto done = fs.remove(path); !done && done.error().code() != Errc::kNotFound) return done;
  }
  return {};
}

// Whether there is a storage key to go on with.
Result<bool> has_begun(FileSystem& fs, const Layout& layout) {
  const auto signer = is_encrypted(layout.keeper() + "/signer.key");
  if (!signer) return signer.error();
  if (*signer) return Error(Errc::kAlreadyExists, "the keys of `" + layout.root + "` are sealed already");
  if (fs.open(layout.keeper() + "/signer.next.key", OpenMode::kReadOnly)) {
    return Error(Errc::kUnavailable,
                 "a change of the signing key is half done: `redoubt ledger rotate-signer` finishes it");
  }
  const auto encrypted = is_any_encrypted(layout.keeper());
  if (!encrypted) return encrypted.error();
  const auto sealed = sealing::is_sealed(fs, layout.keeper());
  if (!sealed) return sealed.error();
  if (*encrypted && !*sealed) {
    return Error(Errc::kCorrupt, "some of the keys are encrypted, and what opens them is not there");
  }
  if (*encrypted) return true;
  const auto approved = is_approved(fs, layout);
  if (!approved) return approved.error();
  return *sealed && *approved;
}

// What was sealed by this call; nothing when an earlier one had been cut short, and is done now.
Result<std::optional<KeySealing>> seal_all(OfflineEnclave& enclave, const SealOptions& options) {
  PosixFileSystem fs;
  const Layout& layout = enclave.layout();
  if (auto done = enclave.load(); !done) return done.error();
  if (auto done = enclave.lock_out(); !done) return done.error();
  if (enclave.tpm().empty()) {
    return Error(Errc::kInvalidArgument,
                 "`enclave.tpm` in redoubt.toml says to which TPM keys are sealed: put it there first");
  }
  const auto begun = has_begun(fs, layout);
  if (!begun) return begun.error();
  std::optional<KeySealing> made;
  if (!*begun) {
    if (auto done = remove_what_was_begun(fs, layout); !done) return done.error();
    auto sealed = seal_for_the_first_time(enclave, {.approvers = options.approvers, .recovery = options.recovery},
                                          [&](const KeysToSeal& what) { return have_keys_sealed(layout, what); });
    if (!sealed) return sealed.error();
    if (auto done = approve_first(layout, sealed->made, enclave.configuration(), sealed->approver); !done) {
      return done.error();
    }
    made = *std::move(sealed);
  }
  if (auto done = enclave.measure(); !done) return done.error();
  if (auto done = have_keys_encrypted(layout, enclave.keepers_tpm()); !done) return done.error();
  return made;
}

}  // namespace

int seal(const Common& common, const SealOptions& options) {
  OfflineEnclave enclave((Layout(common.dir)));
  const auto made = seal_all(enclave, options);
  if (!made) return report(made.error(), common.json);
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("resumed", !made->has_value());
    if (*made) write_sealing(json, **made);
    json.end_object();
    std::printf("%s\n", out.c_str());
    return kSuccess;
  }
  if (*made) {
    print_sealing(**made);
  } else {
    std::printf("the sealing that had begun is done\n");
  }
  return kSuccess;
}

}  // namespace redoubt::app::enclave_verbs
