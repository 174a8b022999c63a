#include "admin/changes.h"

#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

using net::Method;

class Changes : public AdminTest {
 protected:
  std::shared_ptr<FakeExchange> watch(std::string_view who, const std::string& query = "",
                                      std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto stream = world.start(who, {Method::kGet, "/admin/v1/changes" + query, std::move(headers), ""});
    world.run();
    return stream;
  }
  void make(const std::string& name) {
    ASSERT_EQ(world.post("alice", "/admin/v1/models", R"({"name":")" + name + R"(","upstream":"u"})").status, 201);
  }
  // Until the stream has `text`, or a while has passed.
  bool comes(const std::shared_ptr<FakeExchange>& stream, const std::string& text) {
    for (int i = 0; i < 200 && stream->body.find(text) == std::string::npos && !stream->finished; ++i) {
      world.io.restart();
      world.io.run_for(std::chrono::milliseconds(20));
      world.ledger.deliver();
    }
    return stream->body.find(text) != std::string::npos;
  }
};

TEST_F(Changes, AreToldAsTheyCome) {
  const auto stream = watch("carol");
  ASSERT_EQ(stream->status, 200);
  EXPECT_EQ(stream->content_type, "text/event-stream");
  make("m1");
  const std::string index = std::to_string(*world.engine->applied());
  ASSERT_TRUE(comes(stream, "model/m1"));
  EXPECT_NE(stream->body.find("id: " + index + "\nevent: models.model.create\ndata: {\"index\":" + index + ","),
            std::string::npos)
      << stream->body;
  EXPECT_NE(stream->body.find(R"("version":1,"principal":"alice")"), std::string::npos);
  EXPECT_EQ(world.recorder.reads, std::vector<std::string>{"carol watchChanges"});
}

TEST_F(Changes, GoOnWhereAReaderWas) {
  make("m1");
  const std::string seen = std::to_string(*world.engine->applied());
  make("m2");
  for (const auto& stream : {watch("carol", "?after=" + seen), watch("carol", "", {{"Last-Event-ID", seen}})}) {
    EXPECT_TRUE(comes(stream, "model/m2"));
    EXPECT_EQ(stream->body.find("model/m1"), std::string::npos);
  }
}

TEST_F(Changes, AreManyAtOnceInPieces) {
  const std::string seen = std::to_string(*world.engine->applied());
  const std::size_t count = kEventsAtOnce + 10;
  for (std::size_t i = 0; i < count; ++i) make("m" + std::to_string(i));
  const auto stream = watch("carol", "?after=" + seen);
  ASSERT_TRUE(comes(stream, "model/m" + std::to_string(count - 1) + "\""));
  std::size_t events = 0;
  for (std::size_t at = stream->body.find("\nevent: "); at != std::string::npos;
       at = stream->body.find("\nevent: ", at + 1)) {
    ++events;
  }
  EXPECT_EQ(events, count);
}

TEST_F(Changes, EndWithTheKeyOfTheirReader) {
  const auto stream = watch("carol");
  ASSERT_EQ(world.act("alice", Method::kPost, "/admin/v1/principals/carol/disable", "*").status, 200);
  EXPECT_FALSE(comes(stream, "identity.principal.disable"));
  EXPECT_TRUE(stream->finished);
}

TEST_F(Changes, EndWhenTheServerStops) {
  const auto stream = watch("carol");
  EXPECT_FALSE(stream->finished);
  world.api->stop();
  world.run();
  EXPECT_TRUE(stream->finished);
}

TEST_F(Changes, OfTheFutureAndOfWhatIsGoneAreRefused) {
  EXPECT_EQ(watch("carol", "?after=1000")->status, 422);
  EXPECT_EQ(watch("carol", "", {{"Last-Event-ID", "x"}})->status, 400);
  for (int i = 0; i < 5; ++i) make("m" + std::to_string(i));
  world.ledger.drop_before(4);
  EXPECT_EQ(watch("carol", "?after=1")->status, 410);
  EXPECT_EQ(watch("carol", "?after=3")->status, 200);
}

TEST_F(Changes, HaveABoundedNumberOfReaders) {
  std::vector<std::shared_ptr<FakeExchange>> streams;
  for (std::size_t i = 0; i < kMaxStreams; ++i) streams.push_back(watch("carol"));
  EXPECT_EQ(streams.back()->status, 200);
  EXPECT_EQ(watch("carol")->status, 503);
}

TEST_F(Changes, AreForgottenByAReaderWhoHasGone) {
  const auto stream = watch("carol");
  stream->gone = true;
  make("m1");
  for (int i = 0; i < 100 && stream.use_count() > 1; ++i) world.io.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(stream.use_count(), 1);
}

}  // namespace
}  // namespace redoubt::admin::test
