#include "redoubt/bundle_files.h"

#include <vector>

#include "base/config.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "gateway/answer_contracts.h"
#include "gateway/policy_files.h"
#include "incident/bundle_playbooks.h"
#include "incident/regimes.h"
#include "keys/sealed_dictionary.h"
#include "redoubt/behaviour/rule_book.h"
#include "redoubt/settings.h"
#include "redoubt/shipped_playbooks.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kPrices = "prices.toml";
constexpr std::string_view kInspection = "inspection.toml";
constexpr std::string_view kRegimes = "regimes.yaml";
constexpr std::string_view kAttestation = "attestation/";
constexpr std::string_view kPolicies = "policies/";
constexpr std::string_view kContracts = "contracts/";
constexpr std::string_view kDictionaries = "dictionaries/";
constexpr std::string_view kSealed = ".sealed";
constexpr int kMaxRuleFolders = 4;                    // in each other
constexpr std::size_t kMaxRuleBytes = 1024 * 1024;    // what sigma::RuleSet takes
constexpr std::size_t kMaxSchemaBytes = 1024 * 1024;  // what contract::JsonSchema takes
constexpr std::size_t kMaxReferenceBytes = 8 * 1024 * 1024;

// An obligation about what nothing finds would never be carried out, and nobody would know.
Result<> check_named_kinds(const gateway::PolicyBundle& policies, const gateway::Inspection& inspection) {
  for (const std::string& name : policies.named_kinds()) {
    if (inspection.knows(name)) continue;
    return Error(Errc::kMalformed, "policies name matches of `" + name + "`, but no rule in force finds such");
  }
  return {};
}

// Whether an answer has the form that it must have is known when it has ended. A stream of it has gone by then.
Result<> check_streams(const gateway::PolicyBundle& policies, const gateway::Inspection& inspection) {
  if (inspection.buffers_streams()) return {};
  for (const std::string& name : policies.named_to_stop_answers()) {
    if (name != inspect::to_string(inspect::Family::kContract) && !gateway::is_contract_kind(name)) continue;
    return Error(Errc::kMalformed, "policies stop answers by `" + name +
                                       "`, which is known at the end of a stream alone; `inspection.buffer_streams = "
                                       "true` in inspection.toml keeps streams until then");
  }
  return {};
}

// Whose evidence is accepted: that comes into force, and on record, with everything else.
Result<std::shared_ptr<const gateway::AttestationFiles>> attestation_of(const state::Bundle& bundle) {
  std::vector<gateway::AttestationFiles::File> files;
  for (const state::BundleFile& file : bundle.files()) {
    if (file.name.starts_with(kAttestation)) files.push_back({file.name, file.text});
  }
  return gateway::AttestationFiles::load(files);
}

// What redoubt.toml names must be in the bundle.
Result<> check_named_policies(const Settings& settings, const LoadedBundle& loaded) {
  for (const gateway::AcceptedPeer* each : {&settings.upstream_evidence, &settings.caller_evidence}) {
    if (!each->is_asked()) continue;
    if (auto fit = loaded.attestation->check(*each); !fit) {
      return Error(Errc::kMalformed, std::string(kConfig) + ": " + fit.error().message());
    }
  }
  return {};
}

// The files of a folder with this ending, as `prefix` and their name. There need not be such a folder.
Result<> add_folder(FileSystem& fs, const std::string& folder, std::string_view prefix, std::string_view ending,
                    std::size_t max_bytes, std::vector<state::BundleFile>& files) {
  auto names = fs.list(folder);
  if (!names && names.error().code() == Errc::kNotFound) return {};
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (name.starts_with('.') || !name.ends_with(ending)) continue;
    if (ending == kPlaybookEnding && name.ends_with(kPlaybookTestsEnding)) continue;
    if (files.size() == state::Bundle::kMaxFiles) return Error(Errc::kTooLarge, "too many files").in(folder);
    auto text = read_file(fs, folder + "/" + name, max_bytes);
    if (!text) return text.error();
    files.push_back({std::string(prefix) + name, std::string(as_chars(*text))});
  }
  return {};
}

// As `rules/` of the program's source is: folders of rules, with tests beside them, which stay out.
Result<> add_rules(FileSystem& fs, const std::string& folder, const std::string& prefix, int depth,
                   std::vector<state::BundleFile>& files) {
  auto names = fs.list(folder);
  if (!names && names.error().code() == Errc::kNotFound && depth == 0) return {};
  if (!names) return names.error();
  if (depth == kMaxRuleFolders) return Error(Errc::kTooLarge, "too many folders in each other").in(folder);
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    if (name.find('.') == std::string::npos) {
      if (auto done = add_rules(fs, path, prefix + name + "/", depth + 1, files); !done) return done;
      continue;
    }
    if (name.starts_with('.') || (!name.ends_with(".yml") && (depth != 0 || name != "taxonomy.yaml"))) continue;
    if (files.size() == state::Bundle::kMaxFiles) return Error(Errc::kTooLarge, "too many files").in(folder);
    auto text = read_file(fs, path, kMaxRuleBytes);
    if (!text) return text.error();
    files.push_back({prefix + name, std::string(as_chars(*text))});
  }
  return {};
}

