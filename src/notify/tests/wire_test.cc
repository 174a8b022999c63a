#include "notify/wire.h"

#include <gtest/gtest.h>

namespace redoubt::notify::test {
namespace {

Order order() {
  return {.notice = {.id = "0123456789abcdef",
                     .incident = "fedcba9876543210",
                     .kind = NoticeKind::kIncidentWorse,
                     .severity = Severity::kCritical,
                     .tenant = "clinic",
                     .title = "a \"title\"\nof two lines",
                     .text = "Zürich",
                     .details = {{"rule", "canary"}, {"rule", "again"}},
                     .link = "https://console.example/",
                     .exercise = true,
                     .time = {1'780'000'000'000}},
          .endpoints = {"pager", "mail"}};
}

std::string with(std::string text, std::string_view old, std::string_view now) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), now);
}

TEST(WireTest, AnOrderComesOverWhole) {
  const auto message = write_order(order());
  ASSERT_TRUE(message);
  const auto read = read_order(*message);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->endpoints, order().endpoints);
  EXPECT_EQ(read->notice.title, order().notice.title);
  EXPECT_EQ(read->notice.text, order().notice.text);
  EXPECT_EQ(read->notice.details, order().notice.details);
  EXPECT_EQ(read->notice.kind, NoticeKind::kIncidentWorse);
  EXPECT_EQ(read->notice.severity, Severity::kCritical);
  EXPECT_EQ(read->notice.time.value, order().notice.time.value);
  EXPECT_TRUE(read->notice.exercise);
  EXPECT_EQ(*write_order(*read), *message);
}

TEST(WireTest, AWordComesOverWhole) {
  const Word said{.kind = Word::Kind::kAttempt,
                  .notice = "0123456789abcdef",
                  .endpoint = "pager",
                  .number = 3,
                  .outcome = Outcome::kDelayed,
                  .why = "the endpoint answers 503"};
  const auto read = read_word(write_word(said));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->notice, said.notice);
  EXPECT_EQ(read->endpoint, said.endpoint);
  EXPECT_EQ(read->number, 3u);
  EXPECT_EQ(read->outcome, Outcome::kDelayed);
  EXPECT_EQ(read->why, said.why);
  EXPECT_EQ(read_word(write_word({.kind = Word::Kind::kReady}))->kind, Word::Kind::kReady);
  const auto gone = read_word(write_word({.kind = Word::Kind::kGone, .why = "line\n" + std::string(1000, 'x')}));
  ASSERT_TRUE(gone) << gone.error().message();
  EXPECT_EQ(gone->why, "line " + std::string(kWordWhyMax - 5, 'x'));
}

TEST(WireTest, WhatIsNotAnOrderIsRefused) {
  const std::string good = *write_order(order());
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("{}"), good + " x", good.substr(0, good.size() - 1),
        with(good, "0123456789abcdef", "0123456789ABCDEF"), with(good, "incident_worse", "incident_better"),
        with(good, "critical", "fatal"), with(good, "\"pager\"", "\"Pager\""), with(good, "\"pager\"", "7"),
        with(good, "\"mail\"]", "\"mail\"],\"more\":1"), with(good, "\"exercise\":true", "\"exercise\":1"),
        with(good, "[\"rule\",\"again\"]", "[\"rule\"]"), with(good, "1780000000000", "-1"),
        with(good, "1780000000000", "99999999999999999")}) {
    EXPECT_FALSE(read_order(bad)) << bad;
  }
  Order large = order();
  large.notice.text.assign(kWireMessageMax, 'x');
  EXPECT_EQ(write_order(large).error().code(), Errc::kTooLarge);
  EXPECT_EQ(read_order(std::string(kWireMessageMax + 1, ' ')).error().code(), Errc::kTooLarge);
}

TEST(WireTest, WhatIsNotAWordIsRefused) {
  const std::string good = write_word({.kind = Word::Kind::kAttempt, .notice = "0123456789abcdef", .endpoint = "a"});
  ASSERT_TRUE(read_word(good));
  for (const std::string& bad :
       {std::string(), std::string("{}"), with(good, "attempt\"", "attempted\""), with(good, "delivered", "taken"),
        with(good, "\"attempt\":0", "\"attempt\":-1"), with(good, "\"attempt\":0", "\"attempt\":1e9"),
        with(good, "\"a\"", "\"a b\""), with(good, "\"why\":\"\"", "\"why\":\"\\n\""),
        with(good, "\"why\":\"\"", "\"why\":\"" + std::string(kWordWhyMax + 1, 'x') + "\""),
        with(good, ",\"why\":\"\"", ""), std::string(R"({"word":"ready","why":""})"),
        std::string(R"({"word":"gone"})")}) {
    EXPECT_FALSE(read_word(bad)) << bad;
  }
}

TEST(TargetTest, IsTheHostAndThePortOfTheSchemeUnlessItIsSaid) {
  const Endpoint web{.type = EndpointType::kWebhook, .allow_private = true, .allow_plain = true};
  const Endpoint mail{.type = EndpointType::kSmtp};
  EXPECT_EQ(target_of(web, "https://a.example/x")->port, 443);
  EXPECT_EQ(target_of(web, "https://a.example:8443?x")->port, 8443);
  EXPECT_EQ(target_of(web, "http://a.example")->port, 80);
  EXPECT_EQ(target_of(web, "https://[2001:db8::1]:8443/")->host, "2001:db8::1");
  EXPECT_EQ(target_of(web, "https://[2001:db8::1]:8443/")->port, 8443);
  EXPECT_EQ(target_of(web, "https://[2001:db8::1]/")->port, 443);
  EXPECT_EQ(target_of(mail, "smtps://m.example")->port, 465);
  EXPECT_EQ(target_of(mail, "smtp://m.example")->port, 25);
  for (const char* bad : {"ftp://a.example", "https://a.example:0", "https://a.example:70000", "https://a.example:x",
                          "https://a.example:", "https://[2001:db8::1", "https://[2001:db8::1]x"}) {
    EXPECT_FALSE(target_of(web, bad)) << bad;
  }
}

}  // namespace
}  // namespace redoubt::notify::test
