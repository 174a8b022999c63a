#include "record/signer_record.h"

#include <simdjson.h>

#include "encoding/json_reader.h"
#include "record/summary.h"

namespace redoubt::record {

Result<ReadSignerAttested> read_signer_attested(ByteView record) {
  const auto summary = summarize(record);
  if (!summary && summary.error().code() == Errc::kTooLarge) return summary.error();
  const Error other(Errc::kMalformed, "the record is not one of a signer's evidence");
  if (!summary || summary->stage != Stage::kAttested) return other;
  encoding::JsonReader reader({.max_bytes = kRecordSizeMax});
  const auto root = reader.parse(as_chars(record));
  if (!root) return root.error();
  std::string_view signer;
  std::string_view attester;
  simdjson::dom::object evidence;
  if (root->at_pointer("/unmapped/redoubt/signer").get(signer) != simdjson::SUCCESS ||
      root->at_pointer("/unmapped/redoubt/attester").get(attester) != simdjson::SUCCESS ||
      root->at_pointer("/unmapped/redoubt/evidence").get(evidence) != simdjson::SUCCESS) {
    return other;
  }
  return ReadSignerAttested{.time = summary->time,
                            .signer = std::string(signer),
                            .attester = std::string(attester),
                            .evidence = simdjson::minify(evidence)};
}

}  // namespace redoubt::record
