#include <gtest/gtest.h>

#include "notify/settings.h"

namespace redoubt::notify::test {
namespace {

constexpr std::string_view kHook = "[[endpoint]]\nname = 'hook'\ntype = 'webhook'\nsecret_file = 's'\n";
constexpr std::string_view kContact = "[[contact]]\nrole = 'soc'\nendpoints = ['hook']\n";

std::string with(std::string_view more) {
  return std::string(kHook).append("url = 'https://soc.example/'\n").append(kContact).append(more);
}

TEST(NotifySettings, AreReadWhole) {
  const auto settings = parse_notify_settings(
      with("[[contact]]\nrole = 'ciso'\nendpoints = ['hook']\n[[rule]]\nroles = ['soc']\nkinds = ['incident_opened']\n"
           "severity = 'high'\nescalate_after = '15m'\nescalate_to = ['ciso']\n"),
      "notify.toml");
  ASSERT_TRUE(settings) << settings.error().message();
  ASSERT_NE(settings->find("hook"), nullptr);
  EXPECT_EQ(settings->find("hook")->type, EndpointType::kWebhook);
  ASSERT_EQ(settings->rules.size(), 1u);
  EXPECT_EQ(settings->rules[0].severity, Severity::kHigh);
  EXPECT_EQ(settings->rules[0].escalate_after, std::chrono::minutes(15));
  EXPECT_TRUE(parse_notify_settings("", "notify.toml")) << "nobody is told anything";
}

TEST(NotifySettings, WhatIsNotUnderstoodOrNotSafeIsRefused) {
  const auto refused = [](const std::string& toml, std::string_view why) {
    const auto settings = parse_notify_settings(toml, "notify.toml");
    ASSERT_FALSE(settings) << toml;
    EXPECT_NE(settings.error().message().find(why), std::string::npos) << settings.error().message();
  };
  const auto hook = [](std::string_view more) { return std::string(kHook).append(more); };
  refused(hook(""), "`https://`");
  refused(hook("url = 'http://soc.example/'"), "`https://`");
  refused(hook("url = 'file:///etc/passwd'"), "`https://`");
  refused(hook("url = 'https://user:word@soc.example/'"), "no user");
  refused(hook("url = 'https://'"), "a host");
  refused(hook("url = 'https://soc.example/ x'"), "printable");
  refused(hook("url = 'https://soc.example/'\nallow_plain = true"), "`allow_private`");
  refused(hook("url = 'https://soc.example/'\nto = ['a@b']"), "`smtp`");
  refused(hook("url = 'https://soc.example/'\ncolour = 'red'"), "colour");
  refused(with(kHook), "another endpoint");
  refused("[[endpoint]]\nname = 'Hook'\ntype = 'webhook'\n", "a-z 0-9 -");
  refused("[[endpoint]]\nname = 'h'\ntype = 'fax'\n", "must be `webhook`");
  refused("[[endpoint]]\nname = 'h'\ntype = 'pagerduty'\n", "its secret");
  refused("[[endpoint]]\nname = 'h'\ntype = 'slack'\nsecret_file = 's'\nurl = 'https://hooks.example/'\n",
          "is the secret");
  const std::string mail = "[[endpoint]]\nname = 'm'\ntype = 'smtp'\nurl = 'smtps://mail.example'\n";
  refused(mail, "must be an address");
  refused(mail + "from = 'a@b.example'\n", "1 to 32");
  refused(mail + "from = 'a@b.example'\nto = [\"c@d.example>\\r\\nRCPT TO:<e\"]\n", "1 to 32");
  refused(mail + "from = 'a@b.example'\nto = ['c@d.example']\nuser = 'u'\n", "belong together");
  refused(with("[[rule]]\nroles = ['nobody']\n"), "no contact has");
  refused(with("[[rule]]\nroles = ['soc']\nkinds = ['lunch']\n"), "a kind that there is not");
  refused(with("[[rule]]\nroles = ['soc']\nescalate_after = '15m'\n"), "belong together");
  refused(with("[[rule]]\nroles = ['soc']\nescalate_after = '1s'\nescalate_to = ['soc']\n"), "escalate_after");
  refused(with("[[contact]]\nrole = 'x'\nendpoints = ['none']\n"), "that there is not");
  refused(with(kContact), "another contact");
}

}  // namespace
}  // namespace redoubt::notify::test
