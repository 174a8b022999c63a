#include "behaviour/activity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>

#include "encoding/json_items.h"
#include "record/exchange_record.h"
#include "record/fact_record.h"

namespace redoubt::behaviour {
namespace {

using encoding::JsonItem;
using encoding::JsonItems;
using simdjson::dom::element;
using simdjson::dom::object;

// What is read of the record of an exchange, by the places of kPathNames.
enum class RecordPath : std::uint32_t {
  kRecord,
  kTime,
  kClass,
  kCount,
  kDuration,
  kStatusDetail,
  kApi,
  kApiOperation,
  kActor,
  kUser,
  kUserUid,
  kUserType,
  kUserCredential,
  kMetadata,
  kExchange,
  kTenant,
  kLogName,
  kModel,
  kModelName,
  kUpstream,
  kUpstreamName,
  kRequest,
  kRequestLength,
  kResponse,
  kResponseCode,
  kResponseLength,
  kTokens,
  kPromptTokens,
  kCompletionTokens,
  kTotalTokens,
  kAuthorizations,
  kPolicy,
  kPolicyUid,
  kUnmapped,
  kOurs,
  kFormat,
  kStage,
  kReason,
  kSources,
  kDictionary,
  kTools,
  kMatches,
  kMatchKind,
  kMatchCount,
  kMatchWhere,
  kMatchAction,
  kData,
  kDataName,
  kDataRows,
};

struct PathName {
  RecordPath path;
  std::string_view name;
};
constexpr std::array kPathNames = {
    PathName{RecordPath::kTime, "time"},
    PathName{RecordPath::kClass, "class_uid"},
    PathName{RecordPath::kCount, "count"},
    PathName{RecordPath::kDuration, "duration"},
    PathName{RecordPath::kStatusDetail, "status_detail"},
    PathName{RecordPath::kApi, "api"},
    PathName{RecordPath::kApiOperation, "api.operation"},
    PathName{RecordPath::kActor, "actor"},
    PathName{RecordPath::kUser, "actor.user"},
    PathName{RecordPath::kUserUid, "actor.user.uid"},
    PathName{RecordPath::kUserType, "actor.user.type_id"},
    PathName{RecordPath::kUserCredential, "actor.user.credential_uid"},
    PathName{RecordPath::kMetadata, "metadata"},
    PathName{RecordPath::kExchange, "metadata.correlation_uid"},
    PathName{RecordPath::kTenant, "metadata.tenant_uid"},
    PathName{RecordPath::kLogName, "metadata.log_name"},
    PathName{RecordPath::kModel, "ai_model"},
    PathName{RecordPath::kModelName, "ai_model.name"},
    PathName{RecordPath::kUpstream, "dst_endpoint"},
    PathName{RecordPath::kUpstreamName, "dst_endpoint.svc_name"},
    PathName{RecordPath::kRequest, "http_request"},
    PathName{RecordPath::kRequestLength, "http_request.body_length"},
    PathName{RecordPath::kResponse, "http_response"},
    PathName{RecordPath::kResponseCode, "http_response.code"},
    PathName{RecordPath::kResponseLength, "http_response.body_length"},
    PathName{RecordPath::kTokens, "message_context"},
    PathName{RecordPath::kPromptTokens, "message_context.prompt_tokens"},
    PathName{RecordPath::kCompletionTokens, "message_context.completion_tokens"},
    PathName{RecordPath::kTotalTokens, "message_context.total_tokens"},
    PathName{RecordPath::kAuthorizations, "authorizations"},
    PathName{RecordPath::kPolicy, "authorizations.policy"},
    PathName{RecordPath::kPolicyUid, "authorizations.policy.uid"},
    PathName{RecordPath::kUnmapped, "unmapped"},
    PathName{RecordPath::kOurs, "unmapped.redoubt"},
    PathName{RecordPath::kFormat, "unmapped.redoubt.format"},
    PathName{RecordPath::kStage, "unmapped.redoubt.stage"},
    PathName{RecordPath::kReason, "unmapped.redoubt.reason"},
    PathName{RecordPath::kSources, "unmapped.redoubt.sources"},
    PathName{RecordPath::kDictionary, "unmapped.redoubt.dictionary"},
    PathName{RecordPath::kTools, "unmapped.redoubt.tools"},
    PathName{RecordPath::kMatches, "unmapped.redoubt.matches"},
    PathName{RecordPath::kMatchKind, "unmapped.redoubt.matches.kind"},
    PathName{RecordPath::kMatchCount, "unmapped.redoubt.matches.count"},
    PathName{RecordPath::kMatchWhere, "unmapped.redoubt.matches.where"},
    PathName{RecordPath::kMatchAction, "unmapped.redoubt.matches.action"},
    PathName{RecordPath::kData, "unmapped.redoubt.data"},
    PathName{RecordPath::kDataName, "unmapped.redoubt.data.name"},
    PathName{RecordPath::kDataRows, "unmapped.redoubt.data.rows"},
};
constexpr auto kRecordPaths = [] {
  std::array<std::string_view, kPathNames.size()> out;
  for (std::size_t i = 0; i < out.size(); ++i) {
    // A path's number is its place: JsonItems counts them from 1 on.
    out[i] =
        kPathNames[i].path == RecordPath(i + 1) ? kPathNames[i].name : throw "another order than that of `RecordPath`";
  }
  return out;
}();

Error wrong(std::string_view member) {
  return {Errc::kMalformed, "record: `" + std::string(member) + "` has not the form that it must have"};
}

Reason reason_of(std::string_view text) {
  if (text == "authentication") return Reason::kAuthentication;
  if (text == "authorization") return Reason::kAuthorization;
  if (text == "malformed") return Reason::kMalformed;
  if (text == "too_large") return Reason::kTooLarge;
  if (text == "limit") return Reason::kLimit;
  if (text == "content") return Reason::kContent;
  if (text == "unavailable") return Reason::kUnavailable;
  return Reason::kNone;
}

Ending ending_of(std::string_view text) {
  if (text == "completed") return Ending::kCompleted;
  if (text == "client_gone") return Ending::kClientGone;
  if (text == "upstream_failed") return Ending::kUpstreamFailed;
  if (text == "upstream_timeout") return Ending::kUpstreamTimeout;
  if (text == "release_denied") return Ending::kReleaseDenied;
  if (text == "limit_reached") return Ending::kLimitReached;
  if (text == "aborted") return Ending::kAborted;
  return Ending::kNone;
}

std::optional<record::Stage> stage_of(std::string_view text) {
  for (const record::Stage stage : {record::Stage::kAdmission, record::Stage::kOutcome, record::Stage::kDenial,
                                    record::Stage::kInterrupted, record::Stage::kOpened, record::Stage::kAttested}) {
    if (text == to_string(stage)) return stage;
  }
  return std::nullopt;
}

PrincipalKind subject_kind_of(std::string_view type) {
  if (type == "user") return PrincipalKind::kUser;
  if (type == "service_account") return PrincipalKind::kService;
  if (type == "application") return PrincipalKind::kApplication;
  if (type == "agent") return PrincipalKind::kAgent;
  return PrincipalKind::kUnknown;
}

// FNV-1a: tells lists of groups apart, no more; it is keyed before it is kept.
std::uint64_t digest(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return (hash ^ 0xff) * 0x100000001b3;
}

}  // namespace

struct ActivityReader::Impl {
  using enum RecordPath;

