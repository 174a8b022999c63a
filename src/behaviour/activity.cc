#include "behaviour/activity.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "encoding/json_reader.h"
#include "record/exchange_record.h"
#include "record/fact_record.h"

namespace redoubt::behaviour {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

Error wrong(std::string_view member) {
  return {Errc::kMalformed, "record: `" + std::string(member) + "` has not the form that it must have"};
}

// Goes through an object's members once; `take(name, value)` says whether the value has its form.
template <class Take>
Result<> each_member(const object& from, std::string_view prefix, Take&& take) {
  for (const auto field : from) {
    if (!take(field.key, field.value)) return wrong(std::string(prefix) + std::string(field.key));
  }
  return {};
}

bool get_text(const element& value, std::string_view& out) {
  return value.get(out) == simdjson::SUCCESS;
}
bool get_number(const element& value, std::uint64_t& out) {
  return value.get(out) == simdjson::SUCCESS;
}
bool get_signed(const element& value, std::int64_t& out) {
  return value.get(out) == simdjson::SUCCESS;
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
  encoding::JsonReader json{{.max_bytes = record::kRecordSizeMax, .max_depth = 64}};
  record::FactReader facts;
  Activity activity;
  std::array<MatchSeen, kActivityMatchesMax> matches;
  std::array<std::string_view, kActivityToolsMax> tools;
  std::array<DataRead, kActivityDataMax> data;
  std::string_view detail;
  std::uint64_t type_id = 0;
  std::optional<element> document;

  Result<const Activity*> read(ByteView bytes) {
    activity = {};
    document.reset();
    detail = {};
    type_id = 0;
    return record::begins_as_fact(bytes) ? read_fact(bytes) : read_exchange(bytes);
  }

  Result<const Activity*> read_exchange(ByteView bytes) {
    auto root = json.parse(as_chars(bytes));
    if (!root) return root.error();
    document = *root;
    object record;
    if (root->get(record) != simdjson::SUCCESS) return Error(Errc::kUnsupported, "not a record: no JSON object");
    std::uint64_t class_uid = 0;
    if (record["class_uid"].get(class_uid) != simdjson::SUCCESS || class_uid != 6003) {
      return Error(Errc::kUnsupported, "a record of a class that is not known");
    }
    object ours;
    if (record["unmapped"]["redoubt"].get(ours) != simdjson::SUCCESS) {
      return Error(Errc::kUnsupported, "a record without `unmapped.redoubt`");
    }
    std::uint64_t format = 0;
    if (ours["format"].get(format) != simdjson::SUCCESS) return wrong("unmapped.redoubt.format");
    if (format != 1) return Error(Errc::kUnsupported, "a record of a later format");
    const auto stage = stage_of(encoding::string_member(ours, "stage"));
    if (!stage) return Error(Errc::kUnsupported, "a record of a stage that is not known");
    activity.stage = *stage;
    bool timed = false;
    auto done = each_member(record, "", [&](std::string_view name, const element& value) {
      if (name == "time") timed = true;
      return take(name, value);
    });
    if (!done) return done.error();
    if (!timed) return wrong("time");
    if (auto taken = take_ours(ours); !taken) return taken.error();
    finish();
    return &activity;
  }

  // Members of the record itself. Objects below it are few and small, so each is gone through once.
  bool take(std::string_view name, const element& value) {
    switch (name.size()) {
      case 3:
        return name != "api" || in(value, [&](std::string_view key, const element& each) {
                 return key != "operation" || get_text(each, activity.operation);
               });
      case 4:
        return name != "time" || get_signed(value, activity.time.value);
      case 5:
        if (name == "actor") return take_actor(value);
        return name != "count" || get_number(value, activity.count);
      case 8:
        if (name == "metadata") return take_metadata(value);
        if (name == "ai_model") {
          return in(value, [&](std::string_view key, const element& each) {
            return key != "name" || get_text(each, activity.model);
          });
        }
        return name != "duration" || get_signed(value, activity.duration_ms);
      default:
        break;
    }
    if (name == "status_detail") return get_text(value, detail);
    if (name == "dst_endpoint") {
      return in(value, [&](std::string_view key, const element& each) {
        return key != "svc_name" || get_text(each, activity.upstream);
      });
    }
    if (name == "http_request") {
      return in(value, [&](std::string_view key, const element& each) {
        return key != "body_length" || get_number(each, activity.request_bytes);
      });
    }
    if (name == "http_response") {
      return in(value, [&](std::string_view key, const element& each) {
        if (key == "code") return get_signed(each, activity.status);
        return key != "body_length" || get_number(each, activity.response_bytes);
      });
    }
    if (name == "message_context") {
      return in(value, [&](std::string_view key, const element& each) {
        if (key == "prompt_tokens") return get_number(each, activity.prompt_tokens);
        return key != "completion_tokens" || get_number(each, activity.completion_tokens);
      });
    }
    if (name == "authorizations") return take_policy(value);
    return true;
  }

  template <class Take>
  static bool in(const element& value, Take&& each) {
    object from;
    if (value.get(from) != simdjson::SUCCESS) return false;
    for (const auto field : from) {
      if (!each(field.key, field.value)) return false;
    }
    return true;
  }

  bool take_actor(const element& value) {
    return in(value, [&](std::string_view name, const element& user) {
      return name != "user" || in(user, [&](std::string_view key, const element& each) {
               if (key == "uid") return get_text(each, activity.principal);
               if (key == "credential_uid") return get_text(each, activity.credential);
               return key != "type_id" || get_number(each, type_id);
             });
    });
  }

  bool take_metadata(const element& value) {
    return in(value, [&](std::string_view key, const element& each) {
      if (key == "correlation_uid") return get_text(each, activity.exchange);
      return key != "tenant_uid" || get_text(each, activity.tenant);
    });
  }

  bool take_policy(const element& value) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return false;
    for (const element first : list) {
      return in(first, [&](std::string_view name, const element& policy) {
        return name != "policy" || in(policy, [&](std::string_view key, const element& each) {
                 return key != "uid" || get_text(each, activity.policy);
               });
      });
    }
    return true;
  }

