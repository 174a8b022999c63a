#include "redoubt/standing.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/file.h"
#include "ledger/logs.h"
#include "ledger/signers.h"
#include "redoubt/layout.h"

namespace redoubt::app {
namespace {

Result<std::string> read_text(const std::string& path, std::uint64_t limit) {
  PosixFileSystem fs;
  auto bytes = read_file(fs, path, limit);
  if (!bytes) return bytes.error();
  return std::string(as_chars(*bytes));
}

// RFC 3339, or the bare number after the year 9999.
std::string time_text(std::uint64_t unix_seconds) {
  constexpr std::uint64_t kLast = 253'402'300'799;  // 9999-12-31T23:59:59Z
  if (unix_seconds > kLast) return std::to_string(unix_seconds) + " s after 1970";
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string_view to_string(tlog::Quorum quorum) {
  switch (quorum) {
    case tlog::Quorum::kMet:
      return "met";
    case tlog::Quorum::kNotMet:
      return "not met";
    case tlog::Quorum::kNotRequired:
      return "not required";
  }
  return "not met";
}

std::string freshness(const std::optional<Standing>& standing) {
  if (!standing || standing->checked.cosignatures.empty()) return std::string(kFreshness);
  const tlog::CheckedCheckpoint& checked = standing->checked;
  const std::string count = std::to_string(checked.cosignatures.size()) + " of " +
                            std::to_string(standing->policy.witnesses().size()) + " witnesses";
  switch (checked.quorum) {
    case tlog::Quorum::kMet:
      return "witnessed by a quorum as of " + time_text(checked.quorum_unix_seconds) + ", by its clocks";
    case tlog::Quorum::kNotRequired:
      return "freshness unproven (" + count + " cosigned, the policy requires none)";
    case tlog::Quorum::kNotMet:
      break;
  }
  return "freshness unproven (" + count + " cosigned, not the quorum)";
}

// Keys with a line that is there and proves nothing, because this build cannot verify their type.
struct NotChecked {
  std::string name;  // in the policy; of a log its origin
  const tlog::VerifierKey* key = nullptr;
};

std::vector<NotChecked> not_checked(const Standing& standing) {
  std::vector<NotChecked> keys;
  for (const std::size_t i : standing.checked.logs_not_checked) {
    const tlog::VerifierKey& key = standing.policy.logs()[i].key;
    keys.push_back({key.name(), &key});
  }
  for (const std::size_t i : standing.checked.witnesses_not_checked) {
    const tlog::TrustPolicy::Witness& witness = standing.policy.witnesses()[i];
    keys.push_back({witness.name, &witness.key});
  }
  return keys;
}

// A vkey without its last part: what people compare.
std::string key_name(const tlog::VerifierKey& key) {
  const std::string vkey = key.format();
  return vkey.substr(0, vkey.find('+', key.name().size() + 1));
}

// Both names are the policy's own: nothing of a note is printed that the reader's file does not hold.
std::string named(const std::string& name, const tlog::VerifierKey& key) {
  return name + " (" + key.name() + ")";
}

}  // namespace

Result<tlog::VerifierKey> verifier_key(const Common& common, const LedgerAccess& access) {
  std::string vkey = access.vkey;
  if (vkey.empty()) {
    const std::string path = access.vkey_file.empty() ? Layout(common.dir).verifier_key() : access.vkey_file;
    auto text = read_text(path, 4096);
    if (!text) return text.error().in("verifier key (give --vkey or --vkey-file)");
    vkey = text->substr(0, text->find_first_of("\r\n"));
  }
  auto key = tlog::VerifierKey::parse(vkey);
  if (!key) return key;
  if (const auto usable = tlog::require_log_key(*key); !usable) return usable.error();
  // A key that is named is taken as it is. The folder's is that of the system log; tenants' logs have the same under
  // their own names.
  if (access.tenant.empty() || !access.vkey.empty() || !access.vkey_file.empty()) return key;
  crypto::Ed25519PublicKey public_key;
  std::copy_n(key->public_key().begin(), public_key.size(), public_key.begin());
  return tlog::VerifierKey::ed25519(ledger::log_origin(key->name(), access.tenant), public_key);
}

Result<tlog::SignerHistory> signer_history(const Common& common, const LedgerAccess& access, tlog::ResourceReader* log,
                                           const std::string& prefix) {
  const auto trusted = verifier_key(common, access);
  if (!trusted) return trusted.error();
  std::string text;
  if (!access.signers_file.empty()) {
    auto file = read_text(access.signers_file, tlog::kMaxSignersSize);
    if (!file) return file.error();
    text = *std::move(file);
  } else if (log != nullptr) {
    const auto file = log->fetch(prefix + "signers", tlog::kMaxSignersSize);
    // Servers of others refuse what they do not have in either way.
    const bool none =
        !file && (file.error().code() == Errc::kNotFound || file.error().code() == Errc::kPermissionDenied);
    if (!file && !none) return file.error();
    if (file) text = as_chars(*file);
  } else if (access.vkey.empty() && access.vkey_file.empty()) {
    PosixFileSystem fs;
    auto file = ledger::read_signers(fs, ledger::log_directory(Layout(common.dir).ledger(), access.tenant));
    if (!file) return file.error();
    text = *std::move(file);
  }
  return tlog::SignerHistory::verify(*trusted, text);
}

void print_signer(const std::optional<Signer>& signer) {
  if (!signer || signer->history.terms().size() == 1) return;
  const std::size_t trusted = signer->history.trusted();
  const tlog::SignerTerm& term = signer->history.terms()[signer->term];
  const std::string other = key_name(signer->history.terms()[trusted].key);
  std::string relation = ", the key that is trusted";
  if (signer->term > trusted) relation = ", successor of " + other + " since size " + std::to_string(term.from.value);
  if (signer->term < trusted) relation = ", predecessor of " + other + " until size " + std::to_string(term.to->value);
  std::printf("signer      %s%s\n", key_name(term.key).c_str(), relation.c_str());
}

void write_signer(encoding::JsonWriter& json, const std::optional<Signer>& signer) {
  if (!signer || signer->history.terms().size() == 1) return;
  const tlog::SignerTerm& term = signer->history.terms()[signer->term];
  json.key("signer");
  json.begin_object();
  json.member("vkey", term.key.format());
  json.member("trusted_vkey", signer->history.terms()[signer->history.trusted()].key.format());
  json.member("from", term.from.value);
  if (term.to) json.member("to", term.to->value);
  if (term.revoked_at) json.member("revoked_at", term.revoked_at->value);
  json.end_object();
}

Result<tlog::TrustPolicy> trust_policy(const Common& common, const LedgerAccess& access) {
  auto text = read_text(access.policy_file, tlog::kMaxPolicySize);
  if (!text) return text.error().in("trust policy");
  auto policy = tlog::TrustPolicy::parse(*text);
  if (!policy) return policy.error().in("trust policy `" + access.policy_file + "`");
  const bool log_given = !access.vkey.empty() || !access.vkey_file.empty();
  if (!log_given && !policy->logs().empty()) return policy;
  auto key = verifier_key(common, access);
  if (!key) return key.error();
  return policy->for_log(*key);
}

Result<Standing> check_standing(const Common& common, const LedgerAccess& access, std::string_view note) {
  auto policy = trust_policy(common, access);
  if (!policy) return policy.error();
  auto checked = tlog::check_checkpoint(note, *policy);
  if (!checked) return checked.error().in("checkpoint");
  return Standing{*std::move(policy), *std::move(checked)};
}

void print_standing(const std::optional<Standing>& standing, std::FILE* out) {
  if (standing) {
    for (const tlog::Cosignature& cosignature : standing->checked.cosignatures) {
      const tlog::TrustPolicy::Witness& witness = standing->policy.witnesses()[cosignature.witness];
      std::fprintf(out, "witness     %s at %s\n", named(witness.name, witness.key).c_str(),
                   time_text(cosignature.unix_seconds).c_str());
    }
    for (const NotChecked& key : not_checked(*standing)) {
      std::fprintf(out, "not checked %s: ML-DSA-44, which this build cannot verify\n",
                   named(key.name, *key.key).c_str());
    }
    std::fprintf(out, "quorum      %s: %s\n", standing->policy.quorum().c_str(),
                 std::string(to_string(standing->checked.quorum)).c_str());
  }
  std::fprintf(out, "freshness   %s\n", freshness(standing).c_str());
}

void write_standing(encoding::JsonWriter& json, const std::optional<Standing>& standing) {
  json.member("ok", exit_status(standing) == kSuccess);
  write_witnesses(json, standing);
}

void write_witnesses(encoding::JsonWriter& json, const std::optional<Standing>& standing) {
  if (standing) {
    json.key("witnesses");
    json.begin_array();
    for (const tlog::Cosignature& cosignature : standing->checked.cosignatures) {
      const tlog::TrustPolicy::Witness& witness = standing->policy.witnesses()[cosignature.witness];
      json.begin_object();
      json.member("name", witness.name);
      json.member("key_name", witness.key.name());
      json.member("unix_seconds", cosignature.unix_seconds);
      json.end_object();
    }
    json.end_array();
    json.key("not_checked");
    json.begin_array();
    for (const NotChecked& key : not_checked(*standing)) {
      json.begin_object();
      json.member("name", key.name);
      json.member("key_name", key.key->name());
      json.end_object();
    }
    json.end_array();
    json.key("quorum");
    json.begin_object();
    json.member("name", standing->policy.quorum());
    json.member("state", to_string(standing->checked.quorum));
    if (standing->checked.quorum == tlog::Quorum::kMet) {
      json.member("unix_seconds", standing->checked.quorum_unix_seconds);
    }
    json.end_object();
  }
  json.member("freshness", freshness(standing));
}

int exit_status(const std::optional<Standing>& standing) {
  return !standing || standing->checked.accepted() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
