#include "redoubt/policy_commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "gateway/policy_files.h"
#include "redoubt/bundle_files.h"
#include "redoubt/cedar/commands.h"
#include "redoubt/common_options.h"
#include "redoubt/layout.h"

namespace redoubt::app {
int run_policy_schema(bool defaults) {
  const std::string_view text = defaults ? gateway::kDefaultPolicies : gateway::kPolicySchema;
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kSuccess;
}

int run_policy_bundle(const Common& common, const std::string& folder) {
  PosixFileSystem fs;
  auto files = gateway::read_policies(fs, folder.empty() ? Layout(common.dir).policies() : folder);
  if (!files) return report(files.error(), common.json);
  auto bundle = gateway::PolicyBundle::load(*files);
  if (!bundle && bundle.error().code() == Errc::kMalformed) {
    return report(Error(Errc::kVerifyFailed, bundle.error().message()), common.json);  // an answer, not a failure
  }
  if (!bundle) return report(bundle.error(), common.json);
  // Policies alone have no digest: they come into force with the configuration beside them.
  std::string digest;
  if (folder.empty()) {
    auto whole = read_bundle(fs, Layout(common.dir));
    if (!whole) return report(whole.error(), common.json);
    if (auto fits = check_bundle(*whole); !fits) {
      return report(Error(Errc::kVerifyFailed, fits.error().message()), common.json);
    }
    digest = whole->digest();
  }
  const std::uint64_t count = (*bundle)->policies().policies().size();
  if (!common.json) {
    if (!digest.empty()) std::printf("%s\n", digest.c_str());
    std::printf("policies  %llu\nfiles     %zu\n", static_cast<unsigned long long>(count), files->size());
    return kSuccess;
  }
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", true);
  if (!digest.empty()) json.member("digest", digest);
  json.member("policies", count);
  json.member("files", std::uint64_t{files->size()});
  json.end_object();
  std::printf("%s\n", out.c_str());
  return kSuccess;
}

void add_policy_commands(CLI::App& app, Common& common, PolicyOptions& options, int& status) {
  auto* const policy = app.add_subcommand("policy", "Cedar policies: write, test and roll out what is permitted");
  policy->require_subcommand(1);

  auto* const schema = policy->add_subcommand("schema", "print the schema that Redoubt's policies are written against");
  schema->add_flag("--defaults", options.defaults, "print the policies that `redoubt init` writes, instead");
  schema->callback([&] { status = run_policy_schema(options.defaults); });

  auto* const bundle = policy->add_subcommand(
      "bundle", "check the bundle, or a folder of policies, as the server does; print the bundle's digest");
  add_common(*bundle, common);
  bundle->add_option("folder", options.bundle, "folder of policies (default: DIR/policies)");
  bundle->callback([&] { status = run_policy_bundle(common, options.bundle); });

  auto* const test = policy->add_subcommand("test", "decide a file of cases and compare with what it expects");
  add_common(*test, common);
  test->add_option("cases", options.test.cases, "YAML file of cases (docs/policy.md)")->required();
  test->add_option("--policies", options.test.policies, "folder of policies (default: DIR/policies)");
  test->callback([&] { status = run_policy_test(common, options.test); });

  auto* const diff = policy->add_subcommand("diff", "what other policies would have decided about what was recorded");
  add_common(*diff, common);
  diff->add_option("before", options.diff.before, "folder of policies")->required();
  diff->add_option("after", options.diff.after, "folder of policies")->required();
  diff->add_option("--against", options.diff.against, "a ledger's folder, or Redoubt's (default: that of --dir)");
  diff->callback([&] { status = run_policy_diff(common, options.diff); });

  add_cedar_commands(*policy, common, status);
}

}  // namespace redoubt::app