  JsonItems items{{.max_bytes = record::kRecordSizeMax, .max_depth = 64}, kRecordPaths};
  record::FactReader facts;
  Activity activity;
  std::array<MatchSeen, kActivityMatchesMax> matches;
  std::array<std::string_view, kActivityToolsMax> tools;
  std::array<DataRead, kActivityDataMax> data;
  std::string_view detail;
  bool has_items = false;

  Result<const Activity*> read(ByteView bytes) {
    activity = {};
    has_items = false;
    detail = {};
    return record::begins_as_fact(bytes) ? read_fact(bytes) : read_exchange(bytes);
  }

  // What kind of record it is comes before everything else that may be wrong with it.
  Result<const Activity*> read_exchange(ByteView bytes) {
    if (auto done = items.read(as_chars(bytes)); !done) return done.error();
    has_items = true;
    const JsonItem& record = items[0];
    if (!record.is(JsonItem::Kind::kObject)) return Error(Errc::kUnsupported, "not a record: no JSON object");
    std::uint64_t class_uid = 0;
    bool timed = false;
    std::uint32_t ours = 0;
    std::uint32_t wrong_one = 0;
    for (std::uint32_t at = 1; at < record.end; at = items[at].end) {
      const JsonItem& item = items[at];
      if (path_of(item) == kClass) {
        (void)item.get(class_uid);
      } else if (path_of(item) == kUnmapped) {
        ours = member(at, kOurs);
      } else if (!take(at) && wrong_one == 0) {
        wrong_one = at;
      }
      timed |= path_of(item) == kTime;
    }
    if (class_uid != 6003) return Error(Errc::kUnsupported, "a record of a class that is not known");
    if (ours == 0 || !items[ours].is(JsonItem::Kind::kObject)) {
      return Error(Errc::kUnsupported, "a record without `unmapped.redoubt`");
    }
    std::uint64_t format = 0;
    const std::uint32_t format_at = member(ours, kFormat);
    if (format_at == 0 || !items[format_at].get(format)) return wrong("unmapped.redoubt.format");
    if (format != 1) return Error(Errc::kUnsupported, "a record of a later format");
    std::string_view stage_name;
    if (const std::uint32_t at = member(ours, kStage); at != 0) (void)items[at].get(stage_name);
    const auto stage = stage_of(stage_name);
    if (!stage) return Error(Errc::kUnsupported, "a record of a stage that is not known");
    activity.stage = *stage;
    if (wrong_one != 0) return wrong(items.name(items[wrong_one].path));
    if (!timed) return wrong("time");
    for (std::uint32_t at = ours + 1; at < items[ours].end; at = items[at].end) {
      if (!take_ours(at)) return wrong("unmapped.redoubt." + std::string(items.name(items[at].path)));
    }
    finish();
    return &activity;
  }

