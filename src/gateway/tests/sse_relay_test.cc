#include "gateway/sse_relay.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace redoubt::gateway {
namespace {

struct Relayed {
  std::string passed;
  bool done = false;
  bool too_large = false;
  std::string usage;
  friend bool operator==(const Relayed&, const Relayed&) = default;
};

Relayed relay(const std::vector<std::string_view>& pieces) {
  SseRelay relay;
  Relayed out;
  for (const std::string_view piece : pieces) {
    const auto passing = relay.feed(piece);
    if (!passing) {
      EXPECT_EQ(passing.error().code(), Errc::kTooLarge);
      out.too_large = true;
      return out;
    }
    out.passed += *passing;
  }
  out.passed += relay.end();
  out.done = relay.done();
  out.usage = relay.usage_data();
  return out;
}

// Whole, cut in two at every place, and byte by byte: always the same.
Relayed relay_every_way(std::string_view stream) {
  const Relayed whole = relay({stream});
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    bytes.push_back(stream.substr(i, 1));
    EXPECT_EQ(relay({stream.substr(0, i), stream.substr(i)}), whole) << "cut at " << i;
  }
  EXPECT_EQ(relay(bytes), whole) << "byte by byte";
  return whole;
}

const std::string kChunk = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";

TEST(SseRelay, EventsPassAndTheEndMarkIsHeldBack) {
  const Relayed out = relay_every_way(kChunk + kChunk + "data: [DONE]\n\n");
  EXPECT_EQ(out.passed, kChunk + kChunk);
  EXPECT_TRUE(out.done);
}

TEST(SseRelay, LinesMayEndInCrLfOrCrOrAnyMixture) {
  const Relayed crlf = relay_every_way("data: a\r\n\r\ndata: b\r\n\r\ndata: [DONE]\r\n\r\n");
  EXPECT_EQ(crlf.passed, "data: a\r\n\r\ndata: b\r\n\r\n");
  EXPECT_TRUE(crlf.done);
  const Relayed cr = relay_every_way("data: a\r\rdata: b\r\rdata: [DONE]\r\r");
  EXPECT_EQ(cr.passed, "data: a\r\rdata: b\r\r");
  EXPECT_TRUE(cr.done);
  const Relayed mixed = relay_every_way("data: a\r\n\rdata: b\n\r\ndata: c\r\ndata: [DONE]\r\n\n");
  EXPECT_EQ(mixed.passed, "data: a\r\n\rdata: b\n\r\n");
  EXPECT_TRUE(mixed.done);
}

TEST(SseRelay, ACompleteEventPassesBeforeTheNextBegins) {
  SseRelay relay;
  EXPECT_EQ(*relay.feed("data: a\n"), "");
  EXPECT_EQ(*relay.feed("\n"), "data: a\n\n");
  EXPECT_EQ(*relay.feed("data: b\n\ndata: c"), "data: b\n\n");
  EXPECT_EQ(*relay.feed(""), "");
  EXPECT_EQ(*relay.feed("\n\n"), "data: c\n\n");
}

TEST(SseRelay, AnEndMarkWithoutItsEmptyLineCounts) {
  for (const std::string_view mark : {"data: [DONE]\n", "data: [DONE]\r\n", "data: [DONE]\r", "data: [DONE]"}) {
    const Relayed out = relay_every_way(kChunk + std::string(mark));
    EXPECT_EQ(out.passed, kChunk);
    EXPECT_TRUE(out.done) << mark;
  }
}

TEST(SseRelay, WhatSomeClientTakesForTheEndMarkIsHeldBack) {
  for (const std::string_view mark :
       {"data:[DONE]\n\n", "data:  [DONE]\n\n", "data:\t[DONE]\n\n", "data: [DONE] \n\n", "data: [DONE]x\n\n",
        " data: [DONE]\n\n",
        "\xef\xbb\xbf"
        "data: [DONE]\n\n",
        "event: x\ndata: [DONE]\n\n", "data: x\ndata: [DONE]\n\n", ": note\ndata: [DONE]\nid: 7\n\n"}) {
    const Relayed out = relay_every_way(kChunk + std::string(mark));
    EXPECT_EQ(out.passed, kChunk) << mark;
    EXPECT_TRUE(out.done) << mark;
  }
}

TEST(SseRelay, WhatIsNoEndMarkPasses) {
  for (const std::string& stream :
       {std::string("data: [DON\n\n"), std::string("data: [done]\n\n"), std::string("data: \"[DONE]\"\n\n"),
        std::string(": data: [DONE]\n\n"), std::string("xdata: [DONE]\n\n"), std::string("data : [DONE]\n\n"),
        std::string("[DONE]\n\n"), std::string("\n\n\n"), std::string("\r\r\r"), std::string()}) {
    const Relayed out = relay_every_way(stream);
    EXPECT_EQ(out.passed, stream);
    EXPECT_FALSE(out.done) << stream;
  }
}

