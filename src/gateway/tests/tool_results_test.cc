#include "gateway/tool_results.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/openai.h"

namespace redoubt::gateway {
namespace {

// `crm_lookup=2 unknown=1`, of a request with these messages.
std::string rows_in(std::string_view messages) {
  encoding::JsonReader reader;
  const auto request = parse_chat_request(reader, R"({"model":"m","messages":)" + std::string(messages) + "}");
  if (!request) return request.error().message();
  std::string out;
  for (const ToolRows& each : request->tool_rows) {
    out += (out.empty() ? "" : " ") + each.tool + "=" + std::to_string(each.rows);
  }
  return out;
}

constexpr std::string_view kCalls =
    R"({"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"crm_lookup","arguments":"{}"}},
       {"id":"c2","type":"function","function":{"name":"labs.read","arguments":"{}"}}]})";

std::string result(std::string_view id, std::string_view content) {
  return R"({"role":"tool","tool_call_id":")" + std::string(id) + R"(","content":)" + std::string(content) + "}";
}

std::string talk(std::string_view behind) {
  return R"([{"role":"user","content":"[1,2,3]"},)" + std::string(kCalls) + "," + std::string(behind) + "]";
}

TEST(ToolRows, AreOfTheToolThatWasCalled) {
  EXPECT_EQ(rows_in(talk(result("c2", R"("[{\"id\":1},{\"id\":2}]")"))), "labs.read=2");
  EXPECT_EQ(rows_in(talk(result("c2", R"("a,b\n1,2\n3,4\n5,6")") + "," + result("c1", R"("[7]")"))),
            "labs.read=3 crm_lookup=1");
}

TEST(ToolRows, OfOneToolGoTogether) {
  EXPECT_EQ(rows_in(talk(result("c1", R"("[1,2]")") + "," + result("c1", R"("[3]")"))), "crm_lookup=3");
}

TEST(ToolRows, OfTextInPartsCount) {
  EXPECT_EQ(rows_in(talk(result("c1", R"([{"type":"text","text":"[{},{},{}]"}])"))), "crm_lookup=3");
  EXPECT_EQ(rows_in(talk(result("c1", R"([{"type":"text","text":"{\"id\":1}"},{"type":"text","text":"{\"id\":2}"}])"))),
            "crm_lookup=2")
      << "a part for each row";
  EXPECT_EQ(rows_in(talk(result("c1", R"([{"type":"text","text":"[{},{}]"},{"type":"text","text":"[{}]"}])"))),
            "crm_lookup=3");
  EXPECT_EQ(rows_in(talk(result("c1", R"([{"type":"text","text":"a,b\n1,2"},{"type":"text","text":"3,4"}])"))),
            "crm_lookup=2");
}

TEST(ToolRows, OfWhatIsNoTextAreNone) {
  for (const std::string_view content :
       {"null", "7", R"({"rows":[{},{}]})", "[[1,2,3]]", R"([{"type":"image_url","image_url":{"url":"[1,2]"}}])", "[]",
        R"(["[1,2]"])", R"("Two were found.")", R"("{\"id\":7}")"}) {
    EXPECT_EQ(rows_in(talk(result("c1", content))), "") << content;
  }
}

TEST(ToolRows, OfNoneAreNotThoseOfNothing) {
  EXPECT_EQ(rows_in(talk(result("c1", R"("[]")"))), "crm_lookup=0");
}

TEST(ToolRows, AreOfNewResultsAlone) {
  const std::string old = result("c1", R"("[1,2,3,4]")");
  EXPECT_EQ(rows_in(talk(old + R"(,{"role":"assistant","content":"Four."})")), "");
  EXPECT_EQ(rows_in(talk(old + R"(,{"role":"assistant","content":"Four."},{"role":"user","content":"And now?"})")), "");
  EXPECT_EQ(rows_in(talk(old + "," + std::string(kCalls) + "," + result("c2", R"("[5]")"))), "labs.read=1");
  EXPECT_EQ(rows_in(talk(old + R"(,{"role":"user","content":"Go on."})")), "crm_lookup=4") << "nobody answered yet";
}

TEST(ToolRows, OfAnUnknownCallHaveTheNameThatTheMessageGives) {
  EXPECT_EQ(rows_in(talk(result("c9", R"("[1]")"))), "unknown=1");
  EXPECT_EQ(rows_in(talk(R"({"role":"tool","content":"[1]"})")), "unknown=1");
  EXPECT_EQ(rows_in(talk(R"({"role":"tool","tool_call_id":7,"name":"old.read","content":"[1]"})")), "old.read=1");
  EXPECT_EQ(rows_in(R"([{"role":"function","name":"old.read","content":"[1,2]"}])"), "old.read=2");
  EXPECT_EQ(rows_in(talk(R"({"role":"tool","tool_call_id":"c1","name":"other","content":"[1]"})")), "crm_lookup=1")
      << "what the model called is what counts";
  EXPECT_EQ(rows_in(R"([{"role":"assistant","tool_calls":[{"id":"c1"},7,{"id":"c1","function":{"name":""}}]},)" +
                    result("c1", R"("[1]")") + "]"),
            "unknown=1");
}

TEST(ToolRows, AreOfToolsAlone) {
  EXPECT_EQ(rows_in(R"([{"role":"user","content":"[1,2,3]"},{"role":"system","content":"[1]"}])"), "");
  EXPECT_EQ(rows_in(R"([7,{"role":"tool"},{"role":"tool","content":"[1]"}])"), "unknown=1");
  EXPECT_EQ(rows_in("[]"), "");
}

TEST(ToolRows, OfMoreToolsThanARecordHasAreLeftOut) {
  std::string messages;
  for (int i = 0; i < 100; ++i) {
    messages += (i > 0 ? "," : "") + std::string(R"({"role":"function","name":"t)") + std::to_string(i) +
                R"(","content":"[1]"})";
  }
  encoding::JsonReader reader;
  const auto request = parse_chat_request(reader, R"({"model":"m","messages":[)" + messages + "]}");
  ASSERT_TRUE(request);
  ASSERT_EQ(request->tool_rows.size(), kToolRowsMax);
  EXPECT_EQ(request->tool_rows.back().tool, "t32");
}

TEST(ToolRows, NamesAreAsLongAsARecordHasAndOneMore) {
  const std::string name(300, 'n');
  EXPECT_EQ(rows_in(R"([{"role":"function","name":")" + name + R"(","content":"[1]"}])"),
            name.substr(0, record::kToolNameSizeMax + 1) + "=1");
}

}  // namespace
}  // namespace redoubt::gateway
