#include "admin/signal_operations.h"

#include <charconv>
#include <limits>

#include "admin/call.h"
#include "admin/forms.h"
#include "admin/internal/awaiting.h"
#include "admin/services.h"
#include "admin/signal_shapes.h"
#include "base/timestamp.h"

namespace redoubt::admin {
namespace {

using net::Method;

// ---- shapes

constexpr Shape kPercent = integer_of(0, 100);
constexpr Shape kEntries = list_of(kIndexShape, behaviour::kSignalEntriesMax);
constexpr Shape kTags = list_of(kTextShape, behaviour::kSignalTagsMax);

constexpr Field kSignalFields[] = {
    {"id", &kTextShape, "Rule, key and entry.", kRequired},
    {"rule", &kRuleShape, "`behaviour.NAME` of a detector, or a Sigma rule's id, name or title.", kRequired},
    {"key", &kAboutShape, "Whom it is about: `principal/NAME`, `model/NAME`, …; of a correlation `FIELD=VALUE,…`.",
     kRequired},
    {"index", &kIndexShape, "Of the entry that raised it, among those of all logs.", kRequired},
    {"time", &kTimeShape, "Of that entry.", kRequired},
    {"severity", &kSeverityShape, "", kRequired},
    {"score", &kPercent, "How unusual; 50 is where the rule begins to tell.", kRequired},
    {"confidence", &kPercent, "How well the usual is known.", kRequired},
    {"attribution", &kAttributionShape,
     "Whether whoever it names was authenticated for these acts, or its name merely used.", kRequired},
    {"tenant", &kTextShape, ""},
    {"message", &kTextShape, "For people.", kRequired},
    {"entries", &kEntries, "What it rests on, ascending; the last is `index`.", kRequired},
    {"tags", &kTags, "MITRE ATLAS, OWASP.", kRequired},
};
constexpr Shape kSignal = object_of("Signal", kSignalFields);
constexpr Shape kSignalList = newest_page_of<kSignal>("SignalList");

constexpr Field kProgressFields[] = {
    {"running", &kBoolean, "Whether records are being read.", kRequired},
    {"why", &kTextShape, "Why not."},
    {"entries", &kIndexShape, "Read, of all logs.", kRequired},
    {"unread", &kIndexShape, "Of those, what could not be understood.", kRequired},
    {"signals", &kIndexShape, "Since the beginning.", kRequired},
    {"profiles", &kIndexShape, "Principals that have one.", kRequired},
    {"evicted", &kIndexShape, "Profiles forgotten to make room.", kRequired},
    {"memory_bytes", &kIndexShape, "", kRequired},
    {"time", &kTimeShape, "Of the last entry."},
    {"lag_ms", &kIndexShape, "What was committed longer ago has been read.", kRequired},
    {"p99_ms", &kIndexShape, "From commit to signal: 99 of 100 of the last commits took no more.", kRequired},
    {"rules", &kIndexShape, "Sigma rules that run.", kRequired},
    {"rules_why", &kTextShape, "Why those of the bundle in force do not, and the program's do."},
    {"rule_groups", &kIndexShape, "Groups that their correlations hold.", kRequired},
    {"rule_evicted", &kIndexShape, "Groups forgotten to make room.", kRequired},
    {"mesh_nodes", &kIndexShape, "Nodes of the mesh.", kRequired},
    {"mesh_edges", &kIndexShape, "Edges of the mesh.", kRequired},
};
constexpr Shape kProgress = object_of("BehaviourProgress", kProgressFields);

constexpr Parameter kFilters[] = {
    {.name = "rule", .shape = &kRuleShape, .description = "Of this rule."},
    {.name = "key", .shape = &kAboutShape, .description = "About this one."},
    {.name = "severity", .shape = &kSeverityShape, .description = "At least so severe."},
};

// ---- handlers

void write_signal(encoding::JsonWriter& json, const NumberedSignal& numbered) {
  const behaviour::Signal& signal = numbered.signal;
  json.begin_object();
  json.member("id", signal.id());
  json.member("rule", signal.rule);
  json.member("key", signal.key);
  json.member("index", signal.index);
  json.member("time", format_timestamp(signal.time));
  json.member("severity", to_string(signal.severity));
  json.member("score", std::uint64_t{signal.score});
  json.member("confidence", std::uint64_t{signal.confidence});
  json.member("attribution", to_string(signal.attribution));
  if (!signal.tenant.empty()) json.member("tenant", signal.tenant);
  json.member("message", signal.message);
  json.key("entries");
  json.begin_array();
  for (const std::uint64_t entry : signal.entries) json.value(entry);
  json.end_array();
  json.key("tags");
  json.begin_array();
  for (const std::string& tag : signal.tags) json.value(tag);
  json.end_array();
  json.end_object();
}

net::Task<Result<Answer>> list(Call& call) {
  SignalFilter filter;
  if (const auto rule = call.query_value("rule")) filter.rule = *rule;
  if (const auto key = call.query_value("key")) filter.key = *key;
  if (const auto severity = call.query_value("severity")) filter.least = severity_of(*severity);
  std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
  // The cursor is one of ours: read_cursor() has seen to that. What is not a number begins at the front.
  const std::string_view after = call.arguments.page.after;
  (void)std::from_chars(after.data(), after.data() + after.size(), before);
  const auto found = co_await internal::list_signals(call.services.io, call.services.signals, filter, before,
                                                     call.arguments.page.limit);
  if (!found) co_return found.error();
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.key("items");
  json.begin_array();
  for (const NumberedSignal& signal : found->signals) write_signal(json, signal);
  json.end_array();
  if (found->next) json.member("next", make_cursor(call.operation, std::to_string(*found->next)));
  json.end_object();
  co_return out;
}

Result<Answer> progress(Call& call) {
  const BehaviourProgress now = call.services.signals.progress();
  Answer out;
  encoding::JsonWriter json(out.body);
  json.begin_object();
  json.member("running", now.running);
  if (!now.why.empty()) json.member("why", now.why);
  json.member("entries", now.entries);
  json.member("unread", now.unread);
  json.member("signals", now.signals);
  json.member("profiles", now.profiles);
  json.member("evicted", now.evicted);
  json.member("memory_bytes", now.memory_bytes);
  if (now.time_ms > 0) json.member("time", format_timestamp({now.time_ms}));
  json.member("lag_ms", now.lag_ms);
  json.member("p99_ms", now.p99_ms);
  json.member("rules", now.rules);
  if (!now.rules_why.empty()) json.member("rules_why", now.rules_why);
  json.member("rule_groups", now.rule_groups);
  json.member("rule_evicted", now.rule_evicted);
  json.member("mesh_nodes", now.mesh_nodes);
  json.member("mesh_edges", now.mesh_edges);
  json.end_object();
  return out;
}

constexpr std::string_view kTag = "behaviour";
constexpr Operation kOperations[] = {
    {.id = "listSignals",
     .tag = kTag,
     .summary = "List what was unusual, the newest first",
     .description = "Those that are still kept; 404 when what was to come on a page has gone since the one before. A "
                    "page may be short, "
                    "and even empty, though there is a next one. Recorded.",
     .method = Method::kGet,
     .path = "/signals",
     .action = "readSignals",
     .parameters = kFilters,
     .response = &kSignalList,
     .paged = true,
     .recorded = true,
     .resource = server_resource,
     .inquire = list},
    {.id = "getBehaviour",
     .tag = kTag,
     .summary = "Show how far behaviour has read",
     .method = Method::kGet,
     .path = "/behaviour",
     .action = "readSignals",
     .response = &kProgress,
     .resource = server_resource,
     .read = progress},
};

}  // namespace

behaviour::Severity severity_of(std::string_view text) {
  using enum behaviour::Severity;
  for (const behaviour::Severity severity : {kMedium, kHigh, kCritical}) {
    if (text == to_string(severity)) return severity;
  }
  return kLow;
}

std::span<const Operation> signal_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
