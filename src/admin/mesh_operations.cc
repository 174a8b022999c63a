#include "admin/mesh_operations.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/internal/awaiting.h"
#include "admin/services.h"
#include "base/timestamp.h"

namespace redoubt::admin {
namespace {

using behaviour::MeshQuery;
using behaviour::MeshQuestion;
using net::Method;

// ---- shapes of answers, as behaviour/mesh_query.h writes them

constexpr Shape kCount = integer_of(0, kIntegerMax);
constexpr Shape kNodeText = text_of({.kind = TextForm::Kind::kAny, .max = 256});
constexpr std::string_view kTypeNames[] = {"principal", "user",     "service_account", "application", "agent",
                                           "group",     "tenant",   "credential",      "model",       "upstream",
                                           "tool",      "data_set", "network"};
constexpr Shape kType = one_of(kTypeNames);
constexpr std::string_view kKindNames[] = {"called",     "delegated_to", "acted_for", "used_tool", "read",   "wrote",
                                           "belongs_to", "came_from",    "presented", "served_by", "changed"};
constexpr Shape kKind = one_of(kKindNames);
constexpr Field kNodeFields[] = {{"type", &kType, "", kRequired}, {"name", &kNodeText, "", kRequired}};
constexpr Shape kNode = object_of("MeshNodeName", kNodeFields);
constexpr Field kMomentFields[] = {{"time", &kTimeShape, "Of the last record.", kRequired},
                                   {"next_index", &kIndexShape, "Entries before this one were read.", kRequired}};
constexpr Shape kMoment = object_of("MeshMoment", kMomentFields);
constexpr std::string_view kQuestionNames[] = {"stats",   "node", "touched", "touches", "reach",
                                               "reaches", "path", "changes", "top"};
constexpr Shape kQuestion = one_of(kQuestionNames);

constexpr Field kRateFields[] = {
    {"hour", &kNumber, "", kRequired}, {"day", &kNumber, "", kRequired}, {"week", &kNumber, "", kRequired}};
constexpr Shape kRates = object_of("MeshRates", kRateFields);
constexpr Field kVolumeFields[] = {{"count", &kCount, "", kRequired},
                                   {"denials", &kCount, "", kRequired},
                                   {"matches", &kCount, "", kRequired},
                                   {"bytes", &kCount, "", kRequired},
                                   {"tokens", &kCount, "", kRequired}};
constexpr Shape kVolumes = object_of("MeshVolumes", kVolumeFields);
constexpr Field kEdgeFields[] = {
    {"kind", &kKind, "", kRequired},
    {"from", &kNode, "", kRequired},
    {"to", &kNode, "", kRequired},
    {"did", &kBoolean, "Some of it was permitted; else it was only tried.", kRequired},
    {"count", &kCount, "How often.", kRequired},
    {"denials", &kCount, "How often of these it was refused.", kRequired},
    {"matches", &kCount, "What inspection found.", kRequired},
    {"bytes", &kCount, "", kRequired},
    {"tokens", &kCount, "", kRequired},
    {"first_seen", &kTimeShape, "", kRequired},
    {"last_seen", &kTimeShape, "", kRequired},
    {"first_index", &kIndexShape, "Of the entry.", kRequired},
    {"last_index", &kIndexShape, "Of the entry.", kRequired},
    {"rates", &kRates, "About how often in the last hour, day and week.", kRequired},
};
constexpr Shape kEdge = object_of("MeshEdge", kEdgeFields);

// What is told of a node that a record touched; absent for one that none did.
constexpr Field kSeenFields[] = {{"count", &kCount, "Records that touched it."},
                                 {"denials", &kCount, ""},
                                 {"matches", &kCount, ""},
                                 {"bytes", &kCount, ""},
                                 {"tokens", &kCount, ""},
                                 {"first_seen", &kTimeShape, ""},
                                 {"last_seen", &kTimeShape, ""},
                                 {"first_index", &kIndexShape, "Of the entry."},
                                 {"last_index", &kIndexShape, "Of the entry."}};
template <std::size_t A, std::size_t B>
constexpr std::array<Field, A + B> joined(const Field (&first)[A], const Field (&second)[B]) {
  std::array<Field, A + B> out{};
  std::copy(first, first + A, out.begin());
  std::copy(second, second + B, out.begin() + A);
  return out;
}

constexpr Field kStatsFields[] = {
    {"question", &kQuestion, "", kRequired},
    {"as_of", &kMoment, "", kRequired},
    {"nodes", &kCount, "", kRequired},
    {"edges", &kCount, "", kRequired},
    {"max_nodes", &kCount, "", kRequired},
    {"max_edges", &kCount, "", kRequired},
    {"nodes_on_probation", &kCount, "Only refused requests mention them.", kRequired},
    {"edges_on_probation", &kCount, "", kRequired},
    {"pinned", &kCount, "Nodes that are not forgotten.", kRequired},
    {"applied", &kCount, "Records that named somebody.", kRequired},
    {"repeated", &kCount, "Of those, read again, and not counted.", kRequired},
    {"late", &kCount, "Older than one before them.", kRequired},
    {"latest_by_ms", &kCount, "", kRequired},
    {"nodes_evicted", &kCount, "Forgotten to make room.", kRequired},
    {"edges_evicted", &kCount, "", kRequired},
    {"nodes_refused", &kCount, "Not let in.", kRequired},
    {"edges_refused", &kCount, "", kRequired},
};
constexpr Shape kStats = object_of("MeshStats", kStatsFields);

constexpr Shape kEntries = list_of(kIndexShape, 8);
constexpr Field kReasonFields[] = {{"reason", &kTextShape, "The rule; `denied`, `matched`, `other`.", kRequired},
                                   {"weight", &kNumber, "What it adds.", kRequired},
                                   {"count", &kCount, "Signals.", kRequired},
                                   {"entries", &kEntries, "The last that they rest on.", kRequired}};
constexpr Shape kReason = object_of("MeshRiskReason", kReasonFields);
constexpr Shape kReasons = list_of(kReason, 16);
constexpr Field kPassedFields[] = {{"node", &kNode, "The neighbour.", kRequired},
                                   {"kind", &kKind, "Of the edge.", kRequired},
                                   {"weight", &kNumber, "What it adds.", kRequired},
                                   {"entries", &kEntries, "Of the edge.", kRequired}};
constexpr Shape kPassed = object_of("MeshRiskPassedOn", kPassedFields);
constexpr Shape kPassedList = list_of(kPassed, 32);
constexpr Field kRiskFields[] = {{"total", &kNumber, "", kRequired},
                                 {"own", &kNumber, "", kRequired},
                                 {"passed_on", &kNumber, "By neighbours.", kRequired},
                                 {"reasons", &kReasons, "Heaviest first.", kRequired},
                                 {"neighbours", &kPassedList, "Heaviest first.", kRequired},
                                 {"complete", &kBoolean, "Else there are more edges than are examined.", kRequired}};
constexpr Shape kRisk = object_of("MeshRisk", kRiskFields);
constexpr Field kNodeOwnFields[] = {{"question", &kQuestion, "", kRequired},
                                    {"as_of", &kMoment, "", kRequired},
                                    {"node", &kNode, "", kRequired},
                                    {"pinned", &kBoolean, "It is not forgotten.", kRequired},
                                    {"on_probation", &kBoolean, "Only refused requests mention it.", kRequired},
                                    {"edges_out", &kCount, "", kRequired},
                                    {"edges_in", &kCount, "", kRequired},
                                    {"risk", &kRisk, "", kRequired}};
constexpr auto kNodeAllFields = joined(kNodeOwnFields, kSeenFields);
constexpr Shape kNodeShape = object_of("MeshNode", kNodeAllFields);

// Lists begin alike.
constexpr Field kListHead[] = {{"question", &kQuestion, "", kRequired},
                               {"as_of", &kMoment, "", kRequired},
                               {"next", &kCursorShape, "The `cursor` of the next page; absent when this was the last."},
                               {"complete", &kBoolean, "Else a bound on what is examined cut it short."}};

constexpr Shape kEdges = list_of(kEdge, 200);
constexpr Field kEdgeListOwn[] = {{"node", &kNode, "", kRequired}, {"items", &kEdges, "", kRequired}};
constexpr auto kEdgeListFields = joined(kListHead, kEdgeListOwn);
constexpr Shape kEdgeList = object_of("MeshEdgeList", kEdgeListFields);

constexpr std::string_view kCouldNames[] = {"unknown", "never", "depends", "always"};
constexpr Shape kCould = one_of(kCouldNames);
constexpr Field kReachedFields[] = {
    {"node", &kNode, "", kRequired},
    {"by", &kNode, "The node of the step before.", kRequired},
    {"kind", &kKind, "Of the last step.", kRequired},
    {"depth", &kCount, "Steps.", kRequired},
    {"did", &kBoolean, "All steps were gone, and permitted when they were.", kRequired},
    {"could", &kCould, "Whether the policies in force would permit the last step; `unknown`: they were not asked.",
     kRequired},
    {"at", &kTimeShape, "In the order of time: at the earliest."},
    {"edge", &kEdge, "Of the last step; absent when it was never gone."},
};
constexpr Shape kReached = object_of("MeshReached", kReachedFields);
constexpr Shape kReachedItems = list_of(kReached, 200);
constexpr Field kReachOwn[] = {{"node", &kNode, "", kRequired}, {"items", &kReachedItems, "", kRequired}};
constexpr auto kReachFields = joined(kListHead, kReachOwn);
constexpr Shape kReach = object_of("MeshReach", kReachFields);

constexpr Field kStepOwn[] = {{"reversed", &kBoolean, "Gone from its end to its start.", kRequired},
                              {"at", &kTimeShape, "In the order of time: at the earliest."}};
constexpr auto kStepFields = joined(kStepOwn, kEdgeFields);
constexpr Shape kStep = object_of("MeshStep", kStepFields);
constexpr Shape kSteps = list_of(kStep, behaviour::kDepthMax);
constexpr Field kPathFields[] = {{"question", &kQuestion, "", kRequired},
                                 {"as_of", &kMoment, "", kRequired},
                                 {"from", &kNode, "", kRequired},
                                 {"to", &kNode, "", kRequired},
                                 {"found", &kBoolean, "", kRequired},
                                 {"complete", &kBoolean, "Else there may be one all the same.", kRequired},
                                 {"steps", &kSteps, "Absent when none was found."}};
constexpr Shape kPath = object_of("MeshPath", kPathFields);

constexpr std::string_view kWhatNames[] = {"new_node", "new_edge", "grown_edge"};
constexpr Shape kWhat = one_of(kWhatNames);
constexpr Field kChangeOwn[] = {{"what", &kWhat, "", kRequired},
                                {"node", &kNode, "Of a new node."},
                                {"kind", &kKind, "Of an edge, as what follows."},
                                {"from", &kNode, ""},
                                {"to", &kNode, ""},
                                {"did", &kBoolean, "Some of it was permitted; else it was only tried."},
                                {"rates", &kRates, ""},
                                {"before", &kVolumes, "Of a grown edge."}};
constexpr auto kChangeFields = joined(kChangeOwn, kSeenFields);
constexpr Shape kChange = object_of("MeshChange", kChangeFields);
constexpr Shape kChangeItems = list_of(kChange, 200);
constexpr Field kChangesOwn[] = {{"items", &kChangeItems, "May be empty though there is a next page.", kRequired}};
constexpr auto kChangesFields = joined(kListHead, kChangesOwn);
constexpr Shape kChanges = object_of("MeshChanges", kChangesFields);

constexpr Field kRankedOwn[] = {{"node", &kNode, "", kRequired},
                                {"risk", &kNumber, "Own and passed on; in the order of risk alone."},
                                {"own_risk", &kNumber, ""},
                                {"edges", &kCount, "", kRequired},
                                {"pinned", &kBoolean, "", kRequired}};
constexpr auto kRankedFields = joined(kRankedOwn, kSeenFields);
constexpr Shape kRanked = object_of("MeshRanked", kRankedFields);
constexpr Shape kRankedItems = list_of(kRanked, 200);
constexpr Field kTopOwn[] = {{"items", &kRankedItems, "", kRequired}};
constexpr auto kTopFields = joined(kListHead, kTopOwn);
constexpr Shape kTop = object_of("MeshTop", kTopFields);

// ---- parameters

constexpr Shape kNodeId = text_of({.kind = TextForm::Kind::kLine, .min = 3, .max = 300});
constexpr Shape kNames =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 200, .first = "a-z", .rest = "a-z_,"});
constexpr std::string_view kOrderNames[] = {"last_seen", "first_seen", "count", "bytes", "tokens",
                                            "denials",   "matches",    "risk",  "degree"};
