#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <span>
#include <utility>

#include "base/file.h"
#include "crypto/ed25519.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "gateway/policy_bundle.h"
#include "keys/key_file.h"
#include "ledger/logs.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "redoubt/commands.h"
#include "redoubt/enclave.h"
#include "redoubt/enclave/approval.h"
#include "redoubt/enclave/new_sealing.h"
#include "redoubt/enclave/offline_enclave.h"
#include "redoubt/genesis.h"
#include "redoubt/keeper_errands.h"
#include "redoubt/layout.h"
#include "redoubt/processor.h"
#include "redoubt/settings.h"
#include "redoubt/shipped_playbooks.h"

namespace redoubt::app {
namespace {

std::string default_origin() {
  std::array<char, 65> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {"localhost"};
  std::array<std::byte, 4> random;
  crypto::random_bytes(random);
  return std::string(host.data()) + "/redoubt-" + encoding::hex(random);
}

// The origin is a key name (C2SP signed-note) and goes into header fields and TOML: printable ASCII without quotes.
Result<> check_origin(const std::string& origin) {
  for (const char c : origin) {
    if (c < 0x21 || c > 0x7e || c == '"' || c == '\\' || c == '+') {
      return Error(Errc::kInvalidArgument, "an origin is printable ASCII without spaces, quotes, `\\` or `+`");
    }
  }
  if (origin.empty() || origin.size() > 200) return Error(Errc::kInvalidArgument, "an origin has 1 to 200 characters");
  return {};
}

// A folder for keys. Those of a call that was cut short are nobody's: nothing was ever entrusted to them.
Result<> make_private_directory(const Layout& layout, const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return errno_error("cannot make folder `" + path + "`", errno);
  return Error(Errc::kAlreadyExists, "`" + layout.root +
                                         "` was left half made by a `redoubt init` that was cut short, or has other "
                                         "files in it: remove it and begin anew");
}

// What speaks for the machine.
struct ChosenEnclave {
  std::string tpm;  // to which keys are sealed; empty: none does
  CpuSettings cpu;
  std::string interface;  // of the processor's, for a person
};

// What `--enclave` asks for: `auto`, `none`, a TPM, a processor, or a processor and a TPM.
struct AskedEnclave {
  std::string tpm;                  // `auto`, or as in the configuration; empty: none
  std::optional<attest::Kind> cpu;  // this one
  bool any_cpu = false;             // the best that there is, or none
};

Result<AskedEnclave> read_enclave(const std::string& text) {
  if (text.empty() || text == "none") return AskedEnclave();
  if (text == "auto") return AskedEnclave{.tpm = "auto", .cpu = {}, .any_cpu = true};
  if (is_tpm(text)) return AskedEnclave{.tpm = text, .cpu = {}};
  const std::size_t comma = text.find(',');
  AskedEnclave out{.tpm = comma == text.npos ? "auto" : text.substr(comma + 1),
                   .cpu = find_cpu_kind(text.substr(0, comma))};
  if (out.cpu && (out.tpm == "auto" || is_tpm(out.tpm))) return out;
  return Error(Errc::kInvalidArgument,
               "`--enclave` is auto, none, a TPM (swtpm, or device: and its path), a processor (sev-snp, tdx, nitro, "
               "sgx), or a processor and a TPM with a comma between them");
}

Result<ChosenEnclave> choose_enclave(const Layout& layout, const InitOptions& options) {
  const auto asked = read_enclave(options.enclave);
  if (!asked) return asked.error();
  const bool is_path = options.tsm.starts_with('/') && options.tsm.find_first_of("\"\\\n") == std::string::npos;
  if (!options.tsm.empty() && !is_path) return Error(Errc::kInvalidArgument, "`--tsm` is an absolute path");
  ChosenEnclave out;
  out.tpm = asked->tpm == "auto" ? find_tpm() : asked->tpm;
  out.cpu.tsm = options.tsm;
  if (asked->cpu || asked->any_cpu) {
    for (const FoundProcessor& each : find_processors(layout, out.cpu)) {
      if (out.cpu.kind || (asked->cpu && each.kind != *asked->cpu)) continue;
      out.cpu.kind = each.kind;
      out.interface = each.interface;
    }
  }
  if (asked->cpu && !out.cpu.kind) {
    return Error(Errc::kUnavailable, "no interface of this machine's makes evidence of the kind `" +
                                         std::string(attest::to_string(*asked->cpu)) + "`");
  }
  // Never less than there could be.
  if (out.cpu.kind && out.tpm.empty()) {
    return Error(Errc::kUnavailable, "this machine's processor makes evidence (" + out.interface +
                                         "), beside a TPM, which measures what runs, and there is none: install swtpm");
  }
  if (out.tpm.empty() && !(options.approvers.empty() && options.recovery.empty())) {
    return Error(Errc::kInvalidArgument,
                 "`--approvers` and `--recovery` are of keys that a TPM seals, and there is none");
  }
  return out;
}

Result<> check_tenants(const std::vector<std::string>& tenants) {
  for (auto tenant = tenants.begin(); tenant != tenants.end(); ++tenant) {
    if (!ledger::is_tenant_name(*tenant)) {
      return Error(Errc::kInvalidArgument, "`" + *tenant + "` is no tenant's name: 1 to 64 of a-z, 0-9, `.`, `_`, `-`");
    }
    if (std::find(tenants.begin(), tenant, *tenant) != tenant) {
      return Error(Errc::kInvalidArgument, "tenant `" + *tenant + "` is there twice");
    }
  }
  return {};
}

// What is made with the keeper's keys.
struct NewKeys {
  ledger::NewKeeperKeys made;
  std::optional<KeySealing> sealing;  // when they are sealed
};

// Sealed where there is a TPM to seal to, so that no key is ever on the disk in the clear; else in the clear. They are
// made by the keeper's program: this one never has them.
Result<NewKeys> make_keys(const Layout& layout, const std::string& tpm, const InitOptions& options, KeysToMake what) {
  std::optional<ledger::NewKeeperKeys> made;
  const auto have_made = [&]() -> Result<> {
    auto done = have_keys_made(layout, what);
    if (!done) return done.error();
    made = *std::move(done);
    return {};
  };
  if (tpm.empty()) {
    if (auto done = have_made(); !done) return done.error();
    return NewKeys{.made = *std::move(made), .sealing = std::nullopt};
  }
  OfflineEnclave enclave(layout);
  enclave.begin_with(tpm);
  auto sealed = seal_for_the_first_time(enclave, {.approvers = options.approvers, .recovery = options.recovery},
                                        [&](const KeysToSeal& sealing) {
                                          what.sealing = sealing;
                                          return have_made();
                                        });
  if (!sealed) return sealed.error();
  return NewKeys{.made = *std::move(made), .sealing = *std::move(sealed)};
}

// What was made, to be shown once.
struct Made {
  std::string vkey;
  Beginning beginning;
  std::optional<KeySealing> keys;  // when they are sealed
  ChosenEnclave enclave;
};

Result<Made> init(const Layout& layout, const std::string& origin, const InitOptions& options) {
  if (auto done = check_origin(origin); !done) return done.error();
  if (auto url = net::UpstreamUrl::parse(options.upstream); !url) return url.error();
  for (const std::string& address : {options.listen, options.admin_listen}) {
    if (auto listen = net::parse_listen_address(address); !listen) return listen.error();
  }
  if (auto done = check_tenants(options.tenants); !done) return done.error();
  auto beginning = make_beginning(options.administrators, options.applications, options.tenants);
  if (!beginning) return beginning.error();
  if (options.one_person) beginning->genesis.marked_acts.clear();
  auto first_record = make_first_record(origin, beginning->genesis);
  if (!first_record) return first_record.error();
  const auto enclave = choose_enclave(layout, options);
  if (!enclave) return enclave.error();
  PosixFileSystem fs;
  if (fs.open(layout.config(), OpenMode::kReadOnly)) {
    return Error(Errc::kAlreadyExists, "`" + layout.root + "` is initialised already");
  }
  if (auto done = fs.make_directory(layout.root); !done) return done.error();
  for (const std::string& path : {layout.keeper(), layout.keys()}) {
    if (auto done = make_private_directory(layout, path); !done) return done.error();
  }
  if (auto done = fs.make_directory(layout.run()); !done) return done.error();

  KeysToMake what;
  what.origin = origin;
  what.first_record = *std::move(first_record);
  auto keys = make_keys(layout, enclave->tpm, options, std::move(what));
  if (!keys) return keys.error();
  const std::string vkey = keys->made.signer.format();
  for (const auto& [path, text] : {std::pair(layout.dictionary_key(), encoding::base64(keys->made.dictionary) + "\n"),
                                   std::pair(layout.verifier_key(), vkey + "\n")}) {
    if (auto done = write_file_atomically(fs, path, as_bytes(text)); !done) return done.error();
  }
  const auto opener_key = crypto::Ed25519PrivateKey::generate();
  if (auto done = keys::create_key_file(layout.opener_key(), "opener", opener_key.seed()); !done) return done.error();
  const std::string openers = encoding::base64(opener_key.public_key()) + "\n";
  if (auto done = write_file_atomically(fs, layout.keeper() + "/openers", as_bytes(openers)); !done)
    return done.error();
  if (auto done = fs.make_directory(layout.policies()); !done) return done.error();
  const std::string policies = layout.policies() + "/default.cedar";
  if (auto done = write_file_atomically(fs, policies, as_bytes(gateway::kDefaultPolicies)); !done) return done.error();
  if (auto done = fs.make_directory(layout.playbooks()); !done) return done.error();
  for (const ShippedPlaybooks& each : shipped_playbooks()) {
    const std::string path = layout.playbooks() + "/" + std::string(each.name);
    if (auto done = write_file_atomically(fs, path, as_bytes(each.text)); !done) return done.error();
  }
  const std::string cpu(enclave->cpu.kind ? attest::to_string(*enclave->cpu.kind) : std::string_view());
  const std::string settings = format_initial_settings({.origin = origin,
                                                        .upstream_url = options.upstream,
                                                        .listen = options.listen,
                                                        .admin_listen = options.admin_listen,
                                                        .tls = options.tls,
                                                        .tpm = enclave->tpm,
                                                        .cpu = cpu,
                                                        .tsm = cpu.empty() ? "" : options.tsm,
                                                        .tenants = options.tenants});
  if (keys->sealing) {
    const KeySealing& sealing = *keys->sealing;
    if (auto done = approve_first(layout, sealing.made, settings, sealing.approver); !done) return done.error();
  }
  // Last: a folder without it is not initialised.
  if (auto done = write_file_atomically(fs, layout.config(), as_bytes(settings)); !done) return done.error();
  return Made{vkey, *std::move(beginning), std::move(keys->sealing), *enclave};
}

void print_json(const Common& common, const std::string& origin, const Made& made) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  json.member("dir", common.dir);
  json.member("origin", origin);
  json.member("vkey", made.vkey);
  json.key("principals");
  json.begin_array();
  for (std::size_t i = 0; i < made.beginning.keys.size(); ++i) {
    const identity::Genesis::First& first = made.beginning.genesis.first[i];
    json.begin_object();
    json.member("id", first.principal);
    json.member("type", to_string(first.type));
    json.member("group", first.group);
    if (!first.tenant.empty()) json.member("tenant", first.tenant);
    json.member("key_id", first.key_id);
    json.member("key", made.beginning.keys[i].secret);
    json.end_object();
  }
  json.end_array();
  if (made.keys) write_sealing(json, *made.keys);
  if (made.enclave.cpu.kind) {
    json.key("cpu");
    json.begin_object();
    json.member("kind", attest::to_string(*made.enclave.cpu.kind));
    json.member("interface", made.enclave.interface);
    json.end_object();
  }
  json.end_object();
  std::printf("%s\n", out.c_str());
  std::fflush(stdout);
  crypto::wipe(std::as_writable_bytes(std::span(out)));
}

void print(const Common& common, const std::string& origin, const Made& made) {
  std::printf("initialised  %s\norigin       %s\nvkey         %s\n\n", common.dir.c_str(), origin.c_str(),
              made.vkey.c_str());
  std::printf("Keys, shown this once:\n");
  for (std::size_t i = 0; i < made.beginning.keys.size(); ++i) {
    const identity::Genesis::First& first = made.beginning.genesis.first[i];
    std::printf("  %-15s %-20s %s\n", first.group.c_str(), first.principal.c_str(),
                made.beginning.keys[i].secret.c_str());
  }
  std::printf("\nGive each to its holder.\n");
  if (made.keys) print_sealing(*made.keys);
  if (made.enclave.cpu.kind) {
    const std::string kind(attest::to_string(*made.enclave.cpu.kind));
    std::printf("\nThe processor speaks for this machine as well: %s, by %s. The server does not start without it.\n",
                kind.c_str(), made.enclave.interface.c_str());
  }
  std::printf("\nNext: redoubt serve --dir %s\n", common.dir.c_str());
}

}  // namespace

int run_init(const Common& common, const InitOptions& options) {
  const Layout layout(common.dir);
  const std::string origin = options.origin.empty() ? default_origin() : options.origin;
  const auto made = init(layout, origin, options);
  if (!made) return report(made.error(), common.json);
  if (common.json) {
    print_json(common, origin, *made);
  } else {
    print(common, origin, *made);
  }
  return kSuccess;
}

}  // namespace redoubt::app
