#include "policy/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace redoubt::policy {
namespace {

Value number(std::int64_t n) {
  return Value(n);
}
Value text(const char* s) {
  return Value(std::string(s));
}
Value set_of(std::vector<Value> elements) {
  return Value(Set(std::move(elements)));
}

Value record_of(std::vector<Attribute> attributes) {
  auto record = Record::create(std::move(attributes));
  EXPECT_TRUE(record);
  return Value(*record);
}

Value extension(ExtensionType type, std::string_view text) {
  const auto value = parse_extension(type, text);
  EXPECT_TRUE(value) << text;
  return Value(*value);
}

TEST(Value, OfDifferentTypesAreNeverEqual) {
  const std::vector<Value> values{Value(true),
                                  number(1),
                                  text("1"),
                                  Value(EntityUid{"A", "1"}),
                                  set_of({number(1)}),
                                  record_of({{"1", number(1)}}),
                                  extension(ExtensionType::kDecimal, "0.0001"),
                                  extension(ExtensionType::kDuration, "1ms"),
                                  extension(ExtensionType::kDatetime, "1970-01-01T00:00:00.001Z"),
                                  extension(ExtensionType::kIp, "0.0.0.1")};
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) EXPECT_EQ(values[i] == values[j], i == j) << i << " " << j;
  }
}

TEST(Set, KnowsNeitherOrderNorRepetition) {
  EXPECT_EQ(set_of({number(1), number(2)}), set_of({number(2), number(1), number(2)}));
  EXPECT_EQ(Set({number(3), number(3)}).elements().size(), 1U);
  EXPECT_NE(set_of({number(1)}), set_of({number(1), number(2)}));
  EXPECT_EQ(Set(), Set(std::vector<Value>{}));
}

TEST(Set, NestedKnowsNeitherOrderNorRepetition) {
  EXPECT_EQ(set_of({set_of({number(1), number(2)}), set_of({number(2), number(1)})}),
            set_of({set_of({number(1), number(2)})}));
}

TEST(Set, ContainsWhatIsInItAndNothingElse) {
  const Set set({number(5), text("5"), Value(false)});
  EXPECT_TRUE(set.contains(number(5)));
  EXPECT_TRUE(set.contains(text("5")));
  EXPECT_FALSE(set.contains(number(0)));
  EXPECT_FALSE(set.contains(Value(true)));
  EXPECT_FALSE(Set().contains(number(5)));
}

TEST(Record, DoesNotKnowTheOrderOfItsKeys) {
  EXPECT_EQ(record_of({{"a", number(1)}, {"b", number(2)}}), record_of({{"b", number(2)}, {"a", number(1)}}));
  EXPECT_NE(record_of({{"a", number(1)}}), record_of({{"b", number(1)}}));
  EXPECT_NE(record_of({{"a", number(1)}}), record_of({{"a", number(2)}}));
  EXPECT_NE(record_of({{"a", number(1)}}), record_of({{"a", number(1)}, {"b", number(1)}}));
}

TEST(Record, RefusesANameTwice) {
  const auto record = Record::create({{"a", number(1)}, {"b", number(2)}, {"a", number(1)}});
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code(), Errc::kAlreadyExists);
}

TEST(Record, FindsByTheWholeName) {
  const Value value = record_of({{"ab", number(1)}, {"", number(2)}, {"é", number(3)}});
  ASSERT_NE(value.record().find("ab"), nullptr);
  EXPECT_EQ(value.record().find("ab")->number(), 1);
  EXPECT_EQ(value.record().find("")->number(), 2);
  EXPECT_EQ(value.record().find("é")->number(), 3);
  EXPECT_EQ(value.record().find("a"), nullptr);
  EXPECT_EQ(value.record().find("abc"), nullptr);
  EXPECT_EQ(Record().find("a"), nullptr);
}

Value random_value(std::mt19937_64& random, int depth) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  switch (below(depth > 0 ? 7 : 5)) {
    case 0:
      return Value(below(2) == 0);
    case 1:
      return number(static_cast<std::int64_t>(below(3)) - 1);
    case 2:
      return text(below(2) == 0 ? "a" : "ab");
    case 3:
      return Value(EntityUid{below(2) == 0 ? "A" : "B", below(2) == 0 ? "x" : "y"});
    case 4:
      return Value(Extension{static_cast<ExtensionType>(2 * below(2)), static_cast<std::int64_t>(below(2)), {}});
    case 5: {
      std::vector<Value> elements;
      for (auto n = below(4); n > 0; --n) elements.push_back(random_value(random, depth - 1));
      return set_of(std::move(elements));
    }
    default: {
      std::vector<Attribute> attributes;
      for (const char* name : {"a", "b", "c"}) {
        if (below(2) == 0) attributes.push_back({name, random_value(random, depth - 1)});
      }
      return record_of(std::move(attributes));
    }
  }
}

TEST(Value, OrderIsTotalAndAgreesWithEquality) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const Value a = random_value(random, 3);
    const Value b = random_value(random, 3);
    const Value c = random_value(random, 3);
    EXPECT_EQ(a == b, (a <=> b) == 0);
    EXPECT_EQ((a <=> b) < 0, (b <=> a) > 0);
    if (a <= b && b <= c) {
      EXPECT_LE(a, c) << to_cedar(a) << " " << to_cedar(b) << " " << to_cedar(c);
    }
  }
}

TEST(Value, IsWrittenAsAnExpressionThatGivesIt) {
  EXPECT_EQ(to_cedar(Value(true)), "true");
  EXPECT_EQ(to_cedar(number(std::numeric_limits<std::int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(to_cedar(text("a\"\n")), R"("a\"\n")");
  EXPECT_EQ(to_cedar(Value(EntityUid{"A::B", "x\\"})), R"(A::B::"x\\")");
  EXPECT_EQ(to_cedar(set_of({})), "[]");
  EXPECT_EQ(to_cedar(set_of({number(2), number(1)})), "[1, 2]");
  EXPECT_EQ(to_cedar(record_of({})), "{}");
  EXPECT_EQ(to_cedar(record_of({{"b", number(1)}, {"a b", set_of({text("x")})}})), R"({"a b": ["x"], "b": 1})");
  EXPECT_EQ(to_cedar(extension(ExtensionType::kIp, "::1")), R"(ip("::1"))");
}

TEST(Value, NamesItsTypeAsMessagesDo) {
  EXPECT_EQ(type_name(Value(false)), "bool");
  EXPECT_EQ(type_name(number(0)), "long");
  EXPECT_EQ(type_name(text("")), "string");
  EXPECT_EQ(type_name(Value(EntityUid{"User", "a"})), "(entity of type `User`)");
  EXPECT_EQ(type_name(set_of({})), "set");
  EXPECT_EQ(type_name(record_of({})), "record");
  EXPECT_EQ(type_name(extension(ExtensionType::kDecimal, "1.0")), "decimal");
  EXPECT_EQ(type_name(extension(ExtensionType::kIp, "::1")), "ipaddr");
  EXPECT_EQ(type_name(extension(ExtensionType::kDatetime, "1970-01-01")), "datetime");
  EXPECT_EQ(type_name(extension(ExtensionType::kDuration, "0s")), "duration");
}

}  // namespace
}  // namespace redoubt::policy
