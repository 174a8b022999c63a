#include "gateway/inspected_stream.h"

#include <random>

#include "encoding/json_writer.h"
#include "gateway/sse_relay.h"
#include "gateway/tests/content_test.h"

namespace redoubt::gateway {
namespace {

using enum ContentAction;

std::string event(std::string_view content, int choice = 0, std::string_view field = "content") {
  std::string out = "data: ";
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("id", "chatcmpl-1");
  json.key("choices");
  json.begin_array();
  json.begin_object();
  json.key("delta");
  json.begin_object();
  json.member(field, content);
  json.end_object();
  json.member("index", choice);
  json.end_object();
  json.end_array();
  json.end_object();
  return out + "\n\n";
}

// What a client makes of events: the text of each choice's field.
std::map<std::string, std::string> said(std::string_view events) {
  std::map<std::string, std::string> out;
  encoding::JsonReader reader;
  while (!events.empty()) {
    const std::string_view one = first_event(events);
    events.remove_prefix(one.size());
    const auto root = reader.parse(event_data(one));
    if (!root) continue;
    simdjson::dom::array choices;
    if ((*root)["choices"].get(choices) != simdjson::SUCCESS) continue;
    for (const simdjson::dom::element choice : choices) {
      simdjson::dom::object delta;
      if (choice["delta"].get(delta) != simdjson::SUCCESS) continue;
      for (const auto member : delta) {
        std::string_view text;
        if (member.value.get(text) == simdjson::SUCCESS) {
          out[std::to_string(std::uint64_t(choice["index"])) + std::string(member.key)] += text;
        }
      }
    }
  }
  return out;
}

class Streaming : public testing::Test {
 protected:
  // All that goes to the caller of these events, the actions being due from the beginning.
  std::string passed(const std::vector<std::string>& events, const ContentActions& actions,
                     const Placeholders* restore = nullptr) {
    InspectedStream stream(pool_, few_rules(), reader_, restore);
    stream.set_actions(actions);
    std::string out;
    for (const std::string& event : events) {
      EXPECT_TRUE(stream.feed(event).has_value());
      out += stream.take();
      if (stream.is_stopped()) return out + "stopped";
    }
    EXPECT_TRUE(stream.finish().has_value());
    out += stream.take();
    return stream.is_stopped() ? out + "stopped" : out;
  }
  // The text as events of so many bytes each.
  static std::vector<std::string> cut(std::string_view text, std::size_t size) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size(); at += size) out.push_back(event(text.substr(at, size)));
    return out;
  }

  ScannerPool pool_;
  encoding::JsonReader reader_;
  crypto::RandomPool random_;
  Placeholders placeholders_{random_};
};

TEST_F(Streaming, WhatNeedsNoChangePassesByteForByte) {
  const std::vector<std::string> events{
      "data: {\"choices\" : [ ] }\n\n",       ": ping\r\n\r\n", event("hel"), event("lo"),
      "event: x\nid: 7\ndata: {\"a\":1}\n\n", "data:\n\n"};
  std::string all;
  for (const auto& one : events) all += one;
  EXPECT_EQ(passed(events, due({{"personal", kRedact}})), all);
}

TEST_F(Streaming, AValueIsRedactedWhereverTheStreamIsCut) {
  const std::string text = "The card " + std::string(kCard) + " of " + std::string(kMail) + ", T-1234.";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const auto out = passed(cut(text, size), due({{"personal", kRedact}}));
    EXPECT_EQ(said(out)["0content"], "The card <CREDIT_CARD> of <EMAIL_ADDRESS>, T-1234.") << size;
    EXPECT_EQ(out.find("4111"), std::string::npos) << size;
  }
}

TEST_F(Streaming, ABlockedMatchEndsTheStreamBeforeIt) {
  const std::string text = "Well, here it is: " + std::string(kCard) + " and more.";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::string out = passed(cut(text, size), due({{"credit_card", kBlock}}));
    ASSERT_TRUE(out.ends_with("stopped")) << size;
    EXPECT_TRUE(std::string("Well, here it is: ").starts_with(said(out)["0content"])) << said(out)["0content"];
  }
}

