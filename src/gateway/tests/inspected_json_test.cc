#include "gateway/inspected_json.h"

#include "encoding/json_reader.h"
#include "gateway/tests/content_test.h"

namespace redoubt::gateway {
namespace {

using enum ContentAction;

class Inspecting : public testing::Test {
 protected:
  InspectedJson inspected(std::string_view json, const Placeholders* restore = nullptr) {
    encoding::JsonReader reader;
    EXPECT_TRUE(reader.parse(json).has_value()) << json;
    auto done = InspectedJson::inspect(json, **pool_.whole(few_rules()), restore);
    EXPECT_TRUE(done.has_value());
    return *std::move(done);
  }
  std::string changed(std::string_view json, const ContentActions& actions, const Placeholders* restore = nullptr) {
    auto done = inspected(json, restore).changed(actions, &placeholders_);
    return done ? *done : "error: " + done.error().message();
  }

  ScannerPool pool_;
  crypto::RandomPool random_;
  Placeholders placeholders_{random_};
};

std::string chat(std::string_view content) {
  return R"({"model":"m","messages":[{"role":"user","content":")" + std::string(content) + R"("}],"n":1})";
}

TEST_F(Inspecting, WhatIsFoundIsNamedForPolicies) {
  const InspectedJson found = inspected(chat("card " + std::string(kCard) + " of " + std::string(kMail)));
  EXPECT_EQ(found.findings().names(), (std::vector<std::string_view>{"credit_card", "email_address", "personal"}));
  const auto actions = due({{"personal", kFlag}, {"credit_card", kRedact}});
  EXPECT_EQ(found.findings().strictest(actions), kRedact);
  EXPECT_EQ(found.findings().in_words(actions, kRedact, 100), "1 credit_card");
  const auto counts = found.findings().counts(actions);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].kind, "credit_card");
  EXPECT_EQ(counts[0].action, "redact");
  EXPECT_EQ(counts[1].action, "flag");
}

TEST_F(Inspecting, WhoSaidWhatWasFoundIsCountedApart) {
  const std::string mail(kMail);
  const std::string body = R"({"messages":[{"role":"user","content":")" + mail + R"("},{"content":[{"type":"text",)" +
                           R"("text":"to )" + mail + R"( and"},{"type":"text","text":" to )" + mail +
                           R"("}],"role":"tool"}]})";
  const std::array roles = {Where::kUser, Where::kTool};
  const auto found = InspectedJson::inspect_request(body, **pool_.whole(few_rules()), roles);
  ASSERT_TRUE(found);
  const auto counts = found->findings().counts({});
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].where, "user");
  EXPECT_EQ(counts[0].count, 1U);
  EXPECT_EQ(counts[1].where, "tool");
  EXPECT_EQ(counts[1].count, 2U);
  EXPECT_EQ(found->findings().in_words(due({{"email_address", kBlock}}), kBlock, 100), "3 email_address")
      << "the caller is told how much, not where";
}

TEST_F(Inspecting, WhatTheCallerAsksIsTheLastMessageOfAUser) {
  const auto question = [this](std::string_view json, std::initializer_list<Where> roles, std::size_t max = 1000) {
    std::string out;
    const auto found = InspectedJson::inspect_request(json, **pool_.whole(few_rules()), roles, &out, max);
    EXPECT_TRUE(found);
    return out;
  };
  EXPECT_EQ(question(R"({"messages":[{"content":"a"},{"content":"b\u0021"},{"content":"c"}]})",
                     {Where::kUser, Where::kUser, Where::kAssistant}),
            "b!\n");
  EXPECT_EQ(question(R"({"messages":[{"content":"a"},{"content":"b"}]})", {Where::kSystem, Where::kTool}), "b\n");
  EXPECT_EQ(question(R"({"messages":[{"content":[{"type":"text","text":"x"},{"image_url":{"url":"data:"}},
                        {"type":"text","text":"y"}],"name":"n"}]})",
                     {Where::kUser}),
            "x\ny\n");
  EXPECT_EQ(question(R"({"messages":[{"contents":"a"},{"content":{"text":"b"}}]})", {Where::kUser}), "");
  EXPECT_EQ(question(R"({"messages":[]})", {}), "");
  const std::string longer(100, 'a');
  EXPECT_EQ(question(R"({"messages":[{"content":")" + longer + R"("}]})", {Where::kUser}, 10), "aaaaaaaaaa\n");
}

TEST_F(Inspecting, NamesOfToolsAreNoted) {
  const auto request = InspectedJson::inspect_request(
      R"({"tools":[{"function":{"name":"crm_lookup"}},{"function":{"name":"x T-1234"}}],"messages":[]})",
      **pool_.whole(few_rules()), {});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->names().tools_offered(), std::vector<std::string>{"crm_lookup"})
      << "a name in which something is found is content";
  const InspectedJson answer = inspected(
      R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"send_mail","arguments":"{\"to\":\"T-1234\"}"}}]}}]})");
  EXPECT_EQ(answer.names().tools_called(), std::vector<std::string>{"send_mail"});
  const auto counts = answer.findings().counts({});
  ASSERT_EQ(counts.size(), 1U);
  EXPECT_EQ(counts[0].where, "tool_arguments");
}

