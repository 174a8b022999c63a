#include "redoubt/bundle_files.h"

#include <vector>

#include "base/config.h"
#include "gateway/policy_files.h"
#include "redoubt/settings.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kConfig = "redoubt.toml";
constexpr std::string_view kPrices = "prices.toml";
constexpr std::string_view kPolicies = "policies/";

}  // namespace

Result<LoadedBundle> load_bundle(const state::Bundle& bundle) {
  std::vector<gateway::PolicyFile> files;
  for (const state::BundleFile& file : bundle.files()) {
    if (file.name.starts_with(kPolicies)) files.push_back({file.name.substr(kPolicies.size()), file.text});
  }
  auto policies = gateway::PolicyBundle::load(files);
  if (!policies) return policies.error();
  auto prices = std::make_shared<limits::Prices>();
  if (const std::string* text = bundle.find(kPrices)) {
    auto parsed = limits::Prices::parse(*text, std::string(kPrices));
    if (!parsed) return parsed.error();
    *prices = *std::move(parsed);
  }
  return LoadedBundle{.digest = bundle.digest(), .policies = *std::move(policies), .prices = std::move(prices)};
}

Result<state::Bundle> read_bundle(FileSystem& fs, const Layout& layout) {
  std::vector<state::BundleFile> files;
  const auto add = [&](std::string_view name, const std::string& path) -> Result<> {
    auto text = read_file(fs, path, ConfigFile::kMaxSizeBytes);
    if (!text) return text.error();
    files.push_back({std::string(name), std::string(as_chars(*text))});
    return {};
  };
  if (auto done = add(kConfig, layout.config()); !done) return done.error();
  if (auto done = add(kPrices, layout.prices()); !done && done.error().code() != Errc::kNotFound) return done.error();
  auto policies = gateway::read_policies(fs, layout.policies());
  if (!policies && policies.error().code() == Errc::kNotFound) {
    return Error(Errc::kNotFound, "there is no folder `" + layout.policies() +
                                      "`; `redoubt policy schema --defaults` prints what a new one holds");
  }
  if (!policies) return policies.error();
  for (gateway::PolicyFile& file : *policies)
    files.push_back({std::string(kPolicies) + file.name, std::move(file.text)});
  return state::Bundle::make(std::move(files));
}

Result<> check_bundle(const state::Bundle& bundle) {
  const std::string* const settings = bundle.find(kConfig);
  if (settings == nullptr) return Error(Errc::kMalformed, "a bundle has a file `" + std::string(kConfig) + "`");
  if (auto parsed = parse_settings(*settings, std::string(kConfig)); !parsed) return parsed.error();
  auto loaded = load_bundle(bundle);
  if (!loaded) return loaded.error();
  return {};
}

Result<state::Bundle> read_valid_bundle(FileSystem& fs, const Layout& layout) {
  auto bundle = read_bundle(fs, layout);
  if (!bundle) return bundle.error();
  if (auto settings = parse_settings(*bundle->find(kConfig), layout.config()); !settings) return settings.error();
  if (auto loaded = load_bundle(*bundle); !loaded) return loaded.error();
  return bundle;
}

}  // namespace redoubt::app
