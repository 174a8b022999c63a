#include "record/exchange_record.h"

#include <algorithm>
#include <array>

#include "record/internal/cutter.h"
#include "record/internal/event.h"
#include "record/response_authorizer.h"

namespace redoubt::record {
namespace {

// Calls of an API in OCSF's terms, from what RFC 9110 §9.3 says of the method.
Enumerated activity_of(std::string_view method) {
  if (method == "POST") return kCreate;
  if (method == "GET" || method == "HEAD") return kRead;
  if (method == "PUT" || method == "PATCH") return kUpdate;
  if (method == "DELETE") return kDelete;
  return kOtherActivity;
}

// The values of `http_request.http_method`; others have no place there.
bool is_ocsf_method(std::string_view method) {
  static constexpr std::array<std::string_view, 9> kMethods = {"POST",    "GET",  "PUT",   "DELETE", "PATCH",
                                                               "OPTIONS", "HEAD", "TRACE", "CONNECT"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

Enumerated disposition_of(DenialReason reason) {
  switch (reason) {
    case DenialReason::kAuthentication:
    case DenialReason::kAuthorization:
      return kUnauthorized;
    case DenialReason::kMalformed:
    case DenialReason::kTooLarge:
      return kRejected;
    case DenialReason::kLimit:
    case DenialReason::kContent:
      return kBlocked;
    case DenialReason::kUnavailable:
      return kError;
  }
  return kBlocked;
}

// The caller's address as a commitment, the same 64 characters in every record of the exchange.
void write_source_endpoint(RecordWriter& json, const std::optional<Commitment>& address) {
  json << R"(,"src_endpoint":{)";
  if (address) {
    json << R"("uid":)";
    json.hex(*address);
  } else {
    json << R"("name":"withheld")";
  }
  json << "}";
}

void write_http_request(RecordWriter& json, const ExchangeFacts& facts) {
  const bool has_method = is_ocsf_method(facts.method);
  if (!has_method && facts.path.empty() && facts.request_size == 0) return;
  json << R"(,"http_request":{"body_length":)";
  json.number(std::min(facts.request_size, kIntegerMax));
  if (has_method) json << R"(,"http_method":")" << facts.method << R"(")";
  if (!facts.path.empty()) {
    json << R"(,"url":{"path":)";
    json.text(facts.path);
    json << "}";
  }
  json << "}";
}

std::string_view provider_of(const ExchangeFacts& facts) {
  if (!facts.provider.empty()) return facts.provider;
  return facts.upstream.empty() ? std::string_view("unknown") : facts.upstream;
}

void write_model_and_upstream(RecordWriter& json, const ExchangeFacts& facts) {
  if (!facts.upstream.empty()) {
    json << R"(,"dst_endpoint":{"svc_name":)";
    json.text(facts.upstream);
    json << "}";
  }
  if (!facts.model.empty()) {
    json << R"(,"ai_model":{"ai_provider":)";
    json.text(provider_of(facts));
    json << R"(,"name":)";
    json.text(facts.model);
    json << "}";
  }
}

void write_control(RecordWriter& json, Enumerated action, Enumerated disposition) {
  json.enumerated(R"(,"action_id":)", R"(,"action":)", action);
  json.enumerated(R"(,"disposition_id":)", R"(,"disposition":)", disposition);
}

void write_authorization(RecordWriter& json, std::string_view decision, const ExchangeFacts& facts) {
  json << R"(,"authorizations":[{"decision":")" << decision << R"(")";
  if (!facts.authorizer.empty() || !facts.policy_uid.empty() || !facts.policy_version.empty()) {
    json << R"(,"policy":{"name":)";
    json.text(facts.authorizer.empty() ? std::string_view("unknown") : facts.authorizer);
    json.optional_text(R"(,"uid":)", facts.policy_uid);
    json.optional_text(R"(,"version":)", facts.policy_version);
    json << "}";
  }
  json << "}]";
}

// `,"commitments":{…}`, or nothing when there is none. A field named twice is written once: JSON objects of ours have
// no duplicate names.
void write_commitments(RecordWriter& json, std::span<const FieldCommitment> commitments,
                       const std::optional<Commitment>& caller_address) {
  const auto in = commitments.first(std::min(commitments.size(), kCommitmentsMax));
  std::string_view separator = R"(,"commitments":{")";
  const auto write = [&](std::string_view field, const Commitment& commitment) {
    json << separator << field << R"(":)";
    json.hex(commitment);
    separator = R"(,")";
  };
  if (caller_address) write(kCallerAddressField, *caller_address);
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (!is_field_name(in[i].field) || (caller_address && in[i].field == kCallerAddressField)) continue;
    const bool repeated = std::any_of(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(i),
                                      [&](const FieldCommitment& earlier) { return earlier.field == in[i].field; });
    if (!repeated) write(in[i].field, in[i].commitment);
  }
  if (separator.size() == 2) json << "}";
}

