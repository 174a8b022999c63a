#include "redoubt/serving.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "crypto/certificate.h"
#include "gateway/witnesses.h"
#include "net/http_server.h"
#include "tlog/trust_policy.h"

namespace redoubt::app {
namespace {

// For which names the keeper makes certificates when the configuration does not say.
std::vector<std::string> default_tls_names(const net::ListenAddress& listen) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  std::array<char, 65> host{};
  std::string more = listen.host;
  if (listen.unspecified) {
    more = ::gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "";
  }
  if (crypto::check_certificate_name(more) && std::find(names.begin(), names.end(), more) == names.end()) {
    names.push_back(more);
  }
  return names;
}

// What a server does is in redoubt.toml, which a TPM is told. On which processors it runs is nobody's to approve.
Result<> check_flags(const Settings& settings, const ServeOptions& options) {
  if (settings.tpm.empty()) return {};
  for (const auto& [flag, given, key] :
       {std::tuple("--listen", !options.listen.empty(), "gateway.listen"),
        std::tuple("--admin-listen", !options.admin_listen.empty(), "admin.listen"),
        std::tuple("--upstream", !options.upstream.empty(), "upstream.url"),
        std::tuple("--tls", options.tls, "gateway.tls"),
        std::tuple("--allow-plain-http", options.allow_plain_http, "gateway.allow_plain_http")}) {
    if (!given) continue;
    return Error(Errc::kInvalidArgument, "`" + std::string(flag) +
                                             "` is not taken by a server with a TPM, which is "
                                             "told of redoubt.toml alone: set `" +
                                             key + "` there");
  }
  return {};
}

Result<Settings> read_settings(const Layout& layout, const ServeOptions& options) {
  PosixFileSystem fs;
  auto settings = load_settings(fs, layout.config());
  if (!settings) {
    if (settings.error().code() != Errc::kNotFound) return settings.error();
    return Error(Errc::kNotFound,
                 "`" + layout.root + "` is not initialised: run `redoubt init --dir " + layout.root + "`");
  }
  if (auto done = check_flags(*settings, options); !done) return done.error();
  if (!options.listen.empty()) settings->listen = options.listen;
  if (!options.admin_listen.empty()) settings->admin_listen = options.admin_listen;
  if (!options.upstream.empty()) settings->upstream_url = options.upstream;
  if (options.tls) settings->tls = true;
  if (options.allow_plain_http) settings->allow_plain_http = true;
  // What the command line says in place of the file is held to the same.
  if (settings->upstream_evidence.is_asked() && !settings->upstream_url.starts_with("https://")) {
    return Error(Errc::kInvalidArgument, "the upstream is to be attested, which takes TLS: its URL must be https://");
  }
  if (settings->caller_evidence.is_asked() && !settings->tls) {
    return Error(Errc::kInvalidArgument, "callers are to be attested, which takes TLS: add `--tls`");
  }
  return settings;
}

Result<> check_listen_addresses(Serving& out) {
  Settings& settings = out.settings;
  for (const std::string& address : {settings.admin_listen, settings.listen}) {
    auto listen = net::parse_listen_address(address);
    if (!listen) return listen.error();
    out.listen = *std::move(listen);
    if (settings.tls || settings.allow_plain_http || out.listen.loopback) continue;
    return Error(Errc::kInvalidArgument, "other machines can reach `" + address +
                                             "`, and without TLS the network reads keys and prompts: add `--tls`, or "
                                             "`--allow-plain-http` if something before Redoubt speaks TLS");
  }
  if (settings.tls_names.empty()) settings.tls_names = default_tls_names(out.listen);
  // A network may be trusted, so this is no error; an improper URL is the gateway's to refuse.
  if (const auto upstream = net::UpstreamUrl::parse(settings.upstream_url); upstream && upstream->in_the_clear()) {
    log::warning("launcher", "prompts, answers and the upstream's key cross the network in the clear",
                 {{"upstream", upstream->host}, {"why", "its URL is http, and no loopback address"}});
  }
  return {};
}

Result<> read_witness_policy(const Layout& layout, Serving& out) {
  Settings& settings = out.settings;
  if (settings.witness_policy.empty()) return {};
  PosixFileSystem fs;
  const std::string path = layout.configured(settings.witness_policy);
  auto text = read_file(fs, path, tlog::kMaxPolicySize);
  if (!text) return text.error().in("`witness.policy`");
  settings.witness_policy_text = as_chars(*text);
  auto policy = gateway::parse_witness_policy(settings.witness_policy_text, settings.witness_required);
  if (!policy) return policy.error().in("`" + path + "`");
  out.witness_urls = gateway::witness_urls(*policy);
  out.has_quorum = policy->needs_witnesses();
  auto key = read_file(fs, layout.verifier_key(), tlog::kMaxVerifierKeySize);
  if (!key) return key.error();
  const std::string_view line = as_chars(*key);
  out.log_key = line.substr(0, line.find_first_of("\r\n"));
  return {};
}

Result<> read_upstream_key(Serving& out) {
  if (out.settings.upstream_key_file.empty()) return {};
  PosixFileSystem fs;
  auto key = read_file(fs, out.settings.upstream_key_file, 4096);
  if (!key) return key.error();
  out.upstream_key = std::string(as_chars(*key));
  while (out.upstream_key.ends_with('\n') || out.upstream_key.ends_with('\r')) out.upstream_key.pop_back();
  return {};
}

}  // namespace

Result<Serving> read_serving(const Layout& layout, const ServeOptions& options) {
  auto settings = read_settings(layout, options);
  if (!settings) return settings.error();
  Serving out{.settings = *std::move(settings), .listen = {}, .upstream_key = {}, .witness_urls = {}, .log_key = {}};
  if (auto done = check_listen_addresses(out); !done) return done.error();
  if (auto done = read_witness_policy(layout, out); !done) return done.error();
  if (auto done = read_upstream_key(out); !done) return done.error();
  return out;
}

}  // namespace redoubt::app
