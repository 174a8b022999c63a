#include "behaviour/interaction.h"

#include <algorithm>
#include <limits>

#include "behaviour/activity.h"
#include "behaviour/features.h"

namespace redoubt::behaviour {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
using Node = Interaction::Node;

constexpr std::uint64_t kCountMax = std::numeric_limits<std::uint32_t>::max();

// A JSON object, or none; what is not there has no members.
class Members {
 public:
  Members() = default;
  explicit Members(const element& value) {
    object found;
    if (value.get(found) == simdjson::SUCCESS) object_ = found;
  }
  bool there() const { return object_.has_value(); }
  Members operator[](std::string_view name) const {
    element value;
    if (!object_ || object_->at_key(name).get(value) != simdjson::SUCCESS) return {};
    return Members(value);
  }
  std::string_view text(std::string_view name) const {
    return object_ ? encoding::string_member(*object_, name) : std::string_view();
  }
  std::uint64_t number(std::string_view name) const {
    std::uint64_t out = 0;
    return object_ && object_->at_key(name).get(out) == simdjson::SUCCESS ? out : 0;
  }
  // Calls `take` with each item of a list.
  template <class Take>
  void each(std::string_view name, Take take) const {
    array items;
    if (!object_ || object_->at_key(name).get(items) != simdjson::SUCCESS) return;
    for (const element item : items) take(item);
  }

 private:
  std::optional<object> object_;
};

// Who acts where nobody does: Redoubt, and the start of a ledger.
bool is_redoubt_itself(std::string_view principal) {
  return principal == "redoubt" || principal == "init";
}

std::uint32_t clamped(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min(value, kCountMax));
}

NodeType actor_type(std::string_view name) {
  const auto type = parse_node_type(name);
  return type && is_actor(*type) ? *type : NodeType::kPrincipal;
}

std::uint32_t matches_of(const Members& redoubt) {
  std::uint64_t out = 0;
  redoubt.each("matches", [&](const element& match) { out += std::min(Members(match).number("count"), kCountMax); });
  return clamped(out);
}

// ---- exchanges

// What there is of an exchange besides its tools and data.
struct Exchange {
  record::Stage stage = record::Stage::kAdmission;
  std::string_view principal;
  std::uint64_t user_type = 0;
  std::string_view credential;
  std::string_view tenant;
  std::string_view model;
  std::string_view upstream;
  std::uint64_t count = 0;
  std::uint32_t matches = 0;
  std::uint64_t total_tokens = 0;
  std::uint64_t tokens = 0;  // of the two directions
  std::uint64_t bytes = 0;   // likewise
};

// `add_touched` adds tools and data of the actor.
template <class AddTouched>
void add_exchange(const Exchange& exchange, Interaction& out, AddTouched add_touched) {
  // OCSF's type_id: 1 is a person. The rest are programs, and which kind is not in the record.
  const Node actor = out.add({exchange.user_type == 1 ? NodeType::kUser : NodeType::kPrincipal, exchange.principal});
  out.actor = actor;
  const Node upstream = out.add({NodeType::kUpstream, exchange.upstream});
  const Node model = out.add({NodeType::kModel, exchange.model});
  out.link(actor, model ? model : upstream, EdgeKind::kCalled);
  out.link(model, upstream, EdgeKind::kServedBy);
  out.link(actor, out.add({NodeType::kCredential, exchange.credential}), EdgeKind::kPresented);
  out.link(actor, out.add({NodeType::kTenant, exchange.tenant}), EdgeKind::kBelongsTo);
  add_touched(actor);

  out.volumes.matches = exchange.matches;
  if (exchange.stage == record::Stage::kOutcome) {
    out.volumes.tokens = exchange.total_tokens != 0 ? exchange.total_tokens : exchange.tokens;
    out.volumes.bytes = exchange.bytes;
    return;
  }
  out.volumes.count = 1;
  if (exchange.stage == record::Stage::kDenial) {
    out.volumes.count = std::max(clamped(exchange.count), 1U);
    out.volumes.denials = out.volumes.count;
  }
}

void add_exchange(const Members& record, const Members& redoubt, record::Stage stage, Interaction& out) {
  const Members user = record["actor"]["user"];
  const Members tokens = record["message_context"];
  const Exchange exchange{
      .stage = stage,
      .principal = user.text("uid"),
      .user_type = user.number("type_id"),
      .credential = user.text("credential_uid"),
      .tenant = record["metadata"].text("tenant_uid"),
      .model = record["ai_model"].text("name"),
      .upstream = record["dst_endpoint"].text("svc_name"),
      .count = record.number("count"),
      .matches = matches_of(redoubt),
      .total_tokens = tokens.number("total_tokens"),
      .tokens = tokens.number("prompt_tokens") + tokens.number("completion_tokens"),
      .bytes = record["http_request"].number("body_length") + record["http_response"].number("body_length")};
  add_exchange(exchange, out, [&](const Node& actor) {
    redoubt.each("tools", [&](const element& each) {
      std::string_view name;
      if (each.get(name) == simdjson::SUCCESS) {
        out.link(actor, out.add({NodeType::kTool, name}), EdgeKind::kUsedTool, true);
      }
    });
    redoubt.each("data", [&](const element& each) {
      out.link(actor, out.add({NodeType::kDataSet, Members(each).text("name")}), EdgeKind::kRead, true);
    });
  });
}

