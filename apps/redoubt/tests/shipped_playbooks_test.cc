#include "redoubt/shipped_playbooks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "incident/bundle_playbooks.h"

namespace redoubt::app {
namespace {

TEST(ShippedPlaybooksTest, CanBeRead) {
  std::vector<state::BundleFile> files;
  for (const ShippedPlaybooks& each : shipped_playbooks()) {
    files.push_back({std::string(incident::kBundlePlaybooks) + std::string(each.name), std::string(each.text)});
    EXPECT_FALSE(each.name.ends_with(kPlaybookTestsEnding));
  }
  ASSERT_FALSE(files.empty());
  const auto playbooks = incident::playbooks_of(files);
  EXPECT_TRUE(playbooks) << playbooks.error().message();
}

}  // namespace
}  // namespace redoubt::app
