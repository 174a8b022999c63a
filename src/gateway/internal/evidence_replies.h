// What the routes that give evidence share: the question, the quote, and how they refuse.
#pragma once

#include <optional>
#include <string_view>

#include "attest/channel_binding.h"
#include "attest/evidence_message.h"
#include "crypto/sha256.h"
#include "gateway/access.h"
#include "gateway/denial_counter.h"
#include "gateway/evidence_desk.h"
#include "net/exchange.h"

namespace redoubt::gateway::internal {

// Of the bundle in force; nothing where there is none.
std::optional<crypto::Sha256Digest> bundle_digest(const Access& access);

net::Task<> reply_evidence(net::Exchange& exchange, std::string_view json);
// In the form of RFC 9457, and counted. `code` is static.
net::Task<> refuse_evidence(net::Exchange& exchange, DenialCounter& denials, int status, std::string_view code,
                            std::string_view detail);

// These two refuse by themselves, and then return nothing.
net::Task<std::optional<attest::EvidenceRequest>> read_question(net::Exchange& exchange, DenialCounter& denials);
// Evidence over `binding`, of a kind that the question names. `bundle`: what is vouched for.
net::Task<std::optional<EvidenceDesk::Attested>> quote_over(net::Exchange& exchange, DenialCounter& denials,
                                                            EvidenceDesk& desk, const attest::EvidenceRequest& request,
                                                            const attest::ReportData& binding,
                                                            const std::optional<crypto::Sha256Digest>& bundle);

}  // namespace redoubt::gateway::internal
