#include "redoubt/kept_bundles.h"

#include <utility>
#include <vector>

#include "identity/approvals.h"
#include "redoubt/settings.h"

namespace redoubt::app {
namespace {

constexpr std::size_t kBundlesKept = 16;  // the last that were in force

}  // namespace

// As the launcher reads what lies in files: with the settings, which only the next start takes up.
Result<> KeptBundles::check(std::string_view digest) const {
  auto bundle = store_.get(digest);
  if (!bundle) return bundle.error();
  if (auto usable = check_bundle(*bundle); !usable) return usable;
  const auto next = parse_settings(*bundle->find(kConfig), std::string(kConfig));
  if (!next) return next.error();
  return start_.ask(StartNeeds::of(*next));
}

Result<> KeptBundles::add(const state::Bundle& bundle) {
  if (auto usable = check_bundle(bundle); !usable) return usable;
  return keep(bundle);
}

Result<> KeptBundles::keep(const state::Bundle& bundle) {
  if (auto done = store_.put(bundle); !done) return done;
  kept_last_ = bundle.digest();
  return tick();
}

Result<> KeptBundles::tick() {
  if (kept_last_.empty() || !engine_->written()) return {};
  return forget_others(std::exchange(kept_last_, {}));
}

Result<> KeptBundles::forget_others(const std::string& newest) {
  auto last = state::list_activations(engine_->tables(), kBundlesKept);
  if (!last) return last.error();
  auto requests = identity::list_approvals(engine_->tables(), {}, {}, identity::kOpenRequestsMax);
  if (!requests) return requests.error();
  std::vector<std::string> digests{newest};
  for (const auto& activation : *last) digests.push_back(activation.digest);
  for (const identity::Approval& request : *requests) {
    if (request.kind == state::kBundleActivate) digests.push_back(state::wanted_digest(request.body));
  }
  return store_.keep_only(digests);
}

Result<> KeptBundles::load_in_force() {
  const auto& now = bundles_.in_force();
  if (!now || (in_force_ && in_force_->digest == now->digest)) return {};
  const auto before = std::exchange(in_force_, nullptr);  // until the new one has taken what both use
  auto bundle = store_.get(now->digest);
  if (!bundle) return bundle.error().in("bundle `" + now->digest + "`");
  auto loaded = load_bundle(*bundle);
  if (!loaded) return loaded.error();
  in_force_ = std::make_shared<const LoadedBundle>(*std::move(loaded));
  return {};
}

}  // namespace redoubt::app
