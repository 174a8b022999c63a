// The record of evidence over the key that signs the log's checkpoints (attest/signer_evidence.h): on what machine it
// is.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "record/exchange_record.h"

namespace redoubt::record {

struct SignerAttested {
  std::string_view request_uid;  // of this, 32 lower-case hexadecimal characters
  UnixMillis time;
  RecordSource source;
  std::string_view signer;    // the log's verifier key
  std::string_view attester;  // which machine: what names its attestation key, `sha256:…`
  std::string_view evidence;  // a JSON object in one line (docs/formats/attestation-exchange.md)
};

// Stage kAttested; by the keeper. The evidence is not cut: kTooLarge when the record would be longer than
// kRecordSizeMax, and `out` is as it was.
Result<> append_signer_attested(std::string& out, const SignerAttested& attested);

// What such a record says.
struct ReadSignerAttested {
  UnixMillis time;
  std::string signer;
  std::string attester;
  std::string evidence;
};
// kMalformed, and kTooLarge above kRecordSizeMax, for every other record. Any thread; parses the whole record.
Result<ReadSignerAttested> read_signer_attested(ByteView record);

}  // namespace redoubt::record
