// The bodies of facts, read strictly: all members that the kind has, no others, each of its form; lists sorted, nothing
// in them twice. So a body has one meaning, and whoever approved it has seen all of it. Written by append_…(), which
// write nothing that could not be read again.
//
// Errors: kInvalidArgument, naming the member.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "identity/identities.h"
#include "record/fact_record.h"

namespace redoubt::identity::internal {

// Times are from 0 on and at most a hundred thousand years, so that sums of two stay far from overflow.
inline constexpr std::int64_t kTimeMax = 100'000LL * 366 * 24 * 3600 * 1000;

struct PrincipalBody {  // identity.principal.create
  PrincipalType type = PrincipalType::kApplication;
  std::string tenant;
  std::string owner;
  std::vector<std::string> groups;
  bool display_name = false;  // the fact commits to one
};
enum class DisplayName : std::uint8_t { kKeep, kSet, kRemove };
struct PrincipalChangeBody {  // identity.principal.update
  std::string owner;
  std::vector<std::string> groups;
  DisplayName display_name = DisplayName::kKeep;
};
struct GroupBody {  // identity.group.create
  std::string tenant;
  std::vector<std::string> parents;
};
struct GroupChangeBody {  // identity.group.update
  std::vector<std::string> parents;
};
// A key to be issued; of identity.key.issue the object has the id, of identity.principal.reset the principal.
struct KeyBody {
  std::string id;
  std::string principal;
  crypto::Sha256Digest digest{};
  std::vector<std::string> scopes;
  std::vector<std::string> models;
  UnixMillis expires{};
};
struct RotationBody {  // identity.key.rotate
  std::string id;      // of the new key
  crypto::Sha256Digest digest{};
  UnixMillis expires{};
  std::int64_t overlap_ms = 0;
};
struct BreakGlassBody {  // identity.break_glass.open
  std::string group;
  std::int64_t life_ms = 0;
  std::string why;
};
struct FirstBody {  // in identity.genesis
  std::string principal;
  PrincipalType type = PrincipalType::kUser;
  std::string group;
  std::string tenant;
  std::string key;
  crypto::Sha256Digest digest{};
  std::vector<std::string> models;
};
struct GenesisBody {
  std::vector<FirstBody> first;
  std::vector<std::string> marked_acts;
};
struct RequestBody {  // approval.request
  std::string kind;
  record::FactVerb verb = record::FactVerb::kOther;
  record::FactSeverity severity = record::FactSeverity::kInformational;
  std::string object;
  std::uint64_t expects = 0;
  std::string body;
  std::string before;
  std::string after;
  std::string why;
  std::int64_t life_ms = 0;
};

Result<> read_empty(simdjson::dom::object body);
Result<PrincipalBody> read_principal(simdjson::dom::object body);
Result<PrincipalChangeBody> read_principal_change(simdjson::dom::object body);
Result<GroupBody> read_group(simdjson::dom::object body);
Result<GroupChangeBody> read_group_change(simdjson::dom::object body);
Result<KeyBody> read_key(simdjson::dom::object body);    // identity.key.issue: no id
Result<KeyBody> read_reset(simdjson::dom::object body);  // identity.principal.reset: no principal
Result<RotationBody> read_rotation(simdjson::dom::object body);
Result<BreakGlassBody> read_break_glass(simdjson::dom::object body);
Result<std::string> read_break_glass_end(simdjson::dom::object body);  // the group
Result<std::vector<std::string>> read_marked_acts(simdjson::dom::object body);
Result<GenesisBody> read_genesis(simdjson::dom::object body);
Result<RequestBody> read_request(simdjson::dom::object body);

std::string write(const PrincipalBody& body);
std::string write(const PrincipalChangeBody& body);
std::string write(const GroupBody& body);
std::string write(const GroupChangeBody& body);
std::string write_key(const KeyBody& body);
std::string write_reset(const KeyBody& body);
std::string write(const RotationBody& body);
std::string write(const BreakGlassBody& body);
std::string write_break_glass_end(std::string_view group);
std::string write_marked_acts(const std::vector<std::string>& acts);
std::string write(const GenesisBody& body);
std::string write(const RequestBody& body);

// Forms that bodies share with what is asked of proposals.
bool is_tenant(std::string_view text);
bool is_scope(std::string_view text);
bool is_model(std::string_view text);
// Words of a person: UTF-8 without control characters, 1 to `max` bytes.
bool is_words(std::string_view text, std::size_t max);
// A kind of fact that can be marked.
bool is_act(std::string_view text);

}  // namespace redoubt::identity::internal
