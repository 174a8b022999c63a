// `redoubt attest verify https://…`: the evidence of a running server, bound to the connection that it is asked for on,
// or, with --sealed, to the key that requests are sealed to.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "attest/sealed_key.h"
#include "crypto/secret.h"
#include "encoding/base64.h"
#include "ohttp/key_configuration.h"
#include "redoubt/attest/claims_text.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/attest/server_guard.h"
#include "redoubt/fetch.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

// What both questions begin with.
struct Asking {
  UnixMillis at;
  std::unique_ptr<ServerGuard> guard;
  std::unique_ptr<Fetcher> fetcher;

  static Result<Asking> create(const VerifyServerOptions& options) {
    const auto at = read_time(options.at);
    if (!at) return at.error();
    auto guard = ServerGuard::create(options.accepted, [at = *at] { return at; });
    if (!guard) return guard.error();
    auto fetcher = Fetcher::create(options.url, {}, options.ca_file);
    if (!fetcher) return fetcher.error();
    return Asking{.at = *at, .guard = *std::move(guard), .fetcher = *std::move(fetcher)};
  }
};

Result<attest::AttestedPeer> judge_connection(const VerifyServerOptions& options) {
  const auto asking = Asking::create(options);
  if (!asking) return asking.error();
  ServerGuard& guard = *asking->guard;
  asking->fetcher->guard(guard);
  // Anything: what is asked before it is what this is about.
  const auto reply = asking->fetcher->get("/healthz", Fetcher::kOtherMax);
  if (!guard.peer()) {
    return reply ? Error(Errc::kUnavailable, "the server was not asked what it is") : reply.error();
  }
  return *guard.peer();
}

Result<attest::AttestedKey> judge_key(const VerifyServerOptions& options) {
  const auto asking = Asking::create(options);
  if (!asking) return asking.error();
  const ServerGuard& guard = *asking->guard;
  attest::EvidenceRequest question;
  crypto::random_bytes(question.nonce);
  for (const auto& [name, part] : guard.policy().parts) {
    if (std::ranges::count(question.kinds, part.kind) == 0) question.kinds.push_back(part.kind);
  }
  const auto reply =
      asking->fetcher->post(std::string(attest::kSealedKeyPath), attest::write_evidence_request(question),
                            attest::SealedKeyAnswer::kMaxBytes);
  if (!reply) return reply.error();
  if (reply->status != 200) return reply_error(*reply, "key");
  attest::Verifier verifier;
  auto key = attest::verify_sealed_key(verifier, reply->body,
                                       {.nonce = question.nonce, .bundle = {}, .at = asking->at, .files = {}},
                                       guard.policy(), guard.references());
  if (!key) return key.error();
  if (const auto read = ohttp::decode_key_configuration(key->key); !read) return read.error();
  return key;
}

void print(const attest::Appraisal& appraisal, const std::optional<crypto::Sha256Digest>& bundle, bool is_measured,
           ByteView key) {
  const std::string_view tier = attest::to_string(appraisal.tier);
  const std::string_view measurer = attest::to_string(attest::measurer_of(appraisal));
  std::printf("tier      %.*s\nmeasurer  %.*s\n", static_cast<int>(tier.size()), tier.data(),
              static_cast<int>(measurer.size()), measurer.data());
  if (bundle) {
    std::printf("bundle    sha256:%s%s\n", encoding::hex(*bundle).c_str(),
                is_measured ? ", as measured" : ", not measured");
  }
  if (!key.empty()) std::printf("key       %s\n", encoding::base64url(key).c_str());
  for (const attest::PartResult& part : appraisal.parts) {
    const std::string by(measured_by(part));
    std::printf("\n%s%s%s%s%s\n", part.name.c_str(), by.empty() ? "" : ", measured by its ", by.c_str(),
                part.reference.empty() ? "" : ", which is ", part.reference.c_str());
    print_claims(part.claims, 2);
  }
}

}  // namespace

int verify_server(const VerifyServerOptions& options, bool json) {
  const auto key = options.sealed ? std::optional(judge_key(options)) : std::nullopt;
  const auto peer = options.sealed ? std::nullopt : std::optional(judge_connection(options));
  if (key && !*key) return report(key->error(), json);
  if (peer && !*peer) return report(peer->error(), json);
  const attest::Appraisal& appraisal = key ? (*key)->appraisal : (*peer)->appraisal;
  if (json) {
    std::printf("%s\n", attest::to_ear_json(appraisal, "redoubt " REDOUBT_VERSION).c_str());
  } else if (key) {
    print(appraisal, (*key)->bundle, (*key)->is_bundle_measured, (*key)->key);
  } else {
    print(appraisal, (*peer)->vouched.bundle, (*peer)->is_bundle_measured, {});
  }
  return kSuccess;
}

}  // namespace redoubt::app::attest_verbs