bool any_flagged(std::span<const MatchCount> matches) {
  return std::any_of(matches.begin(), matches.end(), [](const MatchCount& each) { return each.action == "flag"; });
}

// `,"matches":[…]`, or nothing when there is none. They were bounded by the cutter.
void write_matches(RecordWriter& json, std::span<const MatchCount> matches) {
  if (matches.empty()) return;
  std::string_view before = R"(,"matches":[{"kind":)";
  for (const MatchCount& each : matches) {
    json << before;
    json.word(each.kind.substr(0, kLabelSizeMax));
    json.member(R"(,"count":)", each.count);
    json << R"(,"action":)";
    json.word(each.action.substr(0, kLabelSizeMax));
    if (!each.where.empty()) {
      json << R"(,"where":)";
      json.word(each.where.substr(0, kWhereSizeMax));
    }
    before = R"(},{"kind":)";
  }
  json << "}]";
}

// `prefix` is the comma, name, colon and bracket; nothing is written when there is none.
void write_tools(RecordWriter& json, std::string_view prefix, Names tools) {
  for (std::string_view before = prefix; const std::string& each : tools) {
    json << before;
    json.name(std::string_view(each).substr(0, kToolNameSizeMax));
    before = ",";
  }
  if (!tools.empty()) json << "]";
}

// `,"data":[{"name":…,"rows":…},{"name":…},…]`, or nothing.
void write_data(RecordWriter& json, Names data, std::span<const std::uint64_t> rows) {
  std::string_view before = R"(,"data":[{"name":)";
  for (std::size_t i = 0; i < data.size(); ++i) {
    json << before;
    json.name(std::string_view(data[i]).substr(0, kToolNameSizeMax));
    if (i < rows.size()) json.member(R"(,"rows":)", std::min(rows[i], kIntegerMax));
    before = R"(},{"name":)";
  }
  if (!data.empty()) json << "}]";
}

// `name` is the comma, name and colon; nothing is written of a peer that was not asked.
void write_evidence(RecordWriter& json, std::string_view name, const PeerEvidence& evidence) {
  if (evidence.tier.empty() && evidence.refused.empty()) return;
  json << name;
  if (evidence.tier.empty()) {
    json << R"({"refused":)";
    json.text(evidence.refused);
  } else {
    json << R"({"tier":)";
    json.text(evidence.tier);
    json.optional_text(R"(,"measurer":)", evidence.measurer);
    json.optional_text(R"(,"identity":)", evidence.identity);
  }
  json << "}";
}

void write_evidence(RecordWriter& json, const ExchangeFacts& facts) {
  write_evidence(json, R"(,"upstream_evidence":)", facts.upstream_evidence);
  write_evidence(json, R"(,"caller_evidence":)", facts.caller_evidence);
}

constexpr std::string_view kToolsOffered = R"(,"tools_offered":[)";
constexpr std::string_view kToolsCalled = R"(,"tools":[)";

// A method that OCSF does not list is kept where anything may be kept.
void write_other_method(RecordWriter& json, std::string_view method) {
  if (!is_ocsf_method(method)) json.optional_text(R"(,"http_method":)", method);
}