  Result<> take_ours(const object& ours) {
    return each_member(ours, "unmapped.redoubt.", [&](std::string_view name, const element& value) {
      if (name == "matches") return take_matches(value);
      if (name == "tools") return take_tools(value);
      if (name == "data") return take_data(value);
      if (name == "sources") return get_number(value, activity.sources);
      std::string_view reason;
      if (name == "reason" && activity.stage == record::Stage::kDenial) {
        if (!get_text(value, reason)) return false;
        activity.reason = reason_of(reason);
        return activity.reason != Reason::kNone;
      }
      return true;
    });
  }

  bool take_matches(const element& value) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return false;
    std::size_t size = 0;
    for (const element each : list) {
      if (size == matches.size()) return false;
      MatchSeen match;
      const bool good = in(each, [&](std::string_view key, const element& member) {
        if (key == "kind") return get_text(member, match.kind);
        if (key == "count") return get_number(member, match.count);
        if (key == "where") return get_text(member, match.where);
        return key != "action" || get_text(member, match.action);
      });
      if (!good) return false;
      matches[size++] = match;
    }
    activity.matches = {matches.data(), size};
    return true;
  }

  bool take_tools(const element& value) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return false;
    std::size_t size = 0;
    for (const element each : list) {
      if (size == tools.size() || !get_text(each, tools[size]) || !is_name(tools[size])) return false;
      ++size;
    }
    activity.tools = {tools.data(), size};
    return true;
  }

  bool take_data(const element& value) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return false;
    std::size_t size = 0;
    for (const element each : list) {
      if (size == data.size()) return false;
      DataRead read;
      const bool good = in(each, [&](std::string_view key, const element& member) {
        if (key == "name") return get_text(member, read.name);
        return key != "rows" || get_number(member, read.rows);
      });
      if (!good || !is_name(read.name)) return false;
      data[size++] = read;
    }
    activity.data = {data.data(), size};
    return true;
  }

  static bool is_name(std::string_view name) { return !name.empty() && name.size() <= kActivityNameMax; }

  void finish() {
    activity.count = std::clamp<std::uint64_t>(activity.count, 1, std::numeric_limits<std::int32_t>::max());
    activity.sources = std::clamp<std::uint64_t>(activity.sources, 1, std::numeric_limits<std::int32_t>::max());
    if (activity.stage == record::Stage::kOutcome) activity.ending = ending_of(detail);
    if (activity.authenticated()) {
      activity.principal_kind = type_id == 1 || type_id == 2   ? PrincipalKind::kUser
                                : type_id == 3 || type_id == 4 ? PrincipalKind::kService
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
        if (get_text(each, name)) hash = digest(hash, name);
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
const simdjson::dom::element* ActivityReader::document() const {
  return impl_->document ? &*impl_->document : nullptr;
}

}  // namespace redoubt::behaviour
