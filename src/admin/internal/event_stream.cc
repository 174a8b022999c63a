#include "admin/internal/event_stream.h"

#include "admin/internal/request_parts.h"
#include "admin/services.h"
#include "base/log.h"

namespace redoubt::admin::internal {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr int kBreathEvery =
    150;  // looks: a comment says that the stream still lives, and shows whether the reader does

struct CountedStream {
  explicit CountedStream(EventStreams& s) : streams(s) { ++streams.open; }
  CountedStream(const CountedStream&) = delete;
  CountedStream& operator=(const CountedStream&) = delete;
  ~CountedStream() { --streams.open; }
  EventStreams& streams;
};

// Whether the caller may still see events: their key may have been revoked, they or the policies may have changed.
bool still_permitted(Call& call) {
  const UnixMillis now = call.services.sink.now();
  const identity::Identities identities = call.services.identities.snapshot();
  const identity::Key* key = identities.key(call.caller.key->id);
  if (key == nullptr || !identities.usable(*key, now)) return false;
  const auto resource = call.operation.resource(call);
  call.caller.identities = identities;
  call.caller.key = key;
  call.caller.principal = &identities.principal_of(*key);
  call.now = now;
  return resource && call.require(call.operation.action, *resource);
}

}  // namespace

net::Task<Reply> stream_events(net::Exchange& exchange, Call& call, EventStreams& streams, Waits& waits) {
  const std::unique_ptr<EventSource> source = call.operation.events();
  std::string last(exchange.request().header("Last-Event-ID"));
  if (last.empty()) last = call.query_value("after").value_or("");
  if (const auto problem = source->begin(call, last)) co_return Reply(*problem);
  if (streams.open >= kMaxStreams) {
    co_return Reply(
        Problem{.type = &problems::kUnavailable, .detail = "too many streams are open", .retry_after_s = 30});
  }
  const CountedStream counted(streams);
  Reply begun;
  begun.sent = true;
  const net::HeaderField headers[] = {{"Cache-Control", "no-store"}};
  const net::ReplyHead head{.status = 200, .content_type = kEventStream, .headers = headers};
  const auto started = co_await exchange.start_stream(head);
  if (!started) co_return begun;

  const state::Engine& engine = call.services.engine;
  std::string out = ": ";
  out.append(call.operation.id).append("\n\n");
  std::optional<std::uint64_t> seen;  // the last fact that was looked at
  bool more = true;
  const std::int64_t end = call.now.value + kStreamLifeMs;
  for (int looks = 1; !streams.stopped && call.now.value < end; ++looks) {
    // What takes the right away is a fact, too. While facts are not folded, none is known to be there.
    const auto applied = engine.applied();
    const bool moved = applied != seen;
    const bool breath = looks % kBreathEvery == 0;
    if ((moved || more || breath) && !still_permitted(call)) break;
    if ((moved || more) && engine.current()) {
      seen = applied;
      const auto rest = source->append(call, out);
      if (!rest) {
        log::error("admin", "a stream of events cannot be read", {{"why", rest.error().message()}});
        break;
      }
      more = *rest;
    } else if (breath) {
      out += ":\n\n";
    }
    if (!out.empty()) {
      const auto written = co_await exchange.write(out);
      if (!written) co_return begun;
      out.clear();
    } else {
      co_await waits.wait(kLookEvery);
    }
  }
  [[maybe_unused]] const auto finished = co_await exchange.finish();
  co_return begun;
}

}  // namespace redoubt::admin::internal
