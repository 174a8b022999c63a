// What is written reads back equal, in each form: over policies made at random, and over published ones (the folder
// cedar/ of REDOUBT_DATA).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "policy/format.h"
#include "policy/policy_json.h"
#include "policy/tests/support/random_syntax.h"
#include "tests/support/temp_dir.h"

namespace redoubt::policy::testing {
namespace {

namespace fs = std::filesystem;

std::string reason(const Problems& problems, std::string_view text) {
  return render(problems.front(), "-", text) + std::string(text);
}

// As Cedar's own syntax, which has neither ids nor links.
std::string text_of(const PolicySet& policies) {
  std::string out;
  for (const Policy& policy : policies.policies()) out += to_cedar(policy) + "\n";
  return out;
}

void expect_same(const Checked<PolicySet>& again, const std::vector<Policy>& policies, std::string_view text) {
  ASSERT_TRUE(again) << reason(again.error(), text);
  EXPECT_EQ(again->policies().size(), policies.size()) << text;
  EXPECT_TRUE(again->policies() == policies) << text;
}

// Static policies first, then templates.
std::vector<Policy> in_json_order(std::vector<Policy> policies) {
  std::stable_partition(policies.begin(), policies.end(), [](const Policy& policy) { return !policy.is_template(); });
  return policies;
}

void expect_round_trips(const PolicySet& policies) {
  const std::string text = text_of(policies);
  expect_same(parse_policies(text), policies.policies(), text);

  const std::string json = to_json(policies);
  const auto from_json = parse_policy_set_json(json);
  expect_same(from_json, in_json_order(policies.policies()), json);
  ASSERT_TRUE(from_json);
  EXPECT_EQ(from_json->links(), policies.links()) << json;

  for (const Policy& policy : policies.policies()) {
    const std::string one = to_json(policy);
    const auto again = parse_policy_json(one, policy.id);
    ASSERT_TRUE(again) << reason(again.error(), one);
    EXPECT_TRUE(*again == policy) << one;
  }
}

// `text` reads as policies; laid out anew it reads as the same, and is laid out.
void expect_formats(std::string_view text, const FormatOptions& options) {
  const auto policies = parse_policies(text);
  ASSERT_TRUE(policies) << reason(policies.error(), text);
  const auto formatted = format_policies(text, options);
  ASSERT_TRUE(formatted) << reason(formatted.error(), text);
  expect_same(parse_policies(*formatted), policies->policies(), *formatted);
  const auto again = format_policies(*formatted, options);
  ASSERT_TRUE(again) << reason(again.error(), *formatted);
  EXPECT_EQ(*again, *formatted);
}

std::uint64_t seed() {
  const char* given = std::getenv("REDOUBT_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "REDOUBT_SEED=" << seed << "\n";
  return seed;
}

TEST(Syntax, OfRandomPoliciesReadsBackEqual) {
  RandomSyntax random(seed());
  for (int i = 0; i < 1000 && !HasFailure(); ++i) expect_round_trips(random.policies(1 + random.below(4)));
}

TEST(Syntax, OfRandomPoliciesIsKeptByTheFormatter) {
  RandomSyntax random(seed());
  for (int i = 0; i < 1000 && !HasFailure(); ++i) {
    expect_formats(text_of(random.policies(1 + random.below(4))),
                   {.line_width = random.below(120), .indent = random.below(5)});
  }
}

// How many files there are with policies.
std::size_t expect_files_round_trip(const fs::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".cedar") continue;
    ++files;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    SCOPED_TRACE(entry.path().string());
    const auto policies = parse_policies(text);
    EXPECT_TRUE(policies) << reason(policies.error(), text);
    if (!policies) continue;
    expect_round_trips(*policies);
    expect_formats(text, {});
  }
  return files;
}

TEST(Syntax, OfEveryPublishedPolicyReadsBackEqualInEachForm) {
  const char* data = std::getenv("REDOUBT_DATA");
  if (data == nullptr || !fs::exists(fs::path(data) / "cedar")) GTEST_SKIP() << "no test data of Cedar (REDOUBT_DATA)";
  const fs::path cedar = fs::path(data) / "cedar";
  std::size_t files = expect_files_round_trip(cedar);
  for (const auto& entry : fs::directory_iterator(cedar)) {
    if (!entry.path().filename().string().starts_with("corpus-tests") || entry.path().extension() != ".gz") continue;
    const testing_support::TempDir folder;
    ASSERT_EQ(std::system(("tar -xzf '" + entry.path().string() + "' -C '" + folder.path() + "'").c_str()), 0);
    files += expect_files_round_trip(folder.path());
  }
  std::cout << files << " files\n";
  EXPECT_GE(files, 5'000U);
}

}  // namespace
}  // namespace redoubt::policy::testing
