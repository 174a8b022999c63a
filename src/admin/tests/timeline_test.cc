// The timeline of an incident, and the stream of what happens.
#include "admin/incident_events.h"
#include "admin/tests/support/admin_world.h"
#include "encoding/base64.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

constexpr const char* kEarlier = "00000000000000a1";
constexpr const char* kLater = "00000000000000a2";

class IncidentTimelines : public AdminTest {
 protected:
  IncidentTimelines() {
    world.raise(kEarlier);
    world.ledger.clock.value += 1000;
    world.raise(kLater);
  }

  std::shared_ptr<FakeExchange> watch(std::string_view who, const std::string& query = "",
                                      std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto stream = world.start(who, {Method::kGet, "/admin/v1/incidents/events" + query, std::move(headers), ""});
    world.run();
    return stream;
  }
  // Until the stream has `text` or ends, or a while has passed.
  bool event_comes(const std::shared_ptr<FakeExchange>& stream, const std::string& text) {
    for (int i = 0; i < 200 && stream->body.find(text) == std::string::npos && !stream->finished; ++i) {
      world.io.restart();
      world.io.run_for(std::chrono::milliseconds(20));
      world.ledger.deliver();
    }
    return stream->body.find(text) != std::string::npos;
  }
  void take(const char* id) {
    ASSERT_EQ(world.patch("alice", std::string("/admin/v1/incidents/") + id, R"({"owner":"bob"})", "*").status, 200);
  }
  static std::vector<std::string> lines_of(const std::string& body, std::string_view begin) {
    std::vector<std::string> out;
    for (std::size_t at = body.find(begin); at != std::string::npos; at = body.find(begin, at + 1)) {
      out.push_back(body.substr(at + begin.size(), body.find('\n', at + 1) - at - begin.size()));
    }
    return out;
  }
  const std::string path = std::string("/admin/v1/incidents/") + kEarlier + "/timeline";
};

TEST_F(IncidentTimelines, AreListedByPageInTheOrderThatIsAskedFor) {
  take(kEarlier);
  for (const char* order : {"event", "discovery"}) {
    std::string target = path + "?limit=1&order=" + order;
    std::vector<std::string> seen;
    for (std::string next = target; !next.empty();) {
      const Reply page = world.get("carol", next);
      ASSERT_EQ(page.status, 200) << page.body;
      seen.push_back(page.text("/items/0/what"));
      const std::string cursor = page.at("/next");
      next = cursor.empty() ? "" : target + "&cursor=" + page.text("/next");
    }
    EXPECT_EQ(seen,
              (std::vector<std::string>{"alert.raised", "incident.opened", "response.proposed", "incident.changed"}))
        << order;
  }
  const Reply whole = world.get("carol", path);
  EXPECT_EQ(whole.text("/items/0/object"), std::string("alert/") + kEarlier);
  EXPECT_EQ(whole.text("/items/3/actor"), "alice");
  EXPECT_EQ(whole.text("/items/3/text"), "taken by bob");
  EXPECT_EQ(world.recorder.reads.back(), "carol listTimeline");
}

TEST_F(IncidentTimelines, HaveCursorsOfTheirOrderAlone) {
  const std::string cursor = world.get("carol", path + "?limit=1").text("/next");
  EXPECT_EQ(world.get("carol", path + "?order=discovery&cursor=" + cursor).status, 400);
  EXPECT_EQ(world.get("carol", path + "?order=other").status, 400);
  for (const char* key : {"event:1", "event:x:1.0", "event:1:1", "event:1:1.x", "event"}) {
    const std::string forged = encoding::base64url(as_bytes(std::string("listTimeline\n") + key));
    EXPECT_EQ(world.get("carol", path + "?cursor=" + forged).status, key == std::string_view("event:1:1") ? 200 : 400)
        << key;
  }
  EXPECT_EQ(world.get("carol", "/admin/v1/incidents/00000000000000ff/timeline").status, 404);
  EXPECT_EQ(world.get("app", path).status, 403);
}

