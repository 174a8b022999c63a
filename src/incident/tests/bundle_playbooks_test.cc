#include "incident/bundle_playbooks.h"

#include <gtest/gtest.h>

namespace redoubt::incident {
namespace {

constexpr const char* kPlaybook = R"(playbook: stop
when: {severity: high}
do:
  - {effect: suspend, for: 1h}
)";

TEST(BundlePlaybooksTest, ReadsThoseOfAllFiles) {
  const std::vector<state::BundleFile> files = {
      {"playbooks/a.yaml", kPlaybook}, {"policies/a.cedar", "no playbook"}, {"redoubt.toml", ""}};
  const auto playbooks = playbooks_of(files);
  ASSERT_TRUE(playbooks) << playbooks.error().message();
  ASSERT_EQ(playbooks->size(), 1u);
  EXPECT_EQ((*playbooks)[0].name, "stop");
  EXPECT_TRUE((*playbooks)[0].digest.starts_with("sha256:"));
  EXPECT_TRUE(playbooks_of({})->empty());
}

TEST(BundlePlaybooksTest, RefusesWhatIsNotUnderstoodAndWhatIsThereTwice) {
  std::vector<state::BundleFile> files = {{"playbooks/a.yaml", "playbook: stop\ndo: [{effect: delete, for: 1h}]\n"}};
  const auto broken = playbooks_of(files);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message().find("playbooks/a.yaml:2"), std::string::npos) << broken.error().message();
  files = {{"playbooks/a.yaml", kPlaybook}, {"playbooks/b.yaml", kPlaybook}};
  const auto twice = playbooks_of(files);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message(), "playbooks/b.yaml: there is another playbook `stop`");
}

}  // namespace
}  // namespace redoubt::incident
