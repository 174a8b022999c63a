#include "admin/limit_operations.h"

#include <algorithm>

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/router.h"
#include "admin/services.h"

namespace redoubt::admin {
namespace {

using limits::Limit;
using net::Method;

// ---- shapes

constexpr std::string_view kSubjectTypes[] = {"key", "principal", "group", "tenant", "model"};
constexpr std::string_view kQuantities[] = {"requests", "tokens", "bytes_out", "money"};
constexpr std::string_view kPeriods[] = {"second", "minute", "hour", "day", "month"};
constexpr Shape kSubjectType = one_of(kSubjectTypes);
constexpr Shape kQuantity = one_of(kQuantities);
constexpr Shape kPeriod = one_of(kPeriods);
constexpr Shape kSubject = text_of({.kind = TextForm::Kind::kLine, .min = 1, .max = 64});
constexpr Shape kAmount = integer_of(0, limits::kAmountMax);
constexpr Shape kTime = integer_of(0, kIntegerMax);

constexpr std::string_view kSubjectText = "Name of the one that is limited; `*`: each of the type for itself.";
constexpr std::string_view kQuantityText = "What is counted; money in millionths of the currency's unit.";
constexpr std::string_view kBucketText = "Whether it refills steadily; else it is a window of the calendar, in UTC.";
constexpr std::string_view kPeriodText = "A window has no second.";
constexpr std::string_view kAmountText = "A period; 0: nothing at all.";
constexpr std::string_view kBurstText = "Of a bucket: how much at once; 0: as much as `amount`.";

constexpr Field kLimitFields[] = {
    {"id", &kIdShape, "", kRequired},
    {"subject_type", &kSubjectType, "", kRequired},
    {"subject", &kSubject, kSubjectText, kRequired},
    {"quantity", &kQuantity, kQuantityText, kRequired},
    {"bucket", &kBoolean, kBucketText, kRequired},
    {"period", &kPeriod, kPeriodText, kRequired},
    {"amount", &kAmount, kAmountText, kRequired},
    {"burst", &kAmount, kBurstText, kRequired},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
};
constexpr Shape kLimit = object_of("Limit", kLimitFields);
constexpr Shape kLimitList = page_of<kLimit>("LimitList");

constexpr Field kNewLimitFields[] = {
    {"id", &kIdShape, "", kRequired},
    {"subject_type", &kSubjectType, "", kRequired},
    {"subject", &kSubject, kSubjectText, kRequired},
    {"quantity", &kQuantity, kQuantityText, kRequired},
    {"bucket", &kBoolean, kBucketText},
    {"period", &kPeriod, kPeriodText, kRequired},
    {"amount", &kAmount, kAmountText, kRequired},
    {"burst", &kAmount, kBurstText},
};
constexpr Shape kNewLimit = object_of("NewLimit", kNewLimitFields, kClosed);

constexpr Field kLimitPatchFields[] = {
    {"amount", &kAmount, kAmountText},
    {"burst", &kAmount, kBurstText},
};
constexpr Shape kLimitPatch = object_of("LimitPatch", kLimitPatchFields, kClosed, 1);

constexpr Field kUsageFields[] = {
    {"limit", &kIdShape, "", kRequired},
    {"subject", &kSubject, "Of whom.", kRequired},
    {"amount", &kAmount, kAmountText, kRequired},
    {"remaining", &kTime, "What may be used now.", kRequired},
    {"reset_ms", &kTime, "Milliseconds until the window ends, or the bucket is full.", kRequired},
};
constexpr Shape kUsage = object_of("LimitUsage", kUsageFields);

constexpr Parameter kId{
    .name = "id", .in = Parameter::In::kPath, .shape = &kIdShape, .description = "The limit's name."};
constexpr Parameter kOne[] = {kId};
constexpr Parameter kUsageParameters[] = {
    kId,
    {.name = "subject",
     .in = Parameter::In::kPath,
     .shape = &kSubject,
     .description = "Of whom: the limit's own subject, or one of the type when it is for each."}};
constexpr Parameter kFilters[] = {
    {.name = "subject_type", .shape = &kSubjectType, .description = "Of this type of subjects."},
    {.name = "subject", .shape = &kSubject, .description = "Of this subject."},
    {.name = "quantity", .shape = &kQuantity, .description = "Of this quantity."},
};

// ---- handlers

Result<Limit> find(Call& call, std::string_view id) {
  const limits::Limits snapshot = call.services.limits.snapshot();
  const Limit* limit = snapshot.find(id);
  if (limit == nullptr) return Error(Errc::kNotFound, "there is no limit `" + std::string(id) + "`");
  return *limit;
}

void write_limit(encoding::JsonWriter& json, const Limit& limit) {
  json.begin_object();
  json.member("id", limit.id);
  json.member("subject_type", limits::to_string(limit.subject_type));
  json.member("subject", limit.subject);
  json.member("quantity", limits::to_string(limit.quantity));
  json.member("bucket", limit.bucket);
  json.member("period", limits::to_string(limit.period));
  json.member("amount", limit.amount);
  json.member("burst", limit.burst);
  json.member("version", limit.version);
  json.end_object();
}

Result<Answer> list(Call& call) {
  const auto type = call.query_value("subject_type");
  const auto subject = call.query_value("subject");
  const auto quantity = call.query_value("quantity");
  std::vector<Limit> shown;
  const limits::Limits snapshot = call.services.limits.snapshot();
  for (const Limit* limit : snapshot.all()) {
    if (limit->id <= call.arguments.page.after || shown.size() > call.arguments.page.limit) continue;
    if (type && limits::to_string(limit->subject_type) != *type) continue;
    if (subject && limit->subject != *subject) continue;
    if (quantity && limits::to_string(limit->quantity) != *quantity) continue;
    shown.push_back(*limit);
  }
  return list_answer(call, shown, [](const Limit& limit) { return limit.id; }, write_limit);
}

Answer answer_with(const Limit& limit) {
  Answer out{.version = limit.version, .location = std::string(kPrefix) + "/limits/" + percent_encode(limit.id)};
  encoding::JsonWriter json(out.body);
  write_limit(json, limit);
  return out;
}

Result<Answer> get(Call& call) {
  const auto limit = find(call, call.path_value("id"));
  if (!limit) return limit.error();
  return answer_with(*limit);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto limit = find(call, change.id);
  if (!limit) return limit.error();
  return answer_with(*limit);
}

Result<Answer> usage(Call& call) {
  const auto limit = find(call, call.path_value("id"));
  if (!limit) return limit.error();
  const std::string& subject = call.path_value("subject");
  const bool each = limit->subject == limits::kEach;
  if (each ? subject == limits::kEach : subject != limit->subject) {
    return Error(Errc::kNotFound,
                 "the limit `" + limit->id + "` is of " + (each ? "each" : "`" + limit->subject + "`"));
  }
  const limits::Standing standing = call.services.meters.standing(*limit, subject, call.now);
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("limit", limit->id);
  json.member("subject", subject);
  json.member("amount", limit->amount);
  json.member("remaining", standing.remaining);
  json.member("reset_ms", std::max<std::int64_t>(standing.reset_ms, 0));
  json.end_object();
  return out;
}

Result<Change> create(Call& call) {
  const Body& body = call.body;
  const auto type = limits::parse_subject_type(body.text("subject_type"));
  const auto quantity = limits::parse_quantity(body.text("quantity"));
  const auto period = limits::parse_period(body.text("period"));
  if (!type) return type.error();
  if (!quantity) return quantity.error();
  if (!period) return period.error();
  const Limit wanted{.id = std::string(body.text("id")),
                     .subject_type = *type,
                     .subject = std::string(body.text("subject")),
                     .quantity = *quantity,
                     .bucket = body.flag("bucket").value_or(false),
                     .period = *period,
                     .amount = body.integer("amount").value_or(0),
                     .burst = body.integer("burst").value_or(0)};
  if (find(call, wanted.id)) return Error(Errc::kAlreadyExists, "there is a limit `" + wanted.id + "`");
  auto proposal = limits::propose_limit(nullptr, wanted);
  if (!proposal) return proposal.error();
  proposal->expects = call.services.engine.version_of(limits::limit_object(wanted.id));
  return Change(*std::move(proposal), wanted.id);
}

Result<Change> patch(Call& call) {
  const auto now = find(call, call.path_value("id"));
  if (!now) return now.error();
  Limit wanted = *now;
  wanted.amount = call.body.integer("amount").value_or(now->amount);
  wanted.burst = call.body.integer("burst").value_or(now->burst);
  auto proposal = limits::propose_limit(&*now, wanted);
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal), now->id);
}

