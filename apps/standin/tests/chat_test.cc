#include "standin/chat.h"

#include <gtest/gtest.h>

#include <simdjson.h>

namespace redoubt::standin {
namespace {

std::string text_of(const ChatRequest& request, const ReplyShape& shape = {}) {
  TextSource source(request, shape);
  std::string text;
  while (source.next(text)) {
  }
  return text;
}

std::vector<std::string> events_of(const ChatRequest& request, const ReplyShape& shape = {}) {
  EventSource source(request, shape, 7, 1'000);
  std::vector<std::string> events;
  std::string event;
  while (source.next(event)) {
    EXPECT_TRUE(event.starts_with("data: ") && event.ends_with("\n\n")) << event;
    events.push_back(event.substr(6, event.size() - 8));
    event.clear();
  }
  return events;
}

class StandinChat : public testing::Test {
 protected:
  ChatReader reader{{"standin", "other"}};

  ChatRequest read(std::string_view body) {
    Result<ChatRequest> request = reader.read(body);
    EXPECT_TRUE(request) << (request ? "" : request.error().message());
    return request ? *std::move(request) : ChatRequest();
  }
  Errc refused(std::string_view body) {
    const Result<ChatRequest> request = reader.read(body);
    EXPECT_FALSE(request) << body;
    return request ? Errc::kIo : request.error().code();
  }
};

constexpr std::string_view kHello = R"({"model":"standin","messages":[{"role":"user","content":"hello"}]})";
#define TOOLS                                                                                                \
  R"("tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{)" \
  R"("city":{"type":"string","enum":["Oslo","Zürich"]},"days":{"type":"integer"},"metric":{"type":"boolean"}}}}}])"

TEST_F(StandinChat, SameLastMessageGivesSameText) {
  const ChatRequest one = read(kHello);
  const ChatRequest two = read(
      R"({"model":"other","temperature":1,"messages":[{"role":"system","content":"x"},{"role":"user","content":"y"},
          {"role":"user","content":[{"type":"image_url","image_url":{}},{"type":"text","text":"hello"}]}]})");
  EXPECT_EQ(text_of(one), text_of(two));
  const ChatRequest three = read(R"({"model":"standin","messages":[{"role":"user","content":"hello!"}]})");
  EXPECT_NE(text_of(one), text_of(three));
}

TEST_F(StandinChat, TextHasTheSizeAsked) {
  const ChatRequest request = read(kHello);
  for (std::size_t size : {0u, 1u, 9u, 30u, 1000u, 100'000u}) {
    const std::string pieces = text_of(request, {.size = size});
    EXPECT_EQ(pieces.size(), size);
    TextSource source(request, {.size = size});
    std::string at_once;
    source.rest(at_once);
    EXPECT_EQ(at_once, pieces);
  }
}

TEST_F(StandinChat, TextHasTheTokensAsked) {
  const ChatRequest request = read(kHello);
  for (std::size_t tokens : {1u, 2u, 32u, 5'000u, 20'000u}) {
    TextSource slow(request, {.tokens = tokens});
    std::string pieces;
    while (slow.next(pieces)) {
    }
    TextSource fast(request, {.tokens = tokens});
    std::string at_once;
    fast.rest(at_once);
    EXPECT_EQ(at_once, pieces);
    EXPECT_EQ(slow.pieces(), tokens);
    EXPECT_EQ(fast.pieces(), tokens);
  }
}

TEST_F(StandinChat, MaxTokensCutsTheTextShort) {
  ChatRequest request = read(R"({"model":"standin","max_tokens":5,"messages":[{"role":"user","content":"hello"}]})");
  TextSource source(request, {.tokens = 6});
  std::string text;
  while (source.next(text)) {
  }
  EXPECT_EQ(source.pieces(), 5u);
  EXPECT_TRUE(source.cut_short());
  EXPECT_NE(whole_reply(request, {.tokens = 6}, 1, 0).find(R"("finish_reason":"length")"), std::string::npos);
  EXPECT_NE(whole_reply(request, {.tokens = 5}, 1, 0).find(R"("finish_reason":"stop")"), std::string::npos);
}

TEST_F(StandinChat, StreamCarriesTheTextOfTheWhole) {
  const ChatRequest request = read(kHello);
  simdjson::dom::parser parser;
  simdjson::dom::element whole = parser.parse(whole_reply(request, {}, 1, 0));
  const std::string expected(std::string_view(whole.at_pointer("/choices/0/message/content")));
  EXPECT_EQ(expected, text_of(request));

  const std::vector<std::string> events = events_of(request);
  ASSERT_EQ(events.size(), 32u + 3);
  EXPECT_EQ(events.back(), "[DONE]");
  std::string assembled;
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    simdjson::dom::element event = parser.parse(events[i]);
    EXPECT_EQ(std::string_view(event["object"]), "chat.completion.chunk");
    std::string_view piece;
    if (event.at_pointer("/choices/0/delta/content").get(piece) == simdjson::SUCCESS) assembled += piece;
    const bool last = i + 2 == events.size();
    EXPECT_EQ(event.at_pointer("/choices/0/finish_reason").is_null(), !last);
  }
  EXPECT_EQ(assembled, expected);
}

TEST_F(StandinChat, UsageComesLastWhenAskedFor) {
  const ChatRequest request = read(R"({"model":"standin","stream":true,"stream_options":{"include_usage":true},)"
                                   R"("messages":[{"role":"user","content":"hello"}]})");
  const std::vector<std::string> events = events_of(request);
  simdjson::dom::parser parser;
  simdjson::dom::element usage = parser.parse(events[events.size() - 2]);
  EXPECT_EQ(std::uint64_t(usage["usage"]["completion_tokens"]), 32u);
  EXPECT_EQ(simdjson::dom::array(usage["choices"]).size(), 0u);
  EXPECT_NE(events.front().find(R"("usage":null)"), std::string::npos);
}

