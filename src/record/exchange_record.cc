#include "record/exchange_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "encoding/base64.h"
#include "encoding/json_writer.h"
#include "record/dictionary_record.h"
#include "record/response_authorizer.h"
#include "record/signer_record.h"
#include "record/summary.h"

// Records are put together from constant pieces of JSON: member names and punctuation are literals, and only what comes
// from outside goes through the escaping writer. Each optional member begins with its comma, after one that is always
// there.

namespace redoubt::record {
namespace {

constexpr std::size_t kUidSizeMax = 64;

// OCSF's `integer_t` is a signed integer of no stated width; consumers commonly store 32 bits.
constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::int32_t>::max();

// One escaped byte is at most six (`\u0000`); three for U+FFFD. The sum of what text a record can hold, where it is
// written twice counted twice, plus its own constant text, keeps the promise of kRecordSizeMax.
constexpr std::size_t kTextMax =
    kModelSizeMax + kPathSizeMax + kReasonSizeMax + 10 * kNameSizeMax + 14 * kLabelSizeMax + 4 * kUidSizeMax;
constexpr std::size_t kWhereSizeMax = 32;
constexpr std::size_t kTierSizeMax = 32;
static_assert(2 * kTierSizeMax + kLabelSizeMax <= kNameSizeMax, "a peer's evidence is counted as one name");
constexpr std::size_t kMatchSizeMax = 76 + 2 * kLabelSizeMax + kWhereSizeMax;  // plain words, which are never escaped
constexpr std::size_t kNamesSizeMax = kNamesMax * (kToolNameSizeMax + 30);     // likewise, with rows
constexpr std::size_t kConstantMax =
    4096 + kCommitmentsMax * (kFieldNameSizeMax + 64 + 6) + kMatchesMax * kMatchSizeMax + 2 * kNamesSizeMax;
static_assert(6 * kTextMax + kConstantMax <= kRecordSizeMax);

// Shortens views to their limits and remembers whether anything was lost.
class Cutter {
 public:
  void cut(std::string_view& text, std::size_t max) {
    if (text.size() <= max) return;
    // Not inside a character: at most three continuation bytes are given up.
    std::size_t end = max;
    for (int i = 0; i < 3 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; ++i) --end;
    if ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) end = max;  // not UTF-8 anyway
    text = text.substr(0, end);
    any_ = true;
  }
  void cut(RecordSource& source) {
    cut(source.log_origin, kNameSizeMax);
    cut(source.tenant, kLabelSizeMax);
    cut(source.product_version, kLabelSizeMax);
  }
  void cut(std::span<const MatchCount>& matches) {
    const auto is_long = [](const MatchCount& each) {
      return each.kind.size() > kLabelSizeMax || each.action.size() > kLabelSizeMax ||
             each.where.size() > kWhereSizeMax;
    };
    any_ = any_ || matches.size() > kMatchesMax;
    matches = matches.first(std::min(matches.size(), kMatchesMax));
    any_ = any_ || std::any_of(matches.begin(), matches.end(), is_long);
  }
  void cut(Names& names) {
    any_ = any_ || names.size() > kNamesMax;
    names = names.first(std::min(names.size(), kNamesMax));
    any_ = any_ || std::any_of(names.begin(), names.end(),
                               [](const std::string& each) { return each.size() > kToolNameSizeMax; });
  }
  bool any() const { return any_; }

 private:
  bool any_ = false;
};

struct Enumerated {
  int id;
  std::string_view caption;
};

// Whether a JSON string holds all of it as it is: ASCII without control characters, quotes and backslashes. Eight bytes
// at once.
bool is_plain_ascii(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr std::uint64_t kHigh = kOnes << 7;
  const auto below = [](std::uint64_t bytes, std::uint64_t bound) { return (bytes - kOnes * bound) & ~bytes; };
  const auto special = [&](std::uint64_t bytes) {
    return (bytes | below(bytes, 0x20) | below(bytes ^ kOnes * '"', 1) | below(bytes ^ kOnes * '\\', 1)) & kHigh;
  };
  std::uint64_t found = 0;
  std::uint64_t bytes = 0;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::memcpy(&bytes, text.data() + at, 8);
    found |= special(bytes);
  }
  bytes = kOnes * ' ';
  text.substr(at).copy(reinterpret_cast<char*>(&bytes), sizeof bytes);
  return (found | special(bytes)) == 0;
}