constexpr Shape kOrder = one_of(kOrderNames);
constexpr Shape kDepth = integer_of(1, behaviour::kDepthMax);
constexpr Shape kLimit = integer_of(1, behaviour::kPageMax);
constexpr Shape kGrowth = integer_of(1, 1'000'000);

constexpr Parameter kNodeParameter = {
    .name = "node", .in = Parameter::In::kPath, .shape = &kNodeId, .description = "`TYPE:NAME`, `model:clinic-llm`."};
constexpr Parameter kTypes = {
    .name = "types", .shape = &kNames, .description = "Nodes of these types alone, with commas between them."};
constexpr Parameter kKinds = {
    .name = "kinds", .shape = &kNames, .description = "Edges of these kinds alone, with commas between them."};
constexpr Parameter kSince = {.name = "since", .shape = &kTimeShape, .description = "What was seen from then on."};
constexpr Parameter kUntil = {.name = "until", .shape = &kTimeShape, .description = "What was seen before then."};
constexpr Parameter kOrdered = {.name = "order", .shape = &kOrder, .description = "Largest first."};
constexpr Parameter kOnlyDid = {
    .name = "only_did", .shape = &kBoolean, .description = "Without what was tried and never permitted."};
constexpr Parameter kSteps32 = {.name = "depth", .shape = &kDepth, .description = "Steps at most."};
constexpr Parameter kTimeOrder = {
    .name = "in_time_order", .shape = &kBoolean, .description = "Steps that can have come in this order alone."};
