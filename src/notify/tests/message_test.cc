#include "notify/message.h"

#include <gtest/gtest.h>

#include "encoding/base64.h"
#include "encoding/json_reader.h"

namespace redoubt::notify::test {
namespace {

constexpr UnixMillis kTime{1'780'000'000'000};

class MessageTest : public testing::Test {
 protected:
  Notice notice{.id = "0123456789abcdef",
                .incident = "fedcba9876543210",
                .kind = NoticeKind::kIncidentOpened,
                .severity = Severity::kHigh,
                .tenant = "clinic",
                .title = "bulk of data",
                .text = "much more than ever",
                .details = {{"rule", "behaviour.bulk_data"}},
                .time = kTime};

  static Endpoint of(EndpointType type) {
    Endpoint out{.name = "e", .type = type, .url = "https://soc.example/in"};
    if (type == EndpointType::kPagerDuty || type == EndpointType::kSlack) out.url.clear();
    return out;
  }
  static crypto::Secret secret(std::string_view text) { return crypto::Secret::copy_of(as_bytes(text)); }
  Message message(EndpointType type, std::string_view key = "0123456789abcdef0123456789abcdef") {
    auto out = write_message(of(type), secret(key), notice, kTime);
    EXPECT_TRUE(out) << out.error().message();
    return out ? *std::move(out) : Message();
  }
  simdjson::dom::element json(const Message& of) {
    auto parsed = reader.parse(of.body);
    EXPECT_TRUE(parsed) << of.body.substr(0, 500);
    return *parsed;
  }
  encoding::JsonReader reader{{.max_bytes = kPagerDutyBodyMax, .max_depth = 8}};
};

// The example of Standard Webhooks' reference libraries.
TEST_F(MessageTest, WebhooksAreSignedAsStandardWebhooksHasIt) {
  const auto key = encoding::base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(key);
  EXPECT_EQ(webhook_signature(*key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const Message sent = message(EndpointType::kWebhook);
  EXPECT_EQ(sent.headers[1].second, notice.id);
  EXPECT_EQ(sent.headers[2].second, "1780000000");
  EXPECT_EQ(sent.headers[3].second,
            webhook_signature(as_bytes("0123456789abcdef0123456789abcdef"), notice.id, 1'780'000'000, sent.body));
  EXPECT_FALSE(write_message(of(EndpointType::kWebhook), secret("short"), notice, kTime));
}

TEST_F(MessageTest, PagerDutyIsToldWithinItsLimits) {
  notice.title = std::string(5000, 'x') + "ä";
  notice.text = std::string(100'000, 'y');
  notice.details.assign(100, {"name", std::string(50'000, 'z')});
  const Message sent = message(EndpointType::kPagerDuty);
  EXPECT_EQ(sent.url, kPagerDutyUrl);
  EXPECT_LE(sent.body.size(), kPagerDutyBodyMax);
  const auto body = json(sent);
  EXPECT_EQ(body["payload"]["summary"].get_string().value().size(), kPagerDutySummaryMax);
  EXPECT_LE(body["dedup_key"].get_string().value().size(), kPagerDutyDedupMax);
  EXPECT_EQ(body["dedup_key"].get_string().value(), "redoubt-fedcba9876543210");
  EXPECT_EQ(body["event_action"].get_string().value(), "trigger");
  EXPECT_EQ(body["payload"]["severity"].get_string().value(), "error");
  notice.kind = NoticeKind::kIncidentClosed;
  EXPECT_EQ(json(message(EndpointType::kPagerDuty))["event_action"].get_string().value(), "resolve");
}

TEST_F(MessageTest, InSlackNothingIsAMentionOrALink) {
  notice.title = "<!channel> & <https://evil.example|click>";
  const Message sent = message(EndpointType::kSlack, "https://hooks.example/services/T/B/x");
  EXPECT_EQ(sent.url, "https://hooks.example/services/T/B/x");
  const auto body = json(sent);
  const std::string_view text = body["text"].get_string().value();
  EXPECT_EQ(text.find_first_of("<>"), std::string_view::npos) << text;
  EXPECT_NE(text.find("&lt;!channel&gt; &amp; "), std::string_view::npos) << text;
  EXPECT_FALSE(body["mrkdwn"].get_bool().value());
  notice.text = std::string(100'000, '<');
  EXPECT_LE(json(message(EndpointType::kSlack, "https://hooks.example/x"))["text"].get_string().value().size(),
            kSlackTextMax);
  const auto refused =
      write_message(of(EndpointType::kSlack), secret("http://hooks.example/very-secret"), notice, kTime);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().find("very-secret"), std::string::npos);
}

TEST_F(MessageTest, OfOneIncidentAlertmanagerHasOneAlert) {
  const Message opened = message(EndpointType::kAlertmanager);
  EXPECT_EQ(opened.url, "https://soc.example/in/api/v2/alerts");
  const auto first = std::string(opened.body);
  notice.kind = NoticeKind::kIncidentClosed;
  notice.severity = Severity::kLow;
  const Message closed = message(EndpointType::kAlertmanager);
  const auto labels = [](const std::string& body) { return body.substr(0, body.find("\"annotations\"")); };
  EXPECT_EQ(labels(first), labels(closed.body));
  EXPECT_NE(closed.body.find("\"endsAt\":\"2026-05-28T20:26:40Z\""), std::string::npos) << closed.body;
}

TEST_F(MessageTest, InMailNoTextIsAHeader) {
  Endpoint endpoint = of(EndpointType::kSmtp);
  endpoint.url = "smtps://mail.example";
  endpoint.from = "redoubt@clinic.example";
  endpoint.to = {"soc@clinic.example", "ciso@clinic.example"};
  notice.title = "x\r\nBcc: evil@evil.example\r\n\r\nbody äöü " + std::string(400, 'y');
  notice.text = ".\r\nQUIT\r\n";
  const auto sent = write_message(endpoint, crypto::Secret(), notice, kTime);
  ASSERT_TRUE(sent) << sent.error().message();
  const std::string head = sent->body.substr(0, sent->body.find("\r\n\r\n"));
  EXPECT_EQ(head.find("Bcc"), std::string::npos);
  EXPECT_NE(head.find("Date: Thu, 28 May 2026 20:26:40 +0000\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("To: <soc@clinic.example>,\r\n <ciso@clinic.example>\r\n"), std::string::npos) << head;
  for (std::size_t at = 0; at < sent->body.size();) {
    const std::size_t end = sent->body.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 100u);
    EXPECT_NE(sent->body.substr(at, 1), ".");
    at = end + 2;
  }
  EXPECT_EQ(sent->body.find_first_not_of("\r\n\t ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                         "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~"),
            std::string::npos)
      << "ASCII alone";
}

TEST_F(MessageTest, ExercisesSaySo) {
  notice.exercise = true;
  for (const EndpointType type : {EndpointType::kPagerDuty, EndpointType::kWebhook, EndpointType::kAlertmanager}) {
    EXPECT_NE(message(type).body.find(type == EndpointType::kWebhook ? "\"exercise\":true" : "EXERCISE: "),
              std::string::npos);
  }
}

TEST(CutText, CutsWholeCharacters) {
  EXPECT_EQ(cut_text("äöü", 3), "ä");
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("🙂", 3), "");
}

}  // namespace
}  // namespace redoubt::notify::test