Result<Change> remove(Call& call) {
  const auto now = find(call, call.path_value("id"));
  if (!now) return now.error();
  return Change(limits::propose_limit_removal(*now), now->id);
}

constexpr std::string_view kTag = "limits";
constexpr Operation kOperations[] = {
    {.id = "listLimits",
     .tag = kTag,
     .summary = "List limits",
     .method = Method::kGet,
     .path = "/limits",
     .action = "readLimits",
     .parameters = kFilters,
     .response = &kLimitList,
     .paged = true,
     .resource = server_resource,
     .read = list},
    {.id = "createLimit",
     .tag = kTag,
     .summary = "Set a limit",
     .method = Method::kPost,
     .path = "/limits",
     .action = "changeLimits",
     .request = &kNewLimit,
     .response = &kLimit,
     .success = 201,
     .etag = true,
     .resource = server_resource,
     .wish = create,
     .show = show},
    {.id = "getLimit",
     .tag = kTag,
     .summary = "Show a limit",
     .method = Method::kGet,
     .path = "/limits/{id}",
     .action = "readLimits",
     .parameters = kOne,
     .response = &kLimit,
     .etag = true,
     .resource = server_resource,
     .read = get},
    {.id = "updateLimit",
     .tag = kTag,
     .summary = "Change how much a limit allows",
     .description = "A JSON merge patch (RFC 7396). Whom it limits, and in what, is another limit.",
     .method = Method::kPatch,
     .path = "/limits/{id}",
     .action = "changeLimits",
     .parameters = kOne,
     .request = &kLimitPatch,
     .response = &kLimit,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = patch,
     .show = show},
    {.id = "deleteLimit",
     .tag = kTag,
     .summary = "Lift a limit",
     .method = Method::kDelete,
     .path = "/limits/{id}",
     .action = "changeLimits",
     .parameters = kOne,
     .success = 204,
     .versioned = true,
     .resource = server_resource,
     .wish = remove},
    {.id = "getLimitUsage",
     .tag = kTag,
     .summary = "Show how much of a limit a subject has left",
     .method = Method::kGet,
     .path = "/limits/{id}/usage/{subject}",
     .action = "readLimits",
     .parameters = kUsageParameters,
     .response = &kUsage,
     .resource = server_resource,
     .read = usage},
};

}  // namespace

std::span<const Operation> limit_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