constexpr Parameter kPageLimit = {.name = "limit", .shape = &kLimit, .description = "Items at most; 50 by default."};
constexpr Parameter kPageCursor = {
    .name = "cursor", .shape = &kCursorShape, .description = "`next` of the page before, of the same question."};

constexpr Parameter kAt = {.name = "at",
                           .shape = &kTimeShape,
                           .description = "The mesh as it was then, made again from the ledger: 503 until it is made."};

constexpr Parameter kOfAll[] = {kAt};
constexpr Parameter kOfNode[] = {kNodeParameter, kAt};
constexpr Parameter kOfNeighbours[] = {kNodeParameter, kTypes,   kKinds,     kSince,      kUntil,
                                       kOrdered,       kOnlyDid, kPageLimit, kPageCursor, kAt};
constexpr Parameter kPolicies = {.name = "policies",
                                 .shape = &kBoolean,
                                 .description = "Also where the policies in force would let it go that never went."};
constexpr Parameter kOfReach[] = {kNodeParameter, kTypes,    kKinds,     kSince,      kUntil, kSteps32,
                                  kTimeOrder,     kPolicies, kPageLimit, kPageCursor, kAt};
constexpr Parameter kOfReaches[] = {kNodeParameter, kTypes,     kKinds,      kSince, kUntil,
                                    kSteps32,       kPageLimit, kPageCursor, kAt};
