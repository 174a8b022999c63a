// Any bytes as requests on a connection: the parser stays within the buffer and within its promises, and what it takes
// for a chat request is read without harm.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "standin/chat.h"
#include "standin/http_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt::standin;
  static ChatReader reader({"standin"});
  const HttpLimits limits{.max_head_bytes = 2048, .max_headers = 16, .max_body_bytes = 64 * 1024};
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const ParseOutcome outcome = parse_request(rest, limits);
    if (outcome.state == ParseOutcome::State::kIncomplete) {
      REDOUBT_CHECK(outcome.size == 0 || outcome.size > rest.size());
      REDOUBT_CHECK(outcome.size <= limits.max_head_bytes + limits.max_body_bytes);
      break;
    }
    if (outcome.state == ParseOutcome::State::kRefused) {
      REDOUBT_CHECK(outcome.status >= 400 && outcome.status <= 505 && !outcome.reason.empty());
      break;
    }
    REDOUBT_CHECK(outcome.size > 0 && outcome.size <= rest.size());
    REDOUBT_CHECK(outcome.request.path.front() == '/');
    // One byte less is never the same request: nothing is read past its end.
    REDOUBT_CHECK(parse_request(rest.substr(0, outcome.size - 1), limits).state != ParseOutcome::State::kComplete);

    if (const auto chat = reader.read(outcome.request.body)) {
      const ReplyShape shape;
      REDOUBT_CHECK(!whole_reply(*chat, shape, 1, 0).empty());
      EventSource events(*chat, shape, 1, 0);
      std::string out;
      while (events.next(out)) {
      }
      REDOUBT_CHECK(out.ends_with("data: [DONE]\n\n"));
    }
    rest.remove_prefix(outcome.size);
  }
  return 0;
}
