// Whatever JSON comes, what inspection makes of it is JSON; whatever events come, they pass or are refused, and those
// of a stream with nothing in it to change pass as they are.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "encoding/json_reader.h"
#include "gateway/inspected_json.h"
#include "gateway/inspected_stream.h"
#include "inspect/rules.h"

namespace {

using namespace redoubt;

std::shared_ptr<const inspect::Rules> few_rules() {
  inspect::RulesOptions options;
  options.kinds = {"CREDIT_CARD", "EMAIL_ADDRESS", "WORD"};
  options.user.push_back({.name = "word", .kind = "WORD", .words = {"blue", "heron"}});
  auto rules = inspect::Rules::compile(options);
  REDOUBT_CHECK(rules.has_value());
  return *rules;
}

gateway::ContentActions due() {
  gateway::ContentActions out;
  out.add("personal", gateway::ContentAction::kRedact);
  out.add("word", gateway::ContentAction::kTokenise);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto rules = few_rules();
  static const gateway::ContentActions actions = due();
  static gateway::ScannerPool pool;
  static crypto::RandomPool random;
  encoding::JsonReader reader({.max_bytes = 1 << 20});
  const std::string text(reinterpret_cast<const char*>(data), size);

  gateway::Placeholders placeholders(random);
  if (reader.parse(text)) {
    auto inspected = gateway::InspectedJson::inspect(text, **pool.whole(rules));
    REDOUBT_CHECK(inspected.has_value());
    if (const auto changed = inspected->changed(actions, &placeholders); changed && !changed->empty()) {
      REDOUBT_CHECK(reader.parse(*changed).has_value());
      auto restored = gateway::InspectedJson::inspect(*changed, **pool.whole(rules), &placeholders);
      REDOUBT_CHECK(restored.has_value());
    }
  }

  placeholders.stand_in("WORD", "heron");
  gateway::InspectedStream stream(pool, rules, reader, &placeholders);
  stream.set_actions(actions);
  std::string passed;
  if (!stream.feed(text)) return 0;
  passed += stream.take();
  if (!stream.finish()) return 0;
  passed += stream.take();
  REDOUBT_CHECK(stream.is_stopped() || stream.withheld_bytes() == 0);
  return 0;
}