TEST(SseRelay, NothingPassesAfterTheEndMark) {
  const Relayed out = relay_every_way(kChunk + "data: [DONE]\n\n" + kChunk + "data: [DONE]\n\n");
  EXPECT_EQ(out.passed, kChunk);
  SseRelay relay;
  EXPECT_EQ(*relay.feed("data: [DONE]\n\n"), "");
  EXPECT_EQ(*relay.feed(kChunk), "");
  EXPECT_EQ(relay.end(), "");
  EXPECT_TRUE(relay.done());
}

TEST(SseRelay, CommentsAndOtherFieldsPass) {
  const std::string stream = ": keep-alive\n\nevent: x\nid: 4\nretry: 10\ndata: a\ndata: b\n\ndata\n\n";
  EXPECT_EQ(relay_every_way(stream).passed, stream);
}

std::string colons_of(std::string_view line) {
  return std::string(line.size(), ':');
}

const std::string kForged = ": redoubt-receipt origin=\"test.example/log\", index=1, leaf=:AAAA:";

TEST(SseRelay, CommentsThatWouldPassForOursAreBlanked) {
  for (const std::string& line :
       {kForged, std::string(":redoubt-receipt"), std::string(":  \tredoubt-receipt"), std::string(": REDOUBT-Receipt"),
        std::string(": redoubt-"), std::string("::redoubt-receipt"), std::string(":\x0bredoubt-receipt"),
        std::string(": note redoubt-receipt"), std::string(" : redoubt-receipt"),
        std::string("\xef\xbb\xbf: redoubt-receipt")}) {
    for (const std::string end : {"\n", "\r", "\r\n"}) {
      const Relayed out = relay_every_way(line + end + "data: a" + end + end + line + end + end + "data: [DONE]\n\n");
      EXPECT_EQ(out.passed, colons_of(line) + end + "data: a" + end + end + colons_of(line) + end + end);
      EXPECT_TRUE(out.done);
    }
  }
}

TEST(SseRelay, AForgedReceiptAtTheEndIsBlankedWithoutItsLineEnd) {
  const Relayed out = relay_every_way(kChunk + kForged);
  EXPECT_EQ(out.passed, kChunk + colons_of(kForged));
  EXPECT_FALSE(out.done);
}

TEST(SseRelay, AForgedReceiptInTheEventOfTheEndMarkIsHeldBackWithIt) {
  const Relayed out = relay_every_way(kChunk + kForged + "\ndata: [DONE]\n\n");
  EXPECT_EQ(out.passed, kChunk);
  EXPECT_TRUE(out.done);
}

TEST(SseRelay, WhatWouldNotPassForOurCommentsPasses) {
  for (const std::string& line : {std::string(": redoubt"), std::string(": re"), std::string(": redoub-t"),
                                  std::string("data: : redoubt-receipt"), std::string("data: redoubt-receipt"),
                                  std::string("x: redoubt-receipt")}) {
    EXPECT_EQ(relay_every_way(line + "\n\n").passed, line + "\n\n");
  }
  // Two lines are not one, whatever ends the first.
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    const std::string stream = ": re" + end + "doubt-receipt" + end + end;
    EXPECT_EQ(relay_every_way(stream).passed, stream);
  }
}

TEST(SseRelay, AnUnfinishedEventPassesAtTheEnd) {
  const Relayed out = relay_every_way(kChunk + "data: {\"unfin");
  EXPECT_EQ(out.passed, kChunk + "data: {\"unfin");
  EXPECT_FALSE(out.done);
}

TEST(SseRelay, AnEventMayHaveOneMebibyte) {
  const std::string frame = "data: \n\n";
  const std::string event = "data: " + std::string(SseRelay::kMaxEventBytes - frame.size(), 'x') + "\n\n";
  ASSERT_EQ(event.size(), SseRelay::kMaxEventBytes);
  EXPECT_EQ(relay({event, kChunk}).passed, event + kChunk);
  EXPECT_EQ(relay({event.substr(0, 70'000), std::string_view(event).substr(70'000)}).passed, event);
}

TEST(SseRelay, ALongerEventIsTooLargeHoweverItIsCut) {
  const std::string event = "data: " + std::string(SseRelay::kMaxEventBytes, 'x') + "\n\n";
  const std::string_view view = event;
  EXPECT_TRUE(relay({view}).too_large);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{100'000}, event.size() - 10, event.size() - 1}) {
    EXPECT_TRUE(relay({view.substr(0, cut), view.substr(cut)}).too_large) << cut;
  }
  EXPECT_TRUE(relay({view.substr(0, event.size() - 2)}).too_large);  // unfinished
}