void add_exchange(const Activity& activity, Interaction& out) {
  std::uint64_t matches = 0;
  for (const MatchSeen& match : activity.matches) matches += std::min(match.count, kCountMax);
  const Exchange exchange{.stage = activity.stage,
                          .principal = activity.principal,
                          .user_type = activity.user_type,
                          .credential = activity.credential,
                          .tenant = activity.tenant,
                          .model = activity.model,
                          .upstream = activity.upstream,
                          .count = activity.stated_count,
                          .matches = clamped(matches),
                          .total_tokens = activity.total_tokens,
                          .tokens = activity.tokens(),
                          .bytes = activity.request_bytes + activity.response_bytes};
  add_exchange(exchange, out, [&](const Node& actor) {
    for (const std::string_view tool : activity.tools) {
      out.link(actor, out.add({NodeType::kTool, tool}), EdgeKind::kUsedTool, true);
    }
    for (const DataRead& read : activity.data) {
      out.link(actor, out.add({NodeType::kDataSet, read.name}), EdgeKind::kRead, true);
    }
  });
}

// A dictionary that was keyed is the server's own doing, and nobody's behaviour.
void add_opening(bool of_dictionary, std::string_view principal, std::string_view log_name, Interaction& out) {
  if (of_dictionary) return;
  const Node actor = out.add({NodeType::kPrincipal, principal});
  out.actor = actor;
  out.link(actor, out.add({NodeType::kDataSet, log_name}), EdgeKind::kRead);
  out.volumes.count = 1;
}

// ---- facts

// What an object's name stands for, `key/k3x…`. Nothing: no node.
Node add_object(std::string_view object, const Members& body, Interaction& out) {
  const std::size_t slash = object.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view type = object.substr(0, slash);
  const std::string_view name = object.substr(slash + 1);
  if (type == "principal") return out.add({actor_type(body.text("type")), name});
  if (type == "key") return out.add({NodeType::kCredential, name});
  if (type == "group") return out.add({NodeType::kGroup, name});
  if (type == "model") return out.add({NodeType::kModel, name});
  return std::nullopt;
}

// One of those whom the first fact makes known.
void add_first(const Members& first, Interaction& out) {
  const Node who = out.add({actor_type(first.text("type")), first.text("principal")});
  out.link(who, out.add({NodeType::kGroup, first.text("group")}), EdgeKind::kBelongsTo);
  out.link(who, out.add({NodeType::kTenant, first.text("tenant")}), EdgeKind::kBelongsTo);
  out.link(out.add({NodeType::kCredential, first.text("key")}), who, EdgeKind::kBelongsTo);
}

void add_groups(const Members& body, std::string_view list, Node member, Interaction& out) {
  body.each(list, [&](const element& each) {
    std::string_view name;
    if (each.get(name) == simdjson::SUCCESS) out.link(member, out.add({NodeType::kGroup, name}), EdgeKind::kBelongsTo);
  });
}

void add_fact(const Members& record, const Members& redoubt, Interaction& out) {
  const std::string_view kind = redoubt.text("kind");
  const Members body = redoubt["body"];
  out.volumes.count = 1;

  Node actor;
  if (const std::string_view uid = record["actor"]["user"].text("uid"); !is_redoubt_itself(uid)) {
    actor = out.add({NodeType::kPrincipal, uid});
    out.actor = actor;
    out.link(actor, out.add({NodeType::kPrincipal, redoubt.text("on_behalf_of")}), EdgeKind::kActedFor);
  }
  const Node object = add_object(record["entity"].text("uid"), body, out);
  out.link(actor, object, EdgeKind::kChanged);

  if (kind == "identity.genesis") {
    body.each("first", [&](const element& first) { add_first(Members(first), out); });
  } else if (kind.starts_with("identity.principal.") || kind.starts_with("identity.group.")) {
    out.link(object, out.add({NodeType::kTenant, body.text("tenant")}), EdgeKind::kBelongsTo);
    add_groups(body, "groups", object, out);
    add_groups(body, "parents", object, out);
    const Node owner = out.add({NodeType::kPrincipal, body.text("owner")});
    out.link(owner, object, EdgeKind::kDelegatedTo);
    out.link(out.add({NodeType::kCredential, body.text("key")}), object, EdgeKind::kBelongsTo);
  } else if (kind == "identity.key.issue") {
    out.link(object, out.add({NodeType::kPrincipal, body.text("principal")}), EdgeKind::kBelongsTo);
  } else if (kind == "identity.break_glass.open") {
    out.link(object, out.add({NodeType::kGroup, body.text("group")}), EdgeKind::kBelongsTo);
  } else if (kind == "models.model.create" || kind == "models.model.update") {
    out.link(object, out.add({NodeType::kUpstream, body.text("upstream")}), EdgeKind::kServedBy);
  }
}

}  // namespace