  static RecordPath path_of(const JsonItem& item) { return RecordPath(item.path); }

  // Of an object, the member of this path; 0: it has none, or is no object.
  std::uint32_t member(std::uint32_t object, RecordPath path) const {
    if (!items[object].is(JsonItem::Kind::kObject)) return 0;
    for (std::uint32_t at = object + 1; at < items[object].end; at = items[at].end) {
      if (path_of(items[at]) == path) return at;
    }
    return 0;
  }

  // Whether it is an object, and each of its members can be taken.
  template <class Take>
  bool each_member(std::uint32_t object, Take&& take_member) const {
    if (!items[object].is(JsonItem::Kind::kObject)) return false;
    for (std::uint32_t at = object + 1; at < items[object].end; at = items[at].end) {
      if (!take_member(items[at], at)) return false;
    }
    return true;
  }
  bool members(std::uint32_t object) {
    return each_member(object, [this](const JsonItem&, std::uint32_t at) { return take(at); });
  }

  // A value outside `unmapped`, and what it contains. False: it has not its form.
  bool take(std::uint32_t at) {
    const JsonItem& item = items[at];
    switch (path_of(item)) {
      case kTime:
        return item.get(activity.time.value);
      case kCount:
        return item.get(activity.count);
      case kDuration:
        return item.get(activity.duration_ms);
      case kStatusDetail:
        return item.get(detail);
      case kApi:
      case kActor:
      case kUser:
      case kMetadata:
      case kModel:
      case kUpstream:
      case kRequest:
      case kResponse:
      case kTokens:
      case kPolicy:
        return members(at);
      case kAuthorizations:  // the first of them
        return item.is(JsonItem::Kind::kArray) && (item.end == at + 1 || members(at + 1));
      case kPolicyUid:
        return item.get(activity.policy);
      case kApiOperation:
        return item.get(activity.operation);
      case kUserUid:
        return item.get(activity.principal);
      case kUserType:
        return item.get(activity.user_type);
      case kUserCredential:
        return item.get(activity.credential);
      case kExchange:
        return item.get(activity.exchange);
      case kTenant:
        return item.get(activity.tenant);
      case kModelName:
        return item.get(activity.model);
      case kUpstreamName:
        return item.get(activity.upstream);
      case kRequestLength:
        return item.get(activity.request_bytes);
      case kResponseCode:
        return item.get(activity.status);
      case kResponseLength:
        return item.get(activity.response_bytes);
      case kPromptTokens:
        return item.get(activity.prompt_tokens);
      case kCompletionTokens:
        return item.get(activity.completion_tokens);
      // What the detectors do not need may have any form.
      case kTotalTokens:
        (void)item.get(activity.total_tokens);
        return true;
      case kLogName:
        (void)item.get(activity.log_name);
        return true;
      default:
        return true;
    }
  }

  // A member of `unmapped.redoubt`.
  bool take_ours(std::uint32_t at) {
    const JsonItem& item = items[at];
    switch (path_of(item)) {
      case kMatches:
        return take_matches(at);
      case kTools:
        return take_tools(at);
      case kData:
        return take_data(at);
      case kSources:
        return item.get(activity.sources);
      case kReason: {
        if (activity.stage != record::Stage::kDenial) return true;
        std::string_view reason;
        if (!item.get(reason)) return false;
        activity.reason = reason_of(reason);
        return activity.reason != Reason::kNone;
      }
      case kDictionary: {
        std::string_view name;
        activity.of_dictionary = item.get(name) && !name.empty();
        return true;
      }
      default:
        return true;
    }
  }

  // Whether it is a list of at most as many as there is room for, and each can be taken.
  template <class Into, class Take>
  bool take_list(std::uint32_t list, Into& into, std::size_t& size, Take&& take_one) {
    if (!items[list].is(JsonItem::Kind::kArray)) return false;
    for (std::uint32_t at = list + 1; at < items[list].end; at = items[at].end) {
      if (size == into.size() || !take_one(at, into[size])) return false;
      ++size;
    }
    return true;
  }