// Collects the pieces, and appends them to the record together. Pieces are put in place where they are written, so that
// of a constant its few words are stored, and nothing is called.
class RecordWriter {
 public:
  explicit RecordWriter(std::string& out) : out_(out) {}
  ~RecordWriter() { flush(); }
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  [[gnu::always_inline]] RecordWriter& operator<<(std::string_view json) {
    if (json.size() > buffer_.size() - used_) {
      append(json);
    } else if (!json.empty()) {
      std::memcpy(buffer_.data() + used_, json.data(), json.size());
      used_ += json.size();
    }
    return *this;
  }
  void text(std::string_view text) {
    if (text.size() + 2 > buffer_.size() - used_ || !is_plain_ascii(text)) {
      flush();
      encoding::append_json_string(out_, text);
      return;
    }
    *this << "\"" << text << "\"";
  }
  template <std::integral T>
  void number(T value) {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  // A word of letters, digits and `_`, `-`, `.`; what else is in it becomes `_`, so that it never grows.
  void word(std::string_view word) {
    flush();
    out_.push_back('"');
    for (const char c : word) out_.push_back(is_plain(c) ? c : '_');
    out_.push_back('"');
  }
  // The same of a name, in which `/` and `:` stay.
  void name(std::string_view name) {
    flush();
    out_.push_back('"');
    for (const char c : name) out_.push_back(is_plain(c) || c == '/' || c == ':' ? c : '_');
    out_.push_back('"');
  }
  void hex(const Commitment& bytes) {
    flush();
    out_.push_back('"');
    encoding::append_hex(out_, bytes);
    out_.push_back('"');
  }

  // `prefix` is the comma, name and colon.
  [[gnu::always_inline]] void optional_text(std::string_view prefix, std::string_view value) {
    if (value.empty()) return;
    *this << prefix;
    text(value);
  }
  template <std::integral T>
  [[gnu::always_inline]] void member(std::string_view prefix, T value) {
    *this << prefix;
    number(value);
  }
  // OCSF's pair of a number and its caption: `,"NAME_id":1,"NAME":"Caption"`.
  [[gnu::always_inline]] void enumerated(std::string_view id_prefix, std::string_view caption_prefix,
                                         Enumerated value) {
    member(id_prefix, value.id);
    *this << caption_prefix << "\"" << value.caption << "\"";
  }

 private:
  static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  }
  [[gnu::noinline]] void append(std::string_view json) {
    flush();
    out_.append(json);
  }
  void flush() {
    out_.append(buffer_.data(), used_);
    used_ = 0;
  }

  std::string& out_;
  std::size_t used_ = 0;
  std::array<char, 2048> buffer_;  // most records are shorter
};

constexpr Enumerated kCreate{1, "Create"};
constexpr Enumerated kRead{2, "Read"};
constexpr Enumerated kUpdate{3, "Update"};
constexpr Enumerated kDelete{4, "Delete"};
constexpr Enumerated kOtherActivity{99, "Other"};

constexpr Enumerated kInformational{1, "Informational"};
constexpr Enumerated kLow{2, "Low"};
constexpr Enumerated kMedium{3, "Medium"};

constexpr Enumerated kStatusUnknown{0, "Unknown"};
constexpr Enumerated kSuccess{1, "Success"};
constexpr Enumerated kFailure{2, "Failure"};
constexpr Enumerated kAdmitted{99, "Admitted"};

constexpr Enumerated kAllowedAction{1, "Allowed"};
constexpr Enumerated kDeniedAction{2, "Denied"};
constexpr Enumerated kAllowed{1, "Allowed"};
constexpr Enumerated kBlocked{2, "Blocked"};
constexpr Enumerated kRejected{25, "Rejected"};
constexpr Enumerated kUnauthorized{26, "Unauthorized"};
constexpr Enumerated kError{27, "Error"};

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

