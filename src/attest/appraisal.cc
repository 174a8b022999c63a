#include "attest/appraisal.h"

#include <algorithm>
#include <array>

#include "encoding/base64.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

constexpr std::size_t kMaxStatement = 64 * 1024;
constexpr std::string_view kStatement = "statement";  // the name of its sub-module

// AR4SI §2.3.4.
constexpr std::uint8_t kAffirmed = 2;
constexpr std::uint8_t kApprovedBoot = 3;
constexpr std::uint8_t kUnsafeHardware = 32;
constexpr std::uint8_t kUnrecognizedRuntime = 33;
constexpr std::uint8_t kContraindicatedValue = 96;
constexpr std::uint8_t kUnrecognized = 97;  // of an instance, or of hardware

bool is_cpu_tee(Kind kind) {
  return kind != Kind::kTpm && kind != Kind::kNvidiaGpu;
}

bool claims_debug(const ClaimObject& claims) {
  const Claim* debug = find_claim(claims, "debug");
  return debug != nullptr && (debug->boolean() == nullptr || *debug->boolean());
}

bool failed(const Verdict& verdict, Reason first, Reason last) {
  return std::ranges::any_of(verdict.checks, [&](const Check& each) {
    return each.outcome == Check::Outcome::kFailed && each.about >= first && each.about <= last;
  });
}

TrustVector weigh(const Verdict& verdict, bool has_reference) {
  TrustVector out;
  const bool unread = failed(verdict, Reason::kMalformed, Reason::kTrailing);
  const bool unknown = failed(verdict, Reason::kChain, Reason::kRevoked);
  const bool forged = unread || !verdict.attests || failed(verdict, Reason::kSignature, Reason::kNonce);
  const bool debug = claims_debug(verdict.claims) || failed(verdict, Reason::kDebug, Reason::kDebug);
  const bool old = failed(verdict, Reason::kTcb, Reason::kTcb);
  const bool other_code = failed(verdict, Reason::kEventLog, Reason::kEventLog) ||
                          failed(verdict, Reason::kMeasurement, Reason::kMeasurement);
  out.instance_identity = forged ? kContraindicatedValue : unknown ? kUnrecognized : kAffirmed;
  out.hardware = forged ? kContraindicatedValue : unknown ? kUnrecognized : old ? kUnsafeHardware : kAffirmed;
  out.configuration = debug || forged ? kContraindicatedValue : kAffirmed;
  if (forged || other_code) {
    out.executables = kContraindicatedValue;
  } else {
    out.executables = has_reference ? kApprovedBoot : kUnrecognizedRuntime;
  }
  if (is_cpu_tee(verdict.kind)) {
    out.runtime_opaque = debug || forged || unknown ? kContraindicatedValue : kAffirmed;
  }
  return out;
}

Tier tier_of(const Appraisal& appraisal, const AppraisalPolicy& policy) {
  Tier tier = Tier::kNone;
  bool has_gpu = false;
  for (const PartResult& each : appraisal.parts) {
    if (!each.kind || !each.verdict->accepted() || !each.verdict->attests || claims_debug(each.claims)) continue;
    const PartPolicy& part = policy.parts.at(each.name);
    if (*each.kind == Kind::kNvidiaGpu) {
      has_gpu = true;
    } else if (is_cpu_tee(*each.kind)) {
      tier = std::max(tier, Tier::kCpuTee);
    } else {
      const bool has_chain = std::ranges::any_of(each.verdict->checks, [](const Check& check) {
        return check.about == Reason::kChain && check.outcome == Check::Outcome::kPassed;
      });
      const bool is_hardware = !part.is_self_measured && (part.is_hardware || (has_chain && !part.policy.pinned_ak));
      tier = std::max(tier, is_hardware ? Tier::kTpm : Tier::kSoftwareTpm);
    }
  }
  return tier == Tier::kCpuTee && has_gpu ? Tier::kCpuAndGpuTee : tier;
}

// What one part is told to carry: the relying party's nonce, or the digest of the statement, which has it.
struct Binding {
  crypto::Sha256Digest digest{};
  std::optional<ByteView> nonce;
};

