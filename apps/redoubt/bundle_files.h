// The bundle as the operator has it in files, and what comes of it once it is loaded.
//
//   DIR/redoubt.toml            `redoubt.toml`
//   DIR/policies/X.cedar        `policies/X.cedar`; .json likewise
//   DIR/prices.toml             `prices.toml`, when there is one
//   DIR/inspection.toml         `inspection.toml`, likewise
//   DIR/regimes.yaml            `regimes.yaml`, likewise
//   DIR/notify.toml             `notify.toml`, likewise
//   DIR/attestation/X.json      `attestation/X.json` (gateway/attestation_files.h)
//   DIR/contracts/X.json        `contracts/X.json`
//   DIR/dictionaries/X.sealed   `dictionaries/X.sealed`
//   DIR/playbooks/X.yaml        `playbooks/X.yaml`, but for `X.tests.yaml`
//   DIR/rules/ANY/X.yml         `rules/ANY/X.yml`, and `rules/taxonomy.yaml` (behaviour/rule_book.h)
#pragma once

#include <memory>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "gateway/attestation_files.h"
#include "gateway/inspection.h"
#include "gateway/policy_bundle.h"
#include "incident/playbook.h"
#include "limits/prices.h"
#include "redoubt/layout.h"
#include "redoubt/notice_plan.h"
#include "state/bundle.h"

namespace redoubt::app {

// In the bundle.
inline constexpr std::string_view kConfig = "redoubt.toml";
inline constexpr std::string_view kNotify = "notify.toml";

// What the files of a bundle mean, but for redoubt.toml, which is read by the launcher at the start.
struct LoadedBundle {
  std::string digest;
  std::shared_ptr<const gateway::PolicyBundle> policies;
  std::shared_ptr<const limits::Prices> prices;
  std::shared_ptr<const gateway::Inspection> inspection;
  std::shared_ptr<const std::vector<incident::Playbook>> playbooks;  // not null
  std::shared_ptr<const NoticePlan> notices;                         // not null
  std::shared_ptr<const gateway::AttestationFiles> attestation;      // not null
};

// kMalformed, with file, line and column, for what does not validate, also for policies that name kinds of matches
// that nothing in the bundle finds, or that are to stop streams by what is known at their end alone, where those are
// not buffered; nothing of it is then to be used. Dictionaries are not opened: the keeper does that, for a server.
//
// Rules of inspection take most of a second to compile, unless the same are in use: who loads a bundle and means it to
// be loaded again keeps what was loaded meanwhile.
Result<LoadedBundle> load_bundle(const state::Bundle& bundle);

// Whether a start would take all of it, redoubt.toml included. kMalformed, with the place.
Result<> check_bundle(const state::Bundle& bundle);

// Reads the files; whether they validate, load_bundle() says, and of redoubt.toml parse_settings(). Errors: kNotFound
// naming what is missing, kTooLarge.
Result<state::Bundle> read_bundle(FileSystem& fs, const Layout& layout);
// The same, validated, and as it was loaded.
struct ValidBundle {
  state::Bundle bundle;
  LoadedBundle loaded;
};
Result<ValidBundle> read_valid_bundle(FileSystem& fs, const Layout& layout);

}  // namespace redoubt::app
