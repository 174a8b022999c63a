#include "admin/internal/change_stream.h"

#include <charconv>

#include "admin/changes.h"
#include "admin/internal/request_parts.h"
#include "admin/services.h"
#include "base/log.h"

namespace redoubt::admin::internal {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};
constexpr int kBreathEvery =
    150;  // looks: a comment says that the stream still lives, and shows whether the reader does

struct CountedStream {
  explicit CountedStream(ChangeStreams& s) : streams(s) { ++streams.open; }
  CountedStream(const CountedStream&) = delete;
  CountedStream& operator=(const CountedStream&) = delete;
  ~CountedStream() { --streams.open; }
  ChangeStreams& streams;
};

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Whether the caller may still see changes: their key may have been revoked, they or the policies may have changed.
bool still_permitted(Call& call) {
  const UnixMillis now = call.services.sink.now();
  const identity::Identities identities = call.services.identities.snapshot();
  const identity::Key* key = identities.key(call.caller.key->id);
  if (key == nullptr || key->expired(now)) return false;
  const identity::Principal& principal = identities.principal_of(*key);
  const identity::Principal* owner = identities.principal(principal.owner);
  if (!principal.enabled || (owner != nullptr && !owner->enabled)) return false;
  const auto resource = server_resource(call);
  call.caller.identities = identities;
  call.caller.key = key;
  call.caller.principal = &principal;
  call.now = now;
  return resource && call.require(call.operation.action, *resource);
}

// Where the stream begins, or why it cannot.
std::optional<Problem> find_beginning(const net::RequestHead& head, const Call& call, std::uint64_t& after) {
  const std::uint64_t last = call.services.engine.applied().value_or(0);
  after = last;
  const std::string_view last_event = head.header("Last-Event-ID");
  const auto asked = call.query_value("after");
  if (!last_event.empty() || asked) {
    const auto number = number_in(last_event.empty() ? std::string_view(*asked) : last_event);
    if (!number) return Problem{.type = &problems::kMalformed, .detail = "`Last-Event-ID` is no index"};
    if (*number > last) return Problem{.type = &problems::kInvalid, .detail = "the log is not that long yet"};
    after = *number;
  }
  const auto first = call.services.source.first();
  if (!first) return problem_of(first.error());
  if (after + 1 < *first) {
    return Problem{.type = &problems::kGone, .detail = "changes that old are no longer there: read the lists anew"};
  }
  return std::nullopt;
}

}  // namespace

net::Task<Reply> stream_changes(net::Exchange& exchange, Call& call, ChangeStreams& streams, Waits& waits) {
  std::uint64_t after = 0;
  if (const auto problem = find_beginning(exchange.request(), call, after)) co_return Reply(*problem);
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

  record::FactReader reader;
  std::string out = ": changes\n\n";
  const std::int64_t end = call.now.value + kStreamLifeMs;
  for (int looks = 1; !streams.stopped && call.now.value < end; ++looks) {
    const std::uint64_t last = call.services.engine.applied().value_or(0);
    if (last > after) {
      if (!still_permitted(call)) break;
      const auto reached = append_events(call.services.source, after, last, reader, out);
      if (!reached) {
        log::error("admin", "the stream of changes cannot be read", {{"why", reached.error().message()}});
        break;
      }
      after = *reached;
    } else if (looks % kBreathEvery == 0) {
      if (!still_permitted(call)) break;
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
