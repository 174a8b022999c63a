// What gateway and keeper say to each other over a pair of rings (base/shm_ring.h). Fixed layouts, little-endian.
//
// The keeper believes nothing of what arrives: positions, sizes and kinds are checked on its own copy, and the first
// message that breaks a rule ends the service (a gateway that does that is not ours any more).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "crypto/sha256.h"
#include "keys/sealed_dictionary.h"
#include "keys/sealing_key.h"
#include "ledger/entry.h"

namespace redoubt::ledger {

// Names a request until its answer: chosen by the gateway, returned as it is.
using Ticket = std::uint64_t;

enum class MessageType : std::uint32_t {
  // gateway to keeper
  kAppend = 1,         // Ticket, entry (header, leaf, sealed opening)
  kOpen = 2,           // Ticket, log u32, open request (ledger/open_request.h)
  kCertify = 3,        // Ticket, public key (65): wants a TLS certificate for it
  kCosigned = 4,       // Ticket (0), log u32, tree size u64, signature lines: the answer to an offer, once for each
  kOpenFact = 5,       // Ticket, log u32, index u64: wants the values of an entry that was appended as a fact
  kKeyDictionary = 6,  // Ticket, a part of a dictionary (keys/sealed_dictionary.h): wants its records keyed
  kAttest = 7,         // Ticket, 1 to kMaxStatementBytes bytes: wants evidence of this machine that names them
  // Ticket, index of a fact u64, digest of a bundle (32): that the fact has brought it into force is to be measured.
  kMeasure = 8,
  // keeper to gateway
  kAppended = 16,    // Ticket, index u64, leaf hash
  kSealingKey = 17,  // key (32), wrapped key
  kOpened = 18,      // Ticket, Errc u8 or kOpenedSuccess, then the sealed answer or the message
  // Tree size u64, time of the last commit i64 (milliseconds since 1970), log u32, tree size that a quorum of witnesses
  // has cosigned u64.
  kPublished = 19,
  kStopped = 20,    // why, as text: nothing will be appended any more
  kCertified = 21,  // Ticket, Errc u8 or kOpenedSuccess, then the certificate (DER) or the message
  // Log u32, or kEveryLog; FullIntake u8: what is taken until kRoom. The disk is nearly full, or a quota used up.
  kFull = 22,
  kRoom = 23,   // log u32, or kEveryLog
  kOffer = 24,  // log u32, a signed checkpoint (a note): witnesses are to cosign it. On the first core's ring.
  kStats = 25,  // counts of the keeper's (ledger/keeper_stats.h), about once a second. On the first core's ring.
  kFactOpened =
      26,  // Ticket, Errc u8 or kOpenedSuccess, then the opening as it was before it was sealed, or the message
  kDictionaryKeyed =
      27,          // Ticket, Errc u8 or kOpenedSuccess, then the answer (keys/dictionary_opener.h), or the message
  kAttested = 28,  // Ticket, Errc u8 or kOpenedSuccess, then the evidence or the message
  kMeasured = 29,  // Ticket, Errc u8 or kOpenedSuccess, then nothing or the message
};

// What a ledger without room for anything new takes all the same.
enum class FullIntake : std::uint8_t { kOutcomes = 0, kOutcomesAndFacts = 1 };

inline constexpr std::uint8_t kOpenedSuccess = 255;  // of every answer that may be a refusal
inline constexpr LogNumber kEveryLog = 0xffffffff;
inline constexpr std::size_t kTicketSize = sizeof(Ticket);
inline constexpr std::size_t kMaxRequestBytes = kTicketSize + kEntryHeaderSize + kMaxLeafBytes + kMaxOpeningBytes;
inline constexpr std::size_t kOpenFactSize = kTicketSize + sizeof(LogNumber) + 8;
inline constexpr std::size_t kCertifySize = kTicketSize + sizeof(crypto::P256PublicKey);
inline constexpr std::size_t kMaxStatementBytes = 128;
inline constexpr std::size_t kMeasureSize = kTicketSize + 8 + sizeof(crypto::Sha256Digest);
inline constexpr std::size_t kMaxEvidenceBytes = 256 * 1024;
inline constexpr std::size_t kAppendedSize = kTicketSize + 8 + tlog::kHashSize;
inline constexpr std::size_t kPublishedSize = 8 + 8 + 4 + 8;
// Largest offer and largest answer to one, in text: room for the lines of 256 witnesses, whatever their kind.
inline constexpr std::size_t kMaxOfferBytes = 64 * 1024;
inline constexpr std::size_t kMaxCosignatureBytes = 1024 * 1024 - 64;
inline constexpr std::size_t kFullSize = sizeof(LogNumber) + sizeof(FullIntake);
inline constexpr std::size_t kSealingKeySize = 32 + sizeof(keys::WrappedKey);
// Largest answer: an opening and what two layers of sealing add.
inline constexpr std::size_t kMaxAnswerBytes = kMaxOpeningBytes + 1024;

// Room in a ring of requests that is held for the outcome of every admitted exchange: an outcome's record with the
// salts, but not the values, of its opening always fits, even when every byte of its text needs a JSON escape.
inline constexpr std::size_t kOutcomeReserveBytes = 24 * 1024;
// The largest fact, as it lies in the ring, that a disk takes which is nearly full: every change of an administrator's,
// but no part of a snapshot.
inline constexpr std::size_t kUrgentFactBytes = 24 * 1024;

// Sizes of the two rings of a core. Answers to appends are small, and no more are outstanding than kMaxTickets.
inline constexpr std::size_t kRequestRingBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kAnswerRingBytes = 2 * 1024 * 1024;
inline constexpr std::size_t kMaxTickets = 4096;

}  // namespace redoubt::ledger
