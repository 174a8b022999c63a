#include "redoubt/administer/event_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace redoubt::app {
namespace {

std::vector<std::string> events_in(std::string_view bytes, std::size_t at_once = 1000) {
  std::vector<std::string> out;
  EventReader reader;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(at_once, bytes.size()))) {
    EXPECT_TRUE(reader.feed(bytes.substr(0, at_once), [&](const ServerEvent& event) {
      out.push_back(event.id + "|" + event.type + "|" + event.data);
      return true;
    }));
  }
  return out;
}

using Events = std::vector<std::string>;

TEST(EventReader, ReadsEventsHoweverTheyAreCut) {
  const std::string bytes = ": hello\n\nid: 1.0\nevent: a\ndata: {\"x\":1}\n\n:\n\nid: 1.1\ndata: y\ndata: z\n\n";
  const Events expected{"1.0|a|{\"x\":1}", "1.1||y\nz"};
  for (std::size_t at_once = 1; at_once < 12; ++at_once) EXPECT_EQ(events_in(bytes, at_once), expected) << at_once;
}

TEST(EventReader, TakesEveryLineEnd) {
  for (const char* bytes : {"data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"}) {
    EXPECT_EQ(events_in(bytes, 3), (Events{"||a", "||b"}));
  }
}

TEST(EventReader, KeepsTheLastIdAndNothingElse) {
  EXPECT_EQ(events_in("id: 7\nevent: e\n\ndata:x\n\nid\ndata: y\n\n"), (Events{"7||x", "||y"}));
  EXPECT_EQ(events_in(std::string_view("id: a\0b\ndata: x\n\n", 17)), Events{"||x"}) << "no id may hold NUL";
}

TEST(EventReader, PassesOverWhatIsNoEvent) {
  EXPECT_EQ(events_in("retry: 10\nunknown: 1\n\n:comment\n\nevent: e\n\n"), Events{});
  EXPECT_EQ(events_in("data: unfinished"), Events{});
  EXPECT_EQ(events_in("data: unfinished\n"), Events{});
}

TEST(EventReader, StopsWhenItIsTold) {
  EventReader reader;
  int seen = 0;
  const auto fed = reader.feed("data: a\n\ndata: b\n\n", [&](const ServerEvent&) { return ++seen < 1; });
  ASSERT_TRUE(fed);
  EXPECT_FALSE(*fed);
  EXPECT_EQ(seen, 1);
}

TEST(EventReader, RefusesAnEventThatIsTooLong) {
  for (const std::string& line : {std::string("data: x\n"), std::string(": x\n"), std::string("x")}) {
    EventReader reader;
    std::string bytes;
    while (bytes.size() <= EventReader::kEventMax * 2) bytes += line;
    const auto fed = reader.feed(bytes, [](const ServerEvent&) { return true; });
    ASSERT_FALSE(fed) << line;
    EXPECT_EQ(fed.error().code(), Errc::kTooLarge);
  }
}

}  // namespace
}  // namespace redoubt::app
