// The bundles that the server keeps, and the one in force, loaded: what digests in facts stand for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "admin/bundle_library.h"
#include "base/file.h"
#include "base/result.h"
#include "redoubt/bundle_files.h"
#include "redoubt/start_check.h"
#include "state/bundle.h"
#include "state/engine.h"

namespace redoubt::app {

// The engine's thread.
class KeptBundles final : public admin::BundleLibrary {
 public:
  // All must outlive it. `engine` is null until the state is open: until then only in_force(), load_in_force(), check()
  // and get() may be called.
  KeptBundles(FileSystem& fs, std::string folder, const state::BundleProjection& bundles,
              const std::unique_ptr<state::Engine>& engine, StartQuestion start)
      : store_(fs, std::move(folder)), bundles_(bundles), engine_(engine), start_(std::move(start)) {}

  // kInvalidArgument also when a server would not start with it, and kUnavailable when that cannot be told.
  Result<> check(std::string_view digest) const override;
  Result<state::Bundle> get(std::string_view digest) const override { return store_.get(digest); }
  Result<> add(const state::Bundle& bundle) override;

  // Keeps it, beside those that somebody has asked to activate and the last that were in force; others go, at the next
  // tick() if the state is not in its file yet.
  Result<> keep(const state::Bundle& bundle);
  // From time to time.
  Result<> tick();

  // What the last load_in_force() made of the state; null for none.
  const std::shared_ptr<const LoadedBundle>& in_force() const { return in_force_; }
  // Loads what the state says is in force, unless it is loaded. An error, kNotFound, kCorrupt or kMalformed, leaves
  // nothing in force.
  Result<> load_in_force();

 private:
  Result<> forget_others(const std::string& newest);

  state::BundleStore store_;
  const state::BundleProjection& bundles_;
  const std::unique_ptr<state::Engine>& engine_;
  const StartQuestion start_;
  std::shared_ptr<const LoadedBundle> in_force_;
  std::string kept_last_;  // by its digest; empty when others were forgotten since
};

}  // namespace redoubt::app
