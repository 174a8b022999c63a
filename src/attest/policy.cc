#include "attest/policy.h"

#include "encoding/base64.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kMaxPolicyBytes = 64 * 1024;

Error wrong(std::string_view member, std::string_view form) {
  return {Errc::kMalformed, "the policy's member `" + std::string(member) + "` " + std::string(form)};
}

Result<> read_flag(const simdjson::dom::element& json, std::string_view member, bool& out) {
  if (json.get_bool().get(out) != simdjson::SUCCESS) return wrong(member, "is true or false");
  return {};
}

Result<> read_number(const simdjson::dom::element& json, std::string_view member, std::uint64_t& out) {
  if (json.get_uint64().get(out) != simdjson::SUCCESS) return wrong(member, "is a number from 0");
  return {};
}

Result<> read_digest(const simdjson::dom::element& json, std::string_view member,
                     std::optional<crypto::Sha256Digest>& out) {
  std::string_view text;
  if (json.get_string().get(text) == simdjson::SUCCESS) {
    if (const auto bytes = encoding::hex_decode(text); bytes && bytes->size() == 32) {
      std::ranges::copy(*bytes, out.emplace().begin());
      return {};
    }
  }
  return wrong(member, "is a SHA-256 in hexadecimal");
}

Result<> read_statuses(const simdjson::dom::element& json, std::vector<std::string>& out) {
  simdjson::dom::array list;
  if (json.get_array().get(list) != simdjson::SUCCESS) return wrong("allow_tcb", "is a list of statuses");
  out.clear();
  for (const simdjson::dom::element each : list) {
    std::string_view text;
    if (each.get_string().get(text) != simdjson::SUCCESS) return wrong("allow_tcb", "is a list of statuses");
    out.emplace_back(text);
  }
  return {};
}

Result<> read_reference(const simdjson::dom::element& json, ClaimObject& out) {
  auto claim = read_claim(json);
  if (!claim || claim->object() == nullptr) return wrong("reference", "is an object of claims");
  out = *claim->object();
  return {};
}

}  // namespace

Result<Policy> read_policy(const simdjson::dom::element& json) {
  simdjson::dom::object object;
  if (json.get_object().get(object) != simdjson::SUCCESS) return Error(Errc::kMalformed, "a policy is an object");
  Policy out;
  const auto read = [&](std::string_view name, const simdjson::dom::element& value) -> Result<> {
    if (name == "allow_debug") return read_flag(value, name, out.allow_debug);
    if (name == "allow_trailing_bytes") return read_flag(value, name, out.allow_trailing_bytes);
    if (name == "allow_tcb") return read_statuses(value, out.allow_tcb);
    if (name == "require_collateral") return read_flag(value, name, out.require_collateral);
    if (name == "min_tcb_evaluation") return read_number(value, name, out.min_tcb_evaluation);
    if (name == "allow_sha1") return read_flag(value, name, out.allow_sha1);
    if (name == "allow_zero_pcrs") return read_flag(value, name, out.allow_zero_pcrs);
    if (name == "pinned_root") return read_digest(value, name, out.pinned_root);
    if (name == "pinned_ak") return read_digest(value, name, out.pinned_ak);
    if (name == "reference") return read_reference(value, out.reference);
    return wrong(name, "is unknown");
  };
  for (const auto& member : object) {
    if (auto done = read(member.key, member.value); !done) return done.error();
  }
  return out;
}

Result<Policy> parse_policy(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = kMaxPolicyBytes, .max_depth = 16});
  const auto root = reader.parse(text);
  if (!root) return root.error().in("the policy");
  return read_policy(*root);
}

}  // namespace redoubt::attest
