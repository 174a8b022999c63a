#include "sealing/keeper_keys.h"

#include <charconv>
#include <utility>
#include <vector>

#include "tpm/sealed_secret.h"
#include "tpm/unseal_approved.h"

namespace redoubt::sealing {

namespace {

constexpr std::uint64_t kMaxVersionBytes = 32;

// What to do about it, in place of what the TPM says.
Error with_advice(const Error& why, const std::string& redoubt) {
  switch (why.code()) {
    case Errc::kPermissionDenied:
      return {why.code(),
              why.message() + "; `redoubt enclave approve --dir " + redoubt + "` approves what is there now"};
    case Errc::kVerifyFailed:
    case Errc::kNotFound:
      return {Errc::kVerifyFailed,
              "the keys are sealed to another TPM than this one, or it was cleared: " + recovery_advice(redoubt)};
    default:
      return why.in("unsealing");
  }
}

// Nothing when the keys are not sealed.
Result<std::optional<tpm::SealedSecret>> read_sealed(FileSystem& fs, const std::string& folder) {
  const auto bytes = read_file(fs, folder + "/" + kSealedFile, tpm::SealedSecret::kMaxBytes);
  if (!bytes && bytes.error().code() == Errc::kNotFound) return std::optional<tpm::SealedSecret>();
  if (!bytes) return bytes.error();
  auto sealed = tpm::SealedSecret::decode(*bytes);
  if (!sealed) return sealed.error();
  return std::optional(*std::move(sealed));
}

Approver approver_of(const tpm::SealedSecret& sealed) {
  return {.key = sealed.approver, .purpose = sealed.policy_ref};
}

}  // namespace

std::string recovery_advice(const std::string& redoubt) {
  return "`redoubt enclave recover --dir " + redoubt + "` seals the keys to this one, by recovery shares";
}

Result<bool> is_sealed(FileSystem& fs, const std::string& folder) {
  const auto file = fs.open(folder + "/" + kSealedFile, OpenMode::kReadOnly);
  if (!file && file.error().code() != Errc::kNotFound) return file.error();
  return file.has_value();
}

Result<std::optional<Approver>> read_approver(FileSystem& fs, const std::string& folder) {
  const auto sealed = read_sealed(fs, folder);
  if (!sealed) return sealed.error();
  if (!*sealed) return std::optional<Approver>();
  return std::optional(approver_of(**sealed));
}

Result<KeeperKeys> open_keeper_keys(FileSystem& fs, const std::string& folder, const Unlocking& by) {
  const auto sealed = read_sealed(fs, folder);
  if (!sealed) return sealed.error();
  if (!*sealed) return KeeperKeys{.store = keys::KeyStore::plain(), .version = 0, .approver = std::nullopt};
  if (by.tpm == nullptr) {
    return Error(
        Errc::kPermissionDenied,
        "the keys are sealed to a TPM, and redoubt.toml has no `enclave.tpm`: they are opened by that or not at "
        "all");
  }
  std::vector<tpm::ApprovalFile> approvals;
  for (const KeptApproval& each : by.approvals) approvals.push_back(each.file);
  auto opened = tpm::unseal_approved(*by.tpm, **sealed, approvals, *by.measured);
  if (!opened) return with_advice(opened.error(), by.redoubt);
  if (opened->secret.size() != keys::KeyStore::kStorageKeyBytes) {
    return Error(Errc::kCorrupt, "what was sealed is no storage key");
  }
  return KeeperKeys{.store = keys::KeyStore::encrypted(std::move(opened->secret)),
                    .version = opened->version,
                    .approver = approver_of(**sealed)};
}

Result<> write_opened_version(FileSystem& fs, const std::string& folder, std::uint64_t version) {
  const auto before = read_opened_version(fs, folder);
  if (before && *before == version) return {};
  const std::string text = std::to_string(version) + "\n";
  return write_file_atomically(fs, folder + "/" + kOpenedFile, as_bytes(text));
}

Result<std::uint64_t> read_opened_version(FileSystem& fs, const std::string& folder) {
  const auto bytes = read_file(fs, folder + "/" + kOpenedFile, kMaxVersionBytes);
  if (!bytes && bytes.error().code() == Errc::kNotFound) return std::uint64_t{0};
  if (!bytes) return bytes.error();
  const std::string_view text = as_chars(*bytes);
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "\n") {
    return Error(Errc::kMalformed, "`" + folder + "/" + kOpenedFile + "` has no version");
  }
  return version;
}

}  // namespace redoubt::sealing