TEST_F(StandinChat, RepeatsOrSpellsWhatItIsTold) {
  const auto told = [&](const std::string& text) {
    return read(R"({"model":"standin","messages":[{"role":"user","content":")" + text + R"("}]})");
  };
  const std::string said = text_of(told("Repeat: my card is 4111 \\\"x\\u00e9"));
  EXPECT_NE(said.find(": my card is 4111 ?x?? "), std::string::npos) << said;
  EXPECT_NE(text_of(told("Spell: a-b")).find(": a.-.b "), std::string::npos);
  EXPECT_EQ(read(kHello).repeat, "");
  EXPECT_GT(events_of(told("Repeat: a long word that is spread over events")).size(),
            events_of(read(kHello)).size() + 5);
  simdjson::dom::parser parser;
  simdjson::dom::element whole = parser.parse(whole_reply(told("Repeat: x"), {}, 1, 0));
  EXPECT_EQ(std::string_view(whole.at_pointer("/choices/0/message/content")), text_of(told("Repeat: x")));
}

TEST_F(StandinChat, CallsTheToolWhenTheUserAsks) {
  const ChatRequest request =
      read(R"({"model":"standin",)" TOOLS R"(,"messages":[{"role":"user","content":"please use the tool now"}]})");
  ASSERT_TRUE(request.calls_tool);
  EXPECT_EQ(request.tool_name, "weather");
  simdjson::dom::parser parser;
  simdjson::dom::object arguments = parser.parse(request.tool_arguments);
  EXPECT_EQ(arguments.size(), 3u);

  simdjson::dom::parser whole_parser;
  simdjson::dom::element whole = whole_parser.parse(whole_reply(request, {}, 1, 0));
  EXPECT_TRUE(whole.at_pointer("/choices/0/message/content").is_null());
  EXPECT_EQ(std::string_view(whole.at_pointer("/choices/0/finish_reason")), "tool_calls");
  EXPECT_EQ(std::string_view(whole.at_pointer("/choices/0/message/tool_calls/0/function/arguments")),
            request.tool_arguments);

  std::string assembled;
  for (const std::string& event : events_of(request)) {
    if (event == "[DONE]") continue;
    simdjson::dom::element parsed = parser.parse(event);
    std::string_view piece;
    if (parsed.at_pointer("/choices/0/delta/tool_calls/0/function/arguments").get(piece) == simdjson::SUCCESS) {
      assembled += piece;
    }
  }
  EXPECT_EQ(assembled, request.tool_arguments);
}

TEST_F(StandinChat, AnswersAToolsResultInWords) {
  const ChatRequest request =
      read(R"({"model":"standin",)" TOOLS R"(,"messages":[{"role":"user","content":"use the tool"},)"
           R"({"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",)"
           R"("function":{"name":"weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"sun"}]})");
  EXPECT_FALSE(request.calls_tool);
}

TEST_F(StandinChat, ToolChoiceDecides) {
  const auto with = [&](std::string_view choice, std::string_view content) {
    return reader.read(R"({"model":"standin",)" TOOLS R"(,"tool_choice":)" + std::string(choice) +
                       R"(,"messages":[{"role":"user","content":")" + std::string(content) + R"("}]})");
  };
  EXPECT_TRUE(with(R"("required")", "hello")->calls_tool);
  EXPECT_FALSE(with(R"("none")", "use the tool")->calls_tool);
  EXPECT_FALSE(with(R"("auto")", "hello")->calls_tool);
  EXPECT_TRUE(with(R"({"type":"function","function":{"name":"weather"}})", "hello")->calls_tool);
  EXPECT_FALSE(with(R"({"type":"function","function":{"name":"unknown"}})", "hello").has_value());
  EXPECT_FALSE(with("7", "hello").has_value());
}

TEST_F(StandinChat, RefusesUnknownModels) {
  EXPECT_EQ(refused(R"({"model":"gpt","messages":[{"role":"user","content":"hello"}]})"), Errc::kNotFound);
}

TEST_F(StandinChat, RefusesBodiesThatAreNotJson) {
  EXPECT_EQ(refused(""), Errc::kMalformed);
  EXPECT_EQ(refused("{"), Errc::kMalformed);
  EXPECT_EQ(refused(kHello.substr(0, kHello.size() - 1)), Errc::kMalformed);
}

TEST_F(StandinChat, RefusesBodiesThatAreNotChatRequests) {
  for (const char* body :
       {"[]", "{}", R"({"model":1,"messages":[{"role":"user","content":"x"}]})", R"({"model":"standin"})",
        R"({"model":"standin","messages":[]})", R"({"model":"standin","messages":"x"})",
        R"({"model":"standin","messages":[{"content":"x"}]})", R"({"model":"standin","messages":["x"]})",
        R"({"model":"standin","n":2,"messages":[{"role":"user","content":"x"}]})",
        R"({"model":"standin","tools":{},"messages":[{"role":"user","content":"x"}]})",
        R"({"model":"standin","tools":[{"type":"function"}],"messages":[{"role":"user","content":"x"}]})"}) {
    EXPECT_EQ(refused(body), Errc::kInvalidArgument) << body;
  }
}

TEST(StandinError, HasTheShapeOfTheApi) {
  EXPECT_EQ(error_body("no `x`", "invalid_request_error", ""),
            R"({"error":{"message":"no `x`","type":"invalid_request_error","param":null,"code":null}})");
}

}  // namespace
}  // namespace redoubt::standin
