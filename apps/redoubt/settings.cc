#include "redoubt/settings.h"

#include <algorithm>
#include <array>
#include <thread>
#include <tuple>

#include "base/config.h"
#include "crypto/certificate.h"
#include "encoding/base64.h"
#include "gateway/attestation_files.h"
#include "redoubt/enclave.h"

namespace redoubt::app {
namespace {

constexpr std::array kCpuKinds{attest::Kind::kSevSnp, attest::Kind::kTdx, attest::Kind::kNitro, attest::Kind::kSgx};
constexpr std::string_view kUpstreamAttested = "upstream.attested";

// Reads values one after the other and keeps the first error.
class Reader {
 public:
  explicit Reader(const ConfigSection& section) : section_(section) {}

  void read(std::string_view key, std::string& out) { take(section_.get_string(key, out), out); }
  void read(std::string_view key, bool& out) { take(section_.get_bool(key, out), out); }
  void read(std::string_view key, std::vector<std::string>& out) { take(section_.get_strings(key, out), out); }
  template <class T>
  void read_int(std::string_view key, T& out, std::int64_t min, std::int64_t max) {
    take(section_.get_int(key, static_cast<std::int64_t>(out), {min, max}), out);
  }
  template <class T>
  void read_size(std::string_view key, T& out, std::uint64_t min, std::uint64_t max) {
    take(section_.get_size(key, out, {min, max}), out);
  }
  void read(std::string_view key, std::chrono::milliseconds& out) {
    using namespace std::chrono_literals;
    take(section_.get_duration(key, out, {1ms, std::chrono::milliseconds(24h)}), out);
  }
  Result<> done() const { return error_ ? Result<>(*error_) : Result<>(); }

 private:
  template <class T, class U>
  void take(Result<T> value, U& out) {
    if (value) {
      out = static_cast<U>(*std::move(value));
    } else if (!error_) {
      error_ = value.error();
    }
  }

