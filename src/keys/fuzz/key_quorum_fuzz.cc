// Quorums of a key, wherever bytes of one come from outside. The first byte says which: `s` the text of a share, else a
// file. What is read of a share is written again the same, and no file opens by shares that are not its own.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "keys/key_quorum.h"

namespace redoubt::keys {
namespace {

void read_share(std::string_view text) {
  const auto share = QuorumShare::parse(text);
  if (!share) return;
  const crypto::Secret written = share->to_text();
  const auto again = QuorumShare::parse(as_chars(written.reveal()));
  REDOUBT_CHECK(again.has_value() && again->number() == share->number());
  REDOUBT_CHECK(std::ranges::equal(again->to_text().reveal(), written.reveal()));
}

void read_file(std::string_view file) {
  const auto quorum = KeyQuorum::parse(file);
  if (!quorum) return;
  REDOUBT_CHECK(quorum->threshold() >= 2 && quorum->threshold() <= quorum->count());
  REDOUBT_CHECK(quorum->count() <= kQuorumSharesMax);
  std::vector<QuorumShare> shares = std::move(make_key_quorum(crypto::Secret(1), 2, 8)->shares);
  shares.erase(shares.begin() + static_cast<std::ptrdiff_t>(quorum->threshold()), shares.end());
  REDOUBT_CHECK(!quorum->open(shares).has_value());
}

}  // namespace
}  // namespace redoubt::keys

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 's') {
    redoubt::keys::read_share(rest);
  } else {
    redoubt::keys::read_file(rest);
  }
  return 0;
}