  bool take_matches(std::uint32_t list) {
    std::size_t size = 0;
    const bool good = take_list(list, matches, size, [this](std::uint32_t one, MatchSeen& match) {
      match = {};
      return each_member(one, [&](const JsonItem& item, std::uint32_t) {
        switch (path_of(item)) {
          case kMatchKind:
            return item.get(match.kind);
          case kMatchCount:
            return item.get(match.count);
          case kMatchWhere:
            return item.get(match.where);
          case kMatchAction:
            return item.get(match.action);
          default:
            return true;
        }
      });
    });
    activity.matches = {matches.data(), size};
    return good;
  }

  bool take_tools(std::uint32_t list) {
    std::size_t size = 0;
    const bool good = take_list(list, tools, size, [this](std::uint32_t one, std::string_view& tool) {
      return items[one].get(tool) && is_name(tool);
    });
    activity.tools = {tools.data(), size};
    return good;
  }

  bool take_data(std::uint32_t list) {
    std::size_t size = 0;
    const bool good = take_list(list, data, size, [this](std::uint32_t one, DataRead& read) {
      read = {};
      return each_member(one,
                         [&](const JsonItem& item, std::uint32_t) {
                           if (path_of(item) == kDataName) return item.get(read.name);
                           return path_of(item) != kDataRows || item.get(read.rows);
                         }) &&
             is_name(read.name);
    });
    activity.data = {data.data(), size};
    return good;
  }

  static bool is_name(std::string_view name) { return !name.empty() && name.size() <= kActivityNameMax; }

  void finish() {
    activity.stated_count = activity.count;
    activity.count = std::clamp<std::uint64_t>(activity.count, 1, std::numeric_limits<std::int32_t>::max());
    activity.sources = std::clamp<std::uint64_t>(activity.sources, 1, std::numeric_limits<std::int32_t>::max());
    if (activity.stage == record::Stage::kOutcome) activity.ending = ending_of(detail);
    if (activity.authenticated()) {
      activity.principal_kind = activity.user_type == 1 || activity.user_type == 2   ? PrincipalKind::kUser
                                : activity.user_type == 3 || activity.user_type == 4 ? PrincipalKind::kService
                                                                                     : PrincipalKind::kUnknown;
    }
  }

  Result<const Activity*> read_fact(ByteView bytes) {
    auto read = facts.read(bytes);
    if (!read) return read.error();
    if (*read == nullptr) return Error(Errc::kUnsupported, "a record of a class that is not known");
    const record::Fact& fact = **read;
    activity.stage = record::Stage::kFact;
    activity.time = fact.time;
    activity.principal = fact.actor.principal;
    activity.credential = fact.actor.credential;
    activity.operation = fact.kind;
    const std::string_view object_name = fact.object;
    if (object_name.starts_with("principal/")) activity.subject = object_name.substr(10);
    const object body = facts.body();
    if (fact.kind == "identity.principal.create") {
      activity.change = Change::kPrincipalMade;
      activity.subject_kind = subject_kind_of(encoding::string_member(body, "type"));
    } else if (fact.kind == "identity.principal.delete") {
      activity.change = Change::kPrincipalGone;
    } else if (fact.kind == "identity.principal.disable") {
      activity.change = Change::kSuspended;
    } else if (fact.kind == "identity.principal.enable") {
      activity.change = Change::kResumed;
    } else if (fact.kind == "identity.principal.update") {
      activity.change = Change::kGroupsChanged;
    } else if (fact.kind == "identity.principal.reset" || fact.kind == "identity.key.rotate") {
      activity.change = Change::kCredentialMade;
    } else if (fact.kind == "identity.key.issue") {
      activity.change = Change::kCredentialMade;
      activity.subject = encoding::string_member(body, "principal");
    } else if (fact.kind == "identity.break_glass.open") {
      activity.change = Change::kBreakGlass;
    }
    simdjson::dom::array groups;
    if (body["groups"].get(groups) == simdjson::SUCCESS) {
      std::uint64_t hash = 0xcbf29ce484222325;
      for (const element each : groups) {
        std::string_view name;
        if (each.get(name) == simdjson::SUCCESS) hash = digest(hash, name);
      }
      activity.groups = hash;
    }
    return &activity;
  }
};

ActivityReader::ActivityReader() : impl_(std::make_unique<Impl>()) {}
ActivityReader::ActivityReader(ActivityReader&&) noexcept = default;
ActivityReader& ActivityReader::operator=(ActivityReader&&) noexcept = default;
ActivityReader::~ActivityReader() = default;

Result<const Activity*> ActivityReader::read(ByteView record) {
  return impl_->read(record);
}
const JsonItems* ActivityReader::items() const {
  return impl_->has_items ? &impl_->items : nullptr;
}

}  // namespace redoubt::behaviour