ExchangeFacts bounded(const ExchangeFacts& facts, Cutter& cutter) {
  ExchangeFacts out = facts;
  cutter.cut(out.exchange_uid, kUidSizeMax);
  cutter.cut(out.source);
  cutter.cut(out.method, kLabelSizeMax);
  out.path = out.path.substr(0, out.path.find('?'));  // a query is never recorded, whoever passes it
  cutter.cut(out.path, kPathSizeMax);
  cutter.cut(out.principal_uid, kNameSizeMax);
  cutter.cut(out.principal_name, kNameSizeMax);
  cutter.cut(out.credential_uid, kNameSizeMax);
  cutter.cut(out.operation, kLabelSizeMax);
  cutter.cut(out.model, kModelSizeMax);
  cutter.cut(out.provider, kLabelSizeMax);
  cutter.cut(out.upstream, kLabelSizeMax);
  cutter.cut(out.authorizer, kLabelSizeMax);
  cutter.cut(out.policy_uid, kNameSizeMax);
  cutter.cut(out.policy_version, kLabelSizeMax);
  for (PeerEvidence* each : {&out.upstream_evidence, &out.caller_evidence}) {
    cutter.cut(each->tier, kTierSizeMax);
    cutter.cut(each->measurer, kTierSizeMax);
    cutter.cut(each->identity, kLabelSizeMax);
    cutter.cut(each->refused, kNameSizeMax);
  }
  return out;
}

Head exchange_head(Stage stage, const ExchangeFacts& facts) {
  Head head{};
  head.stage = stage;
  head.activity = activity_of(facts.method);
  head.uid = facts.exchange_uid;
  head.correlation_uid = facts.exchange_uid;
  head.time = facts.time;
  head.source = facts.source;
  return head;
}

constexpr std::string_view kBothProfiles = R"("ai_operation","security_control")";
constexpr std::string_view kAiOperation = R"("ai_operation")";
constexpr std::string_view kSecurityControl = R"("security_control")";

}  // namespace

std::string_view to_string(Finish finish) {
  switch (finish) {
    case Finish::kCompleted:
      return "completed";
    case Finish::kClientGone:
      return "client_gone";
    case Finish::kUpstreamFailed:
      return "upstream_failed";
    case Finish::kUpstreamTimeout:
      return "upstream_timeout";
    case Finish::kReleaseDenied:
      return "release_denied";
    case Finish::kLimitReached:
      return "limit_reached";
    case Finish::kAborted:
      break;
  }
  return "aborted";
}

std::string_view to_string(DenialReason reason) {
  switch (reason) {
    case DenialReason::kAuthentication:
      return "authentication";
    case DenialReason::kAuthorization:
      return "authorization";
    case DenialReason::kMalformed:
      return "malformed";
    case DenialReason::kTooLarge:
      return "too_large";
    case DenialReason::kLimit:
      return "limit";
    case DenialReason::kContent:
      return "content";
    case DenialReason::kUnavailable:
      break;
  }
  return "unavailable";
}

void append_admission(std::string& out, const ExchangeFacts& given, std::span<const FieldCommitment> commitments) {
  Cutter cutter;
  ExchangeFacts facts = bounded(given, cutter);
  cutter.cut(facts.matches);
  cutter.cut(facts.tools_offered);
  Head head = exchange_head(Stage::kAdmission, facts);
  head.severity = any_flagged(given.matches) ? kMedium : kInformational;
  head.status = kAdmitted;
  head.profiles = facts.model.empty() ? kSecurityControl : kBothProfiles;
  head.truncated = cutter.any();

  RecordWriter json(out);
  write_head(json, head);
  write_actor(json, facts.principal_uid, facts.principal_name, facts.principal_type, facts.credential_uid);
  write_source_endpoint(json, facts.caller_address);
  write_http_request(json, facts);
  write_api(json, facts.operation, facts.exchange_uid, facts.upstream, {});
  write_model_and_upstream(json, facts);
  write_control(json, kAllowedAction, kAllowed);
  write_authorization(json, "permit", facts);
  begin_unmapped(json, Stage::kAdmission);
  json << (facts.stream ? R"(,"stream":true)" : R"(,"stream":false)");
  write_other_method(json, facts.method);
  write_matches(json, facts.matches);
  write_tools(json, kToolsOffered, facts.tools_offered);
  write_evidence(json, facts);
  write_commitments(json, commitments, facts.caller_address);
  end_record(json);
}

