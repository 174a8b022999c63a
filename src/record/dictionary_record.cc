#include "record/dictionary_record.h"

#include "record/internal/cutter.h"
#include "record/internal/event.h"

namespace redoubt::record {

void append_dictionary_keyed(std::string& out, const DictionaryKeyed& given) {
  Cutter cutter;
  DictionaryKeyed keyed = given;
  cutter.cut(keyed.request_uid, kUidSizeMax);
  cutter.cut(keyed.source);
  cutter.cut(keyed.dictionary, kNameSizeMax);

  Head head{};
  head.stage = Stage::kOpened;
  head.activity = kRead;
  head.severity = kLow;
  head.status = kSuccess;
  head.uid = keyed.request_uid;
  head.time = keyed.time;
  head.source = keyed.source;
  head.truncated = cutter.any();

  RecordWriter json(out);
  write_head(json, head);
  write_actor(json, "redoubt-gateway", {}, PrincipalType::kSystem, {});
  json << R"(,"src_endpoint":{"svc_name":"redoubt"})";
  write_api(json, "dictionary.key", keyed.request_uid, {}, {});
  begin_unmapped(json, Stage::kOpened);
  json << R"(,"dictionary":)";
  json.text(keyed.dictionary);
  json.member(R"(,"records":)", keyed.records);
  json << R"(,"reason":"inspection")";
  end_record(json);
}

}  // namespace redoubt::record