  const ConfigSection& section_;
  std::optional<Error> error_;
};

Result<> load_tenants(const ConfigFile& file, Settings& s) {
  for (const ConfigSection& section : file.sections("tenant")) {
    auto name = section.get_string("name");
    if (!name) return name.error();
    const auto same = [&](const Settings::Tenant& tenant) { return tenant.log.name == *name; };
    if (!ledger::is_tenant_name(*name)) {
      return section.error_at("name", "has 1 to 64 of a-z, 0-9, `.`, `_` and `-`, not in front, and is not `system`");
    }
    if (std::any_of(s.tenants.begin(), s.tenants.end(), same)) return section.error_at("name", "is there twice");
    Settings::Tenant tenant{.log = {.name = *name}};
    Reader in(section);
    in.read("public_log", tenant.log.public_log);
    in.read_size("quota", tenant.quota, 1024 * 1024, 1ull << 60);
    if (auto done = in.done(); !done) return done;
    s.tenants.push_back(std::move(tenant));
  }
  if (s.tenants.size() > ledger::kMaxTenants) {
    return Error(Errc::kInvalidArgument, "there are more than " + std::to_string(ledger::kMaxTenants) + " tenants");
  }
  return {};
}

Result<> read_level(const ConfigSection& section, std::string_view key, ledger::CommitLevel& out) {
  auto text = section.get_string(key, std::string(to_string(out)));
  if (!text) return text.error();
  const auto level = ledger::parse_commit_level(*text);
  if (!level) return section.error_at(key, "must be `durable`, `published` or `cosigned`");
  out = *level;
  return {};
}

Result<> load_commit_levels(const ConfigFile& file, gateway::CommitSettings& out) {
  auto level = ledger::CommitLevel::kDurable;
  if (auto done = read_level(file, "commit.default", level); !done) return done;
  out.set_default(level);
  std::vector<std::string> seen;
  for (const ConfigSection& section : file.sections("commit.route")) {
    auto operation = section.get_string("operation");
    if (!operation) return operation.error();
    if (!section.has("level")) return section.error_at("level", "is missing");
    if (auto done = read_level(section, "level", level); !done) return done;
    if (!out.set(*operation, level)) {
      return section.error_at("operation", "must be `chat.completions`, `models.list` or `ledger.entries`");
    }
    if (std::find(seen.begin(), seen.end(), *operation) != seen.end()) {
      return section.error_at("operation", "is there twice");
    }
    seen.push_back(*std::move(operation));
  }
  return {};
}

Result<> read_digests(const ConfigSection& section, const std::string& key, std::string_view prefix, std::size_t max,
                      std::vector<crypto::Sha256Digest>& out) {
  const std::string form =
      (prefix.empty() ? std::string() : "`" + std::string(prefix) + "` and ") + "64 hexadecimal digits";
  auto texts = section.get_strings(key, std::vector<std::string>());
  if (!texts) return texts.error();
  for (const std::string& text : *texts) {
    const bool is_prefixed = std::string_view(text).starts_with(prefix);
    const auto bytes = encoding::hex_decode(std::string_view(text).substr(is_prefixed ? prefix.size() : 0));
    crypto::Sha256Digest digest;
    if (!is_prefixed || !bytes || bytes->size() != digest.size()) {
      return section.error_at(key, "has something that is not " + form);
    }
    std::ranges::copy(*bytes, digest.begin());
    out.push_back(digest);
  }
  if (out.size() > max) return section.error_at(key, "has more than " + std::to_string(max));
  return {};
}

// What a form of others lacks must not be asked of it.
Result<> check_form(const ConfigFile& file, const std::string& prefix, std::string_view form,
                    gateway::AcceptedPeer& out) {
  const auto known = attest::find_evidence_form(form);
  if (!known) {
    return file.error_at(prefix + ".form", "is not possible: `" + std::string(form) +
                                               "` is no form of evidence; there are `redoubt`, `tinfoil` and `dstack`");
  }
  out.form = *known;
  if (*known == attest::EvidenceForm::kRedoubt) return {};
  if (prefix != kUpstreamAttested) {
    return file.error_at(prefix + ".form", "is not possible: `" + std::string(form) + "` is a form of upstreams alone");
  }
  for (const char* key : {".pins", ".bundles", ".mutual"}) {
    if (file.has(prefix + key)) {
      return file.error_at(prefix + key, "is not possible with the form `" + std::string(form) +
                                             "`: what is accepted stands in `policy`, its reference values and "
                                             "collateral (docs/attestation-adapters.md)");
    }
  }
  if (out.policy.empty()) {
    return file.error_at(prefix + ".form", "needs `policy`: without pinned values nobody is accepted");
  }
  return {};
}

// `PREFIX.policy`, `.pins`, `.bundles` and `.form`; whatever else is said of the peer needs one of the first two.
Result<> load_accepted_peer(const ConfigFile& file, const std::string& prefix, gateway::AcceptedPeer& out) {
  Reader in(file);
  std::string form = "redoubt";
  in.read(prefix + ".policy", out.policy);
  in.read(prefix + ".form", form);
  if (auto done = in.done(); !done) return done;
  for (auto [key, start, max, digests] :
       {std::tuple(".pins", "", attest::PeerTerms::kMaxPolicies - 1, &out.pins),
        std::tuple(".bundles", "sha256:", attest::PeerTerms::kMaxBundles, &out.bundles)}) {
    if (auto done = read_digests(file, prefix + key, start, max, *digests); !done) return done;
  }
  if (auto fit = check_form(file, prefix, form, out); !fit) return fit;
  if (!out.policy.empty() && !gateway::AttestationFiles::is_policy_name(out.policy)) {
    return file.error_at(prefix + ".policy", "must be `attestation/NAME.json`, a file of the bundle");
  }
  for (const char* key : {".bundles", ".form", ".mutual", ".required"}) {
    if (file.has(prefix + key) && !out.is_asked()) {
      return file.error_at(prefix + key, "needs `policy` or `pins`: without them nobody is asked");
    }
  }
  return {};
}

Result<> load_attested(const ConfigFile& file, Settings& s) {
  constexpr const char* kCallers = "callers.attested";
  if (auto done = load_accepted_peer(file, std::string(kUpstreamAttested), s.upstream_evidence); !done) return done;
  if (auto done = load_accepted_peer(file, kCallers, s.caller_evidence); !done) return done;
  Reader in(file);
  in.read("upstream.attested.mutual", s.upstream_mutual);
  in.read("callers.attested.required", s.caller_evidence_required);
  if (auto done = in.done(); !done) return done;
  if (s.upstream_evidence.is_asked() && !std::string_view(s.upstream_url).starts_with("https://")) {
    return file.error_at("upstream.url",
                         "must be https://, since what is to be attested is the other end of a TLS connection");
  }
  if (s.upstream_mutual && s.tpm.empty()) {
    return file.error_at("upstream.attested.mutual", "needs `enclave.tpm`, which speaks for this server");
  }
  return {};
}

// Files that go with evidence by the processor, where the machine does not give them.
constexpr std::array kEndorsements{attest::Role::kChain,      attest::Role::kVek,     attest::Role::kCrl,
                                   attest::Role::kCollateral, attest::Role::kTcbInfo, attest::Role::kQeIdentity,
                                   attest::Role::kPckCrl,     attest::Role::kRootCrl, attest::Role::kTcbIssuerChain};

Result<> load_cpu(const ConfigFile& file, const std::string& tpm, CpuSettings& out) {
  std::string kind;
  std::string root;
  Reader in(file);
  in.read("enclave.cpu", kind);
  in.read("enclave.tsm", out.tsm);
  in.read("enclave.cpu_root", root);
  for (const attest::Role role : kEndorsements) {
    std::string path;
    in.read("enclave.endorsements." + std::string(attest::to_string(role)), path);
    if (!path.empty()) out.files.emplace_back(role, std::move(path));
  }
  if (auto done = in.done(); !done) return done;
  if (!kind.empty()) {
    out.kind = find_cpu_kind(kind);
    if (!out.kind) return file.error_at("enclave.cpu", "must be `sev-snp`, `tdx`, `nitro` or `sgx`");
    if (tpm.empty()) return file.error_at("enclave.cpu", "needs `enclave.tpm`, which measures what runs");
  }
  if (!root.empty()) {
    const auto bytes = encoding::hex_decode(root);
    crypto::Sha256Digest digest;
    if (!bytes || bytes->size() != digest.size())
      return file.error_at("enclave.cpu_root", "is not 64 hexadecimal digits");
    std::ranges::copy(*bytes, digest.begin());
    out.root = digest;
  }
  const char* const alone = !out.tsm.empty() ? "enclave.tsm" : out.root ? "enclave.cpu_root" : nullptr;
  if (!out.kind && alone != nullptr) return file.error_at(alone, "needs `enclave.cpu`");
  if (!out.kind && !out.files.empty()) {
    return file.error_at("enclave.endorsements." + std::string(attest::to_string(out.files.front().first)),
                         "needs `enclave.cpu`");
  }
  if (!out.tsm.empty() && out.tsm.front() != '/') return file.error_at("enclave.tsm", "must be an absolute path");
  return {};
}

}  // namespace

std::optional<attest::Kind> find_cpu_kind(std::string_view name) {
  const auto kind = attest::find_kind(name);
  if (!kind || std::ranges::count(kCpuKinds, *kind) == 0) return std::nullopt;
  return kind;
}

Result<Settings> load_settings(FileSystem& fs, const std::string& path) {
  auto text = read_file(fs, path, ConfigFile::kMaxSizeBytes);
  if (!text) return text.error();
  return parse_settings(as_chars(*text), path);
}

Result<Settings> parse_settings(std::string_view text, const std::string& path) {
  auto file = ConfigFile::parse(text, path);
  if (!file) return file.error();
  Settings s;
  Reader in(*file);
  constexpr std::uint64_t kKiB = 1024;
  constexpr std::uint64_t kMiB = 1024 * kKiB;
  in.read("gateway.listen", s.listen);
  in.read("admin.listen", s.admin_listen);
  in.read_int("gateway.threads", s.threads, 1, 64);
  in.read("gateway.drain_grace", s.drain_grace);
  in.read("gateway.denial_interval", s.denial_interval);
  in.read("gateway.ledger_timeout", s.ledger_timeout);
  in.read("commit.timeout", s.commit.timeout);
  in.read_size("gateway.max_body", s.server.max_body_bytes, kKiB, 64 * kMiB);
  in.read_size("gateway.max_held", s.server.max_held_bytes, kMiB, 1024 * 1024 * kMiB);
  in.read_size("gateway.max_head", s.server.max_head_bytes, kKiB, kMiB);
  in.read_int("gateway.max_connections", s.server.max_connections, 1, 1'000'000);
  in.read("gateway.head_timeout", s.server.head_timeout);
  in.read("gateway.body_timeout", s.server.body_timeout);
  in.read("gateway.idle_timeout", s.server.idle_timeout);
  in.read("gateway.write_timeout", s.server.write_timeout);
  in.read("gateway.handshake_timeout", s.server.handshake_timeout);
  in.read("gateway.tls", s.tls);
  in.read("gateway.tls_names", s.tls_names);
  in.read("gateway.tls_leaf_life", s.tls_leaf_life);
  in.read("gateway.tls_certificate", s.tls_certificate);
  in.read("gateway.tls_key", s.tls_key);
  in.read("gateway.allow_plain_http", s.allow_plain_http);
  in.read("ledger.origin", s.origin);
  in.read_size("ledger.segment_size", s.segment_bytes, 9 * kMiB, 2048 * kMiB);
  in.read_size("ledger.free_space_reserve", s.free_space_reserve, 16 * kMiB, 1024 * 1024 * kMiB);
  in.read_int("limits.meters", s.meters, 1024, std::int64_t{1} << 28);
  in.read("witness.policy", s.witness_policy);
  in.read("witness.required", s.witness_required);
  in.read("witness.timeout", s.witness_timeout);
  in.read("process.keeper_user", s.keeper_user);
  in.read("process.gateway_user", s.gateway_user);
  in.read("process.notifier_user", s.notifier_user);
  in.read("process.attester_user", s.attester_user);
  in.read("process.require_confinement", s.require_confinement);
  in.read("enclave.tpm", s.tpm);
  std::string min_tier(to_string(s.min_tier));
  in.read("enclave.min_tier", min_tier);
  in.read("upstream.url", s.upstream_url);
  in.read("upstream.name", s.upstream_name);
  in.read("upstream.provider", s.upstream_provider);
  in.read("upstream.key_file", s.upstream_key_file);
  in.read("upstream.ca_file", s.upstream_ca_file);
  in.read("upstream.connect_timeout", s.client.connect_timeout);
  in.read("upstream.head_timeout", s.client.head_timeout);
  in.read("upstream.idle_timeout", s.client.idle_timeout);
  in.read("upstream.reply_timeout", s.client.reply_timeout);
  in.read_size("upstream.max_reply", s.max_reply_bytes, kKiB, 1024 * kMiB);
  in.read_size("upstream.max_stream", s.max_stream_bytes, kKiB, 1024 * kKiB * kMiB);
  if (auto done = in.done(); !done) return done.error();
  if (auto done = load_tenants(*file, s); !done) return done.error();
  if (auto done = load_commit_levels(*file, s.commit); !done) return done.error();
  if (auto done = load_attested(*file, s); !done) return done.error();
  if (auto done = load_cpu(*file, s.tpm, s.cpu); !done) return done.error();
  if (auto done = file->check_all_read(); !done) return done.error();
  for (const std::string& name : s.tls_names) {
    if (auto good = crypto::check_certificate_name(name); !good) {
      return file->error_at("gateway.tls_names", "has " + good.error().message());
    }
  }
  if (s.tls_certificate.empty() != s.tls_key.empty()) {
    return file->error_at(s.tls_key.empty() ? "gateway.tls_certificate" : "gateway.tls_key",
                          "needs the other of `tls_certificate` and `tls_key`");
  }
  if (s.witness_required && s.witness_policy.empty()) {
    return file->error_at("witness.required", "needs `witness.policy`, which says who the witnesses are");
  }
  if (!s.tpm.empty() && !is_tpm(s.tpm)) {
    return file->error_at("enclave.tpm", "must be `swtpm`, or `device:` and the path of a TPM");
  }
  const auto tier = attest::find_tier(min_tier);
  if (!tier) {
    return file->error_at("enclave.min_tier", "must be `none`, `software-tpm`, `tpm`, `cpu-tee` or `cpu-gpu-tee`");
  }
  s.min_tier = *tier;
  if (s.origin.empty()) return file->error_at("ledger.origin", "must name the log");
  return s;
}

std::string format_initial_settings(const InitialSettings& initial) {
  std::string out =
      "# Redoubt's configuration. Every key: docs/operating/configuration.md.\n"
      "\n"
      "[gateway]\n"
      "listen = \"" +
      initial.listen +
      "\"\n"
      "threads = 1\n";
  if (initial.tls) out += "tls = true\n";
  out +=
      "\n"
      "[admin]\n"
      "# The administrative interface; beside it there is the socket run/admin.sock.\n"
      "listen = \"" +
      initial.admin_listen +
      "\"\n"
      "\n"
      "[ledger]\n"
      "# The log's name, in every checkpoint and receipt. It cannot change while the ledger lives.\n"
      "origin = \"" +
      initial.origin +
      "\"\n"
      "\n"
      "[upstream]\n"
      "# An OpenAI-compatible server. Its API key, if it wants one, is the content of `key_file`.\n"
      "url = \"" +
      initial.upstream_url +
      "\"\n"
      "# key_file = \"/etc/redoubt/upstream.key\"\n";
  if (!initial.tpm.empty()) {
    out +=
        "\n"
        "[enclave]\n"
        "# What speaks for this machine. A server that was begun with one does not start without it.\n"
        "tpm = \"" +
        initial.tpm + "\"\n";
    if (!initial.cpu.empty()) out += "cpu = \"" + initial.cpu + "\"\n";
    if (!initial.tsm.empty()) out += "tsm = \"" + initial.tsm + "\"\n";
  }
  for (const std::string& tenant : initial.tenants) out += "\n[[tenant]]\nname = \"" + tenant + "\"\n";
  return out;
}

}  // namespace redoubt::app