// Who is told of incidents, and by which laws; of these the ones that come with the program where there are no others.
Result<NoticePlan> notices_of(const state::Bundle& bundle, const std::vector<incident::Playbook>& playbooks) {
  NoticePlan out;
  const std::string* const laws = bundle.find(kRegimes);
  auto table =
      incident::read_regimes(kRegimes, laws != nullptr ? std::string_view(*laws) : incident::shipped_regimes());
  if (!table) return Error(Errc::kMalformed, table.error().message());
  out.laws = *std::move(table);
  const std::string* const text = bundle.find(kNotify);
  if (text != nullptr) {
    auto settings = notify::parse_notify_settings(*text, std::string(kNotify));
    if (!settings) return settings.error();
    out.settings = *std::move(settings);
  }
  for (const incident::Playbook& playbook : playbooks) {
    if (playbook.notify.empty()) continue;
    for (const std::string& role : playbook.notify) {
      if (out.settings.has_role(role)) continue;
      return Error(Errc::kMalformed, "the playbook `" + playbook.name + "` has `" + role +
                                         "` notified, a role that no contact of notify.toml has");
    }
    out.told_by.emplace(playbook.name, playbook.notify);
  }
  // Without endpoints nobody can be told: no process is started for it.
  if (!out.settings.endpoints.empty()) out.digest = encoding::hex(crypto::sha256(as_bytes(*text)));
  return out;
}

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
  const std::string* const rules = bundle.find(kInspection);
  std::vector<gateway::SchemaFile> schemas;
  for (const state::BundleFile& file : bundle.files()) {
    if (file.name.starts_with(kContracts)) schemas.push_back({file.name.substr(kContracts.size()), file.text});
  }
  std::vector<gateway::DictionaryFile> dictionaries;
  for (const state::BundleFile& file : bundle.files()) {
    if (!file.name.starts_with(kDictionaries) || !file.name.ends_with(kSealed)) continue;
    const std::size_t size = file.name.size() - kDictionaries.size() - kSealed.size();
    dictionaries.push_back({file.name.substr(kDictionaries.size(), size), file.text});
  }
  auto inspection = gateway::Inspection::load(rules == nullptr ? std::string_view() : *rules, schemas, dictionaries);
  if (!inspection) return inspection.error();
  if (auto done = check_named_kinds(**policies, **inspection); !done) return done.error();
  if (auto done = check_streams(**policies, **inspection); !done) return done.error();
  if (auto compiled = rules_of(bundle.files()); !compiled) return compiled.error();
  auto attestation = attestation_of(bundle);
  if (!attestation) return attestation.error();
  auto playbooks = incident::playbooks_of(bundle.files());
  if (!playbooks) return playbooks.error();
  auto notices = notices_of(bundle, *playbooks);
  if (!notices) return notices.error();
  return LoadedBundle{.digest = bundle.digest(),
                      .policies = *std::move(policies),
                      .prices = std::move(prices),
                      .inspection = *std::move(inspection),
                      .playbooks = std::make_shared<const std::vector<incident::Playbook>>(*std::move(playbooks)),
                      .notices = std::make_shared<const NoticePlan>(*std::move(notices)),
                      .attestation = *std::move(attestation)};
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
  for (const auto& [name, path] : {std::pair(kPrices, layout.prices()), std::pair(kInspection, layout.inspection()),
                                   std::pair(kRegimes, layout.regimes()), std::pair(kNotify, layout.notify())}) {
    if (auto done = add(name, path); !done && done.error().code() != Errc::kNotFound) return done.error();
  }
  if (auto done = add_folder(fs, layout.attestation(), kAttestation, ".json", kMaxReferenceBytes, files); !done) {
    return done.error();
  }
  if (auto done = add_folder(fs, layout.contracts(), kContracts, ".json", kMaxSchemaBytes, files); !done) {
    return done.error();
  }
  if (auto done = add_folder(fs, layout.dictionaries(), kDictionaries, kSealed, keys::kSealedDictionaryMax, files);
      !done) {
    return done.error();
  }
  if (auto done = add_folder(fs, layout.playbooks(), incident::kBundlePlaybooks, kPlaybookEnding,
                             incident::kPlaybookFileMax, files);
      !done) {
    return done.error();
  }
  if (auto done = add_rules(fs, layout.root + "/rules", std::string(kBundleRules), 0, files); !done)
    return done.error();
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
  auto parsed = parse_settings(*settings, std::string(kConfig));
  if (!parsed) return parsed.error();
  auto loaded = load_bundle(bundle);
  if (!loaded) return loaded.error();
  return check_named_policies(*parsed, *loaded);
}

Result<ValidBundle> read_valid_bundle(FileSystem& fs, const Layout& layout) {
  auto bundle = read_bundle(fs, layout);
  if (!bundle) return bundle.error();
  auto settings = parse_settings(*bundle->find(kConfig), layout.config());
  if (!settings) return settings.error();
  auto loaded = load_bundle(*bundle);
  if (!loaded) return loaded.error();
  if (auto named = check_named_policies(*settings, *loaded); !named) return named.error();
  return ValidBundle{.bundle = *std::move(bundle), .loaded = *std::move(loaded)};
}

}  // namespace redoubt::app
