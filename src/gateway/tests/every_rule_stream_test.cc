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
  // At every place where a stream of the text may be cut: nothing of its first match leaves, and redacted it is what
  // the whole text is. Returns at how many.
  std::size_t check_every_split(std::string_view rule, const std::string& text, const ContentActions& block,
                                const ContentActions& redact);
  std::vector<inspect::Match> matches(std::string_view text) {
    std::vector<inspect::Match> out;
    EXPECT_TRUE((*pool_.whole(rules_))->scan(text, out).has_value());
    return out;
  }

  std::shared_ptr<const inspect::Rules> rules_ = [] {
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

std::size_t EveryRuleStreamed::check_every_split(std::string_view rule, const std::string& text,
                                                 const ContentActions& block, const ContentActions& redact) {
  const auto found = matches(text);
  EXPECT_FALSE(found.empty()) << rule << ": no text was met with in which anything is found";
  if (found.empty()) return 0;
  const std::string before = text.substr(0, found.front().span.begin_bytes);
  std::size_t splits = 0;
  for (const Place& place : kPlaces) {
    EXPECT_EQ(whole_text(place, text, block), "");
    const std::string redacted = whole_text(place, text, redact);
    for (std::size_t cut = 1; cut < text.size() && !HasFailure(); ++cut) {
      if (!is_boundary(text, cut)) continue;  // JSON is UTF-8, event by event
      ++splits;
      const std::string_view head = std::string_view(text).substr(0, cut);
      const std::string_view tail = std::string_view(text).substr(cut);
      const Passed blocked = streamed(place, {head, tail}, block);
      EXPECT_TRUE(blocked.stopped) << rule << " in " << place.name << " cut at " << cut << ": " << text;
      EXPECT_TRUE(before.starts_with(blocked.text))
          << rule << " in " << place.name << " cut at " << cut << ": " << text << " left as " << blocked.text;
      EXPECT_EQ(streamed(place, {head, tail}, redact).text, redacted)
          << rule << " in " << place.name << " cut at " << cut << ": " << text;
    }
  }
  return splits;
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
    splits += check_every_split(rule.name, text, block, redact);
    if (HasFailure()) return;
  }
  std::cout << rules_->list().size() << " rules, " << outranked << " of them outranked everywhere, " << splits
            << " splits\n";
}

// Looked up after a stream was cut, as before.
class Patients final : public inspect::Dictionaries {
 public:
  Result<bool> contains(std::string_view /*dictionary*/, std::string_view record) const override {
    return record == "10203040" || record == "ann lee";
  }
};

TEST_F(EveryRuleStreamed, LetsNoRecordOfADictionaryPass) {
  inspect::RulesOptions options;
  options.kinds = {"NUMBER", "PERSON"};
  options.dictionaries = std::make_shared<const Patients>();
  options.user.push_back({.name = "number", .kind = "NUMBER", .pattern = R"(\b\d{8}\b)", .dictionary = "patients"});
  options.user.push_back({.name = "person",
                          .kind = "PERSON",
                          .pattern = R"(\b[A-Za-z]{1,20}\s{1,3}[A-Za-z]{1,20}\b)",
                          .dictionary = "patients"});
  const auto compiled = inspect::Rules::compile(options);
  ASSERT_TRUE(compiled) << compiled.error().message();
  rules_ = *compiled;
  const auto block = due({{"user", kBlock}});
  const auto redact = due({{"user", kRedact}});
  for (const std::string text : {"Not 10203041, but 10203040 it is.", "We met Ann  Lee yesterday, and ann lee again.",
                                 "10203040", "ask Ann\nLee: 10203040 10203040"}) {
    check_every_split("a dictionary", text, block, redact);
  }
}

}  // namespace
}  // namespace redoubt::gateway
