// Of every rule built in, at every place where a stream may be cut: what a whole answer would be stopped for, or have
// taken out, does not leave in a stream of it.
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "encoding/json_writer.h"
#include "gateway/inspected_json.h"
#include "gateway/inspected_stream.h"
#include "gateway/sse_relay.h"
#include "gateway/tests/content_test.h"
#include "inspect/tests/rule_texts.h"

namespace redoubt::gateway {
namespace {

using enum ContentAction;

// Where a model says something.
struct Place {
  const char* name;
  const char* before;  // in the choice
  const char* after;
  const char* pointer;  // of the text, in a choice
};
constexpr Place kPlaces[] = {
    {"content", R"({"content":)", "}", "/content"},
    {"arguments", R"({"tool_calls":[{"index":0,"function":{"arguments":)", "}}]}", "/tool_calls/0/function/arguments"}};

std::string choice(const Place& place, std::string_view member, std::string_view text) {
  std::string out = R"({"choices":[{"index":0,")" + std::string(member) + "\":" + place.before;
  encoding::append_json_string(out, text);
  return out + place.after + "}]}";
}

class EveryRuleStreamed : public testing::Test {
 protected:
  // What the caller has of a text after each of its events.
  std::string text_of(const Place& place, std::string_view member, std::string_view json) {
    const auto root = reader_.parse(json);
    EXPECT_TRUE(root.has_value());
    std::string_view text;
    EXPECT_EQ(root->at_pointer("/choices/0/" + std::string(member) + place.pointer).get(text), simdjson::SUCCESS);
    return std::string(text);
  }
  std::string streamed_text(const Place& place, std::string_view events) {
    std::string out;
    while (!events.empty()) {
      const std::string_view one = first_event(events);
      events.remove_prefix(one.size());
      out += text_of(place, "delta", event_data(one));
    }
    return out;
  }
  // The same, whole; what it was stopped for is empty.
  std::string whole_text(const Place& place, std::string_view text, const ContentActions& actions) {
    const std::string body = choice(place, "message", text);
    const auto inspected = InspectedJson::inspect(body, **pool_.whole(rules_));
    EXPECT_TRUE(inspected.has_value());
    if (inspected->findings().strictest(actions) >= kHold) return {};
    const auto changed = inspected->changed(actions, nullptr);
    EXPECT_TRUE(changed.has_value());
    return text_of(place, "message", changed->empty() ? body : *changed);
  }
  struct Passed {
    std::string text;
    bool stopped = false;
  };
  Passed streamed(const Place& place, std::initializer_list<std::string_view> pieces, const ContentActions& actions) {
    InspectedStream stream(pool_, rules_, reader_, nullptr);
    stream.set_actions(actions);
    std::string events;
    for (const std::string_view piece : pieces) {
      EXPECT_TRUE(stream.feed("data: " + choice(place, "delta", piece) + "\n\n").has_value());
      events += stream.take();
    }
    EXPECT_TRUE(stream.finish().has_value());
    events += stream.take();
    return {streamed_text(place, events), stream.is_stopped()};
  }
  std::vector<inspect::Match> matches(std::string_view text) {
    std::vector<inspect::Match> out;
    EXPECT_TRUE((*pool_.whole(rules_))->scan(text, out).has_value());
    return out;
  }

  const std::shared_ptr<const inspect::Rules> rules_ = [] {
    auto compiled = inspect::Rules::compile();
    EXPECT_TRUE(compiled.has_value());
    return *compiled;
  }();
  ScannerPool pool_;
  encoding::JsonReader reader_;
};

bool is_boundary(std::string_view text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
}

TEST_F(EveryRuleStreamed, LetsNothingPassThatAWholeAnswerWouldNot) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const auto block = due({{"personal", kBlock}, {"secret", kBlock}, {"attack", kBlock}});
  const auto redact = due({{"personal", kRedact}, {"secret", kRedact}, {"attack", kRedact}});
  std::size_t outranked = 0;
  std::size_t splits = 0;
  for (const inspect::RuleInfo& rule : rules_->list()) {
    const auto finds = [&](const std::string& text) {
      return std::ranges::any_of(matches(text), [&](const inspect::Match& m) { return m.why.rule == rule.name; });
    };
    std::string text = inspect::tests::text_for(rule.name, random, finds);
    if (text.empty()) {  // another rule is surer of all that this one finds
      ++outranked;
      text = inspect::tests::text_for(rule.name, random, [&](const std::string& t) { return !matches(t).empty(); });
    }
    const auto found = matches(text);
    ASSERT_FALSE(found.empty()) << rule.name << ": no text was met with in which anything is found";
    const std::string before = text.substr(0, found.front().span.begin_bytes);
    for (const Place& place : kPlaces) {
      ASSERT_EQ(whole_text(place, text, block), "");
      const std::string redacted = whole_text(place, text, redact);
      for (std::size_t cut = 1; cut < text.size(); ++cut) {
        if (!is_boundary(text, cut)) continue;  // JSON is UTF-8, event by event
        ++splits;
        const std::string_view head = std::string_view(text).substr(0, cut);
        const std::string_view tail = std::string_view(text).substr(cut);
        const Passed blocked = streamed(place, {head, tail}, block);
        ASSERT_TRUE(blocked.stopped) << rule.name << " in " << place.name << " cut at " << cut << ": " << text;
        ASSERT_TRUE(before.starts_with(blocked.text))
            << rule.name << " in " << place.name << " cut at " << cut << ": " << text << " left as " << blocked.text;
        ASSERT_EQ(streamed(place, {head, tail}, redact).text, redacted)
            << rule.name << " in " << place.name << " cut at " << cut << ": " << text;
      }
    }
  }
  std::cout << rules_->list().size() << " rules, " << outranked << " of them outranked everywhere, " << splits
            << " splits\n";
}

}  // namespace
}  // namespace redoubt::gateway
