#include "attest/internal/examination.h"

#include <algorithm>

#include "attest/anchors.h"

namespace redoubt::attest {

namespace {

// Of most evidence.
constexpr std::size_t kUsualChecks = 32;
constexpr std::size_t kUsualClaims = 64;

Reason reason_of(crypto::ChainFault fault) {
  switch (fault) {
    case crypto::ChainFault::kExpired:
      return Reason::kExpired;
    case crypto::ChainFault::kRevoked:
      return Reason::kRevoked;
    case crypto::ChainFault::kNoPath:
      break;
  }
  return Reason::kChain;
}

}  // namespace

Examination::Examination(const Evidence& evidence, const Policy& policy, Trust trust, ChainCache& chains)
    : evidence_(evidence), policy_(policy), trust_(trust), chains_(chains) {
  verdict_.kind = evidence.kind;
  verdict_.checks.reserve(kUsualChecks);
  verdict_.claims.reserve(kUsualClaims);
  verdict_.attests = has_statement_of_machine(evidence.kind, evidence.inputs);
  if (trust == Trust::kVendors) {
    chains_.know({vendor_certificates(evidence.kind), familiar_certificates(evidence.kind)});
  }
}

std::optional<ByteView> Examination::take(Role role) {
  read_[static_cast<std::size_t>(role)] = true;
  const auto bytes = evidence_.inputs.get(role);
  if (bytes && bytes->size() > Evidence::kMaxFileBytes) {
    fail(Reason::kMalformed, "`" + std::string(to_string(role)) + "` is larger than 16 MiB");
    return std::nullopt;
  }
  return bytes;
}

std::optional<ByteView> Examination::need(Role role) {
  auto bytes = take(role);
  if (!has(role)) fail(Reason::kMalformed, "`" + std::string(to_string(role)) + "` is not given");
  return bytes;
}

void Examination::note(Reason about, Check::Outcome outcome, std::string_view what) {
  verdict_.checks.push_back({about, outcome, std::string(what)});
}

bool Examination::check(Reason about, bool good, std::string_view what, std::string_view failure) {
  note(about, good ? Check::Outcome::kPassed : Check::Outcome::kFailed, good ? what : failure);
  return good;
}

bool Examination::failed_by(Reason last) const {
  return std::ranges::any_of(verdict_.checks, [&](const Check& each) {
    return each.outcome == Check::Outcome::kFailed && each.about <= last;
  });
}

bool Examination::check_size(ByteView bytes, std::size_t size, std::string_view name) {
  if (bytes.size() == size) {
    pass(Reason::kTrailing, std::string(name) + " has no bytes after its end");
    return true;
  }
  const std::string count =
      std::string(name) + " has " + std::to_string(bytes.size()) + " bytes where it states " + std::to_string(size);
  if (bytes.size() < size) {
    fail(Reason::kMalformed, count);
    return false;
  }
  if (policy_.allow_trailing_bytes) {
    not_asked(Reason::kTrailing, count + ", which the policy allows");
  } else {
    fail(Reason::kTrailing, count);
  }
  return true;
}

std::optional<std::vector<crypto::Certificate>> Examination::take_certificates(Role role) {
  const auto file = take(role);
  if (!file) return has(role) ? std::nullopt : std::optional(std::vector<crypto::Certificate>{});
  return read_certificates(*file, "`" + std::string(to_string(role)) + "`");
}

std::optional<std::vector<crypto::Certificate>> Examination::read_certificates(ByteView file, std::string_view name) {
  auto certificates = chains_.certificates(file);
  if (!certificates) {
    fail(Reason::kMalformed, certificates.error().in(name).message());
    return std::nullopt;
  }
  return *std::move(certificates);
}

Result<std::shared_ptr<const SignedXml>> Examination::read_signed_xml(std::string_view text) {
  return chains_.signed_xml(text);
}

std::optional<crypto::RevocationList> Examination::read_revocation_list(ByteView file, std::string_view name) {
  auto list = chains_.list(file);
  if (!list) {
    fail(Reason::kMalformed, list.error().in(name).message());
    return std::nullopt;
  }
  return *std::move(list);
}

bool Examination::load_anchors() {
  if (anchors_loaded_) return anchors_good_;
  anchors_loaded_ = true;
  auto roots = take_certificates(Role::kRoot);
  if (!roots) return false;
  roots_ = *std::move(roots);
  if (!has(Role::kRoot) && trust_ == Trust::kVendors) {
    const auto vendor = vendor_certificates(evidence_.kind);
    roots_.assign(vendor.begin(), vendor.end());
  }
  for (const crypto::Certificate& each : roots_) {
    if (each.is_self_signed()) trusted_.push_back(each);
  }
  anchors_good_ = true;
  return true;
}

std::optional<crypto::Chain> Examination::check_chain(const crypto::Certificate& leaf,
                                                      std::span<const crypto::Certificate> others,
                                                      std::string_view name,
                                                      std::span<const crypto::RevocationList> lists) {
  if (!load_anchors()) return std::nullopt;
  std::vector<crypto::Certificate> between(others.begin(), others.end());
  between.insert(between.end(), roots_.begin(), roots_.end());
  std::vector<crypto::Certificate> pinned;
  std::span<const crypto::Certificate> anchors = trusted_;
  if (policy_.pinned_root) {
    const auto take_pinned = [&](const crypto::Certificate& each) {
      if (pinned.empty() && each.sha256() == *policy_.pinned_root) pinned.push_back(each);
    };
    take_pinned(leaf);
    std::ranges::for_each(between, take_pinned);
    anchors = pinned;
  }
  auto chain =
      chains_.verify({.leaf = leaf, .others = between, .anchors = anchors, .lists = lists, .at = evidence_.at});
  if (!chain) {
    fail(reason_of(chain.error().fault), std::string(name) + ": " + chain.error().message);
    return std::nullopt;
  }
  pass(Reason::kChain, std::string(name) + " leads to `" + chain->path.back().common_name() + "`");
  check_times(chain->not_before, chain->not_after, name);
  return *std::move(chain);
}

bool Examination::check_times(UnixMillis from, UnixMillis to, std::string_view name) {
  if (!verdict_.valid_until || to < *verdict_.valid_until) verdict_.valid_until = to;
  const bool early = evidence_.at < from;
  return check(Reason::kExpired, !early && evidence_.at <= to, std::string(name) + " is valid at the time asked about",
               std::string(name) + (early ? " is not valid yet" : " is no longer valid"));
}

void Examination::check_nonce(bool equal) {
  if (!evidence_.nonce) return not_asked(Reason::kNonce, "no nonce was asked for: freshness is not proven");
  // Anybody's evidence carries nothing, yesterday's too.
  if (evidence_.nonce->empty()) return fail(Reason::kNonce, "the nonce that was asked for is empty: it proves nothing");
  check(Reason::kNonce, equal, "it carries the nonce", "it carries another nonce");
}

void Examination::check_nonce_padded(ByteView report_data) {
  bool equal = false;
  if (evidence_.nonce && evidence_.nonce->size() <= report_data.size()) {
    const auto padding = report_data.subspan(evidence_.nonce->size());
    equal = std::ranges::equal(report_data.first(evidence_.nonce->size()), *evidence_.nonce) &&
            std::ranges::all_of(padding, [](std::byte each) { return each == std::byte{0}; });
  }
  check_nonce(equal);
}

void Examination::check_nonce_equal(ByteView field) {
  check_nonce(evidence_.nonce && std::ranges::equal(field, *evidence_.nonce));
}

Verdict Examination::finish() {
  load_anchors();  // so that a root that cannot be read is told, whether it is needed or not
  for (std::size_t i = 0; i < kRoleCount; ++i) {
    const auto role = static_cast<Role>(i);
    if (has(role) && !read_[i]) {
      fail(Reason::kMalformed, "`" + std::string(to_string(role)) + "` was given and is of no use here");
    }
  }
  for (const auto& [name, expected] : policy_.reference) {
    const Claim* claim = find_claim(verdict_.claims, name);
    check(Reason::kMeasurement, claim != nullptr && claim->covers(expected), "`" + name + "` is as expected",
          "`" + name + (claim == nullptr ? "` is not claimed" : "` is not as expected"));
  }
  return std::move(verdict_);
}

}  // namespace redoubt::attest