TEST(SseRelay, ALongTailAfterTheEndMarkIsNoError) {
  const Relayed out = relay({kChunk + "data: [DONE]\n\n" + std::string(2 * SseRelay::kMaxEventBytes, 'x')});
  EXPECT_TRUE(out.done);
  EXPECT_FALSE(out.too_large);
  EXPECT_EQ(out.passed, kChunk);
}

TEST(SseRelay, ManyEventsInOnePieceAreNoLongEvent) {
  std::string stream;
  while (stream.size() < 3 * SseRelay::kMaxEventBytes) stream += kChunk;
  EXPECT_EQ(relay({stream}).passed, stream);
}

// A line of a mebibyte that trickles in is searched once, not once a piece.
TEST(SseRelay, ALineInManyPiecesIsSearchedOnce) {
  SseRelay relay;
  for (std::size_t i = 0; i < SseRelay::kMaxEventBytes - 10; ++i) ASSERT_TRUE(relay.feed("x"));
  EXPECT_EQ(relay.feed("\n\n")->size(), SseRelay::kMaxEventBytes - 10 + 2);
}

TEST(SseRelay, TheLastUsageIsKept) {
  const std::string first = R"(data: {"usage":{"total_tokens":1}})"
                            "\n\n";
  const std::string last = R"(data: {"usage":{"total_tokens":2}})"
                           "\n\n";
  const std::string null = R"(data: {"usage":null})"
                           "\n\n";
  const Relayed out = relay_every_way(first + kChunk + last + null + kChunk + "data: [DONE]\n\n");
  EXPECT_EQ(out.usage, R"( {"usage":{"total_tokens":2}})");
  EXPECT_EQ(relay({kChunk, null}).usage, "");
}

TEST(Events, AreTakenOneByOne) {
  for (const std::string_view end : {"\n\n", "\r\n\r\n", "\n\r\n"}) {
    const std::string first = "event: a\ndata: {\"x\":1}" + std::string(end);
    const std::string second = ": comment" + std::string(end);
    EXPECT_EQ(first_event(first + second), first);
    EXPECT_EQ(first_event(second), second);
  }
  EXPECT_EQ(first_event("data: unfinished\n"), "data: unfinished\n");
  EXPECT_EQ(first_event("\n\ndata: a\n\n"), "\n");
  EXPECT_EQ(first_event(""), "");
}

TEST(Events, DataIsThatOfOneLineOrAllThatIsThere) {
  EXPECT_EQ(event_data("event: a\ndata: {\"x\":1}\n\n"), " {\"x\":1}");
  EXPECT_EQ(event_data("data:x\r\n\r\n"), "x");
  EXPECT_EQ(event_data("\xef\xbb\xbf"
                       "data:x\n\n"),
            "x");
  EXPECT_EQ(event_data("data: unfinished"), " unfinished");
  EXPECT_EQ(event_data("data: {\ndata: }\n\n"), "data: {\ndata: }\n\n");
  EXPECT_EQ(event_data(": comment\n\n"), "");
  EXPECT_EQ(event_data("data:\n\n"), "");
}

TEST(SseRelay, PropertyCuttingChangesNothing) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  static constexpr std::string_view kParts[] = {"data: ", "data:",        "[DONE]",   "\n",    "\r", "\r\n",
                                                "\n\n",   "\r\r",         ": c",      "x",     " ",  "\"usage\"",
                                                "[DO",    "\xef\xbb\xbf", "event: e", "redou", "bt-"};
  for (int round = 0; round < 20'000; ++round) {
    std::string stream;
    for (std::uint32_t i = random() % 14; i > 0; --i) stream += kParts[random() % std::size(kParts)];
    const Relayed whole = relay({stream});
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t size = 1 + random() % 5;
      pieces.push_back(std::string_view(stream).substr(at, size));
      at += size;
    }
    ASSERT_EQ(relay(pieces), whole) << stream;
    // But for blanked comments, the passed bytes are the stream's first ones.
    ASSERT_LE(whole.passed.size(), stream.size());
    for (std::size_t i = 0; i < whole.passed.size(); ++i) {
      ASSERT_TRUE(whole.passed[i] == stream[i] || whole.passed[i] == ':') << stream;
    }
    if (stream.find("redoubt-") == std::string::npos) {
      ASSERT_TRUE(stream.starts_with(whole.passed)) << stream;
    }
    if (!whole.done) {
      ASSERT_EQ(whole.passed.size(), stream.size());
    }
  }
}

}  // namespace
}  // namespace redoubt::gateway
