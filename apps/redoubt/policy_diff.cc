// `redoubt policy diff`: which recorded decisions other policies would have made otherwise.
#include <cstdio>
#include <map>
#include <set>

#include "base/file.h"
#include "gateway/policy_files.h"
#include "ledger/reader.h"
#include "redoubt/known_at.h"
#include "redoubt/ledger_folder.h"
#include "redoubt/policy_commands.h"
#include "redoubt/recorded_request.h"

namespace redoubt::app {
namespace {

using gateway::Access;
using gateway::Action;

struct Change {
  std::string log;
  std::uint64_t index = 0;
  RecordedRequest request;
  Action action = Action::kInvoke;
  bool before = false;
  std::string before_by;
  bool after = false;
  std::string after_by;
};

struct Comparison {
  std::uint64_t decided = 0;
  std::uint64_t principals_gone = 0;  // requests of whom no fact made known
  std::vector<Change> changes;
};

std::string why(const gateway::Ruling& ruling) {
  if (!ruling.overruled.empty()) return std::string(ruling.overruled);
  return ruling.reasons.empty() ? "no policy permits it" : ruling.reasons_text();
}

// Which family a kind on record is of, as policies name both.
class Families {
 public:
  // `inspection`: with all rules that are built in.
  explicit Families(const gateway::Inspection& inspection) {
    for (const inspect::RuleInfo& rule : inspection.rules()->list()) {
      of_kind_[gateway::policy_name(rule.kind)] = inspect::to_string(rule.family);
    }
  }
  // The kinds and their families; a kind that no rule built in has is one of one's own.
  std::vector<std::string_view> with_families(const std::vector<std::string>& kinds) const {
    std::set<std::string_view> out;
    for (const std::string& kind : kinds) {
      const auto found = of_kind_.find(kind);
      out.insert(kind);
      out.insert(found == of_kind_.end() ? inspect::to_string(inspect::Family::kUser) : found->second);
    }
    return {out.begin(), out.end()};
  }

 private:
  std::map<std::string, std::string_view, std::less<>> of_kind_;
};

using Policies = std::shared_ptr<const gateway::PolicyBundle>;

class Replay {
 public:
  Replay(Policies before, Policies after, std::shared_ptr<const gateway::Inspection> inspection)
      : before_(std::move(before)),
        after_(std::move(after)),
        inspection_(std::move(inspection)),
        families_(*inspection_) {}

  // `known`: at the time of the record.
  void decide(const std::string& log, std::uint64_t index, const RecordedRequest& recorded,
              const identity::Identities& known) {
    const gateway::Caller caller{known.principal(recorded.principal), known.key(recorded.credential)};
    if (caller.principal == nullptr) {
      ++out.principals_gone;
      return;
    }
    const Access before(known, limits::Limits(), before_, no_prices_, inspection_, {}, recorded.time);
    const Access after(known, limits::Limits(), after_, no_prices_, inspection_, {}, recorded.time);
    const std::vector<std::string_view> matches = families_.with_families(recorded.kinds);
    gateway::AccessRequest request = recorded.request(caller);
    request.matches = matches;
    compare(log, index, recorded, before.rule(request, entities_), after.rule(request, entities_), request.action);
    if (recorded.action != Action::kInvoke || !recorded.permitted) return;
    request.action = Action::kRelease;
    request.matches = {};  // what the answer held, another record says
    compare(log, index, recorded, before.rule(request, entities_), after.rule(request, entities_), request.action);
  }

  Comparison out;

 private:
  void compare(const std::string& log, std::uint64_t index, const RecordedRequest& recorded,
               const gateway::Ruling& before, const gateway::Ruling& after, Action action) {
    ++out.decided;
    if (before.permit == after.permit) return;
    out.changes.push_back({log, index, recorded, action, before.permit, why(before), after.permit, why(after)});
  }