TEST_F(Streaming, ChoicesAndFieldsAreTextsOfTheirOwn) {
  std::vector<std::string> events;
  const std::string text(kCard);
  for (std::size_t at = 0; at < text.size(); ++at) {
    events.push_back(event(text.substr(at, 1), 0));
    events.push_back(event(text.substr(at, 1), 1));
    events.push_back(event(text.substr(at, 1), 1, "reasoning_content"));
  }
  auto out = said(passed(events, due({{"personal", kRedact}})));
  EXPECT_EQ(out["0content"], "<CREDIT_CARD>");
  EXPECT_EQ(out["1content"], "<CREDIT_CARD>");
  EXPECT_EQ(out["1reasoning_content"], "<CREDIT_CARD>");
}

TEST_F(Streaming, ArgumentsOfToolCallsAreOneTextEach) {
  const auto call = [](int index, std::string_view arguments) {
    return R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":)" + std::to_string(index) +
           R"(,"function":{"arguments":")" + std::string(arguments) + R"("}}]}}]})" + "\n\n";
  };
  const std::string out =
      passed({call(0, "4111 1111 "), call(1, "x"), call(0, "1111 1111")}, due({{"credit_card", kBlock}}));
  EXPECT_EQ(out, "stopped");
}

TEST_F(Streaming, OtherTextsOfAnEventAreScannedToo) {
  EXPECT_EQ(passed({R"(data: {"id":"4111 1111 1111 1111","choices":[]})"
                    "\n\n"},
                   due({{"credit_card", kRedact}})),
            R"(data: {"id":"<CREDIT_CARD>","choices":[]})"
            "\n\n");
  EXPECT_EQ(passed({": 4111 1111 1111 1111\ndata: {}\n\n"}, due({{"credit_card", kRedact}})), "data: {}\n\n");
  const std::string twice = R"(data: {"id":"4111 1111 1111 1111"})"
                            "\n\n";
  EXPECT_EQ(passed({twice, twice}, due({{"credit_card", kBlock}})), "stopped");
  EXPECT_EQ(passed({"data: {\"4111111111111111\":1}\n\n"}, due({{"credit_card", kRedact}})), "stopped");
}

TEST_F(Streaming, DataInSeveralLinesIsOneText) {
  EXPECT_EQ(passed({"data: {\"id\":\ndata: \"4111 1111 1111 1111\"}\n\n"}, due({{"credit_card", kRedact}})),
            "data: {\"id\":  \"<CREDIT_CARD>\"}\n\n");
}

TEST_F(Streaming, APlaceholderIsRestoredWhereverTheStreamIsCut) {
  const std::string name = placeholders_.stand_in("CREDIT_CARD", kCard);
  const std::string text = "It is " + name + ". And http://evil.example/" + name + " no " + name;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    auto out = said(passed(cut(text, size), due({{"personal", kRedact}}), &placeholders_));
    EXPECT_EQ(out["0content"], "It is 4111 1111 1111 1111. And http://evil.example/" + name + " no 4111 1111 1111 1111")
        << size;
  }
}

TEST_F(Streaming, ActionsThatBecomeDueHoldForWhatWaits) {
  InspectedStream stream(pool_, few_rules(), reader_, nullptr);
  std::string out;
  for (const std::string& one : cut("my card is " + std::string(kCard) + std::string(200, ' ') + "yes", 3)) {
    ASSERT_TRUE(stream.feed(one).has_value());
    EXPECT_FALSE(stream.found_new());
    out += stream.take();
  }
  ASSERT_TRUE(stream.finish().has_value());
  EXPECT_TRUE(stream.found_new()) << "the end decided it";
  EXPECT_FALSE(stream.found_new());
  stream.set_actions(due({{"credit_card", kRedact}}));
  out += stream.take();
  EXPECT_EQ(said(out)["0content"], "my card is <CREDIT_CARD>" + std::string(200, ' ') + "yes");
  EXPECT_EQ(stream.withheld_bytes(), 0U);
  EXPECT_LE(stream.most_held_bytes(), few_rules()->hold_back_bytes());
}

