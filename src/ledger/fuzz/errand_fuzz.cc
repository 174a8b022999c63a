// Answers of errands: what is read is what would be written again, of each kind that it may be.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ledger/errand.h"

namespace {

using namespace redoubt::ledger;

template <class Answer>
void check(const ErrandLines& lines) {
  const auto answer = Answer::parse(lines);
  if (!answer) return;
  const auto again = Answer::parse(answer->lines());
  REDOUBT_CHECK(again && *again == *answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto answer = parse_errand_answer(text);
  if (!answer) return 0;
  if (!*answer) {
    const auto again = parse_errand_answer(format_errand_answer(*answer));
    REDOUBT_CHECK(again && !*again && again->error().code() == answer->error().code() &&
                  again->error().message() == answer->error().message());
    return 0;
  }
  REDOUBT_CHECK(format_errand_answer(*answer) == text);
  check<NewKeeperKeys>(**answer);
  check<NextSigner>(**answer);
  check<ChangedSigner>(**answer);
  check<RevokedSigner>(**answer);
  return 0;
}