Enumerated principal_type(PrincipalType type) {
  switch (type) {
    case PrincipalType::kUser:
      return {1, "User"};
    case PrincipalType::kAdmin:
      return {2, "Admin"};
    case PrincipalType::kSystem:
      return {3, "System"};
    case PrincipalType::kService:
      return {4, "Service"};
    case PrincipalType::kUnknown:
      break;
  }
  return {0, "Unknown"};
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

// What the beginning of every record says.
struct Head {
  Stage stage;
  Enumerated activity;
  Enumerated severity;
  Enumerated status;
  std::string_view uid;              // of the request; the event's uid is this and the stage
  std::string_view correlation_uid;  // of the exchange; may be empty
  UnixMillis time;
  RecordSource source;
  std::string_view profiles;  // JSON strings with commas; may be empty
  bool truncated = false;
};

void write_head(RecordWriter& json, const Head& head) {
  json << R"({"category_uid":6,"category_name":"Application Activity","class_uid":6003,"class_name":"API Activity")";
  json.enumerated(R"(,"activity_id":)", R"(,"activity_name":)", head.activity);
  json.member(R"(,"type_uid":)", 6003 * 100 + head.activity.id);
  json << R"(,"type_name":"API Activity: )" << head.activity.caption << R"(")";
  json.member(R"(,"time":)", head.time.value);
  json.enumerated(R"(,"severity_id":)", R"(,"severity":)", head.severity);
  json.enumerated(R"(,"status_id":)", R"(,"status":)", head.status);

  json << R"(,"metadata":{"version":"1.8.0","event_code":")" << to_string(head.stage) << R"(")";
  if (!head.uid.empty()) {
    // The uid is hexadecimal by contract; whatever it is, it is escaped, and the suffix goes inside its quotes.
    std::array<char, kUidSizeMax + 16> buffer;
    char* end = std::copy(head.uid.begin(), head.uid.end(), buffer.data());
    *end++ = '.';
    const std::string_view stage = to_string(head.stage);
    end = std::copy(stage.begin(), stage.end(), end);
    json << R"(,"uid":)";
    json.text({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
  }
  json.optional_text(R"(,"correlation_uid":)", head.correlation_uid);
  json.optional_text(R"(,"log_name":)", head.source.log_origin);
  json.optional_text(R"(,"tenant_uid":)", head.source.tenant);
  json << R"(,"product":{"name":"Redoubt","vendor_name":"Redoubt")";
  json.optional_text(R"(,"version":)", head.source.product_version);
  json << "}";
  if (!head.profiles.empty()) json << R"(,"profiles":[)" << head.profiles << "]";
  if (head.truncated) json << R"(,"is_truncated":true)";
  json << "}";
}

void write_actor(RecordWriter& json, std::string_view uid, std::string_view name, PrincipalType type,
                 std::string_view credential_uid) {
  json << R"(,"actor":{"user":{)";
  if (uid.empty()) {
    // Without a uid it is nobody: a principal of this name has a uid.
    json << R"("name":"unauthenticated","type_id":0,"type":"Unknown"}})";
    return;
  }
  json << R"("uid":)";
  json.text(uid);
  json.optional_text(R"(,"name":)", name);
  json.enumerated(R"(,"type_id":)", R"(,"type":)", principal_type(type));
  json.optional_text(R"(,"credential_uid":)", credential_uid);
  json << "}}";
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

struct ApiResponse {
  int code = 0;            // 0: not written
  std::string_view error;  // may be empty
};

void write_api(RecordWriter& json, std::string_view operation, std::string_view request_uid, std::string_view service,
               ApiResponse response) {
  json << R"(,"api":{"operation":)";
  json.text(operation.empty() ? std::string_view("unknown") : operation);
  if (!request_uid.empty()) {
    json << R"(,"request":{"uid":)";
    json.text(request_uid);
    json << "}";
  }
  if (!service.empty()) {
    json << R"(,"service":{"name":)";
    json.text(service);
    json << "}";
  }
  if (response.code != 0) {
    json.member(R"(,"response":{"code":)", response.code);
    json.optional_text(R"(,"error":)", response.error);
    json << "}";
  } else if (!response.error.empty()) {
    json << R"(,"response":{"error":)";
    json.text(response.error);
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

void begin_unmapped(RecordWriter& json, Stage stage) {
  json << R"(,"unmapped":{"redoubt":{"format":1,"stage":")" << to_string(stage) << R"(")";
}

// A method that OCSF does not list is kept where anything may be kept.
void write_other_method(RecordWriter& json, std::string_view method) {
  if (!is_ocsf_method(method)) json.optional_text(R"(,"http_method":)", method);
}

void end_record(RecordWriter& json) {
  json << "}}}";
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

}  // namespace redoubt::record