  Policies before_;
  Policies after_;
  std::shared_ptr<const gateway::Inspection> inspection_;
  const Families families_;
  std::shared_ptr<const limits::Prices> no_prices_ = std::make_shared<limits::Prices>();
  identity::EntityCache entities_{&gateway::policy_schema()};
};

Result<> replay_log(FileSystem& fs, const std::string& ledger, const std::string& tenant, KnownAt& known,
                    Replay& replay) {
  ledger::LedgerReader reader(fs, ledger, tenant);
  const std::string log(tenant.empty() ? ledger::kSystemLogName : std::string_view(tenant));
  if (auto done = known.begin_again(); !done) return done;
  for (std::uint64_t index = 0;; ++index) {
    auto entry = reader.read_entry({index});
    if (!entry && entry.error().code() == Errc::kNotFound) return {};
    if (!entry) return entry.error().in("log " + log + ", entry " + std::to_string(index));
    auto recorded = recorded_request(entry->leaf);
    if (!recorded) return recorded.error().in("log " + log + ", entry " + std::to_string(index));
    if (!*recorded) continue;
    auto identities = tenant.empty() ? known.before(index) : known.at((*recorded)->time);
    if (!identities) return identities.error();
    replay.decide(log, index, **recorded, *identities);
  }
}

Result<Policies> load(FileSystem& fs, const std::string& folder) {
  auto files = gateway::read_policies(fs, folder);
  if (!files) return files.error();
  return gateway::PolicyBundle::load(*files);
}

Result<Comparison> compare(const Common& common, const PolicyDiffOptions& options) {
  PosixFileSystem fs;
  const LedgerFolder folder = find_ledger(common, options.against);
  auto before = load(fs, options.before);
  if (!before) return before.error();
  auto after = load(fs, options.after);
  if (!after) return after.error();
  auto tenants = ledger::read_tenants(fs, folder.ledger);
  if (!tenants) return tenants.error();
  auto known = KnownAt::open(fs, folder.ledger);
  if (!known) return known.error();
  auto inspection = gateway::Inspection::load({});
  if (!inspection) return inspection.error();
  Replay replay(*std::move(before), *std::move(after), *std::move(inspection));
  if (auto done = replay_log(fs, folder.ledger, {}, **known, replay); !done) return done.error();
  for (const std::string& tenant : *tenants) {
    if (auto done = replay_log(fs, folder.ledger, tenant, **known, replay); !done) return done.error();
  }
  return std::move(replay.out);
}

const char* word(bool permit) {
  return permit ? "allow" : "deny";
}

void print(const Comparison& comparison) {
  for (const Change& change : comparison.changes) {
    std::printf("%s %llu  %s %s %s: %s -> %s\n    before: %s\n    after:  %s\n", change.log.c_str(),
                static_cast<unsigned long long>(change.index), change.request.principal.c_str(),
                std::string(to_string(change.action)).c_str(), change.request.resource.c_str(), word(change.before),
                word(change.after), change.before_by.c_str(), change.after_by.c_str());
  }
  std::printf("%llu decisions replayed, %zu would change\n", static_cast<unsigned long long>(comparison.decided),
              comparison.changes.size());
  if (comparison.principals_gone != 0) {
    std::printf("%llu requests left out: no fact made their principals known\n",
                static_cast<unsigned long long>(comparison.principals_gone));
  }
  std::printf("not in records, so left out of the context: addresses, purposes, TLS, what answers held\n");
}

void print_json(const Comparison& comparison) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", comparison.changes.empty());
  json.member("decided", comparison.decided);
  json.member("left_out", comparison.principals_gone);
  json.key("changes");
  json.begin_array();
  for (const Change& change : comparison.changes) {
    json.begin_object();
    json.member("log", change.log);
    json.member("index", change.index);
    json.member("principal", change.request.principal);
    json.member("action", to_string(change.action));
    json.member("resource", change.request.resource);
    json.member("before", word(change.before));
    json.member("before_by", change.before_by);
    json.member("after", word(change.after));
    json.member("after_by", change.after_by);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int run_policy_diff(const Common& common, const PolicyDiffOptions& options) {
  auto comparison = compare(common, options);
  if (!comparison) return report(comparison.error(), common.json);
  if (common.json) {
    print_json(*comparison);
  } else {
    print(*comparison);
  }
  return comparison->changes.empty() ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
