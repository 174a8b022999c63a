// Streams of which something has to fit a contract, and values that come back in them by permission.
#include <gtest/gtest.h>

#include "encoding/json_writer.h"
#include "gateway/inspected_stream.h"
#include "gateway/sse_relay.h"
#include "gateway/tests/content_test.h"
#include "gateway/tests/contract_support.h"

namespace redoubt::gateway {
namespace {

using enum ContentAction;
using test::chat_request;
using test::kTransfer;
using test::own_contracts;

// An event in which tool call `index` is told this; the first of them names the tool.
std::string call(std::string_view arguments, int index, std::string_view name = {}) {
  std::string out =
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":)" + std::to_string(index) + R"(,"function":{)";
  if (!name.empty()) out += R"("name":")" + std::string(name) + "\",";
  out += R"("arguments":)";
  encoding::append_json_string(out, arguments);
  return out + "}}]}}]}\n\n";
}

// The arguments of each call.
std::map<std::uint64_t, std::string> told(std::string_view events) {
  std::map<std::uint64_t, std::string> out;
  encoding::JsonReader reader;
  while (!events.empty()) {
    const std::string_view one = first_event(events);
    events.remove_prefix(one.size());
    const auto root = reader.parse(event_data(one));
    if (!root) continue;
    const auto call = root->at_pointer("/choices/0/delta/tool_calls/0");
    out[std::uint64_t(call["index"])] += std::string_view(call.at_pointer("/function/arguments"));
  }
  return out;
}

class StreamContracts : public testing::Test {
 protected:
  struct Passed {
    std::string events;
    bool stopped = false;
    std::vector<std::string> names;  // of what was found
    std::uint64_t held = 0;
    bool beyond = false;
  };
  // Two calls at once, in pieces of `size` bytes.
  Passed pass(std::string_view first, std::string_view second, std::size_t size, const ContentActions& actions,
              bool buffered, bool wait = true) {
    const ChatRequest chat = chat_request(kTransfer);
    AnswerContracts contracts(chat, kTransfer, own_);
    InspectedStream stream(pool_, few_rules(), reader_, &placeholders_, &contracts, buffered);
    stream.set_actions(actions, wait);
    Passed out;
    const auto feed = [&](const std::string& event) {
      EXPECT_TRUE(stream.feed(event).has_value());
      out.events += stream.take();
    };
    feed(call("", 0, "transfer"));
    feed(call("", 1, "transfer"));
    for (std::size_t at = 0; at < std::max(first.size(), second.size()); at += size) {
      if (at < first.size()) feed(call(first.substr(at, size), 0));
      if (at < second.size()) feed(call(second.substr(at, size), 1));
    }
    EXPECT_TRUE(stream.finish().has_value());
    out.events += stream.take();
    out.stopped = stream.is_stopped();
    for (const std::string_view name : stream.findings().names()) out.names.emplace_back(name);
    out.held = stream.most_held_bytes();
    out.beyond = stream.held_beyond();
    return out;
  }

