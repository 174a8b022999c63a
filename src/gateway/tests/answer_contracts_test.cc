#include "gateway/answer_contracts.h"

#include <gtest/gtest.h>

#include "gateway/inspected_json.h"
#include "gateway/tests/content_test.h"
#include "gateway/tests/contract_support.h"

namespace redoubt::gateway {
namespace {

using test::chat_request;
using test::kTransfer;
using test::kTransferSchema;
using test::own_contracts;

constexpr std::string_view kCall = "/choices/0/message/tool_calls/0/function";
constexpr std::string_view kAnswer = "/choices/0/message/content";

class Contracts : public testing::Test {
 protected:
  // What is found where a tool of this name is told this: `SCHEMA_VIOLATION CONTRACT_VIOLATION`.
  static std::string told(std::string_view body, std::string_view tool, std::string_view arguments,
                          const ToolContracts& own = {}) {
    AnswerContracts contracts = made(body, own);
    if (!tool.empty()) contracts.add(std::string(kCall) + "/name", tool);
    contracts.add(std::string(kCall) + "/arguments", arguments);
    return kinds(contracts);
  }
  static std::string answered(std::string_view body, std::string_view content) {
    const ToolContracts none;
    AnswerContracts contracts = made(body, none);
    contracts.add(kAnswer, content);
    return kinds(contracts);
  }
  static AnswerContracts made(std::string_view body, const ToolContracts& own) {
    return AnswerContracts(chat_request(body), body, own);
  }
  static std::string kinds(AnswerContracts& contracts) {
    std::string out;
    for (const auto& fault : contracts.faults()) (out += out.empty() ? "" : " ") += fault.kind;
    return out;
  }
};

TEST_F(Contracts, ArgumentsFitTheToolsParameters) {
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":5,"to":"ann"})"), "");
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":-5,"to":"ann"})"), "SCHEMA_VIOLATION");
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":5,"to":"ann","as":"root"})"), "SCHEMA_VIOLATION");
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":5)"), "SCHEMA_VIOLATION") << "no JSON";
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":5,"to":"ann","to":"eve"})"), "SCHEMA_VIOLATION") << "two readings";
}

TEST_F(Contracts, WhatIsEmptyWasNotSaid) {
  EXPECT_EQ(told(kTransfer, "transfer", ""), "");
  EXPECT_EQ(answered(R"({"model":"m","messages":[],"response_format":{"type":"json_object"}})", ""), "");
}

TEST_F(Contracts, ToolsWithoutParametersAndToolsThatNobodyNamedTakeAnything) {
  EXPECT_EQ(told(kTransfer, "ping", "what ever"), "");
  EXPECT_EQ(told(kTransfer, "other", "{}"), "");
}

TEST_F(Contracts, TheOlderFormOfToolsIsReadToo) {
  const std::string body = R"({"model":"m","messages":[],"functions":[{"name":"transfer","parameters":)" +
                           std::string(kTransferSchema) + "}]}";
  const ToolContracts none;
  AnswerContracts contracts = made(body, none);
  contracts.add("/choices/0/message/function_call/name", "transfer");
  EXPECT_TRUE(contracts.add("/choices/0/message/function_call/arguments", "{}"));
  EXPECT_EQ(kinds(contracts), "SCHEMA_VIOLATION");
}

TEST_F(Contracts, PiecesAreOneText) {
  const ToolContracts none;
  AnswerContracts contracts = made(kTransfer, none);
  const std::string call = "/choices/0/delta/tool_calls/1/function";
  for (const std::string_view piece : {"{\"amo", "unt\":5,", "\"to\":\"ann\"}"}) {
    EXPECT_TRUE(contracts.add(call + "/arguments", piece));
  }
  contracts.add(call + "/name", "transfer");  // after them, and twice
  contracts.add(call + "/name", "transfer");
  EXPECT_EQ(kinds(contracts), "");
}

TEST_F(Contracts, ACallOfWhichTheToolIsNotCertainFitsNothing) {
  const ToolContracts own = own_contracts();
  EXPECT_EQ(told(kTransfer, "", "{}", own), "CONTRACT_VIOLATION SCHEMA_UNUSABLE");
  AnswerContracts contracts = made(kTransfer, own);
  contracts.add(std::string(kCall) + "/name", "ping");
  contracts.add(std::string(kCall) + "/name", "transfer");
  contracts.add(std::string(kCall) + "/arguments", "{}");
  EXPECT_EQ(kinds(contracts), "CONTRACT_VIOLATION SCHEMA_UNUSABLE");
}

TEST_F(Contracts, TheOperatorsContractHoldsWhateverTheRequestSays) {
  const ToolContracts own = own_contracts();  // `transfer`: amount at most 100
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":5,"to":"ann"})", own), "");
  EXPECT_EQ(told(kTransfer, "transfer", R"({"amount":500,"to":"ann"})", own), "CONTRACT_VIOLATION");
  EXPECT_EQ(told(kTransfer, "transfer", "no JSON", own), "CONTRACT_VIOLATION SCHEMA_VIOLATION");
  EXPECT_EQ(told(R"({"model":"m","messages":[]})", "transfer", R"({"amount":500})", own), "CONTRACT_VIOLATION");
  EXPECT_EQ(told(R"({"model":"m","messages":[]})", "other", R"({"amount":500})", own), "");
}

