// Cosignature lines on a note. The input is appended to a checkpoint that is known, cosigned by one of two witnesses:
// whatever is added, only a line that the witnesses made counts, and the general and the special reader agree.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"

namespace {

using namespace redoubt;

constexpr std::uint64_t kTime = 1'700'000'000;

struct World {
  World() {
    const auto cosigner = [](const char* name, unsigned char seed) {
      return *tlog::Cosigner::create(name,
                                     *crypto::Ed25519PrivateKey::from_seed(Bytes(32, static_cast<std::byte>(seed))));
    };
    const auto text = tlog::format_checkpoint({"example.com/log", {1}, tlog::leaf_hash({}), {}});
    REDOUBT_CHECK(text);
    const tlog::Cosigner first = cosigner("w1.example", 1);
    const auto line = first.signature_line(*text, kTime);
    REDOUBT_CHECK(line);
    note = *text + "\n" + *line;
    keys = {first.verifier_key(), cosigner("w2.example", 2).verifier_key()};
  }

  std::string note;
  std::vector<tlog::VerifierKey> keys;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::string& note : {world.note + std::string(input), std::string(input)}) {
    const auto found = tlog::check_cosignatures(note, world.keys);
    const auto opened = tlog::verify_note(note, world.keys);
    if (!found) {
      // Where the text is a checkpoint's, both refuse, for the same reason.
      const auto parsed = tlog::parse_note(note);
      REDOUBT_CHECK(!parsed || !tlog::parse_checkpoint(parsed->text) ||
                    (!opened && opened.error().message() == found.error().message()));
      continue;
    }
    // No input forges a line, so what verifies is the line that was there, or a copy of it.
    REDOUBT_CHECK(found->not_checked.empty() && found->verified.size() <= 1);
    REDOUBT_CHECK(opened.has_value() == !found->verified.empty());
    for (const tlog::Cosignature& cosignature : found->verified) {
      REDOUBT_CHECK(cosignature.witness == 0 && cosignature.unix_seconds == kTime);
      REDOUBT_CHECK(opened->verified == std::vector<std::size_t>{0});
      REDOUBT_CHECK(opened->unknown_signatures == found->other_signatures);
      REDOUBT_CHECK(world.note.ends_with(format_signature_line(opened->note.signatures[cosignature.line])));
    }
  }
  return 0;
}
