#include "record/summary.h"

#include <simdjson.h>

#include <array>

#include "encoding/json_reader.h"
#include "record/exchange_record.h"

namespace redoubt::record {
namespace {

constexpr std::array kStages = {Stage::kAdmission, Stage::kOutcome, Stage::kDenial,  Stage::kInterrupted,
                                Stage::kOpened,    Stage::kFact,    Stage::kAttested};

std::string_view text_at(const simdjson::dom::element& record, std::string_view pointer) {
  std::string_view text;
  if (record.at_pointer(pointer).get(text) != simdjson::SUCCESS) return {};
  return text;
}

}  // namespace

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::kAdmission:
      return "admission";
    case Stage::kOutcome:
      return "outcome";
    case Stage::kDenial:
      return "denial";
    case Stage::kInterrupted:
      return "interrupted";
    case Stage::kOpened:
      return "opened";
    case Stage::kFact:
      return "fact";
    case Stage::kAttested:
      return "attested";
  }
  return "unknown";
}

Result<Summary> summarize(ByteView record_json) {
  encoding::JsonReader reader({.max_bytes = kRecordSizeMax});
  const Result<simdjson::dom::element> record = reader.parse(as_chars(record_json));
  if (!record) return record.error().in("record");
  if (!record->is_object()) return Error(Errc::kMalformed, "record is not a JSON object");

  Summary summary;
  const std::string_view stage_name = text_at(*record, "/unmapped/redoubt/stage");
  bool known = false;
  for (const Stage stage : kStages) {
    if (to_string(stage) == stage_name) {
      summary.stage = stage;
      known = true;
    }
  }
  if (!known) return Error(Errc::kUnsupported, "record is of an unknown kind");
  if (record->at_key("time").get(summary.time.value) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "record has no time");
  }
  summary.exchange_uid = text_at(*record, "/metadata/correlation_uid");
  summary.operation = text_at(*record, summary.stage == Stage::kFact ? "/unmapped/redoubt/kind" : "/api/operation");
  std::uint64_t index = 0;
  if (record->at_pointer("/unmapped/redoubt/admission_index").get(index) == simdjson::SUCCESS) {
    summary.admission_index = index;
  } else if (summary.stage == Stage::kOutcome || summary.stage == Stage::kInterrupted) {
    return Error(Errc::kMalformed, "record does not name its admission");
  }
  return summary;
}

}  // namespace redoubt::record