TEST_F(Inspecting, NothingIsChangedUnlessItIsDue) {
  EXPECT_EQ(changed(chat(kCard), {}), "");
  EXPECT_EQ(changed(chat(kCard), due({{"personal", kFlag}})), "");
  EXPECT_EQ(changed(chat("hello"), due({{"personal", kRedact}})), "");
}

TEST_F(Inspecting, WhatIsRedactedIsGoneAndAllElseStaysByteForByte) {
  EXPECT_EQ(
      changed(R"( {"a" : "x \u00e9 4111-1111-1111-1111.", "n":1.50 , "b":"\u0041"} )", due({{"credit_card", kRedact}})),
      " {\"a\" : \"x \xc3\xa9 <CREDIT_CARD>.\", \"n\":1.50 , \"b\":\"\\u0041\"} ");
}

TEST_F(Inspecting, AnEscapedValueIsFound) {
  EXPECT_EQ(changed(R"(["\u0034111 1111 1111 1111"])", due({{"credit_card", kRedact}})), R"(["<CREDIT_CARD>"])");
}

TEST_F(Inspecting, ANumberIsATextToo) {
  EXPECT_EQ(changed(R"({"card":4111111111111111})", due({{"credit_card", kRedact}})), R"({"card":"<CREDIT_CARD>"})");
}

TEST_F(Inspecting, WhatStandsInANameCannotBeReplaced) {
  EXPECT_EQ(changed(R"({"4111111111111111":1})", due({{"credit_card", kRedact}})),
            "error: what is found in the name of a member cannot be replaced");
  EXPECT_EQ(changed(R"({"4111111111111111":1})", due({{"credit_card", kFlag}})), "");
}

TEST_F(Inspecting, ATokenisedValueComesBackInTheAnswer) {
  const std::string sent = changed(chat("card " + std::string(kCard)), due({{"credit_card", kTokenise}}));
  EXPECT_EQ(sent.find("4111"), std::string::npos) << sent;
  const std::string& name = placeholders_.stand_in("CREDIT_CARD", kCard);
  EXPECT_NE(sent.find("card " + name), std::string::npos) << sent;
  const std::string answer = R"({"choices":[{"index":0,"message":{"content":"It is )" + name + R"(."}}]})";
  EXPECT_EQ(changed(answer, {}, &placeholders_),
            R"({"choices":[{"index":0,"message":{"content":"It is 4111 1111 1111 1111."}}]})");
  EXPECT_EQ(changed(answer, due({{"personal", kRedact}}), &placeholders_),
            R"({"choices":[{"index":0,"message":{"content":"It is 4111 1111 1111 1111."}}]})")
      << "it is the caller's own";
  EXPECT_TRUE(inspected(answer, &placeholders_).findings().empty());
}

TEST_F(Inspecting, WhatAToolIsToldIsNotRestored) {
  const std::string& name = placeholders_.stand_in("CREDIT_CARD", kCard);
  for (const std::string& answer :
       {R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":")" + name + R"("}}]}}]})",
        R"({"choices":[{"message":{"function_call":{"arguments":")" + name + R"("}}}]})",
        R"({"id":")" + name + R"("})"}) {
    EXPECT_EQ(changed(answer, {}, &placeholders_), "") << answer;
  }
}

TEST_F(Inspecting, AnswersWithRedactedTextLoseTheirTokens) {
  EXPECT_EQ(changed(R"({"choices":[{"message":{"content":"T-1234"},"logprobs":{"content":[{"token":"T-"}]}},)"
                    R"({"message":{"content":"x"},"logprobs":{"content":[]}}]})",
                    due({{"ticket", kRedact}})),
            R"({"choices":[{"message":{"content":"<TICKET>"},"logprobs":null},)"
            R"({"message":{"content":"x"},"logprobs":{"content":[]}}]})");
}

TEST_F(Inspecting, AValueSplitOverThePartsOfAMessageIsFound) {
  const std::string json = R"({"messages":[{"role":"user","content":[{"type":"text","text":"a 4111 1111 "},)"
                           R"({"type":"text","text":"1111 1111 b"}]}]})";
  EXPECT_EQ(changed(json, due({{"credit_card", kRedact}})),
            R"({"messages":[{"role":"user","content":[{"type":"text","text":"a <CREDIT_CARD>"},)"
            R"({"type":"text","text":"<CREDIT_CARD> b"}]}]})");
  EXPECT_EQ(inspected(json).findings().in_words(due({{"credit_card", kBlock}}), kBlock, 100), "1 credit_card");
}

TEST_F(Inspecting, APartThatIsWholeByItselfCountsOnce) {
  const std::string json = R"({"messages":[{"content":[{"text":"4111111111111111"},{"text":"22"}]}]})";
  EXPECT_EQ(changed(json, due({{"credit_card", kRedact}})),
            R"({"messages":[{"content":[{"text":"<CREDIT_CARD>"},{"text":"22"}]}]})");
  EXPECT_EQ(inspected(json).findings().in_words(due({{"credit_card", kBlock}}), kBlock, 100), "1 credit_card");
}

TEST_F(Inspecting, TheStricterOfKindAndFamilyIsDue) {
  EXPECT_EQ(changed(chat(kCard), due({{"personal", kRedact}, {"credit_card", kFlag}})), chat("<CREDIT_CARD>"));
}

}  // namespace
}  // namespace redoubt::gateway