  const ToolContracts own_ = own_contracts();
  ScannerPool pool_;
  encoding::JsonReader reader_;
  crypto::RandomPool random_;
  Placeholders placeholders_{random_};
};

constexpr std::string_view kGood = R"({"amount":5,"to":"ann"})";
constexpr std::string_view kBad = R"({"amount":500,"to":"ann"})";

TEST_F(StreamContracts, ABufferedStreamIsStoppedByWhatDoesNotFitWhereverItIsCut) {
  for (std::size_t size = 1; size <= kBad.size(); ++size) {
    const Passed bad = pass(kGood, kBad, size, due({{"contract_violation", kBlock}}), true);
    EXPECT_TRUE(bad.stopped) << size;
    EXPECT_EQ(bad.events.find("500"), std::string::npos) << size;
    EXPECT_EQ(bad.names, (std::vector<std::string>{"contract", "contract_violation"})) << size;
    const Passed good = pass(kGood, kGood, size, due({{"contract_violation", kBlock}}), true);
    EXPECT_FALSE(good.stopped) << size;
    EXPECT_EQ(told(good.events)[1], kGood) << size;
    EXPECT_TRUE(good.names.empty()) << size;
  }
}

TEST_F(StreamContracts, ABufferedStreamIsRedacted) {
  const Passed out = pass(kGood, kBad, 7, due({{"contract_violation", kRedact}}), true);
  EXPECT_FALSE(out.stopped);
  EXPECT_EQ(told(out.events)[0], kGood);
  EXPECT_EQ(told(out.events)[1], "<CONTRACT_VIOLATION>");
}

TEST_F(StreamContracts, NothingOfABufferedStreamLeavesBeforeItsEnd) {
  const ChatRequest chat = chat_request(kTransfer);
  AnswerContracts contracts(chat, kTransfer, own_);
  InspectedStream stream(pool_, few_rules(), reader_, nullptr, &contracts, true);
  stream.set_actions(due({{"contract", kBlock}}));
  const std::string prose =
      R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(30'000, 'x') + "\"}}]}\n\n";
  ASSERT_TRUE(stream.feed("data: {\"choices\":[]}\n\n" + prose).has_value());
  EXPECT_EQ(stream.take(), "");
  ASSERT_TRUE(stream.finish().has_value());
  EXPECT_GT(stream.take().size(), prose.size());
  EXPECT_FALSE(stream.held_beyond()) << "it declares nothing";
}

TEST_F(StreamContracts, WhereNothingComesOfItABufferedStreamPassesAtOnce) {
  const ChatRequest chat = chat_request(kTransfer);
  AnswerContracts contracts(chat, kTransfer, own_);
  InspectedStream stream(pool_, few_rules(), reader_, nullptr, &contracts, true);
  stream.set_actions({}, false);
  ASSERT_TRUE(stream.feed(call("{}", 0, "transfer")).has_value());
  EXPECT_EQ(stream.take(), call("{}", 0, "transfer"));
  ASSERT_TRUE(stream.finish().has_value());
  EXPECT_EQ(stream.findings().names().size(), 3U) << "the request's schema, the operator's and the family";
}

TEST_F(StreamContracts, AStreamThatIsNotBufferedIsOnlySeen) {
  const Passed out = pass(kGood, kBad, 3, due({{"personal", kRedact}}), false);
  EXPECT_FALSE(out.stopped);
  EXPECT_EQ(told(out.events)[1], kBad);
  EXPECT_EQ(out.names, (std::vector<std::string>{"contract", "contract_violation"}));
  EXPECT_FALSE(out.beyond);
  EXPECT_LE(out.held, few_rules()->hold_back_bytes());
}

// A call whose text waits for what follows keeps those behind it.
TEST_F(StreamContracts, WhatWaitsLongerThanTheRulesDeclareIsTold) {
  InspectedStream stream(pool_, few_rules(), reader_, nullptr);
  stream.set_actions(due({{"personal", kRedact}}));
  ASSERT_TRUE(stream.feed(call("4111 1111", 0)).has_value());
  EXPECT_EQ(stream.take(), "");
  EXPECT_FALSE(stream.held_beyond());
  const std::size_t declared = few_rules()->hold_back_bytes();
  for (std::size_t sent = 0; sent <= declared + 64; sent += 16) {
    ASSERT_TRUE(stream.feed(call("words and words ", 1)).has_value());
    EXPECT_EQ(stream.take(), "");
  }
  EXPECT_TRUE(stream.held_beyond());
  EXPECT_GT(stream.most_held_bytes(), declared);
}

TEST_F(StreamContracts, ACallOfAnUndescribedToolIsStoppedBeforeItIsToldAnything) {
  const ChatRequest chat = chat_request(kTransfer);
  AnswerContracts contracts(chat, kTransfer, own_);
  InspectedStream stream(pool_, few_rules(), reader_, nullptr, &contracts);  // not buffered
  stream.set_actions(due({{"undescribed_tool", kBlock}}));
  ASSERT_TRUE(stream.feed(call("", 0, "ping")).has_value());
  EXPECT_EQ(stream.take(), call("", 0, "ping"));
  ASSERT_TRUE(stream.feed(call("", 1, "eval")).has_value());
  EXPECT_TRUE(stream.found_new());
  EXPECT_EQ(stream.take(), "");
  EXPECT_TRUE(stream.is_stopped());
  EXPECT_EQ(stream.findings().names(), (std::vector<std::string_view>{"contract", "undescribed_tool"}));
}

TEST_F(StreamContracts, TheNameOfAnUndescribedToolIsTakenOut) {
  const ChatRequest chat = chat_request(kTransfer);
  AnswerContracts contracts(chat, kTransfer, own_);
  InspectedStream stream(pool_, few_rules(), reader_, nullptr, &contracts);
  stream.set_actions(due({{"contract", kRedact}}));
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(stream.feed(call("", 0, "eval")).has_value());
    EXPECT_EQ(stream.take(), call("", 0, "<UNDESCRIBED_TOOL>")) << again;
  }
  EXPECT_EQ(stream.names().tools_called(), std::vector<std::string>{"eval"}) << "records say what was called";
}

TEST_F(StreamContracts, ValuesComeBackInArgumentsByPermissionAlone) {
  const std::string name = placeholders_.stand_in("USER", "ann \"lee\"\n");
  const std::string arguments = R"({"amount":5,"to":")" + name + "\"}";
  const std::string nested =
      R"({"amount":5,"to":"\n)" + name + R"(\n)" + name + R"(\/x http://x.example/)" + name + "\"}";
  const std::string value = R"(ann \"lee\"\n)";
  for (std::size_t size = 1; size <= nested.size(); ++size) {
    placeholders_.permit({});
    EXPECT_EQ(told(pass(arguments, nested, size, {}, false).events)[0], arguments) << size;
    placeholders_.permit({.tool_arguments = true});
    auto permitted = pass(arguments, nested, size, {}, false);
    EXPECT_EQ(told(permitted.events)[0], R"({"amount":5,"to":")" + value + "\"}") << size;
    EXPECT_EQ(told(permitted.events)[1],
              R"({"amount":5,"to":"\n)" + value + R"(\n)" + name + R"(\/x http://x.example/)" + name + "\"}")
        << size;
    EXPECT_TRUE(permitted.names.empty()) << "they are JSON still, and fit";
    placeholders_.permit({.links = true, .tool_arguments = true});
    permitted = pass(arguments, nested, size, {}, false);
    EXPECT_TRUE(told(permitted.events)[1].ends_with("http://x.example/" + value + "\"}")) << size;
  }
}

}  // namespace
}  // namespace redoubt::gateway
