#include "redoubt/gateway_settings.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "attest/appraisal.h"
#include "base/file.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "redoubt/enclave.h"

namespace redoubt::app {
namespace {

// How the server judges itself, if it is to: by its own attestation key. What is reached through a device counts as
// hardware or a cloud's, unless software is all that is demanded.
std::optional<attest::AppraisalPolicy> own_tier(const Layout& layout, const Settings& settings) {
  if (settings.min_tier == attest::Tier::kNone) return std::nullopt;
  crypto::Sha256Digest key{};  // without one nothing is accepted
  PosixFileSystem fs;
  const auto text = read_file(fs, layout.attestation_key_digest(), 1024);
  const auto bytes = text ? encoding::hex_decode(as_chars(*text).substr(0, 2 * key.size())) : text;
  if (bytes && bytes->size() == key.size()) std::copy(bytes->begin(), bytes->end(), key.begin());
  const bool is_device = settings.tpm.starts_with(kTpmDevice);
  // The processor's tier takes its evidence, under the vendor's authority or the one configured, whatever it measured.
  const bool by_cpu = settings.cpu.kind && settings.min_tier >= attest::Tier::kCpuTee;
  const bool is_hardware = is_device && !by_cpu && settings.min_tier > attest::Tier::kSoftwareTpm;
  auto policy = attest::pinned_tpm_policy(key, is_hardware);
  if (by_cpu) {
    attest::PartPolicy cpu{.kind = *settings.cpu.kind, .policy = {}, .need_reference = false};
    cpu.policy.pinned_root = settings.cpu.root;
    policy.parts.emplace("cpu", std::move(cpu));
  }
  policy.min_tier = settings.min_tier;
  return policy;
}

}  // namespace

Result<gateway::GatewaySettings> gateway_settings(const Layout& layout, const Serving& serving) {
  const Settings& settings = serving.settings;
  auto url = net::UpstreamUrl::parse(settings.upstream_url);
  if (!url) return url.error();
  // OpenAI clients write the base URL with `/v1`; the gateway adds it itself.
  if (url->base_path.ends_with("/v1")) url->base_path.resize(url->base_path.size() - 3);

  gateway::GatewaySettings out{
      .origin = settings.origin,
      .tenants = {},
      .version = REDOUBT_VERSION,
      .ledger_directory = ".",  // the gateway's working folder
      .upstream_url = *std::move(url),
      .upstream = {.name = settings.upstream_name,
                   .provider = settings.upstream_provider,
                   .authorization = serving.upstream_key.empty() ? "" : "Bearer " + serving.upstream_key,
                   .max_reply_bytes = settings.max_reply_bytes,
                   .max_stream_bytes = settings.max_stream_bytes,
                   .max_held_bytes = settings.server.max_held_bytes,
                   .attested = settings.upstream_evidence.is_asked()},
      .upstream_evidence = settings.upstream_evidence,
      .upstream_mutual = settings.upstream_mutual,
      .caller_evidence = settings.caller_evidence,
      .caller_evidence_required = settings.caller_evidence_required,
      .tls = {.on = settings.tls,
              .certificate_path = settings.tls_certificate,
              .certificate_socket = -1,
              .key_socket = -1},
      .witnesses = {.policy = settings.witness_policy_text,
                    .log_key = serving.log_key,
                    .timeout = settings.witness_timeout},
      .server_limits = settings.server,
      .client_limits = settings.client,
      .drain_grace = settings.drain_grace,
      .denial_interval = settings.denial_interval,
      .ledger_timeout = settings.ledger_timeout,
      .own_tier = own_tier(layout, settings),
      .commit = settings.commit,
      .has_quorum = serving.has_quorum,
  };
  for (const Settings::Tenant& tenant : settings.tenants) out.tenants.push_back(tenant.log);
  if (!settings.upstream_ca_file.empty()) {
    out.client_limits.ca_file = std::filesystem::absolute(settings.upstream_ca_file).string();
  }
  return out;
}

AdministrationSettings administration_settings(const Settings& settings, std::string approved_bundle) {
  AdministrationSettings out{.origin = settings.origin,
                             .version = REDOUBT_VERSION,
                             .operator_name = "uid:" + std::to_string(::getuid()),
                             .approved_bundle = std::move(approved_bundle),
                             .tenants = {},
                             .ledger_directory = ".",
                             .tls = settings.tls,
                             .drain_grace = settings.drain_grace,
                             .denial_interval = settings.denial_interval,
                             .ledger_timeout = settings.ledger_timeout,
                             .meters = settings.meters};
  for (const Settings::Tenant& tenant : settings.tenants) out.tenants.push_back(tenant.log);
  return out;
}

}  // namespace redoubt::app