TEST_F(Streaming, WhereNothingComesOfItEventsGoAtOnceAndAreInspectedAllTheSame) {
  InspectedStream stream(pool_, few_rules(), reader_, nullptr);
  stream.set_actions(due({{"credit_card", kFlag}}), false);
  for (const std::string& one : cut("my card is " + std::string(kCard), 3)) {
    ASSERT_TRUE(stream.feed(one).has_value());
    EXPECT_EQ(stream.take(), one);
  }
  ASSERT_TRUE(stream.finish().has_value());
  EXPECT_EQ(stream.take(), "");
  EXPECT_EQ(stream.findings().in_words(due({{"credit_card", kFlag}}), kFlag, 100), "1 credit_card");
}

TEST_F(Streaming, PlaceholdersAreRestoredWhereNothingElseWaits) {
  const std::string name = placeholders_.stand_in("CREDIT_CARD", kCard);
  InspectedStream stream(pool_, few_rules(), reader_, &placeholders_);
  stream.set_actions({}, false);
  std::string out;
  for (const std::string& one : cut("It is " + name, 4)) {
    ASSERT_TRUE(stream.feed(one).has_value());
    out += stream.take();
  }
  EXPECT_EQ(said(out)["0content"], "It i") << "the event in which it begins waits";
  ASSERT_TRUE(stream.finish().has_value());
  out += stream.take();
  EXPECT_EQ(said(out)["0content"], "It is " + std::string(kCard));
}

TEST_F(Streaming, TokensOfWhatIsRedactedGoWithIt) {
  const std::string one =
      R"(data: {"choices":[{"index":0,"delta":{"content":"T-1234"},"logprobs":{"content":[{"token":"T-"}]}}]})"
      "\n\n";
  EXPECT_EQ(passed({one}, due({{"ticket", kRedact}})),
            R"(data: {"choices":[{"index":0,"delta":{"content":"<TICKET>"},"logprobs":null}]})"
            "\n\n");
}

TEST_F(Streaming, WhatIsNoJsonIsRefused) {
  InspectedStream stream(pool_, few_rules(), reader_, nullptr);
  const auto done = stream.feed("data: 4111 1111\n\n");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), Errc::kMalformed);
}

TEST_F(Streaming, TooManyTextsAreRefused) {
  InspectedStream stream(pool_, few_rules(), reader_, nullptr);
  Result<> done;
  for (int i = 0; done && i < 1000; ++i) done = stream.feed(event("x", i));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), Errc::kTooLarge);
}

// Whatever comes, however it is cut: what leaves is what would leave of the whole text.
TEST_F(Streaming, AnyCutGivesWhatTheWholeTextGives) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string name = placeholders_.stand_in("CREDIT_CARD", kCard);
  const std::string pieces[] = {std::string(kCard),
                                std::string(kMail),
                                "T-1234",
                                "T-",
                                "4111",
                                " ",
                                ", ",
                                "a",
                                "\n",
                                "@",
                                "078-05-1120",
                                "ssn",
                                name,
                                name.substr(0, 9),
                                "](",
                                "\xf0\x9f\x98\x80",
                                "4242424242424242"};
  const auto actions = due({{"personal", kRedact}, {"ticket", kFlag}});
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (int i = 0; i < 20; ++i) text += pieces[random() % std::size(pieces)];
    const auto whole = said(passed({event(text)}, actions, &placeholders_));
    std::vector<std::string> events;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t size = 1 + random() % 8;
      while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xc0) == 0x80) ++size;
      events.push_back(event(std::string_view(text).substr(at, size)));
      at += size;
    }
    ASSERT_EQ(said(passed(events, actions, &placeholders_)), whole) << text;
  }
}

}  // namespace
}  // namespace redoubt::gateway