constexpr Parameter kTo = {.name = "to", .shape = &kNodeId, .description = "The other end, `TYPE:NAME`. Needed."};
constexpr Parameter kConnected = {
    .name = "connected", .shape = &kBoolean, .description = "In either direction of each edge."};
constexpr Parameter kOfPath[] = {kNodeParameter, kTo,        kKinds,   kSince,     kUntil,
                                 kSteps32,       kTimeOrder, kOnlyDid, kConnected, kAt};
constexpr Parameter kAgainst = {.name = "against",
                                .shape = &kTimeShape,
                                .description =
                                    "Compared with the mesh as it was then, made again from the ledger: "
                                    "exact, and with what grew. 503 until it is made."};
constexpr Parameter kGrowing = {
    .name = "growth", .shape = &kGrowth, .description = "With `against`: how many times what it was is growth; 2."};
constexpr Parameter kOfChanges[] = {kTypes, kKinds, kSince, kUntil, kAgainst, kGrowing, kPageLimit, kPageCursor};
constexpr Parameter kOfTop[] = {kTypes, kSince, kUntil, kOrdered, kPageLimit, kPageCursor, kAt};

// ---- handlers

// `a,b` by `parse`, as a set.
template <class Parse>
Result<std::uint32_t> set_named(std::string_view names, Parse parse) {
  std::uint32_t out = 0;
  while (true) {
    const std::size_t comma = names.find(',');
    const auto one = parse(names.substr(0, comma));
    if (!one) return one.error();
    out |= behaviour::set_of(*one);
    if (comma == std::string_view::npos) return out;
    names.remove_prefix(comma + 1);
  }
}

template <class Number>
void take_number(const Call& call, std::string_view name, Number& out) {
  if (const auto text = call.query_value(name)) (void)std::from_chars(text->data(), text->data() + text->size(), out);
}