PartResult appraise_statement(const CompositeEvidence& evidence, const ReferenceValues& references,
                              std::vector<std::string>& problems) {
  PartResult out{
      .name = std::string(kStatement), .kind = {}, .vector = {}, .reference = {}, .verdict = {}, .claims = {}};
  encoding::JsonReader reader({.max_bytes = kMaxStatement, .max_depth = 8});
  const auto json = reader.parse(as_chars(*evidence.statement));
  const auto claim = json ? read_claim(*json) : Result<Claim>(json.error());
  if (!claim || claim->object() == nullptr) {
    problems.emplace_back("the statement is no JSON object of claims");
    out.vector = {.instance_identity = kContraindicatedValue, .executables = kContraindicatedValue};
    return out;
  }
  out.claims = *claim->object();
  const Claim* nonce = find_claim(out.claims, "nonce");
  const bool fresh = !evidence.nonce || (nonce != nullptr && *nonce == Claim(*evidence.nonce));
  if (!fresh) problems.emplace_back("the statement carries another nonce");
  out.vector.instance_identity = fresh ? kAffirmed : kContraindicatedValue;
  if (const std::string* name = references.find(std::nullopt, out.claims)) out.reference = *name;
  out.vector.executables = out.reference.empty() ? kUnrecognizedRuntime : kApprovedBoot;
  return out;
}

PartResult appraise_part(Verifier& verifier, const CompositeEvidence::Part& part, const PartPolicy& policy,
                         const CompositeEvidence& evidence, const Binding& binding, const ReferenceValues& references) {
  const Evidence one{.kind = part.kind, .inputs = part.inputs, .at = evidence.at, .nonce = binding.nonce};
  PartResult out{.name = part.name, .kind = part.kind, .vector = {}, .reference = {}, .verdict = {}, .claims = {}};
  out.verdict = verifier.verify(one, policy.policy);
  out.claims = out.verdict->claims;
  if (out.verdict->accepted() && out.verdict->attests) {
    if (const std::string* name = references.find(part.kind, out.claims)) out.reference = *name;
  }
  out.vector = weigh(*out.verdict, !out.reference.empty());
  return out;
}

// What is wrong with a part that was appraised; empty when nothing is.
std::string problem_of(const PartResult& part, bool need_reference) {
  const std::string where = "`" + part.name + "` ";
  if (part.verdict && !part.verdict->accepted()) {
    const Reason reason = *part.verdict->reason();
    for (const Check& each : part.verdict->checks) {
      if (each.about == reason && each.outcome == Check::Outcome::kFailed) {
        return where + "is refused for `" + std::string(to_string(reason)) + "`: " + each.what;
      }
    }
  }
  if (part.verdict && !part.verdict->attests) return where + "is nothing that a machine signed of itself";
  if (claims_debug(part.claims)) return where + "can be looked into";
  if (need_reference && part.reference.empty()) return where + "covers no reference value";
  return {};
}

bool has_measurement_of_software(const ClaimObject& claims) {
  const Claim* const pcrs = find_claim(claims, "pcrs");
  if (pcrs == nullptr || pcrs->object() == nullptr) return false;
  constexpr std::array<std::string_view, 8> kOwn{"8", "9", "10", "11", "12", "13", "14", "15"};
  return std::ranges::any_of(*pcrs->object(), [&](const auto& each) {
    const std::string* const value = each.second.text();
    return value != nullptr && std::ranges::count(kOwn, each.first) != 0 &&
           value->find_first_not_of('0') != std::string::npos;
  });
}

std::string_view name_of(std::size_t i) {
  constexpr std::array<std::string_view, 4> kNames{"none", "affirming", "warning", "contraindicated"};
  return kNames[i];
}

void write_vector(encoding::JsonWriter& out, const TrustVector& vector) {
  const std::array<std::pair<std::string_view, std::uint8_t>, 5> values{{
      {"instance-identity", vector.instance_identity},
      {"configuration", vector.configuration},
      {"executables", vector.executables},
      {"hardware", vector.hardware},
      {"runtime-opaque", vector.runtime_opaque},
  }};
  out.begin_object();
  for (const auto& [name, value] : values) {
    if (value != 0) out.member(name, value);
  }
  out.end_object();
}

}  // namespace

std::string_view to_string(Status status) {
  return name_of(static_cast<std::size_t>(status));
}

Status TrustVector::status() const {
  const std::uint8_t worst = std::max({instance_identity, configuration, executables, hardware, runtime_opaque});
  if (worst >= 96) return Status::kContraindicated;
  if (worst >= 32) return Status::kWarning;
  return worst >= 2 ? Status::kAffirming : Status::kNone;
}

