// `redoubt attest verify https://…`: the evidence of a running server, bound to the connection that it is asked for on.
#include <cstdio>

#include "encoding/base64.h"
#include "redoubt/attest/claims_text.h"
#include "redoubt/attest/inputs.h"
#include "redoubt/attest/server_guard.h"
#include "redoubt/fetch.h"
#include "redoubt/output.h"

namespace redoubt::app::attest_verbs {

namespace {

Result<attest::AttestedPeer> judge(const VerifyServerOptions& options) {
  const auto at = read_time(options.at);
  if (!at) return at.error();
  const auto guard = ServerGuard::create(options.accepted, [at = *at] { return at; });
  if (!guard) return guard.error();
  auto fetcher = Fetcher::create(options.url, {}, options.ca_file);
  if (!fetcher) return fetcher.error();
  (*fetcher)->guard(**guard);
  // Anything: what is asked before it is what this is about.
  const auto reply = (*fetcher)->get("/healthz", Fetcher::kOtherMax);
  if (!(*guard)->peer()) {
    return reply ? Error(Errc::kUnavailable, "the server was not asked what it is") : reply.error();
  }
  return *(*guard)->peer();
}

// A processor or its hypervisor measures what runs in it; what a TPM holds, software told it.
std::string_view measurer_of(const attest::Appraisal& appraisal) {
  const bool by_platform = appraisal.tier >= attest::Tier::kCpuTee;
  return attest::to_string(by_platform ? attest::Measurer::kPlatform : attest::Measurer::kSelf);
}

void print(const attest::AttestedPeer& peer) {
  const std::string_view tier = attest::to_string(peer.appraisal.tier);
  const std::string_view measurer = measurer_of(peer.appraisal);
  std::printf("tier      %.*s\nmeasurer  %.*s\n", static_cast<int>(tier.size()), tier.data(),
              static_cast<int>(measurer.size()), measurer.data());
  if (peer.vouched.bundle) std::printf("bundle    sha256:%s\n", encoding::hex(*peer.vouched.bundle).c_str());
  for (const attest::PartResult& part : peer.appraisal.parts) {
    std::printf("\n%s%s%s\n", part.name.c_str(), part.reference.empty() ? "" : ", which is ", part.reference.c_str());
    print_claims(part.claims, 2);
  }
}

}  // namespace

int verify_server(const VerifyServerOptions& options, bool json) {
  const auto peer = judge(options);
  if (!peer) return report(peer.error(), json);
  if (json) {
    std::printf("%s\n", attest::to_ear_json(peer->appraisal, "redoubt " REDOUBT_VERSION).c_str());
  } else {
    print(*peer);
  }
  return kSuccess;
}

}  // namespace redoubt::app::attest_verbs