Interaction::Node Interaction::add(NodeName name) {
  if (name.name.empty()) return std::nullopt;
  for (std::uint8_t i = 0; i < node_count_; ++i) {
    NodeName& there = nodes_[i];
    const bool same_list = there.type == name.type || (is_actor(there.type) && is_actor(name.type));
    if (!same_list || there.name != name.name) continue;
    if (there.type == NodeType::kPrincipal) there.type = name.type;
    return i;
  }
  if (node_count_ == kNodesMax) {
    is_cut_ = true;
    return std::nullopt;
  }
  nodes_[node_count_] = name;
  return node_count_++;
}

void Interaction::link(Node from, Node to, EdgeKind kind, bool once) {
  if (!from || !to || *from == *to) return;
  const Link added{*from, *to, kind, once};
  const auto same = [&](const Link& each) { return each.from == *from && each.to == *to && each.kind == kind; };
  if (std::any_of(links_.begin(), links_.begin() + link_count_, same)) return;
  if (link_count_ == kLinksMax) {
    is_cut_ = true;
    return;
  }
  links_[link_count_++] = added;
}

namespace {

// Of an exchange of nobody's, what is left tells nothing of anybody's behaviour.
std::optional<Interaction> told(const Interaction& out, bool is_fact) {
  if (out.links().empty() || (!is_fact && !out.actor)) return std::nullopt;
  return out;
}

Error unknown_stage(std::string_view stage) {
  return {Errc::kUnsupported, "records of the stage `" + std::string(stage) + "` are not known"};
}

Result<std::optional<Interaction>> interaction_of(const element& record_json, std::uint64_t index) {
  const Members record(record_json);
  const Members redoubt = record["unmapped"]["redoubt"];
  const std::string_view stage = redoubt.text("stage");
  if (stage.empty()) return Error(Errc::kMalformed, "not a record: `unmapped.redoubt.stage` is missing");
  std::int64_t time = 0;
  if (record_json["time"].get(time) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, "not a record: `time` is missing");
  }
  Interaction out;
  out.index = index;
  out.time = {time};
  if (stage == "admission") {
    add_exchange(record, redoubt, record::Stage::kAdmission, out);
  } else if (stage == "outcome") {
    add_exchange(record, redoubt, record::Stage::kOutcome, out);
  } else if (stage == "denial") {
    add_exchange(record, redoubt, record::Stage::kDenial, out);
  } else if (stage == "opened") {
    add_opening(!redoubt.text("dictionary").empty(), record["actor"]["user"].text("uid"),
                record["metadata"].text("log_name"), out);
  } else if (stage == "fact") {
    add_fact(record, redoubt, out);
  } else if (stage != "interrupted") {
    return unknown_stage(stage);
  }
  return told(out, stage == "fact");
}

Result<std::optional<Interaction>> interaction_of(const Activity& activity, std::uint64_t index) {
  Interaction out;
  out.index = index;
  out.time = activity.time;
  switch (activity.stage) {
    case record::Stage::kAdmission:
    case record::Stage::kOutcome:
    case record::Stage::kDenial:
      add_exchange(activity, out);
      break;
    case record::Stage::kOpened:
      add_opening(activity.of_dictionary, activity.principal, activity.log_name, out);
      break;
    case record::Stage::kInterrupted:
      break;
    case record::Stage::kFact:
    case record::Stage::kAttested:
      return unknown_stage(to_string(activity.stage));
  }
  return told(out, false);
}

}  // namespace

Result<std::optional<Interaction>> InteractionReader::read(std::string_view record, std::uint64_t index,
                                                           const Features* features) {
  const auto root = reader_.parse(record);
  if (!root) return root.error();
  return with_network(interaction_of(*root, index), features);
}

Result<std::optional<Interaction>> InteractionReader::read(const Activity& activity, std::uint64_t index,
                                                           const Features* features) {
  return with_network(interaction_of(activity, index), features);
}

Result<std::optional<Interaction>> InteractionReader::with_network(Result<std::optional<Interaction>> out,
                                                                   const Features* features) {
  if (out && *out && features != nullptr && features->address_prefix) {
    Interaction& interaction = **out;
    network_ = network_name(*features->address_prefix);
    interaction.link(interaction.actor, interaction.add({NodeType::kNetwork, network_}), EdgeKind::kCameFrom);
  }
  return out;
}

}  // namespace redoubt::behaviour