TEST_F(Contracts, ASchemaThatCannotBeUsedIsAFaultOfItsOwn) {
  const auto with = [](std::string_view schema) {
    return R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"t","parameters":)" +
           std::string(schema) + "}}]}";
  };
  for (const std::string_view schema :
       {R"({"type":"thing"})", R"({"pattern":"(?=a)b"})", R"({"$ref":"https://example.com/s"})", "7"}) {
    EXPECT_EQ(told(with(schema), "t", "{}"), "SCHEMA_UNUSABLE") << schema;
  }
  EXPECT_EQ(told(with("{\"x\":\"" + std::string(AnswerContracts::kMaxSchemaBytes, 'x') + "\"}"), "t", "{}"),
            "SCHEMA_UNUSABLE");
  EXPECT_EQ(told(R"({"model":"m","messages":[],"tools":"none"})", "t", "{}"), "SCHEMA_UNUSABLE");
  EXPECT_EQ(told(R"({"model":"m","messages":[],"tools":null})", "t", "{}"), "");
  // Twice the same tool: which of them is meant?
  EXPECT_EQ(
      told(R"({"model":"m","messages":[],"tools":[{"function":{"name":"t"}},{"function":{"name":"t"}}]})", "t", "{}"),
      "SCHEMA_UNUSABLE");
}

TEST_F(Contracts, AnAnswerFitsItsResponseFormat) {
  const std::string body =
      R"({"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":)" +
      std::string(kTransferSchema) + "}}}";
  EXPECT_EQ(answered(body, R"({"amount":5,"to":"ann"})"), "");
  EXPECT_EQ(answered(body, R"({"amount":"5","to":"ann"})"), "SCHEMA_VIOLATION");
  EXPECT_EQ(answered(body, "Sure! {\"amount\":5,\"to\":\"ann\"}"), "SCHEMA_VIOLATION");
  const std::string any = R"({"model":"m","messages":[],"response_format":{"type":"json_object"}})";
  EXPECT_EQ(answered(any, "{}"), "");
  EXPECT_EQ(answered(any, "[]"), "SCHEMA_VIOLATION");
  EXPECT_EQ(answered(R"({"model":"m","messages":[],"response_format":{"type":"text"}})", "hello"), "");
  EXPECT_EQ(
      answered(R"({"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"schema":7}}})",
               "7"),
      "SCHEMA_UNUSABLE");
}

TEST_F(Contracts, AnAnswerInPartsCannotBeChecked) {
  const ToolContracts none;
  const std::string body = R"({"model":"m","messages":[],"response_format":{"type":"json_object"}})";
  AnswerContracts contracts = made(body, none);
  EXPECT_FALSE(contracts.add("/choices/0/message/content/0/type", "text"));
  EXPECT_TRUE(contracts.add("/choices/0/message/content/0/text", "{}"));
  EXPECT_EQ(kinds(contracts), "SCHEMA_VIOLATION");
}

TEST_F(Contracts, WhatIsTooMuchToBeCheckedDoesNotFit) {
  const ToolContracts none;
  const std::string body = R"({"model":"m","messages":[],"response_format":{"type":"json_object"}})";
  AnswerContracts large = made(body, none);
  const std::string blanks(AnswerContracts::kMaxCheckedBytes / 2, ' ');
  for (int i = 0; i < 3; ++i) large.add(kAnswer, blanks);
  large.add(kAnswer, "{}");
  EXPECT_EQ(kinds(large), "SCHEMA_VIOLATION");

  AnswerContracts many = made(body, none);
  for (std::size_t i = 0; i <= AnswerContracts::kMaxCheckedTexts; ++i) {
    many.add("/choices/" + std::to_string(i) + "/message/content", "{}");
  }
  EXPECT_EQ(kinds(many), "SCHEMA_VIOLATION") << "of the last one";
}

TEST_F(Contracts, ASchemaThatTakesTooMuchWorkCanTellNothing) {
  // Each level asks the next one twice.
  std::string schema = R"({"$ref":"#/$defs/s20","$defs":{"s0":{"type":"object"})";
  for (int i = 1; i <= 20; ++i) {
    const std::string next = R"({"$ref":"#/$defs/s)" + std::to_string(i - 1) + "\"}";
    schema += ",\"s" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]}";
  }
  schema += "}}";
  const std::string body =
      R"({"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{"schema":)" + schema + "}}}";
  EXPECT_EQ(answered(body, "{}"), "SCHEMA_UNUSABLE");
}

