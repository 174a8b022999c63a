#include "gateway/openai.h"

#include <gtest/gtest.h>

namespace redoubt::gateway {
namespace {

Result<ChatRequest> parse(std::string_view body) {
  encoding::JsonReader reader;
  return parse_chat_request(reader, body);
}

TEST(ChatRequest, ModelAndStreamAreRead) {
  const auto request = parse(R"({"model":"small","messages":[{"role":"user","content":"hi"}],"stream":true})");
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->model, "small");
  EXPECT_TRUE(request->stream);
}

TEST(ChatRequest, StreamIsFalseWhenAbsentFalseOrNull) {
  for (const std::string_view stream : {"", R"(,"stream":false)", R"(,"stream":null)"}) {
    const auto request = parse(R"({"model":"m","messages":[])" + std::string(stream) + "}");
    ASSERT_TRUE(request) << stream;
    EXPECT_FALSE(request->stream);
  }
}

TEST(ChatRequest, EscapedNamesAreTheNamesThatTheyMean) {
  const auto request = parse(R"({"mod\u0065l":"\u0073mall","messages":[],"str\u0065am":true})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->model, "small");
  EXPECT_TRUE(request->stream);
}

TEST(ChatRequest, UnknownMembersAreNoConcernOfOurs) {
  EXPECT_TRUE(parse(R"({"future":{"model":"x"},"model":"m","messages":[null,7],"temperature":0.5})"));
}

TEST(ChatRequest, AModelMayHave256Bytes) {
  EXPECT_TRUE(parse(R"({"messages":[],"model":")" + std::string(256, 'm') + R"("})"));
}

TEST(ChatRequest, AsksForWhatItSaysAtMostForEachAnswer) {
  const auto asked = [](std::string_view more) {
    const auto request = parse(R"({"model":"m","messages":[])" + std::string(more) + "}");
    EXPECT_TRUE(request) << more;
    return request->max_output_tokens;
  };
  EXPECT_EQ(asked(""), 0u);
  EXPECT_EQ(asked(R"(,"max_tokens":7)"), 7u);
  EXPECT_EQ(asked(R"(,"max_completion_tokens":9)"), 9u);
  EXPECT_EQ(asked(R"(,"max_completion_tokens":9,"max_tokens":7)"), 9u);
  EXPECT_EQ(asked(R"(,"max_completion_tokens":7,"max_tokens":9,"n":3)"), 27u);
  EXPECT_EQ(asked(R"(,"n":3)"), 0u);
  EXPECT_EQ(asked(R"(,"max_tokens":18446744073709551615,"n":2)"), ~std::uint64_t{0});
  for (const char* nonsense : {"-5", "1.5", "\"9\"", "null", "[9]", "0"}) {
    EXPECT_EQ(asked(std::string(R"(,"max_tokens":)") + nonsense), 0u) << nonsense;
    EXPECT_EQ(asked(std::string(R"(,"max_tokens":4,"n":)") + nonsense), 4u) << nonsense;
  }
}

struct BadBody {
  const char* name;
  std::string text;
};

class ChatRequestRefuses : public ::testing::TestWithParam<BadBody> {};

TEST_P(ChatRequestRefuses, AsMalformed) {
  const auto request = parse(GetParam().text);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code(), Errc::kMalformed);
  EXPECT_EQ(request.error().message().find("secret"), std::string::npos);  // what was sent is not in the message
}

INSTANTIATE_TEST_SUITE_P(
    All, ChatRequestRefuses,
    ::testing::Values(BadBody{"Empty", ""}, BadBody{"NotJson", "model=secret"}, BadBody{"AnArray", "[]"},
                      BadBody{"AString", R"("secret")"}, BadBody{"NoModel", R"({"messages":[]})"},
                      BadBody{"EmptyModel", R"({"model":"","messages":[]})"},
                      BadBody{"ModelNoString", R"({"model":7,"messages":[]})"},
                      BadBody{"ModelNull", R"({"model":null,"messages":[]})"},
                      BadBody{"ModelWithALineBreak", R"({"model":"m\nsecret","messages":[]})"},
                      BadBody{"ModelWithNul", R"({"model":"m\u0000","messages":[]})"},
                      BadBody{"ModelWithDelete", "{\"model\":\"m\x7f\",\"messages\":[]}"},
                      BadBody{"ModelLong", R"({"messages":[],"model":")" + std::string(257, 'm') + R"("})"},
                      BadBody{"NoMessages", R"({"model":"m"})"},
                      BadBody{"MessagesNoArray", R"({"model":"m","messages":"secret"})"},
                      BadBody{"MessagesNull", R"({"model":"m","messages":null})"},
                      BadBody{"StreamAString", R"({"model":"m","messages":[],"stream":"true"})"},
                      BadBody{"StreamANumber", R"({"model":"m","messages":[],"stream":1})"},
                      BadBody{"TwoModels", R"({"model":"m","messages":[],"model":"secret"})"},
                      BadBody{"TwoModelsOneEscaped", R"({"model":"m","messages":[],"mode\u006c":"secret"})"},
                      BadBody{"BytesBehind", R"({"model":"m","messages":[]} {})"},
                      BadBody{"Truncated", R"({"model":"m","messages":[)"},
                      BadBody{"NotUtf8", "{\"model\":\"m\xff\",\"messages\":[]}"},
                      BadBody{"ByteOrderMark", "\xef\xbb\xbf{\"model\":\"m\",\"messages\":[]}"}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST(ChatRequest, NestedTooDeepIsTooLarge) {
  const auto request = parse(R"({"model":"m","messages":)" + std::string(100, '[') + std::string(100, ']') + "}");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code(), Errc::kTooLarge);
}

Result<TokenUsage> usage_of(std::string_view body) {
  encoding::JsonReader reader;
  return parse_usage(reader, body);
}

TEST(TokenUsage, CountsAreRead) {
  const auto usage = usage_of(R"({"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->prompt_tokens, 1u);
  EXPECT_EQ(usage->completion_tokens, 2u);
  EXPECT_EQ(usage->total_tokens, 3u);
}

TEST(TokenUsage, NothingIsSetWhereNothingIsSaid) {
  for (const std::string_view body : {"{}", R"({"usage":null})", R"({"usage":[1]})", R"({"usage":{}})",
                                      R"({"usage":{"prompt_tokens":-1,"completion_tokens":"2","total_tokens":1.5}})"}) {
    const auto usage = usage_of(body);
    ASSERT_TRUE(usage) << body;
    EXPECT_FALSE(usage->prompt_tokens || usage->completion_tokens || usage->total_tokens) << body;
  }
}

TEST(TokenUsage, TheTextIsWhatMessagesAndDeltasHold) {
  const auto text = [](std::string_view body) {
    const auto usage = usage_of(body);
    EXPECT_TRUE(usage) << body;
    return usage->text_bytes;
  };
  EXPECT_EQ(text(R"({"choices":[{"message":{"role":"ai","content":"four"}},{"message":{"content":"x"}}]})"), 7u);
  EXPECT_EQ(text(R"({"choices":[{"delta":{"content":"\u00e9","refusal":null,"tool_calls":[{"index":0,"function":)"
                 R"({"arguments":"{}"}}]}}]})"),
            4u);
  EXPECT_EQ(text(R"({"id":"c","choices":[{"finish_reason":"stop","delta":{}}],"usage":{}})"), 0u);
  for (const char* odd : {R"({"choices":7})", R"({"choices":[7,null,[{"delta":"x"}]]})", R"({"choices":{"delta":"x"}})",
                          R"({"delta":"x"})"}) {
    EXPECT_EQ(text(odd), 0u) << odd;
  }
}

TEST(TokenUsage, WhatIsNoJsonObjectIsMalformed) {
  for (const std::string_view body : {"", "[]", "7", "<html>", "{"}) {
    const auto usage = usage_of(body);
    ASSERT_FALSE(usage) << body;
    EXPECT_EQ(usage.error().code(), Errc::kMalformed);
  }
}

TEST(ErrorBody, HasTheFormOfTheApi) {
  EXPECT_EQ(error_body("no", "api_error", "overloaded"),
            R"({"error":{"message":"no","type":"api_error","param":null,"code":"overloaded"}})");
}

TEST(ErrorBody, IsValidJsonWhateverTheMessageSays) {
  std::string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  for (const std::string& hostile : {std::string("\"}}],\"x\":\"\\"), std::string("\n\r\t\0\x1f", 5), every,
                                     std::string("\xed\xa0\x80"), std::string("\xf0\x9f")}) {
    const std::string body = error_body(hostile, hostile, hostile);
    encoding::JsonReader reader;
    auto root = reader.parse(body);
    ASSERT_TRUE(root) << root.error().message();
    simdjson::dom::object error;
    ASSERT_EQ((*root)["error"].get(error), simdjson::SUCCESS);
    EXPECT_EQ(error.size(), 4u);
    EXPECT_FALSE(encoding::string_member(error, "message").empty());
  }
}

}  // namespace
}  // namespace redoubt::gateway
