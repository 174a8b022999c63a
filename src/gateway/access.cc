#include "gateway/access.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace redoubt::gateway {
namespace {

using policy::Attribute;
using policy::EntityUid;
using policy::Record;
using policy::Set;
using policy::Value;

// A bearer secret: whoever has it passes for its owner.
constexpr std::int64_t kBearerStrength = 1;

Value text(std::string_view value) {
  return Value(std::string(value));
}

Set texts(std::span<const std::string_view> names) {
  std::vector<Value> out;
  out.reserve(names.size());
  for (const std::string_view name : names) out.push_back(text(name));
  return Set(std::move(out));
}

// Precondition: the names differ.
Record record(std::vector<Attribute> attributes) {
  auto made = Record::create(std::move(attributes));
  REDOUBT_CHECK(made.has_value());
  return *std::move(made);
}

// Moved into it; an initializer list would copy.
std::vector<Attribute> list_of(Attribute first, Attribute second) {
  std::vector<Attribute> out;
  out.reserve(2);
  out.push_back(std::move(first));
  out.push_back(std::move(second));
  return out;
}

EntityUid model(std::string_view name) {
  return {"Model", std::string(name)};
}

EntityUid resource(const AccessRequest& request) {
  switch (request.action) {
    case Action::kInvoke:
    case Action::kRelease:
      return model(request.model);
    case Action::kListModels:
      return {"ModelGroup", "all"};
    case Action::kReadEntries:
    case Action::kOpenValues:
    case Action::kReadMetrics:
      break;
  }
  return {"Log", std::string(request.log)};
}

// What is the same in every request: made once a thread, since what threads share they count references of together.
struct Constants {
  Value authentication{
      record(list_of(Attribute{"method", text("api_key")}, Attribute{"strength", Value(kBearerStrength)}))};
  Value no_tier = text("none");
  Value no_evidence{record(std::vector<Attribute>{Attribute{"tier", no_tier}})};
};

// In the order of their names, which a record wants them in.
Value caller_of(const AccessRequest& request, const Constants& constants) {
  const record::PeerEvidence& evidence = request.caller_evidence;
  if (evidence.tier.empty()) return constants.no_evidence;
  std::vector<Attribute> out;
  out.reserve(3);
  if (!evidence.identity.empty()) out.push_back({"identity", text(evidence.identity)});
  if (!evidence.measurer.empty()) out.push_back({"measurer", text(evidence.measurer)});
  out.push_back({"tier", text(evidence.tier)});
  return Value(record(std::move(out)));
}

Value upstream_of(const AccessRequest& request, const Constants& constants) {
  const record::PeerEvidence& evidence = request.upstream_evidence;
  std::vector<Attribute> out;
  out.reserve(5);
  if (!evidence.identity.empty()) out.push_back({"identity", text(evidence.identity)});
  if (!evidence.measurer.empty()) out.push_back({"measurer", text(evidence.measurer)});
  out.push_back({"name", text(request.upstream_name)});
  out.push_back({"provider", text(request.upstream_provider)});
  out.push_back({"tier", evidence.tier.empty() ? constants.no_tier : text(evidence.tier)});
  return Value(record(std::move(out)));
}

Record context(const AccessRequest& request) {
  thread_local const Constants constants;
  std::vector<Attribute> network;
  network.reserve(2);
  if (auto address = policy::parse_extension(policy::ExtensionType::kIp, request.peer_address)) {
    network.push_back({"address", Value(*std::move(address))});
  }
  network.push_back({"tls", Value(request.tls)});
  // In the order of their names, which a record wants them in.
  std::vector<Attribute> out;
  out.reserve(9);
  out.push_back({"attestationTier", constants.no_tier});
  out.push_back({"authentication", constants.authentication});
  out.push_back({"caller", caller_of(request, constants)});
  out.push_back({"matches", Value(texts(request.matches))});
  out.push_back({"network", Value(record(std::move(network)))});
  if (!request.purpose.empty()) out.push_back({"purpose", text(request.purpose)});
  out.push_back({"stream", Value(request.stream)});
  out.push_back({"time", Value(policy::Extension{
                             .type = policy::ExtensionType::kDatetime, .number = request.time.value, .ip = {}})});
  out.push_back({"upstream", upstream_of(request, constants)});
  return record(std::move(out));
}

// Why the key is not good for this, whatever its holder may; empty when it is.
std::string_view outside_key(const AccessRequest& request) {
  if (request.key == nullptr) return {};
  if (!request.key->allows_scope(scope_of(request.action))) return "the key is not for this operation";
  const bool of_model = request.action == Action::kInvoke || request.action == Action::kRelease;
  if (of_model && !request.key->allows_model(request.model)) return "the key is not for this model";
  return {};
}

}  // namespace

std::string_view to_string(Action action) {
  switch (action) {
    case Action::kInvoke:
      return "invoke";
    case Action::kRelease:
      return "release";
    case Action::kListModels:
      return "listModels";
    case Action::kReadEntries:
      return "readEntries";
    case Action::kOpenValues:
      return "openValues";
    case Action::kReadMetrics:
      break;
  }
  return "readMetrics";
}

std::string_view scope_of(Action action) {
  switch (action) {
    case Action::kInvoke:
    case Action::kRelease:
      return "models.invoke";
    case Action::kListModels:
      return "models.list";
    case Action::kReadEntries:
      return "ledger.read";
    case Action::kOpenValues:
      return "ledger.open";
    case Action::kReadMetrics:
      break;
  }
  return "metrics.read";
}

record::PrincipalType record_type(const identity::Principal& principal) {
  return principal.type == identity::PrincipalType::kUser ? record::PrincipalType::kUser
                                                          : record::PrincipalType::kService;
}

policy::Request make_request(const AccessRequest& request) {
  return {.principal = {std::string(entity_type(request.principal->type)), request.principal->id},
          .action = {"Action", std::string(to_string(request.action))},
          .resource = resource(request),
          .context = context(request)};
}

std::optional<Caller> Access::find(std::string_view authorization, UnixMillis now) const {
  now = std::max(now, as_of_);
  const identity::Key* const key = identities_.find(authorization, now);
  if (key == nullptr) return std::nullopt;
  return Caller{.principal = &identities_.principal_of(*key), .key = key, .authenticated = now};
}

std::optional<Caller> Access::find_again(const Caller& caller, UnixMillis now) const {
  const identity::Key* const key = identities_.key(caller.key->id);
  if (key == nullptr || !identities_.usable(*key, std::max(now, as_of_))) return std::nullopt;
  Caller again = caller;
  again.principal = &identities_.principal_of(*key);
  again.key = key;
  return again;
}

incident::Restriction Access::restriction(const Caller& caller, incident::Exchange of) const {
  of.now = std::max(of.now, as_of_);
  of.principal = caller.principal->id;
  of.key = caller.key->id;
  of.authenticated = caller.authenticated;
  of.second_factor = caller.second_factor;
  return restrictions_.of(of);
}

Ruling Access::rule(const AccessRequest& request, identity::EntityCache& entities) const {
  KeptRulings none(0);
  return rule(request, entities, none);
}

const Ruling& Access::rule(const AccessRequest& request, identity::EntityCache& entities, KeptRulings& kept) const {
  REDOUBT_CHECK(request.principal != nullptr);
  if (const std::string_view why = outside_key(request); !why.empty()) return kept.overrule(why);
  const UnixMillis now = std::max(request.time, as_of_);
  return kept.rule(policies_, entities.entities_of(identities_, *request.principal, now), request);
}

}  // namespace redoubt::gateway