TEST_F(Contracts, OtherTextsOfAnAnswerAreNoneOfIts) {
  const ToolContracts own = own_contracts();
  AnswerContracts contracts = made(kTransfer, own);
  for (const std::string_view path :
       {"/model", "/choices/0/message/role", "/choices/0/message/content", "/choices/0/finish_reason",
        "/choices/0/logprobs/content/0/token", "/tool_calls/0/function/arguments", "/choices/0/arguments"}) {
    EXPECT_FALSE(contracts.add(path, "x")) << path;
  }
  EXPECT_EQ(kinds(contracts), "");
}

constexpr std::string_view kCallName = "/choices/0/message/tool_calls/0/function/name";

TEST_F(Contracts, ACallOfAToolThatTheRequestDoesNotDescribeIsKnownByItsName) {
  const ToolContracts own = own_contracts();
  AnswerContracts contracts = made(kTransfer, own);
  EXPECT_FALSE(contracts.calls_undescribed(kCallName, "transfer"));
  EXPECT_FALSE(contracts.calls_undescribed(kCallName, "ping")) << "without parameters, but described";
  for (const std::string_view name : {"shell", "trans", "Transfer", "transfer "}) {
    EXPECT_TRUE(contracts.calls_undescribed(kCallName, name)) << name;
  }
  EXPECT_TRUE(contracts.calls_undescribed("/choices/0/delta/tool_calls/1/function/name", "eval"));
  EXPECT_TRUE(contracts.calls_undescribed("/choices/0/message/function_call/name", "eval"));
  EXPECT_FALSE(contracts.calls_undescribed(kCallName, "")) << "what is empty was not said";
  EXPECT_FALSE(contracts.calls_undescribed("/choices/0/message/name", "eval")) << "of another thing";
  EXPECT_FALSE(contracts.calls_undescribed("/choices/0/message/tool_calls/0/custom/name", "shell"));
}

TEST_F(Contracts, WhereARequestBringsNoToolsNoneIsDescribed) {
  const ToolContracts none;
  AnswerContracts contracts = made(R"({"model":"m","messages":[]})", none);
  EXPECT_TRUE(contracts.calls_undescribed(kCallName, "transfer"));
}

TEST_F(Contracts, NobodySaysWhatToolsDescribeThatCannotBeRead) {
  const ToolContracts none;
  const std::string body = R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"t","x":")" +
                           std::string(AnswerContracts::kMaxSchemaBytes, 'x') + "\"}}]}";
  AnswerContracts contracts = made(body, none);
  EXPECT_FALSE(contracts.calls_undescribed(kCallName, "other"));
}

// In a whole answer.

std::string answer(std::string_view arguments) {
  return R"({"choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",)"
         R"("function":{"arguments":")" +
         std::string(arguments) + R"(","name":"transfer"}}]}}]})";
}

TEST_F(Contracts, AFaultIsAMatchThatIsDealtWithLikeOthers) {
  ScannerPool pool;
  const ToolContracts own = own_contracts();
  const std::string body = answer(R"({\"amount\":500,\"to\":\"ann.lee@clinic.example\"})");
  AnswerContracts contracts = made(kTransfer, own);
  const auto inspected = InspectedJson::inspect(body, **pool.whole(few_rules()), nullptr, &contracts);
  ASSERT_TRUE(inspected);
  EXPECT_EQ(inspected->findings().names(),
            (std::vector<std::string_view>{"contract", "contract_violation", "email_address", "personal"}));
  EXPECT_EQ(inspected->findings().strictest(due({{"contract_violation", ContentAction::kBlock}})),
            ContentAction::kBlock);
  const auto changed = inspected->changed(due({{"contract", ContentAction::kRedact}}), nullptr);
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, answer("<CONTRACT_VIOLATION>"));
}

TEST_F(Contracts, ACallOfAnUndescribedToolIsAMatchOfItsName) {
  ScannerPool pool;
  const ToolContracts none;
  const std::string request = R"({"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"ping"}}]})";
  AnswerContracts contracts = made(request, none);
  const auto inspected = InspectedJson::inspect(answer("{}"), **pool.whole(few_rules()), nullptr, &contracts);
  ASSERT_TRUE(inspected);
  EXPECT_EQ(inspected->findings().names(), (std::vector<std::string_view>{"contract", "undescribed_tool"}));
  EXPECT_EQ(inspected->names().tools_called(), std::vector<std::string>{"transfer"});
  const auto changed = inspected->changed(due({{"undescribed_tool", ContentAction::kRedact}}), nullptr);
  ASSERT_TRUE(changed);
  EXPECT_NE(changed->find(R"("name":"<UNDESCRIBED_TOOL>")"), std::string::npos) << *changed;
}

TEST_F(Contracts, WhatFitsIsNoMatch) {
  ScannerPool pool;
  const ToolContracts own = own_contracts();
  const std::string body = answer(R"({\"amount\":5,\"to\":\"ann\"})");
  AnswerContracts contracts = made(kTransfer, own);
  const auto inspected = InspectedJson::inspect(body, **pool.whole(few_rules()), nullptr, &contracts);
  ASSERT_TRUE(inspected);
  EXPECT_TRUE(inspected->findings().empty());
}

}  // namespace
}  // namespace redoubt::gateway
