#include "redoubt/policy_cases.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "policy/extension.h"

namespace redoubt::app {
namespace {

using gateway::Action;

Error at(const YAML::Mark& mark, const std::string& what) {
  return {Errc::kMalformed,
          "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": " + what};
}

Result<std::string> text(const YAML::Node& node) {
  if (!node.IsScalar()) return at(node.Mark(), "a text is expected");
  return node.Scalar();
}

Result<bool> flag(const YAML::Node& node) {
  if (node.IsScalar() && node.Scalar() == "true") return true;
  if (node.IsScalar() && node.Scalar() == "false") return false;
  return at(node.Mark(), "`true` or `false` is expected");
}

Result<std::vector<std::string>> texts(const YAML::Node& node) {
  if (!node.IsSequence()) return at(node.Mark(), "a list is expected");
  std::vector<std::string> out;
  for (const YAML::Node& item : node) {
    auto one = text(item);
    if (!one) return one.error();
    out.push_back(*std::move(one));
  }
  return out;
}

// Each member of a map goes to the reader of its name; names are known and occur once.
using Members = std::map<std::string, std::function<Result<>(const YAML::Node&)>, std::less<>>;
Result<> read_members(const YAML::Node& node, const Members& members) {
  if (!node.IsMap()) return at(node.Mark(), "`name: value` is expected");
  std::set<std::string> seen;
  for (const auto& member : node) {
    auto name = text(member.first);
    if (!name) return name.error();
    const auto reader = members.find(*name);
    if (reader == members.end()) return at(member.first.Mark(), "`" + *name + "` is not known here");
    if (!seen.insert(*name).second) return at(member.first.Mark(), "`" + *name + "` is there twice");
    if (auto done = reader->second(member.second); !done) return done;
  }
  return {};
}

std::function<Result<>(const YAML::Node&)> into(std::string& out) {
  return [&out](const YAML::Node& node) -> Result<> {
    auto value = text(node);
    if (!value) return value.error();
    out = *std::move(value);
    return {};
  };
}

std::function<Result<>(const YAML::Node&)> into(bool& out) {
  return [&out](const YAML::Node& node) -> Result<> {
    auto value = flag(node);
    if (!value) return value.error();
    out = *value;
    return {};
  };
}

Result<> read_type(const YAML::Node& node, identity::Principal& out) {
  using enum identity::PrincipalType;
  auto name = text(node);
  if (!name) return name.error();
  for (const identity::PrincipalType type : {kUser, kServiceAccount, kApplication, kAgent}) {
    if (identity::entity_type(type) != *name) continue;
    out.type = type;
    return {};
  }
  return at(node.Mark(), "`" + *name + "` is none of `User`, `ServiceAccount`, `Application`, `Agent`");
}

Result<> read_principal(const YAML::Node& node, identity::Principal& out) {
  return read_members(node, {{"name", into(out.id)},
                             {"tenant", into(out.tenant)},
                             {"owner", into(out.owner)},
                             {"type", [&](const YAML::Node& type) { return read_type(type, out); }},
                             {"groups", [&](const YAML::Node& groups) -> Result<> {
                                auto names = texts(groups);
                                if (!names) return names.error();
                                out.groups = *std::move(names);
                                return {};
                              }}});
}

Result<> read_context(const YAML::Node& node, PolicyCase& out) {
  return read_members(node, {{"purpose", into(out.purpose)},
                             {"address", into(out.address)},
                             {"upstream", into(out.upstream)},
                             {"provider", into(out.provider)},
                             {"upstream_tier", into(out.upstream_evidence.tier)},
                             {"upstream_measurer", into(out.upstream_evidence.measurer)},
                             {"upstream_identity", into(out.upstream_evidence.identity)},
                             {"caller_tier", into(out.caller_evidence.tier)},
                             {"caller_measurer", into(out.caller_evidence.measurer)},
                             {"caller_identity", into(out.caller_evidence.identity)},
                             {"tls", into(out.tls)},
                             {"stream", into(out.stream)},
                             {"time", [&](const YAML::Node& time) -> Result<> {
                                auto value = text(time);
                                if (!value) return value.error();
                                auto parsed = policy::parse_extension(policy::ExtensionType::kDatetime, *value);
                                if (!parsed) return at(time.Mark(), parsed.error().message());
                                out.time = {parsed->number};
                                return {};
                              }}});
}

Result<> read_action(const YAML::Node& node, PolicyCase& out) {
  auto name = text(node);
  if (!name) return name.error();
  for (const Action action : {Action::kInvoke, Action::kRelease, Action::kListModels, Action::kReadEntries,
                              Action::kOpenValues, Action::kReadMetrics}) {
    if (to_string(action) != *name) continue;
    out.action = action;
    return {};
  }
  return at(node.Mark(), "`" + *name + "` is no action that is decided on");
}

Result<> read_expectation(const YAML::Node& node, PolicyCase& out) {
  auto name = text(node);
  if (!name) return name.error();
  if (*name != "allow" && *name != "deny") return at(node.Mark(), "`allow` or `deny` is expected");
  out.allow = *name == "allow";
  return {};
}

Result<PolicyCase> read_case(const YAML::Node& node) {
  PolicyCase out{.line = node.Mark().line + 1};
  const Members members{{"name", into(out.name)},
                        {"resource", into(out.resource)},
                        {"principal", [&](const YAML::Node& value) { return read_principal(value, out.principal); }},
                        {"context", [&](const YAML::Node& value) { return read_context(value, out); }},
                        {"action", [&](const YAML::Node& value) { return read_action(value, out); }},
                        {"expect", [&](const YAML::Node& value) { return read_expectation(value, out); }},
                        {"reasons",
                         [&](const YAML::Node& value) -> Result<> {
                           auto names = texts(value);
                           if (!names) return names.error();
                           out.reasons.emplace(names->begin(), names->end());
                           return {};
                         }},
                        {"commit", [&](const YAML::Node& value) -> Result<> {
                           auto level = text(value);
                           if (!level) return level.error();
                           if (!ledger::parse_commit_level(*level))
                             return at(value.Mark(), "`" + *level + "` is no commit level");
                           out.commit = *std::move(level);
                           return {};
                         }}};
  if (auto done = read_members(node, members); !done) return done.error();
  for (const char* needed : {"name", "principal", "action", "expect"}) {
    if (!node[needed]) return at(node.Mark(), "a case needs `" + std::string(needed) + "`");
  }
  if (out.principal.id.empty()) return at(node["principal"].Mark(), "a principal needs `name`");
  return out;
}

record::PeerEvidence shown(const PolicyCase::Evidence& evidence) {
  return {.tier = evidence.tier, .measurer = evidence.measurer, .identity = evidence.identity, .refused = {}};
}

}  // namespace

Result<gateway::Ruling> PolicyCase::decide(const gateway::PolicyBundle& bundle) const {
  policy::Entity asker{
      .uid = {std::string(entity_type(principal.type)), principal.id}, .parents = {}, .attributes = {}, .tags = {}};
  policy::Entities entities;
  for (const std::string& group : principal.groups) {
    asker.parents.push_back({"Group", group});
    entities.push_back({.uid = {"Group", group}, .parents = {}, .attributes = {}, .tags = {}});
  }
  if (!principal.tenant.empty()) asker.parents.push_back({"Tenant", principal.tenant});
  if (!principal.owner.empty()) {
    auto owner = policy::Record::create({{"owner", policy::Value(principal.owner)}});
    if (!owner) return owner.error();
    asker.attributes = *std::move(owner);
  }
  entities.push_back(std::move(asker));
  auto store = policy::EntityStore::build(std::move(entities), &gateway::policy_schema());
  if (!store) return store.error();
  return bundle.rule(gateway::make_request({.principal = &principal,
                                            .action = action,
                                            .model = resource,
                                            .log = resource,
                                            .time = time,
                                            .peer_address = address,
                                            .tls = tls,
                                            .purpose = purpose,
                                            .upstream_name = upstream,
                                            .upstream_provider = provider,
                                            .stream = stream,
                                            .upstream_evidence = shown(upstream_evidence),
                                            .caller_evidence = shown(caller_evidence)}),
                     **store);
}

Result<std::vector<PolicyCase>> parse_policy_cases(std::string_view yaml) {
  if (yaml.size() > kMaxCaseBytes) return Error(Errc::kTooLarge, "too many bytes of cases");
  std::vector<PolicyCase> out;
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    auto done = read_members(root, {{"cases", [&](const YAML::Node& cases) -> Result<> {
                                       if (!cases.IsSequence()) return at(cases.Mark(), "a list is expected");
                                       for (const YAML::Node& one : cases) {
                                         auto read = read_case(one);
                                         if (!read) return read.error();
                                         out.push_back(*std::move(read));
                                       }
                                       return {};
                                     }}});
    if (!done) return done.error();
  } catch (const YAML::Exception& error) {
    return at(error.mark, error.msg);
  }
  if (out.empty()) return Error(Errc::kMalformed, "there is no case");
  return out;
}

}  // namespace redoubt::app
