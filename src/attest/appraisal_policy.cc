#include <algorithm>
#include <array>

#include "attest/appraisal.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

constexpr std::array<std::string_view, 5> kTierNames{"none", "software-tpm", "tpm", "cpu-tee", "cpu-gpu-tee"};

Error malformed(std::string message) {
  return {Errc::kMalformed, "the appraisal policy: " + std::move(message)};
}

// `required` or `none`.
Result<bool> read_demand(const simdjson::dom::element& json, std::string_view member) {
  std::string_view text;
  if (json.get_string().get(text) == simdjson::SUCCESS && (text == "required" || text == "none")) {
    return text == "required";
  }
  return malformed("`" + std::string(member) + "` is `required` or `none`");
}

Result<PartPolicy> read_part(const simdjson::dom::element& json) {
  simdjson::dom::object members;
  if (json.get_object().get(members) != simdjson::SUCCESS) return malformed("a part is an object");
  PartPolicy out{};
  bool has_kind = false;
  for (const auto& [name, value] : members) {
    if (name == "kind") {
      std::string_view text;
      const auto kind = value.get_string().get(text) == simdjson::SUCCESS ? find_kind(text) : std::nullopt;
      if (!kind) return malformed("`kind` is no kind of evidence");
      out.kind = *kind;
      has_kind = true;
    } else if (name == "policy") {
      auto policy = read_policy(value);
      if (!policy) return policy.error();
      if (policy->allow_debug || policy->allow_zero_pcrs) {
        return malformed("debug and PCRs that measured nothing are never accepted here");
      }
      out.policy = *std::move(policy);
    } else if (name == "required" || name == "hardware") {
      bool& flag = name == "required" ? out.required : out.is_hardware;
      if (value.get_bool().get(flag) != simdjson::SUCCESS) return malformed("`" + std::string(name) + "` is no flag");
    } else if (name == "reference") {
      const auto demand = read_demand(value, name);
      if (!demand) return demand.error();
      out.need_reference = *demand;
    } else if (name == "measurer") {
      std::string_view text;
      const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
      out.is_self_measured = is_text && text == "self";
      if (!out.is_self_measured && text != "platform") return malformed("`measurer` is `platform` or `self`");
    } else {
      return malformed("`" + std::string(name) + "` is unknown");
    }
  }
  if (out.is_self_measured && (!has_kind || out.kind != Kind::kTpm || out.is_hardware)) {
    return malformed("only a TPM that counts as software may have `self` for its measurer");
  }
  out.policy.allow_zero_pcrs = out.is_self_measured;
  if (!has_kind) return malformed("a part has no `kind`");
  return out;
}

}  // namespace

std::string_view to_string(Tier tier) {
  return kTierNames[static_cast<std::size_t>(tier)];
}

std::optional<Tier> find_tier(std::string_view name) {
  const auto at = std::ranges::find(kTierNames, name);
  if (at == kTierNames.end()) return std::nullopt;
  return static_cast<Tier>(at - kTierNames.begin());
}

AppraisalPolicy pinned_tpm_policy(const crypto::Sha256Digest& key, bool is_hardware) {
  PartPolicy part{.kind = Kind::kTpm, .policy = {}, .need_reference = false};
  part.is_hardware = is_hardware;
  part.is_self_measured = !is_hardware;
  part.policy.pinned_ak = key;
  part.policy.allow_zero_pcrs = !is_hardware;
  AppraisalPolicy out;
  out.parts.emplace("tpm", std::move(part));
  out.pass_over_others = true;
  out.min_tier = is_hardware ? Tier::kTpm : Tier::kSoftwareTpm;
  return out;
}

Result<AppraisalPolicy> parse_appraisal_policy(std::string_view text) {
  encoding::JsonReader reader({.max_bytes = 64 * 1024, .max_depth = 16});
  const auto root = reader.parse(text);
  if (!root) return root.error().in("the appraisal policy");
  simdjson::dom::object members;
  if (root->get_object().get(members) != simdjson::SUCCESS) return malformed("it is no object");
  AppraisalPolicy out;
  out.digest = crypto::sha256(as_bytes(text));
  for (const auto& [name, value] : members) {
    if (name == "min_tier") {
      std::string_view tier_name;
      const auto tier = value.get_string().get(tier_name) == simdjson::SUCCESS ? find_tier(tier_name) : std::nullopt;
      if (!tier) return malformed("`min_tier` is no tier");
      out.min_tier = *tier;
    } else if (name == "statement") {
      const auto demand = read_demand(value, name);
      if (!demand) return demand.error();
      out.need_statement = *demand;
    } else if (name == "parts") {
      simdjson::dom::object parts;
      if (value.get_object().get(parts) != simdjson::SUCCESS) return malformed("`parts` is no object");
      for (const auto& [part_name, part_json] : parts) {
        auto part = read_part(part_json);
        if (part_name == "statement") return malformed("`statement` is no name of a part");
        if (!part) return part.error().in("the part `" + std::string(part_name) + "`");
        out.parts.emplace(std::string(part_name), *std::move(part));
      }
    } else {
      return malformed("`" + std::string(name) + "` is unknown");
    }
  }
  if (out.parts.empty() || out.parts.size() > AppraisalPolicy::kMaxParts) return malformed("it has 1 to 16 parts");
  return out;
}

}  // namespace redoubt::attest
