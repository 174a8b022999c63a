// The producers, and what they share.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "attest/guest_interface.h"
#include "attest/producer.h"

namespace redoubt::attest {

using ReportDataBytes = std::array<std::byte, Producer::kNonceSizeMax>;

// The nonce with zeros after it. kInvalidArgument unless it has 1 to Producer::kNonceSizeMax bytes.
Result<ReportDataBytes> pad_nonce(ByteView nonce);

// Adds what `endorsements` have of the evidence's kind and it lacks.
void add_endorsements(ProducedEvidence& evidence, std::span<const Endorsement> endorsements);

// A quote of `kind` (TDX or SGX) without what may follow its stated end. kMalformed when it is none; kVerifyFailed when
// it does not carry `report_data`.
Result<ProducedEvidence> quote_evidence(Kind kind, Bytes quote, const ReportDataBytes& report_data);

// Each gives nothing when its interface is not there.
std::unique_ptr<Producer> make_tsm_producer(GuestInterface& guest, const ProducerOptions& options);
std::unique_ptr<Producer> make_sev_guest_producer(GuestInterface& guest, const ProducerOptions& options);
std::unique_ptr<Producer> make_nsm_producer(GuestInterface& guest, const ProducerOptions& options);
std::unique_ptr<Producer> make_gramine_producer(GuestInterface& guest, const ProducerOptions& options);

}  // namespace redoubt::attest