void append_outcome(std::string& out, const ExchangeFacts& given, const Outcome& outcome) {
  Cutter cutter;
  const ExchangeFacts facts = bounded(given, cutter);
  std::string_view error_code = outcome.error_code;
  cutter.cut(error_code, kLabelSizeMax);
  const std::int64_t duration_ms = std::max<std::int64_t>(outcome.duration_ms, 0);
  const bool has_tokens = outcome.prompt_tokens || outcome.completion_tokens || outcome.total_tokens;
  const bool uses_ai = has_tokens || !facts.model.empty();
  const bool released = outcome.finish != Finish::kReleaseDenied && outcome.finish != Finish::kLimitReached;
  const bool by_limit = outcome.finish == Finish::kLimitReached;
  std::string_view limit = by_limit || outcome.finish == Finish::kReleaseDenied ? outcome.limit : std::string_view();
  cutter.cut(limit, kNameSizeMax);
  std::span<const MatchCount> matches = outcome.matches;
  cutter.cut(matches);
  Names tools = outcome.tools;
  cutter.cut(tools);
  Names data = outcome.data;
  cutter.cut(data);
  const bool succeeded =
      outcome.finish == Finish::kCompleted && outcome.http_status >= 100 && outcome.http_status < 400;

  Head head = exchange_head(Stage::kOutcome, facts);
  head.severity = released ? kInformational : kLow;
  if (any_flagged(outcome.matches)) head.severity = kMedium;
  head.status = succeeded ? kSuccess : kFailure;
  if (uses_ai) head.profiles = released ? kAiOperation : kBothProfiles;
  if (!uses_ai && !released) head.profiles = kSecurityControl;
  head.truncated = cutter.any();

  RecordWriter json(out);
  write_head(json, head);
  json << R"(,"status_detail":")" << to_string(outcome.finish) << R"(")";
  json.member(R"(,"duration":)", duration_ms);
  write_actor(json, facts.principal_uid, facts.principal_name, facts.principal_type, facts.credential_uid);
  write_source_endpoint(json, facts.caller_address);
  write_http_request(json, facts);
  if (outcome.http_status != 0) {
    json.member(R"(,"http_response":{"code":)", outcome.http_status);
    json.member(R"(,"body_length":)", std::min(outcome.response_size, kIntegerMax));
    json << "}";
  }
  write_api(json, facts.operation, facts.exchange_uid, facts.upstream, {outcome.http_status, error_code});
  write_model_and_upstream(json, facts);
  if (has_tokens) {
    json << R"(,"message_context":{"service":{"name":)";
    json.text(facts.upstream.empty() ? provider_of(facts) : facts.upstream);
    json << "}";
    const auto tokens = [&](std::string_view prefix, const std::optional<std::uint64_t>& count) {
      if (count) json.member(prefix, std::min(*count, kIntegerMax));
    };
    tokens(R"(,"prompt_tokens":)", outcome.prompt_tokens);
    tokens(R"(,"completion_tokens":)", outcome.completion_tokens);
    tokens(R"(,"total_tokens":)", outcome.total_tokens);
    json << "}";
  }
  if (!released) write_control(json, kDeniedAction, kBlocked);
  if (!limit.empty()) {
    write_authorization(json, "deny",
                        {.authorizer = by_limit ? kLimitsAuthorizer : kResponseAuthorizer, .policy_uid = limit});
  }
  begin_unmapped(json, Stage::kOutcome);
  json.member(R"(,"admission_index":)", outcome.admission_index);
  json << (facts.stream ? R"(,"stream":true)" : R"(,"stream":false)");
  write_other_method(json, facts.method);
  write_matches(json, matches);
  write_tools(json, kToolsCalled, tools);
  write_data(json, data, outcome.rows);
  if (outcome.inspected) {
    json.member(R"(,"inspected":{"scanned":)", outcome.inspected->scanned);
    json.member(R"(,"released":)", outcome.inspected->released);
    json.member(R"(,"withheld":)", outcome.inspected->withheld);
    if (outcome.inspected->held) {
      json.member(R"(,"held":)", *outcome.inspected->held);
      json << (outcome.inspected->beyond ? R"(,"beyond":true)" : R"(,"beyond":false)");
    }
    json << "}";
  }
  write_commitments(json, outcome.commitments, std::nullopt);
  end_record(json);
}

