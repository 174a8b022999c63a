#include "record/signer_record.h"

#include <simdjson.h>

#include "encoding/json_reader.h"
#include "record/internal/cutter.h"
#include "record/internal/event.h"
#include "record/summary.h"

namespace redoubt::record {

Result<> append_signer_attested(std::string& out, const SignerAttested& given) {
  const std::size_t before = out.size();
  {
    Cutter cutter;
    SignerAttested attested = given;
    cutter.cut(attested.request_uid, kUidSizeMax);
    cutter.cut(attested.source);
    cutter.cut(attested.signer, kReasonSizeMax);
    cutter.cut(attested.attester, kNameSizeMax);

    Head head{};
    head.stage = Stage::kAttested;
    head.activity = kOtherActivity;
    head.severity = kInformational;
    head.status = kSuccess;
    head.uid = attested.request_uid;
    head.time = attested.time;
    head.source = attested.source;
    head.truncated = cutter.any();

    RecordWriter json(out);
    write_head(json, head);
    write_actor(json, "redoubt-keeper", {}, PrincipalType::kSystem, {});
    json << R"(,"src_endpoint":{"svc_name":"redoubt"})";
    write_api(json, "ledger.attest", attested.request_uid, {}, {});
    begin_unmapped(json, Stage::kAttested);
    json << R"(,"signer":)";
    json.text(attested.signer);
    json << R"(,"attester":)";
    json.text(attested.attester);
    json << R"(,"evidence":)" << (attested.evidence.empty() ? std::string_view("{}") : attested.evidence);
    end_record(json);
  }
  if (out.size() - before <= kRecordSizeMax) return {};
  out.resize(before);
  return Error(Errc::kTooLarge, "the evidence is longer than a record may be");
}

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