Appraisal appraise(Verifier& verifier, const CompositeEvidence& evidence, const AppraisalPolicy& policy,
                   const ReferenceValues& references) {
  Appraisal out{.at = evidence.at, .nonce = {}, .policy = policy.digest};
  if (evidence.nonce) out.nonce = to_bytes(*evidence.nonce);
  if (evidence.nonce && evidence.nonce->empty()) {
    out.problems.emplace_back("the nonce that was asked for is empty: it proves nothing");
  }
  Binding binding{.nonce = evidence.nonce};
  if (evidence.statement) {
    binding.digest = crypto::sha256(*evidence.statement);
    binding.nonce = binding.digest;
    out.parts.push_back(appraise_statement(evidence, references, out.problems));
    if (auto problem = problem_of(out.parts.back(), policy.need_statement); !problem.empty()) {
      out.problems.push_back(std::move(problem));
    }
  } else if (policy.need_statement) {
    out.problems.emplace_back("there is no statement");
  }
  if (evidence.parts.size() > 1 && !binding.nonce) {
    out.problems.emplace_back("nothing binds the parts to each other: ask with a nonce");
  }
  for (const CompositeEvidence::Part& part : evidence.parts) {
    const auto found = policy.parts.find(part.name);
    if (found == policy.parts.end() && policy.pass_over_others) continue;
    const bool twice = std::ranges::any_of(out.parts, [&](const PartResult& each) { return each.name == part.name; });
    if (found == policy.parts.end() || found->second.kind != part.kind || twice) {
      out.problems.push_back("`" + part.name + "` is no part that the policy knows, or stands twice");
      continue;
    }
    out.parts.push_back(appraise_part(verifier, part, found->second, evidence, binding, references));
    const PartResult& result = out.parts.back();
    if (auto problem = problem_of(result, found->second.need_reference); !problem.empty()) {
      out.problems.push_back(std::move(problem));
    } else if (found->second.is_self_measured && !has_measurement_of_software(result.claims)) {
      out.problems.push_back("`" + part.name + "` has no PCR from 8 to 15 that software extended");
    }
    const auto until = result.verdict->valid_until;
    if (until && (!out.valid_until || *until < *out.valid_until)) out.valid_until = until;
  }
  for (const auto& [name, part] : policy.parts) {
    const bool is_there = std::ranges::any_of(out.parts, [&](const PartResult& each) { return each.name == name; });
    if (part.required && !is_there) out.problems.push_back("`" + name + "` is missing");
  }
  out.tier = tier_of(out, policy);
  if (out.tier < policy.min_tier) {
    out.problems.push_back("the tier is `" + std::string(to_string(out.tier)) + "` where `" +
                           std::string(to_string(policy.min_tier)) + "` is demanded");
  }
  out.accepted = out.problems.empty();
  return out;
}

std::string to_ear_json(const Appraisal& appraisal, std::string_view build) {
  std::string text;
  encoding::JsonWriter out(text);
  const std::string policy_id = "sha-256:" + encoding::hex(appraisal.policy);
  Status worst = Status::kNone;
  for (const PartResult& part : appraisal.parts) worst = std::max(worst, part.vector.status());
  if (!appraisal.accepted) worst = Status::kContraindicated;
  out.begin_object();
  out.member("eat_profile", "tag:ietf.org,2026:rats/ear#04");
  out.member("iat", appraisal.at.value / 1000);
  if (appraisal.valid_until) out.member("exp", appraisal.valid_until->value / 1000);
  if (appraisal.nonce) out.member("eat_nonce", encoding::base64url(*appraisal.nonce));
  out.key("ear_verifier_id");
  out.begin_object();
  out.member("developer", "Redoubt");
  out.member("build", build);
  out.end_object();
  out.member("ear_status", to_string(worst));
  out.key("submods");
  out.begin_object();
  for (const PartResult& part : appraisal.parts) {
    out.key(part.name);
    out.begin_object();
    out.member("ear_status", to_string(part.vector.status()));
    out.key("ear_trustworthiness_vector");
    write_vector(out, part.vector);
    out.key("ear_appraisal_policy_ids");
    out.begin_array();
    out.value(policy_id);
    out.end_array();
    out.key("ear_attester_claims");
    write_claim(out, Claim(part.claims));
    out.key("ear_verifier_claims");
    out.begin_object();
    if (!part.reference.empty()) out.member("redoubt_reference", part.reference);
    if (part.verdict) {
      out.key("redoubt_verdict");
      out.raw(to_json(*part.verdict));
    }
    out.end_object();
    out.end_object();
  }
  out.end_object();
  out.member("redoubt_tier", to_string(appraisal.tier));
  out.member("redoubt_accepted", appraisal.accepted);
  out.key("redoubt_problems");
  out.begin_array();
  for (const std::string& each : appraisal.problems) out.value(each);
  out.end_array();
  out.end_object();
  return text;
}

}  // namespace redoubt::attest
