#include "redoubt/bundle_intake.h"

#include <utility>

#include "base/log.h"
#include "base/pass_file.h"
#include "identity/approvals.h"

namespace redoubt::app {
namespace {

constexpr std::chrono::seconds kRetry{1};

Error unapproved(const std::string& files, const std::string& in_force) {
  return Error(Errc::kPermissionDenied,
               "the configuration and policies in the folder (" + files + ") are not those in force (" + in_force +
                   "), and to bring others into force takes two persons. To go on, put those in force back: they are "
                   "kept in `state/bundles`. To change them, start with those, then send SIGHUP with the new ones in "
                   "place, and have `bundle.activate` requested and approved");
}

}  // namespace

Result<state::Bundle> BundleIntake::receive() const {
  auto bytes = receive_file(parts_.socket, state::Bundle::kMaxPackedBytes);
  if (!bytes) return bytes.error();
  return state::Bundle::unpack(as_chars(*bytes));
}

Result<bool> BundleIntake::needs_two_persons(const state::Bundle& bundle) const {
  auto proposal = state::propose_activation(bundle.digest(), parts_.bundles.in_force());
  if (!proposal) return proposal.error();
  return identity::needs_approval(parts_.engine.tables(), *proposal);
}

// What lies in the operator's files is in force, or may come into force, or nothing starts.
Result<> BundleIntake::choose() {
  auto bundle = receive();
  if (!bundle) return bundle.error().in("bundle");
  auto loaded = load_bundle(*bundle);
  if (!loaded) return loaded.error();
  const auto& now = parts_.bundles.in_force();
  const bool same = now && now->digest == bundle->digest();
  const auto marked = same || bundle->digest() == parts_.approved ? Result<bool>(false) : needs_two_persons(*bundle);
  if (!marked) return marked.error();
  if (*marked) return unapproved(bundle->digest(), now->digest);
  if (auto kept = parts_.kept.keep(*bundle); !kept) return kept;
  if (same) return parts_.kept.load_in_force();
  starting_ = true;
  wanted_.emplace(ValidBundle{.bundle = *std::move(bundle), .loaded = *std::move(loaded)});
  return {};
}

void BundleIntake::reload() {
  auto bundle = receive();
  if (!bundle) {
    log::error("administration", "the bundle is kept as it was", {{"why", bundle.error().message()}});
    return;
  }
  const auto& now = parts_.bundles.in_force();
  if (now && now->digest == bundle->digest()) {
    wanted_.reset();
    log::info("administration", "the bundle is in force already", {{"digest", bundle->digest()}});
    return;
  }
  auto loaded = load_bundle(*bundle);
  const auto kept = loaded ? parts_.kept.keep(*bundle) : Result<>(loaded.error());
  const auto marked = kept ? needs_two_persons(*bundle) : Result<bool>(kept.error());
  if (!marked) {
    log::error("administration", "the bundle is kept as it was", {{"why", marked.error().message()}});
  } else if (*marked) {
    log::warning("administration", "the bundle is kept as it was: the new one waits for two persons",
                 {{"digest", bundle->digest()}, {"act", state::kBundleActivate}});
  } else {
    wanted_.emplace(ValidBundle{.bundle = *std::move(bundle), .loaded = *std::move(loaded)});
    starting_ = false;
    activate();
  }
}

void BundleIntake::tick() {
  if (wanted_ && parts_.clock.steady() >= next_try_) activate();
}

void BundleIntake::activate() {
  if (activating_ || !wanted_ || !parts_.ledger.ready() || !parts_.engine.current()) return;
  activating_ = true;
  // What the keeper refuses is found while nothing depends on it.
  parts_.dictionaries.open(wanted_->loaded.inspection->dictionaries(),
                           [this, digest = wanted_->bundle.digest()](const Result<>& done) { opened(digest, done); });
}

void BundleIntake::opened(const std::string& digest, const Result<>& done) {
  activating_ = false;
  if (!wanted_ || wanted_->bundle.digest() != digest) return;  // another is wanted by now
  if (done) return propose();
  log::error("administration", "the bundle is kept as it was: a dictionary of the new one cannot be opened",
             {{"why", done.error().message()}});
  next_try_ = parts_.clock.steady() + kRetry;
  if (gateway::may_open_later(done.error())) return;
  wanted_.reset();
  if (starting_) parts_.fail(done.error());
}

void BundleIntake::propose() {
  auto proposal = state::propose_activation(wanted_->bundle.digest(), parts_.bundles.in_force());
  if (!proposal) return;
  const bool by_approvers = starting_ && wanted_->bundle.digest() == parts_.approved;
  proposal->actor = {.principal = "redoubt",
                     .on_behalf_of = by_approvers ? std::string(identity::kKeyApprovers) : parts_.operator_name};
  activating_ = true;
  parts_.engine.propose(*std::move(proposal), [this](const Result<state::Applied>& done) { activated(done); });
}

void BundleIntake::activated(const Result<state::Applied>& done) {
  activating_ = false;
  if (!done) {
    log::error("administration", "the bundle is not in force", {{"why", done.error().message()}});
    // Tried again, unless the answer is no.
    if (done.error().code() == Errc::kPermissionDenied) wanted_.reset();
    next_try_ = parts_.clock.steady() + kRetry;
    return;
  }
  starting_ = false;
  const std::string& digest = parts_.bundles.in_force()->digest;
  if (wanted_ && wanted_->bundle.digest() == digest) wanted_.reset();
  log::info("administration", "in force", {{"digest", digest}, {"fact", done->index}});
}

}  // namespace redoubt::app
