// What makes evidence: the machine that this process runs in, asked by the interfaces of its kernel for a statement
// over a nonce. The files are exactly those that Verifier reads for the kind.
//
//   LinuxGuestInterface linux;
//   auto producers = find_producers(linux, {});         // best first; empty outside of such a machine
//   auto evidence = producers.front()->produce(nonce);  // evidence->inputs()
//
// Producing proves nothing to the producer: whether evidence is good is for a verifier elsewhere to say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attest/appraisal.h"
#include "attest/evidence.h"
#include "attest/guest_interface.h"
#include "base/result.h"

namespace redoubt::attest {

// Who measured the code that evidence speaks of.
enum class Measurer : std::uint8_t {
  kPlatform,  // what the measured code cannot reach: firmware, a hypervisor, the processor
  kSelf,      // this program or its host's software; never above Tier::kSoftwareTpm
};
std::string_view to_string(Measurer measurer);  // `platform`, `self`

// Evidence that owns its files; a value.
struct ProducedEvidence {
  struct File {
    Role role;
    Bytes bytes;
  };

  Kind kind;
  std::vector<File> files;  // each role once

  // Views into this object's files, valid until they change.
  Inputs inputs() const;
};

// One file that goes with evidence and that the machine itself may not give: a VCEK, Intel's collateral.
struct Endorsement {
  Kind kind;
  Role role;
  Bytes bytes;
};

// One thread at a time.
class Producer {
 public:
  // What the smallest of the interfaces takes: report data of SNP, TDX and SGX. Shorter nonces are padded with zeros
  // where the interface has a fixed size, as Verifier expects.
  static constexpr std::size_t kNonceSizeMax = 64;

  virtual ~Producer() = default;

  virtual Kind kind() const = 0;
  virtual Measurer measurer() const = 0;
  // The highest that an appraisal of what it produces can reach.
  virtual Tier highest_tier() const = 0;
  // The interface, for a person: `configfs-tsm`, `/dev/nsm`.
  virtual std::string_view interface() const = 0;
  // Evidence that carries `nonce`, of 1 to kNonceSizeMax bytes. Waits for the machine, seconds perhaps. Errors:
  // kInvalidArgument for another size of nonce; kConflict when somebody else used the interface at the same time: ask
  // again; kUnavailable when the machine does not answer, or gives no certificate of the key it signed with;
  // kMalformed and kVerifyFailed when what it gave is not what was asked for; those of GuestInterface.
  virtual Result<ProducedEvidence> produce(ByteView nonce) = 0;
};

struct ProducerOptions {
  static constexpr std::string_view kTsmFolder = "/sys/kernel/config/tsm/report";

  // Where configfs-tsm is.
  std::string tsm_folder{kTsmFolder};
  // A request of configfs-tsm, the path of its folder, that somebody made who may: it is used for all evidence, and
  // left there. Empty: each piece of evidence makes one below `tsm_folder`, and removes it.
  std::string tsm_request;
  // Added to evidence of their kind that has no file of the role. kRoot is passed over: whom to trust is the relying
  // party's to say.
  std::vector<Endorsement> endorsements;
};

// The interfaces that are there, those of the highest tier first, and of one machine's the one that Linux prefers
// first: configfs-tsm (SEV-SNP, TDX), /dev/sev-guest, /dev/nsm (AWS Nitro), Gramine's /dev/attestation (SGX). `guest`
// outlives the producers. An interface that is there and does not answer is passed over.
std::vector<std::unique_ptr<Producer>> find_producers(GuestInterface& guest, const ProducerOptions& options);

}  // namespace redoubt::attest
