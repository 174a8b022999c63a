#include "gateway/api_keys.h"

#include <algorithm>

#include "crypto/secret.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "encoding/json_writer.h"
#include "ledger/logs.h"

namespace redoubt::gateway {
namespace {

constexpr std::string_view kPrefix = "rdk_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeyChars = 4 + 43;
constexpr std::size_t kMaxModels = 256;
constexpr std::size_t kMaxModelBytes = 256;  // as in gateway/openai.h

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_model(std::string_view name) {
  return !name.empty() && name.size() <= kMaxModelBytes;
}

bool digest_less(const ApiKey& a, const ApiKey& b) {
  return a.digest < b.digest;
}

Error malformed(std::string_view why) {
  return Error(Errc::kMalformed, "API key file: " + std::string(why));
}

Result<ApiKey> parse_key(const simdjson::dom::element& element) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return malformed("an entry is not an object");
  ApiKey key;
  key.id = encoding::string_member(object, "id");
  if (!is_id(key.id)) return malformed("an `id` has 1 to 64 letters, digits, `.`, `_` or `-`");
  auto role = parse_role(encoding::string_member(object, "role"));
  if (!role) return malformed(role.error().message());
  key.role = *role;
  key.tenant = encoding::string_member(object, "tenant");
  if (!key.tenant.empty() && !ledger::is_tenant_name(key.tenant)) return malformed("`tenant` is no tenant's name");
  auto digest = encoding::hex_decode(encoding::string_member(object, "sha256"));
  if (!digest || digest->size() != key.digest.size()) return malformed("`sha256` has 64 hexadecimal digits");
  std::copy(digest->begin(), digest->end(), key.digest.begin());
  if (object["created"].get(key.created.value) != simdjson::SUCCESS) return malformed("`created` is not a time");
  simdjson::dom::array models;
  if (object["models"].get(models) != simdjson::SUCCESS || models.size() > kMaxModels) {
    return malformed("`models` is an array of at most 256 names");
  }
  for (const auto model : models) {
    std::string_view name;
    if (model.get(name) != simdjson::SUCCESS || !is_model(name))
      return malformed("`models` holds names of 1 to 256 bytes");
    key.models.emplace_back(name);
  }
  return key;
}

}  // namespace

std::string_view to_string(Role role) {
  return role == Role::kAuditor ? "auditor" : "caller";
}

Result<Role> parse_role(std::string_view text) {
  if (text == "caller") return Role::kCaller;
  if (text == "auditor") return Role::kAuditor;
  return Error(Errc::kInvalidArgument, "unknown role `" + std::string(text) + "`: expected `caller` or `auditor`");
}

Result<ApiKeys> ApiKeys::parse(std::string_view json) {
  encoding::JsonReader reader({.max_bytes = kMaxFileBytes, .max_depth = 8});
  auto root = reader.parse(json);
  if (!root) return root.error().in("API key file");
  simdjson::dom::array entries;
  if ((*root)["keys"].get(entries) != simdjson::SUCCESS) return malformed("expected an object with an array `keys`");
  ApiKeys keys;
  for (const auto entry : entries) {
    if (keys.keys_.size() == kMaxKeys) return Error(Errc::kTooLarge, "API key file: more than 10,000 keys");
    auto key = parse_key(entry);
    if (!key) return key.error();
    keys.keys_.push_back(*std::move(key));
  }
  std::vector<std::string_view> ids;
  for (const ApiKey& key : keys.keys_) ids.push_back(key.id);
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) return malformed("an `id` occurs twice");
  keys.sort();
  // Which of the two such a key would mean is not ours to guess.
  const auto same_digest = [](const ApiKey& a, const ApiKey& b) { return a.digest == b.digest; };
  if (std::adjacent_find(keys.keys_.begin(), keys.keys_.end(), same_digest) != keys.keys_.end()) {
    return malformed("a `sha256` occurs twice");
  }
  return keys;
}

std::string ApiKeys::format() const {
  std::vector<const ApiKey*> by_id;
  for (const ApiKey& key : keys_) by_id.push_back(&key);
  std::sort(by_id.begin(), by_id.end(), [](const ApiKey* a, const ApiKey* b) { return a->id < b->id; });
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.key("keys");
  json.begin_array();
  for (const ApiKey* key : by_id) {
    json.begin_object();
    json.member("id", key->id);
    json.member("role", to_string(key->role));
    if (!key->tenant.empty()) json.member("tenant", key->tenant);
    json.key("models");
    json.begin_array();
    for (const std::string& model : key->models) json.value(std::string_view(model));
    json.end_array();
    json.key("sha256");
    json.value_hex(key->digest);
    json.member("created", key->created.value);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  out += '\n';
  return out;
}

Result<std::string> ApiKeys::issue(ApiKey wanted, bool replace) {
  if (!is_id(wanted.id)) {
    return Error(Errc::kInvalidArgument,
                 "a key's name has 1 to 64 letters, digits, `.`, `_` or `-`, not `" + wanted.id + "`");
  }
  if (!wanted.tenant.empty() && !ledger::is_tenant_name(wanted.tenant)) {
    return Error(Errc::kInvalidArgument, "a tenant's name has 1 to 64 of a-z, 0-9, `.`, `_` and `-`, not in front: `" +
                                             wanted.tenant + "` does not");
  }
  if (wanted.models.size() > kMaxModels || !std::all_of(wanted.models.begin(), wanted.models.end(), is_model)) {
    return Error(Errc::kInvalidArgument, "a key names at most 256 models, each of 1 to 256 bytes");
  }
  const auto taken = std::find_if(keys_.begin(), keys_.end(), [&](const ApiKey& key) { return key.id == wanted.id; });
  if (taken != keys_.end()) {
    if (!replace) return Error(Errc::kAlreadyExists, "there is a key `" + wanted.id + "` already");
    keys_.erase(taken);
  }
  if (keys_.size() >= kMaxKeys) return Error(Errc::kResourceExhausted, "there are 10,000 keys already");
  const crypto::Secret secret = crypto::Secret::random(kSecretBytes);
  std::string text = std::string(kPrefix) + encoding::base64url(secret.reveal());
  wanted.digest = crypto::sha256(as_bytes(text));
  keys_.push_back(std::move(wanted));
  sort();
  return text;
}

Result<> ApiKeys::revoke(std::string_view id) {
  if (std::erase_if(keys_, [&](const ApiKey& key) { return key.id == id; }) == 0) {
    return Error(Errc::kNotFound, "there is no key `" + std::string(id) + "`");
  }
  return {};
}

const ApiKey* ApiKeys::find(std::string_view authorization) const {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() != kScheme.size() + kKeyChars) return nullptr;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return nullptr;
  }
  ApiKey wanted;
  wanted.digest = crypto::sha256(as_bytes(authorization.substr(kScheme.size())));
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), wanted, digest_less);
  if (at == keys_.end() || !crypto::equal_constant_time(at->digest, wanted.digest)) return nullptr;
  return &*at;
}

void ApiKeys::sort() {
  std::sort(keys_.begin(), keys_.end(), digest_less);
}

}  // namespace redoubt::gateway
