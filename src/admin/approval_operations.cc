#include "admin/approval_operations.h"

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/router.h"
#include "admin/services.h"
#include "base/timestamp.h"
#include "identity/approvals.h"

namespace redoubt::admin {
namespace {

using identity::Approval;
using net::Method;

// ---- shapes

constexpr std::string_view kStatuses[] = {"pending", "granted", "refused", "used", "withdrawn"};
constexpr Shape kStatus = one_of(kStatuses);
constexpr Shape kApprovalId =
    text_of({.kind = TextForm::Kind::kName, .min = 16, .max = 16, .first = "a-z0-9", .rest = "a-z0-9"});
constexpr Shape kSecret = text_of({.kind = TextForm::Kind::kLine, .max = 64});

constexpr Field kApprovalFields[] = {
    {"id", &kApprovalId, "", kRequired},
    {"kind", &kKindShape, "Of the fact that is wanted.", kRequired},
    {"object", &kObjectShape, "What it would change.", kRequired},
    {"expects", &kVersionShape, "The object's version for which it is wanted.", kRequired},
    {"body", &kAnyObject, "The change, as the fact will have it.", kRequired},
    {"before", &kAnyObject, "The object before, where the fact shows it."},
    {"after", &kAnyObject, "And after."},
    {"why", &kTextShape, "The reason that was given.", kRequired},
    {"requester", &kTextShape, "Principal.", kRequired},
    {"requested", &kTimeShape, "", kRequired},
    {"expires", &kTimeShape, "From then on it is neither granted nor used.", kRequired},
    {"status", &kStatus, "", kRequired},
    {"decided_by", &kTextShape, "Principal."},
    {"decided", &kTimeShape, ""},
    {"version", &kVersionShape, "Of the object, as in ETag.", kRequired},
    {"key", &kKeyIdShape, "When the act is to give out a key: its name."},
    {"secret", &kSecret, "The key itself, this once; good when the act was applied."},
};

constexpr Shape kApprovalList = page_of<kApprovalShape>("ApprovalList");

constexpr Shape kActs = list_of(kKindShape, identity::kMarkedActsMax, true);
constexpr Field kMarkedActsFields[] = {
    {"acts", &kActs, "Kinds of facts, and `identity.administrators.change`.", kRequired},
    {"version", &kVersionShape, "Of the list, as in ETag.", kRequired},
};
constexpr Shape kMarkedActs = object_of("MarkedActs", kMarkedActsFields);
constexpr Field kNewMarkedActsFields[] = {
    {"acts", &kActs, "All of them from then on; what is always marked may be left out.", kRequired}};
constexpr Shape kNewMarkedActs = object_of("NewMarkedActs", kNewMarkedActsFields, kClosed);

constexpr Parameter kOne[] = {
    {.name = "id", .in = Parameter::In::kPath, .shape = &kApprovalId, .description = "The request's name."}};
constexpr Parameter kFilters[] = {
    {.name = "status", .shape = &kStatus, .description = "With this status."},
    {.name = "requester", .shape = &kIdShape, .description = "Made by this principal."},
};

// ---- handlers

Result<Approval> find_approval(Call& call, std::string_view id) {
  auto found = identity::find_approval(call.services.engine.tables(), id);
  if (!found) return found.error();
  if (!*found) return Error(Errc::kNotFound, "there is no request `" + std::string(id) + "`");
  return *std::move(*found);
}

void write_json(encoding::JsonWriter& json, std::string_view name, const std::string& object) {
  if (object.empty()) return;
  json.key(name);
  json.raw(object);
}

void write_members(encoding::JsonWriter& json, const Approval& approval) {
  json.member("id", approval.id);
  json.member("kind", approval.kind);
  json.member("object", approval.object);
  json.member("expects", approval.expects);
  write_json(json, "body", approval.body);
  write_json(json, "before", approval.before);
  write_json(json, "after", approval.after);
  json.member("why", approval.why);
  json.member("requester", approval.requester);
  json.member("requested", format_timestamp(approval.requested));
  json.member("expires", format_timestamp(approval.expires));
  json.member("status", identity::to_string(approval.status));
  if (!approval.decided_by.empty()) {
    json.member("decided_by", approval.decided_by);
    json.member("decided", format_timestamp(approval.decided));
  }
  json.member("version", approval.version);
}

void write_approval(encoding::JsonWriter& json, const Approval& approval) {
  json.begin_object();
  write_members(json, approval);
  json.end_object();
}

Result<Answer> list(Call& call) {
  identity::ApprovalFilter filter{.requester = call.query_value("requester")};
  if (const auto wanted = call.query_value("status")) {
    for (const auto status :
         {identity::ApprovalStatus::kPending, identity::ApprovalStatus::kGranted, identity::ApprovalStatus::kRefused,
          identity::ApprovalStatus::kUsed, identity::ApprovalStatus::kWithdrawn}) {
      if (identity::to_string(status) == *wanted) filter.status = status;
    }
  }
  const auto approvals = identity::list_approvals(call.services.engine.tables(), filter, call.arguments.page.after,
                                                  call.arguments.page.limit + 1);
  if (!approvals) return approvals.error();
  return list_answer(call, *approvals, [](const Approval& approval) { return approval.id; }, write_approval);
}

Answer answer_with(const Approval& approval) {
  Answer out{.version = approval.version, .location = std::string(kPrefix) + "/approvals/" + approval.id};
  encoding::JsonWriter json(out.body);
  write_approval(json, approval);
  return out;
}

Result<Answer> get(Call& call) {
  const auto approval = find_approval(call, call.path_value("id"));
  if (!approval) return approval.error();
  return answer_with(*approval);
}

Result<Answer> show(Call& call, const Change& change) {
  const auto approval = find_approval(call, change.id);
  if (!approval) return approval.error();
  return answer_with(*approval);
}

// Applying changes the object that was asked about; the answer is about the request, which the path names.
Result<Answer> show_of_path(Call& call, const Change& /*change*/) {
  return get(call);
}

template <state::Proposal (*kPropose)(const Approval&)>
Result<Change> decide(Call& call) {
  const auto approval = find_approval(call, call.path_value("id"));
  if (!approval) return approval.error();
  return Change(kPropose(*approval), approval->id);
}

Result<Change> apply(Call& call) {
  const auto approval = find_approval(call, call.path_value("id"));
  if (!approval) return approval.error();
  if (approval->status != identity::ApprovalStatus::kGranted) {
    return Error(Errc::kConflict, "the request is " + std::string(identity::to_string(approval->status)));
  }
  return Change(identity::granted_change(*approval), approval->id);
}

constexpr std::string_view kMarkedActsObject = "marked_acts";

Result<Answer> get_marked_acts(Call& call) {
  const auto acts = identity::marked_acts(call.services.engine.tables());
  if (!acts) return acts.error();
  Answer out{.version = call.services.engine.version_of(kMarkedActsObject)};
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.key("acts");
  json.begin_array();
  for (const std::string& act : *acts) json.value(act);
  json.end_array();
  json.member("version", *out.version);
  json.end_object();
  return out;
}

Result<Answer> show_marked_acts(Call& call, const Change& /*change*/) {
  return get_marked_acts(call);
}

Result<Change> set_marked_acts(Call& call) {
  auto proposal =
      identity::propose_marked_acts(call.body.texts("acts"), call.services.engine.version_of(kMarkedActsObject));
  if (!proposal) return proposal.error();
  return Change(*std::move(proposal));
}

constexpr std::string_view kTag = kApprovalsTag;
constexpr Operation kOperations[] = {
    {.id = "listApprovals",
     .tag = kTag,
     .summary = "List requests for acts that need two persons",
     .method = Method::kGet,
     .path = "/approvals",
     .action = "readApprovals",
     .parameters = kFilters,
     .response = &kApprovalList,
     .paged = true,
     .resource = server_resource,
     .read = list},
    {.id = "getApproval",
     .tag = kTag,
     .summary = "Show a request",
     .method = Method::kGet,
     .path = "/approvals/{id}",
     .action = "readApprovals",
     .parameters = kOne,
     .response = &kApprovalShape,
     .etag = true,
     .resource = server_resource,
     .read = get},
    {.id = "grantApproval",
     .tag = kTag,
     .summary = "Approve what another asked for",
     .description = "By an administrator who is somebody else than the requester, and was enrolled a day before.",
     .method = Method::kPost,
     .path = "/approvals/{id}/grant",
     .action = "decideApprovals",
     .parameters = kOne,
     .response = &kApprovalShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = decide<identity::propose_grant>,
     .show = show},
    {.id = "refuseApproval",
     .tag = kTag,
     .summary = "Refuse it, or take back an approval that was not used",
     .method = Method::kPost,
     .path = "/approvals/{id}/refuse",
     .action = "decideApprovals",
     .parameters = kOne,
     .response = &kApprovalShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = decide<identity::propose_refusal>,
     .show = show},
    {.id = "withdrawApproval",
     .tag = kTag,
     .summary = "Withdraw one's own request",
     .method = Method::kPost,
     .path = "/approvals/{id}/withdraw",
     .action = "requestApprovals",
     .parameters = kOne,
     .response = &kApprovalShape,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = decide<identity::propose_withdrawal>,
     .show = show},
    {.id = "applyApproval",
     .tag = kTag,
     .summary = "Have done what was approved",
     .description = "By the requester or the approver, once.",
     .method = Method::kPost,
     .path = "/approvals/{id}/apply",
     .action = "requestApprovals",
     .parameters = kOne,
     .response = &kApprovalShape,
     .etag = true,
     .resource = server_resource,
     .wish = apply,
     .show = show_of_path},
    {.id = "getMarkedActs",
     .tag = kTag,
     .summary = "Show which acts need two persons",
     .method = Method::kGet,
     .path = "/marked-acts",
     .action = "readApprovals",
     .response = &kMarkedActs,
     .etag = true,
     .resource = server_resource,
     .read = get_marked_acts},
    {.id = "setMarkedActs",
     .tag = "marked-acts",
     .summary = "Say which acts need two persons",
     .description = "Which takes two persons.",
     .method = Method::kPut,
     .path = "/marked-acts",
     .action = "changeApprovals",
     .request = &kNewMarkedActs,
     .response = &kMarkedActs,
     .etag = true,
     .versioned = true,
     .resource = server_resource,
     .wish = set_marked_acts,
     .show = show_marked_acts},
};

}  // namespace

constexpr Shape kApprovalShape = object_of("Approval", kApprovalFields);

std::span<const Operation> approval_operations() {
  return kOperations;
}

bool is_approval(std::string_view object) {
  return object.starts_with(identity::approval_object(""));
}

Result<Answer> show_asked(Call& call, const Change& change) {
  const auto approval = find_approval(call, change.id);
  if (!approval) return approval.error();
  Answer out{.version = approval->version, .location = std::string(kPrefix) + "/approvals/" + approval->id};
  encoding::JsonWriter json(out.body);
  json.begin_object();
  write_members(json, *approval);
  if (!change.secret.empty()) {
    json.member("key", change.secret_of);
    json.member("secret", change.secret);
  }
  json.end_object();
  return out;
}

}  // namespace redoubt::admin