Result<MeshAsked> asked_of(const Call& call, MeshQuestion question) {
  MeshAsked out{.query = {.question = question}};
  MeshQuery& query = out.query;
  const auto& path = call.arguments.path;
  if (!path.empty()) query.node = path.front().second;
  if (const auto to = call.query_value("to")) query.to = *to;
  if (question == MeshQuestion::kPath && query.to.empty()) {
    return Error(Errc::kInvalidArgument, "`to` names the other end of the path");
  }
  if (const auto types = call.query_value("types")) {
    const auto set = set_named(*types, behaviour::parse_node_type);
    if (!set) return set.error();
    query.types = *set;
  }
  if (const auto kinds = call.query_value("kinds")) {
    const auto set = set_named(*kinds, behaviour::parse_edge_kind);
    if (!set) return set.error();
    query.kinds = *set;
  }
  if (const auto since = call.query_value("since")) query.window.from = *parse_timestamp(*since);
  if (const auto until = call.query_value("until")) query.window.until = *parse_timestamp(*until);
  if (const auto order = call.query_value("order")) {
    const auto parsed = behaviour::parse_mesh_order(*order);
    if (!parsed) return parsed.error();
    query.order = *parsed;
  }
  take_number(call, "depth", query.depth);
  take_number(call, "limit", query.limit);
  std::uint64_t growth = static_cast<std::uint64_t>(query.growth);
  take_number(call, "growth", growth);
  query.growth = static_cast<double>(growth);
  if (const auto at = call.query_value("at")) out.at = parse_timestamp(*at);
  if (const auto against = call.query_value("against")) out.against = parse_timestamp(*against);
  query.only_did = call.query_flag("only_did").value_or(false);
  query.in_time_order = call.query_flag("in_time_order").value_or(false);
  query.against_edges = call.query_flag("connected").value_or(false);
  out.policies = call.query_flag("policies").value_or(false);
  query.cursor = call.query_value("cursor").value_or("");
  return out;
}

template <MeshQuestion kAsked>
net::Task<Result<Answer>> inquire(Call& call) {
  const auto asked = asked_of(call, kAsked);
  if (!asked) co_return asked.error();
  auto given = co_await internal::ask_mesh(call.services.io, call.services.signals, *asked);
  if (!given) co_return given.error();
  Answer out;
  out.body = *std::move(given);
  co_return out;
}

constexpr std::string_view kTag = "mesh";
constexpr std::string_view kAction = "readMesh";

constexpr Operation kOperations[] = {
    {.id = "getMesh",
     .tag = kTag,
     .summary = "Show how large the mesh is, and what it forgot",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh",
     .action = kAction,
     .parameters = kOfAll,
     .response = &kStats,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kStats>},
    {.id = "getMeshNode",
     .tag = kTag,
     .summary = "Show a node, and why it is risky",
     .description = "Every part of its risk leads to entries. Recorded.",
     .method = Method::kGet,
     .path = "/mesh/nodes/{node}",
     .action = kAction,
     .parameters = kOfNode,
     .response = &kNodeShape,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kNode>},
    {.id = "listMeshTouched",
     .tag = kTag,
     .summary = "List who touched a node",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/nodes/{node}/touched",
     .action = kAction,
     .parameters = kOfNeighbours,
     .response = &kEdgeList,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kTouched>},
    {.id = "listMeshTouches",
     .tag = kTag,
     .summary = "List what a node touched",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/nodes/{node}/touches",
     .action = kAction,
     .parameters = kOfNeighbours,
     .response = &kEdgeList,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kTouches>},
    {.id = "listMeshReach",
     .tag = kTag,
     .summary = "List what a node could have reached",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/nodes/{node}/reach",
     .action = kAction,
     .parameters = kOfReach,
     .response = &kReach,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kReach>},
    {.id = "listMeshReaches",
     .tag = kTag,
     .summary = "List who could have reached a node",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/nodes/{node}/reaches",
     .action = kAction,
     .parameters = kOfReaches,
     .response = &kReach,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kReaches>},
    {.id = "getMeshPath",
     .tag = kTag,
     .summary = "Show the shortest way from a node to another",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/nodes/{node}/path",
     .action = kAction,
     .parameters = kOfPath,
     .response = &kPath,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kPath>},
    {.id = "listMeshChanges",
     .tag = kTag,
     .summary = "List what is new, and what grew",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/changes",
     .action = kAction,
     .parameters = kOfChanges,
     .response = &kChanges,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kChanges>},
    {.id = "listMeshTop",
     .tag = kTag,
     .summary = "List who stands out",
     .description = "Recorded.",
     .method = Method::kGet,
     .path = "/mesh/top",
     .action = kAction,
     .parameters = kOfTop,
     .response = &kTop,
     .recorded = true,
     .resource = server_resource,
     .inquire = inquire<MeshQuestion::kTop>},
};

}  // namespace

std::span<const Operation> mesh_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
