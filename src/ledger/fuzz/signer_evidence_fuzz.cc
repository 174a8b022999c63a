// What a log's server says of evidence over its key.
#include <cstdint>

#include "base/check.h"
#include "ledger/signer_evidence_file.h"
#include "record/signer_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = ledger::parse_signer_evidence(text);
  if (!file) return 0;
  REDOUBT_CHECK(ledger::format_signer_evidence(*file) == text);
  if (const auto read = record::read_signer_attested(file->record)) REDOUBT_CHECK(!read->evidence.empty());
  return 0;
}