TEST_F(IncidentTimelines, AreToldAsTheyCome) {
  const auto stream = watch("carol");
  ASSERT_EQ(stream->status, 200);
  EXPECT_EQ(stream->content_type, "text/event-stream");
  take(kLater);
  const std::string index = std::to_string(*world.engine->applied());
  ASSERT_TRUE(event_comes(stream, "incident.changed"));
  EXPECT_NE(
      stream->body.find("id: " + index + ".0\nevent: incident.changed\ndata: {\"index\":" + index + ",\"part\":0,"),
      std::string::npos)
      << stream->body;
  EXPECT_EQ(lines_of(stream->body, "\nevent: ").size(), 1u) << "what was before is not told";
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol watchIncidents"});
}

// From each place there is, whole facts and parts of them.
TEST_F(IncidentTimelines, GoOnWhereAReaderWas) {
  const auto whole = watch("carol", "?after=0");
  ASSERT_TRUE(event_comes(whole, std::string("response/f") + (kLater + 1)));
  const auto ids = lines_of(whole->body, "\nid: ");
  ASSERT_EQ(ids.size(), 6u) << whole->body;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (const auto& stream : {watch("carol", "?after=" + ids[i]), watch("carol", "", {{"Last-Event-ID", ids[i]}})}) {
      take(kEarlier);
      ASSERT_TRUE(event_comes(stream, "incident.changed"));
      const auto rest = lines_of(stream->body, "\nid: ");
      ASSERT_GE(rest.size(), ids.size() - i);
      EXPECT_TRUE(std::equal(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1, ids.end(), rest.begin())) << ids[i];
      stream->gone = true;
    }
  }
  const std::string first_fact = ids[0].substr(0, ids[0].find('.'));
  const auto behind = watch("carol", "?after=" + first_fact);
  ASSERT_TRUE(event_comes(behind, "alert.raised"));
  EXPECT_EQ(lines_of(behind->body, "\nid: ").front(), ids[3]) << "a whole fact";
}

TEST_F(IncidentTimelines, AreToldOfOneIncidentAlone) {
  const auto stream = watch("carol", std::string("?after=0&incident=") + kLater);
  ASSERT_TRUE(event_comes(stream, "response.proposed"));
  EXPECT_EQ(stream->body.find(std::string("incident/") + kEarlier), std::string::npos);
  EXPECT_EQ(lines_of(stream->body, "\nid: ").size(), 3u);
}

TEST_F(IncidentTimelines, EndWhenTheirReaderIsStopped) {
  const auto stream = watch("carol");
  ASSERT_EQ(world.act("alice", Method::kPost, "/admin/v1/principals/carol/disable", "*").status, 200);
  take(kEarlier);
  EXPECT_FALSE(event_comes(stream, "incident.changed"));
  EXPECT_TRUE(stream->finished);
  EXPECT_EQ(watch("app")->status, 403);
}

TEST_F(IncidentTimelines, EndWhenTheServerStops) {
  const auto stream = watch("carol");
  EXPECT_FALSE(stream->finished);
  world.api->stop();
  world.run();
  EXPECT_TRUE(stream->finished);
}

TEST_F(IncidentTimelines, OfTheFutureAndOfNoPlaceAreRefused) {
  EXPECT_EQ(watch("carol", "?after=1000")->status, 422);
  EXPECT_EQ(watch("carol", "?after=1000.1")->status, 422);
  for (const char* place : {"1.", "1.1.1", "1..1", "99999999999999999999"}) {
    EXPECT_EQ(watch("carol", std::string("?after=") + place)->status, 400) << place;
  }
  for (const char* place : {"x", ".1", "1.-1", "-1"}) {
    EXPECT_EQ(watch("carol", "", {{"Last-Event-ID", place}})->status, 400) << place;
  }
}

TEST_F(IncidentTimelines, HaveABoundedNumberOfReadersWithTheChanges) {
  std::vector<std::shared_ptr<FakeExchange>> streams;
  for (std::size_t i = 0; i < kMaxStreams; ++i) streams.push_back(watch("carol"));
  EXPECT_EQ(streams.back()->status, 200);
  EXPECT_EQ(watch("carol")->status, 503);
  const auto changes = world.start("carol", {Method::kGet, "/admin/v1/changes", {}, ""});
  world.run();
  EXPECT_EQ(changes->status, 503);
}

}  // namespace
}  // namespace redoubt::admin::test
