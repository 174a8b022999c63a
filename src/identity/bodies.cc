#include "identity/internal/bodies.h"

#include <algorithm>
#include <utility>

#include "encoding/json_writer.h"
#include "identity/api_key.h"
#include "identity/approvals.h"
#include "identity/internal/members.h"
#include "identity/proposals.h"

namespace redoubt::identity::internal {
namespace {

bool is_name_of(std::string_view text, std::size_t max, bool (*allowed)(char)) {
  return !text.empty() && text.size() <= max && std::all_of(text.begin(), text.end(), allowed);
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_type(std::string_view text) {
  return parse_principal_type(text).has_value();
}
bool is_why(std::string_view text) {
  return is_words(text, kWhyMax);
}

template <class T, std::size_t N>
bool is_in(const std::pair<T, std::string_view> (&table)[N], std::string_view text) {
  return std::any_of(std::begin(table), std::end(table), [&](const auto& known) { return known.second == text; });
}

constexpr std::pair<record::FactVerb, std::string_view> kVerbs[] = {
    {record::FactVerb::kCreate, "create"},   {record::FactVerb::kUpdate, "update"},
    {record::FactVerb::kDelete, "delete"},   {record::FactVerb::kEnable, "enable"},
    {record::FactVerb::kDisable, "disable"}, {record::FactVerb::kOther, "other"},
};
bool is_verb(std::string_view text) {
  return is_in(kVerbs, text);
}

constexpr std::pair<record::FactSeverity, std::string_view> kSeverities[] = {
    {record::FactSeverity::kInformational, "informational"}, {record::FactSeverity::kHigh, "high"}};
bool is_severity(std::string_view text) {
  return is_in(kSeverities, text);
}

constexpr std::pair<DisplayName, std::string_view> kDisplayNames[] = {
    {DisplayName::kKeep, "keep"}, {DisplayName::kSet, "set"}, {DisplayName::kRemove, "remove"}};
bool is_display_name(std::string_view text) {
  return is_in(kDisplayNames, text);
}

// Precondition: it is in the table.
template <class T, std::size_t N>
T named(const std::pair<T, std::string_view> (&table)[N], std::string_view text, T otherwise) {
  for (const auto& [value, name] : table) {
    if (name == text) return value;
  }
  return otherwise;
}
template <class T, std::size_t N>
std::string_view name_of(const std::pair<T, std::string_view> (&table)[N], T value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return {};
}

template <class T>
Result<T> finished(const Members& members, T body) {
  if (auto done = members.done(); !done) return done.error();
  return body;
}

PrincipalType read_type(Members& members) {
  return parse_principal_type(members.text("type", is_type)).value_or(PrincipalType::kApplication);
}

void read_key_parts(Members& members, KeyBody& body) {
  body.digest = members.digest("sha256");
  body.scopes = members.texts("scopes", kScopesOfKeyMax, is_scope);
  body.models = members.texts("models", kModelsOfKeyMax, is_model);
  body.expires = {members.number("expires", 0, kTimeMax)};
}

Result<FirstBody> read_first(simdjson::dom::object object) {
  Members members(object);
  FirstBody body;
  body.principal = members.text("principal", is_principal_id);
  body.type = read_type(members);
  body.group = members.text("group", is_identity_name);
  body.tenant = members.text_or_empty("tenant", is_tenant);
  body.key = members.text("key", is_key_id);
  body.digest = members.digest("sha256");
  body.models = members.texts("models", kModelsOfKeyMax, is_model);
  return finished(members, std::move(body));
}

// ---- writing

class Writer {
 public:
  Writer() { json_.begin_object(); }
  template <class T>
  Writer& with(std::string_view name, const T& value) {
    json_.member(name, value);
    return *this;
  }
  Writer& with(std::string_view name, const std::vector<std::string>& texts) {
    json_.key(name);
    json_.begin_array();
    for (const std::string& text : texts) json_.value(std::string_view(text));
    json_.end_array();
    return *this;
  }
  Writer& with(std::string_view name, const crypto::Sha256Digest& digest) {
    json_.key(name);
    json_.value_hex(digest);
    return *this;
  }
  std::string done() {
    json_.end_object();
    return std::move(out_);
  }

 private:
  std::string out_;
  encoding::JsonWriter json_{out_};
};

std::string write(const FirstBody& body) {
  return Writer()
      .with("principal", body.principal)
      .with("type", to_string(body.type))
      .with("group", body.group)
      .with("tenant", body.tenant)
      .with("key", body.key)
      .with("sha256", body.digest)
      .with("models", body.models)
      .done();
}

}  // namespace

bool is_tenant(std::string_view text) {
  return is_name_of(text, 64, [](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; }) &&
         is_plain(text.front()) && text != "system";
}

bool is_scope(std::string_view text) {
  return is_name_of(text, 64,
                    [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_'; });
}

bool is_model(std::string_view text) {
  return is_words(text, 256);
}

bool is_words(std::string_view text, std::size_t max) {
  return is_name_of(text, max, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }) &&
         encoding::is_utf8(text);
}

bool is_act(std::string_view text) {
  return is_name_of(text, record::kFactKindMax, [](char c) { return is_plain(c) || c == '.' || c == '_'; }) &&
         text.front() >= 'a' && !text.starts_with("approval.") && text != "identity.genesis";
}

Result<> read_empty(simdjson::dom::object body) {
  return Members(body).done();
}

Result<PrincipalBody> read_principal(simdjson::dom::object object) {
  Members members(object);
  PrincipalBody body;
  body.type = read_type(members);
  body.tenant = members.text_or_empty("tenant", is_tenant);
  body.owner = members.text_or_empty("owner", is_principal_id);
  body.groups = members.texts("groups", kGroupsOfPrincipalMax, is_identity_name);
  body.display_name = members.flag("display_name");
  return finished(members, std::move(body));
}

Result<PrincipalChangeBody> read_principal_change(simdjson::dom::object object) {
  Members members(object);
  PrincipalChangeBody body;
  body.owner = members.text_or_empty("owner", is_principal_id);
  body.groups = members.texts("groups", kGroupsOfPrincipalMax, is_identity_name);
  body.display_name = named(kDisplayNames, members.text("display_name", is_display_name), DisplayName::kKeep);
  return finished(members, std::move(body));
}

Result<GroupBody> read_group(simdjson::dom::object object) {
  Members members(object);
  GroupBody body;
  body.tenant = members.text_or_empty("tenant", is_tenant);
  body.parents = members.texts("parents", kParentsOfGroupMax, is_identity_name);
  return finished(members, std::move(body));
}

Result<GroupChangeBody> read_group_change(simdjson::dom::object object) {
  Members members(object);
  GroupChangeBody body{.parents = members.texts("parents", kParentsOfGroupMax, is_identity_name)};
  return finished(members, std::move(body));
}

Result<KeyBody> read_key(simdjson::dom::object object) {
  Members members(object);
  KeyBody body;
  body.principal = members.text("principal", is_principal_id);
  read_key_parts(members, body);
  return finished(members, std::move(body));
}

Result<KeyBody> read_reset(simdjson::dom::object object) {
  Members members(object);
  KeyBody body;
  body.id = members.text("key", is_key_id);
  read_key_parts(members, body);
  return finished(members, std::move(body));
}

Result<RotationBody> read_rotation(simdjson::dom::object object) {
  Members members(object);
  RotationBody body;
  body.id = members.text("key", is_key_id);
  body.digest = members.digest("sha256");
  body.expires = {members.number("expires", 0, kTimeMax)};
  body.overlap_ms = members.number("overlap_ms", 0, kOverlapMaxMs);
  return finished(members, std::move(body));
}

Result<BreakGlassBody> read_break_glass(simdjson::dom::object object) {
  Members members(object);
  BreakGlassBody body;
  body.group = members.text("group", is_identity_name);
  body.life_ms = members.number("life_ms", 1, kBreakGlassLifeMaxMs);
  body.why = members.text("why", is_why);
  return finished(members, std::move(body));
}

Result<std::string> read_break_glass_end(simdjson::dom::object object) {
  Members members(object);
  std::string group = members.text("group", is_identity_name);
  return finished(members, std::move(group));
}

Result<std::vector<std::string>> read_marked_acts(simdjson::dom::object object) {
  Members members(object);
  auto acts = members.texts("acts", kMarkedActsMax, is_act);
  return finished(members, std::move(acts));
}

Result<GenesisBody> read_genesis(simdjson::dom::object object) {
  Members members(object);
  GenesisBody body;
  const auto first = members.objects("first", kGenesisMax);
  body.marked_acts = members.texts("marked_acts", kMarkedActsMax, is_act);
  if (auto done = members.done(); !done) return done.error();
  for (const simdjson::dom::object one : first) {
    auto read = read_first(one);
    if (!read) return read.error();
    body.first.push_back(*std::move(read));
  }
  return body;
}

Result<RequestBody> read_request(simdjson::dom::object object) {
  Members members(object);
  RequestBody body;
  body.kind = members.text("kind", is_act);
  body.verb = named(kVerbs, members.text("verb", is_verb), record::FactVerb::kOther);
  body.severity = named(kSeverities, members.text("severity", is_severity), record::FactSeverity::kInformational);
  body.object = members.text("object", record::is_fact_name);
  body.expects = members.count("expects");
  body.body = members.any_text("body", record::kFactBodyMax);
  body.before = members.any_text("before", record::kFactStateMax);
  body.after = members.any_text("after", record::kFactStateMax);
  body.why = members.text("why", is_why);
  body.life_ms = members.number("life_ms", 1, kApprovalLifeMaxMs);
  return finished(members, std::move(body));
}

std::string write(const PrincipalBody& body) {
  return Writer()
      .with("type", to_string(body.type))
      .with("tenant", body.tenant)
      .with("owner", body.owner)
      .with("groups", body.groups)
      .with("display_name", body.display_name)
      .done();
}

std::string write(const PrincipalChangeBody& body) {
  return Writer()
      .with("owner", body.owner)
      .with("groups", body.groups)
      .with("display_name", name_of(kDisplayNames, body.display_name))
      .done();
}

std::string write(const GroupBody& body) {
  return Writer().with("tenant", body.tenant).with("parents", body.parents).done();
}

std::string write(const GroupChangeBody& body) {
  return Writer().with("parents", body.parents).done();
}

std::string write_key(const KeyBody& body) {
  return Writer()
      .with("principal", body.principal)
      .with("sha256", body.digest)
      .with("scopes", body.scopes)
      .with("models", body.models)
      .with("expires", body.expires.value)
      .done();
}

std::string write_reset(const KeyBody& body) {
  return Writer()
      .with("key", body.id)
      .with("sha256", body.digest)
      .with("scopes", body.scopes)
      .with("models", body.models)
      .with("expires", body.expires.value)
      .done();
}

std::string write(const RotationBody& body) {
  return Writer()
      .with("key", body.id)
      .with("sha256", body.digest)
      .with("expires", body.expires.value)
      .with("overlap_ms", body.overlap_ms)
      .done();
}

std::string write(const BreakGlassBody& body) {
  return Writer().with("group", body.group).with("life_ms", body.life_ms).with("why", body.why).done();
}

std::string write_break_glass_end(std::string_view group) {
  return Writer().with("group", group).done();
}

std::string write_marked_acts(const std::vector<std::string>& acts) {
  return Writer().with("acts", acts).done();
}

std::string write(const GenesisBody& body) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("first");
  json.begin_array();
  for (const FirstBody& first : body.first) json.raw(write(first));
  json.end_array();
  json.key("marked_acts");
  json.begin_array();
  for (const std::string& act : body.marked_acts) json.value(std::string_view(act));
  json.end_array();
  json.end_object();
  return out;
}

std::string write(const RequestBody& body) {
  return Writer()
      .with("kind", body.kind)
      .with("verb", name_of(kVerbs, body.verb))
      .with("severity", name_of(kSeverities, body.severity))
      .with("object", body.object)
      .with("expects", body.expects)
      .with("body", body.body)
      .with("before", body.before)
      .with("after", body.after)
      .with("why", body.why)
      .with("life_ms", body.life_ms)
      .done();
}

}  // namespace redoubt::identity::internal
