#include "redoubt/recorded_request.h"

#include "encoding/json_reader.h"
#include "gateway/commit_settings.h"
#include "record/exchange_record.h"
#include "record/summary.h"

namespace redoubt::app {
namespace {

std::string_view text_at(const simdjson::dom::element& record, std::string_view pointer) {
  std::string_view text;
  if (record.at_pointer(pointer).get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<gateway::Action> action_of(std::string_view operation) {
  if (operation == gateway::kChatOperation) return gateway::Action::kInvoke;
  if (operation == gateway::kModelsOperation) return gateway::Action::kListModels;
  if (operation == gateway::kReadOperation) return gateway::Action::kReadEntries;
  if (operation == gateway::kOpenOperation) return gateway::Action::kOpenValues;
  if (operation == gateway::kMetricsOperation) return gateway::Action::kReadMetrics;
  return std::nullopt;
}

std::vector<std::string> kinds_of(const simdjson::dom::element& record) {
  std::vector<std::string> out;
  simdjson::dom::array matches;
  if (record.at_pointer("/unmapped/redoubt/matches").get(matches) != simdjson::SUCCESS) return out;
  for (const simdjson::dom::element match : matches) {
    if (const std::string_view kind = text_at(match, "/kind"); !kind.empty()) out.emplace_back(kind);
  }
  return out;
}

RecordedRequest::Evidence evidence_of(const simdjson::dom::element& record, const std::string& member) {
  const auto text = [&](const char* name) {
    return std::string(text_at(record, "/unmapped/redoubt/" + member + name));
  };
  return {.tier = text("/tier"), .measurer = text("/measurer"), .identity = text("/identity")};
}

record::PeerEvidence shown(const RecordedRequest::Evidence& evidence) {
  return {.tier = evidence.tier, .measurer = evidence.measurer, .identity = evidence.identity, .refused = {}};
}

}  // namespace

gateway::AccessRequest RecordedRequest::request(const gateway::Caller& caller) const {
  return {.principal = caller.principal,
          .key = caller.key,
          .action = action,
          .model = resource,
          .log = tenant.empty() ? "system" : tenant,
          .time = time,
          .peer_address = {},
          .tls = false,
          .purpose = {},
          .upstream_name = upstream,
          .upstream_provider = provider,
          .stream = stream,
          .matches = {},
          .upstream_evidence = shown(upstream_evidence),
          .caller_evidence = shown(caller_evidence)};
}

Result<std::optional<RecordedRequest>> recorded_request(ByteView bytes) {
  auto summary = record::summarize(bytes);
  if (!summary && summary.error().code() == Errc::kUnsupported) return std::optional<RecordedRequest>();
  if (!summary) return summary.error();
  const auto action = action_of(summary->operation);
  if (!action) return std::optional<RecordedRequest>();
  encoding::JsonReader reader({.max_bytes = record::kRecordSizeMax});
  auto root = reader.parse(as_chars(bytes));
  if (!root) return root.error();
  const bool admitted = summary->stage == record::Stage::kAdmission;
  const bool refused = summary->stage == record::Stage::kDenial &&
                       text_at(*root, "/unmapped/redoubt/reason") == to_string(record::DenialReason::kAuthorization);
  RecordedRequest out{.principal = std::string(text_at(*root, "/actor/user/uid")),
                      .credential = std::string(text_at(*root, "/actor/user/credential_uid")),
                      .tenant = std::string(text_at(*root, "/metadata/tenant_uid")),
                      .action = *action,
                      .resource = std::string(text_at(*root, "/ai_model/name")),
                      .upstream = std::string(text_at(*root, "/dst_endpoint/svc_name")),
                      .provider = std::string(text_at(*root, "/ai_model/ai_provider")),
                      .time = summary->time,
                      .permitted = admitted,
                      .upstream_evidence = evidence_of(*root, "upstream_evidence"),
                      .caller_evidence = evidence_of(*root, "caller_evidence")};
  if ((!admitted && !refused) || out.principal.empty()) return std::optional<RecordedRequest>();
  bool stream = false;
  out.kinds = kinds_of(*root);
  if (root->at_pointer("/unmapped/redoubt/stream").get(stream) == simdjson::SUCCESS) out.stream = stream;
  return std::optional(std::move(out));
}

}  // namespace redoubt::app