void append_denial(std::string& out, const ExchangeFacts& given, const Denial& denial,
                   std::span<const FieldCommitment> commitments) {
  Cutter cutter;
  ExchangeFacts facts = bounded(given, cutter);
  cutter.cut(facts.matches);
  cutter.cut(facts.tools_offered);
  std::string_view error_code = denial.error_code;
  cutter.cut(error_code, kLabelSizeMax);

  Head head = exchange_head(Stage::kDenial, facts);
  head.severity = any_flagged(given.matches) ? kMedium : kLow;
  head.status = kFailure;
  head.profiles = facts.model.empty() ? kSecurityControl : kBothProfiles;
  head.truncated = cutter.any();

  RecordWriter json(out);
  write_head(json, head);
  json << R"(,"status_detail":")" << to_string(denial.reason) << R"(")";
  if (denial.count > 1) json.member(R"(,"count":)", std::min(denial.count, kIntegerMax));
  if (denial.first_time) {
    json.member(R"(,"start_time":)", denial.first_time->value);
    json.member(R"(,"end_time":)", facts.time.value);
  }
  write_actor(json, facts.principal_uid, facts.principal_name, facts.principal_type, facts.credential_uid);
  write_source_endpoint(json, facts.caller_address);
  write_http_request(json, facts);
  write_api(json, facts.operation, facts.exchange_uid, facts.upstream, {denial.http_status, error_code});
  write_model_and_upstream(json, facts);
  write_control(json, kDeniedAction, disposition_of(denial.reason));
  // Who could not be identified or understood met no policy; otherwise the record says what decided.
  const bool decided =
      denial.reason == DenialReason::kAuthorization || !facts.authorizer.empty() || !facts.policy_uid.empty();
  if (decided) write_authorization(json, "deny", facts);
  begin_unmapped(json, Stage::kDenial);
  json << R"(,"reason":")" << to_string(denial.reason) << R"(")";
  if (denial.sources > 1) json.member(R"(,"sources":)", std::min(denial.sources, kIntegerMax));
  write_other_method(json, facts.method);
  write_matches(json, facts.matches);
  write_tools(json, kToolsOffered, facts.tools_offered);
  write_evidence(json, facts);
  write_commitments(json, commitments, facts.caller_address);
  end_record(json);
}

void append_interrupted(std::string& out, const Interruption& given) {
  Cutter cutter;
  Interruption interruption = given;
  cutter.cut(interruption.exchange_uid, kUidSizeMax);
  cutter.cut(interruption.source);
  cutter.cut(interruption.operation, kLabelSizeMax);

  Head head{};
  head.stage = Stage::kInterrupted;
  head.activity = kOtherActivity;
  head.severity = kMedium;
  head.status = kStatusUnknown;
  head.uid = interruption.exchange_uid;
  head.correlation_uid = interruption.exchange_uid;
  head.time = interruption.time;
  head.source = interruption.source;
  head.truncated = cutter.any();

  RecordWriter json(out);
  write_head(json, head);
  json << R"(,"status_detail":"interrupted","actor":{"app_name":"redoubt"},"src_endpoint":{"svc_name":"redoubt"})";
  write_api(json, interruption.operation, interruption.exchange_uid, {}, {});
  begin_unmapped(json, Stage::kInterrupted);
  json.member(R"(,"admission_index":)", interruption.admission_index);
  end_record(json);
}

void append_opened(std::string& out, const Opened& given) {
  Cutter cutter;
  Opened opened = given;
  cutter.cut(opened.request_uid, kUidSizeMax);
  cutter.cut(opened.source);
  cutter.cut(opened.principal_uid, kNameSizeMax);
  cutter.cut(opened.principal_name, kNameSizeMax);
  cutter.cut(opened.opened_exchange_uid, kUidSizeMax);
  cutter.cut(opened.reason, kReasonSizeMax);

  Head head{};
  head.stage = Stage::kOpened;
  head.activity = kRead;
  head.severity = kLow;
  head.status = kSuccess;
  head.uid = opened.request_uid;
  head.correlation_uid = opened.opened_exchange_uid;
  head.time = opened.time;
  head.source = opened.source;
  head.truncated = cutter.any();

  RecordWriter json(out);
  write_head(json, head);
  write_actor(json, opened.principal_uid, opened.principal_name, opened.principal_type, {});
  json << R"(,"src_endpoint":{"svc_name":"redoubt"})";
  write_api(json, "ledger.open", opened.request_uid, {}, {});
  begin_unmapped(json, Stage::kOpened);
  json.member(R"(,"opened_index":)", opened.opened_index);
  json << R"(,"fields":[)";
  std::string_view separator;
  for (const std::string_view field : opened.fields.first(std::min(opened.fields.size(), kCommitmentsMax))) {
    if (!is_field_name(field)) continue;
    json << separator << R"(")" << field << R"(")";
    separator = ",";
  }
  json << R"(],"reason":)";
  json.text(opened.reason);
  end_record(json);
}

}  // namespace redoubt::record
