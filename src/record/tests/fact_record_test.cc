#include "record/fact_record.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <random>
#include <string>

#include "encoding/base64.h"
#include "record/describe.h"
#include "record/opening.h"
#include "record/summary.h"
#include "tests/support/ocsf_validator.h"

namespace redoubt::record {
namespace {

const RecordSource kSource{.log_origin = "redoubt.example/ledger", .tenant = "", .product_version = "0.1.0"};

Commitment filled(unsigned char c) {
  Commitment commitment;
  commitment.fill(static_cast<std::byte>(c));
  return commitment;
}

Fact typical_fact() {
  Fact fact;
  fact.uid = "00112233445566778899aabbccddeeff";
  fact.time = {1'780'000'000'123};
  fact.previous = 41;
  fact.kind = "identity.key.issue";
  fact.verb = FactVerb::kCreate;
  fact.object = "key/k3xq7";
  fact.expects = 0;
  fact.body = R"({"principal":"svc-triage","scopes":["chat","models"],"expires":1790000000000})";
  fact.actor = {
      .principal = "alice", .credential = "k1", .on_behalf_of = "team-triage", .method = "api_key", .strength = 1};
  fact.approval = "approval/a7";
  fact.approved_by = {"carol", "dave"};
  fact.idempotency_key = std::string(64, 'a');
  fact.idempotency_request = std::string(64, '0');
  fact.after = R"({"principal":"svc-triage"})";
  fact.commitments = {{"key_note", filled(7)}};
  return fact;
}

std::string record_of(const Fact& fact, const RecordSource& source = kSource) {
  std::string record;
  const Result<> done = append_fact(record, fact, source);
  EXPECT_TRUE(done) << done.error().message();
  return record;
}

Errc refusal(const std::function<void(Fact&)>& spoil) {
  Fact fact = typical_fact();
  spoil(fact);
  std::string record = "before";
  const Result<> done = append_fact(record, fact, kSource);
  EXPECT_EQ(record, "before");
  return done ? Errc::kCancelled : done.error().code();
}

Errc read_error(std::string_view record) {
  FactReader reader;
  const auto fact = reader.read(as_bytes(record));
  if (!fact) return fact.error().code();
  ADD_FAILURE() << "read: " << record;
  return Errc::kCancelled;
}

// The record with the one place of `text` replaced.
std::string altered(std::string record, std::string_view text, std::string_view with) {
  const std::size_t at = record.find(text);
  EXPECT_NE(at, std::string::npos) << text;
  return at == std::string::npos ? record : record.replace(at, text.size(), with);
}

// Facts at random, all of them allowed.
class FactMaker {
 public:
  explicit FactMaker(std::uint32_t seed) : random_(seed) {}

  Fact fact() {
    Fact fact;
    fact.uid = hex(32);
    fact.time = {static_cast<std::int64_t>(number())};
    if (coin()) fact.previous = number();
    fact.kind = "k" + pick("abcxyz019_.", below(kFactKindMax));
    fact.verb = static_cast<FactVerb>(below(6));
    fact.severity = static_cast<FactSeverity>(below(2));
    fact.object = name();
    fact.expects = number() - 1 + (number() == 0 ? 1 : 0);
    if (fact.expects == UINT64_MAX) fact.expects = 0;
    fact.body = object(kFactBodyMax);
    fact.actor.principal = name();
    if (coin()) fact.actor.credential = name();
    if (coin()) fact.actor.on_behalf_of = name();
    if (coin()) fact.actor.method = pick("abc_9", below(kFactMethodMax + 1));
    fact.actor.strength = static_cast<int>(below(kFactStrengthMax + 1));
    if (coin()) fact.approval = name();
    if (coin()) fact.approved_by.resize(below(kFactApproversMax + 1));
    for (std::string& each : fact.approved_by) each = name();
    if (coin()) {
      fact.idempotency_key = hex(64);
      fact.idempotency_request = hex(64);
    }
    if (coin()) fact.before = object(kFactStateMax);
    if (coin()) fact.after = object(kFactStateMax);
    const std::size_t fields = coin() ? below(kCommitmentsMax + 1) : 0;
    for (std::size_t i = 0; i < fields; ++i) {
      fact.commitments.emplace_back("f" + std::to_string(i) + "_" + pick("az_0", below(59)),
                                    filled(static_cast<unsigned char>(below(256))));
    }
    return fact;
  }
  bool coin() { return below(2) == 0; }
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  std::uint64_t number() { return (std::uint64_t{random_()} << 32 | random_()) >> (random_() % 64); }
  std::string pick(std::string_view from, std::size_t size) {
    std::string out(size, ' ');
    for (char& c : out) c = from[below(from.size())];
    return out;
  }
  std::string hex(std::size_t size) { return pick("0123456789abcdef", size); }
  std::string name() { return pick("!#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~", 1 + (coin() ? below(20) : below(256))); }
  // Strings hold what ends objects, texts and records.
  std::string string() {
    static constexpr std::array<std::string_view, 10> kPieces = {
        "a", R"(\")", R"(\\)", "{", "}", R"(\u0000)", "}}}", "gr\xc3\xbc\xc3\x9f", ",", R"(\",\"body\":{)"};
    std::string out = "\"";
    for (std::size_t i = below(12); i > 0; --i) out += kPieces[below(kPieces.size())];
    return out + "\"";
  }
  std::string value(std::size_t depth) {
    switch (below(depth == 0 ? 4 : 6)) {
      case 0:
        return std::to_string(static_cast<std::int64_t>(number()));
      case 1:
        return string();
      case 2:
        return coin() ? "true" : "null";
      case 3:
        return "1.50e3";
      case 4:
        return "[" + value(depth - 1) + (coin() ? " , " : ",") + value(depth - 1) + "]";
      default:
        return R"({"a":)" + value(depth - 1) + R"(, "b" :)" + value(depth - 1) + "}";
    }
  }
  std::string object(std::size_t max) {
    std::string out = "{";
    const std::size_t members = below(6);
    for (std::size_t i = 0; i < members; ++i) {
      out += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":" + value(below(5));
    }
    // Now and then as large as may be.
    const std::string filler = (members == 0 ? "\"z\":\"" : ",\"z\":\"");
    if (below(16) == 0 && out.size() + filler.size() + 2 < max) {
      out += filler + std::string(max - out.size() - filler.size() - 2, 'z') + "\"";
    }
    return out + "}";
  }

  std::mt19937 random_;
};

TEST(Fact, IsReadAsItWasWritten) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  FactMaker make(seed);
  FactReader reader;
  for (int round = 0; round < 2000 && !testing::Test::HasFailure(); ++round) {
    const Fact fact = make.fact();
    const std::string record = record_of(fact);
    EXPECT_LE(record.size(), kRecordSizeMax);
    EXPECT_EQ(record.find('\n'), std::string::npos);
    const auto read = reader.read(as_bytes(record));
    ASSERT_TRUE(read) << read.error().message() << '\n' << record;
    ASSERT_TRUE(*read);
    EXPECT_EQ(**read, fact) << record;
  }
}

TEST(Fact, ThatIsAlteredAnywhereIsNotReadOrIsAnotherOneOfThisForm) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  FactMaker make(seed);
  FactReader reader;
  for (int round = 0; round < 300 && !testing::Test::HasFailure(); ++round) {
    std::string record = record_of(make.fact());
    record[make.below(record.size())] = static_cast<char>(make.below(256));
    const auto read = reader.read(as_bytes(record));
    if (!read || !*read) continue;
    // What the source says is not part of the fact, but takes part in its form.
    encoding::JsonReader json;
    const auto parsed = json.parse(record);
    ASSERT_TRUE(parsed) << record;
    const auto text = [&](std::string_view pointer) {
      std::string_view out;
      return parsed->at_pointer(pointer).get(out) == simdjson::SUCCESS ? std::string(out) : std::string();
    };
    const std::string origin = text("/metadata/log_name");
    const std::string version = text("/metadata/product/version");
    EXPECT_EQ(record_of(**read, {.log_origin = origin, .tenant = {}, .product_version = version}), record);
  }
}

TEST(Fact, ReaderHoldsTheParsedBodyOfTheLastFact) {
  FactReader reader;
  ASSERT_TRUE(reader.read(as_bytes(record_of(typical_fact()))));
  EXPECT_EQ(encoding::string_member(reader.body(), "principal"), "svc-triage");
}

TEST(Fact, SaysWhatChangesInTheSchemasWords) {
  Fact fact = typical_fact();
  fact.verb = FactVerb::kUpdate;
  fact.expects = 4;
  fact.before = R"({"scopes":[]})";
  encoding::JsonReader json;
  const std::string record = record_of(fact);
  const auto parsed = json.parse(record);
  ASSERT_TRUE(parsed) << parsed.error().message();
  const auto text = [&](std::string_view pointer) {
    std::string_view out;
    return parsed->at_pointer(pointer).get(out) == simdjson::SUCCESS ? std::string(out) : "(none)";
  };
  EXPECT_EQ(text("/activity_name"), "Update");
  EXPECT_EQ(text("/metadata/uid"), fact.uid);
  EXPECT_EQ(text("/metadata/event_code"), "fact");
  EXPECT_EQ(text("/actor/user/uid"), "alice");
  EXPECT_EQ(text("/actor/user/credential_uid"), "k1");
  EXPECT_EQ(text("/entity/uid"), "key/k3xq7");
  EXPECT_EQ(text("/entity/type"), "key");
  EXPECT_EQ(text("/entity/version"), "4");
  EXPECT_EQ(text("/entity_result/uid"), "key/k3xq7");
  EXPECT_EQ(text("/entity_result/version"), "5");
  EXPECT_EQ(text("/entity_result/data/principal"), "svc-triage");
  EXPECT_EQ(text("/unmapped/redoubt/kind"), "identity.key.issue");
  EXPECT_EQ(text("/unmapped/redoubt/commitments/key_note"), encoding::hex(filled(7)));
}

TEST(Fact, ThatIsAnAlarmHasHighSeverity) {
  Fact fact = typical_fact();
  EXPECT_NE(record_of(fact).find(R"("severity_id":1,"severity":"Informational")"), std::string::npos);
  fact.severity = FactSeverity::kHigh;
  const std::string record = record_of(fact);
  EXPECT_NE(record.find(R"("severity_id":4,"severity":"High")"), std::string::npos);
  EXPECT_EQ(read_error(altered(record, R"("severity_id":4)", R"("severity_id":5)")), Errc::kMalformed);
}

TEST(Fact, LeavesOutAStateThatIsTooLong) {
  Fact fact = typical_fact();
  fact.before = R"({"a":")" + std::string(kFactStateMax, 'x') + R"("})";
  FactReader reader;
  const auto read = reader.read(as_bytes(record_of(fact)));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ((*read)->before, "");
  EXPECT_EQ((*read)->after, fact.after);
}

// Where a state ends is told by its quotation marks and brackets.
TEST(Fact, HasStatesWithAnyTextInThem) {
  for (const std::string text : {R"()", R"(})", R"({)", R"(\")", R"(\\)", R"(\\\")", R"(a\\\\)", R"(\"}},\"x\":{\")",
                                 R"(\\","b":"\")", R"(","b":"\\)", R"(\u0022)"}) {
    for (const std::string& state : {R"({"a":")" + text + R"("})", R"({"b0":[{"c":")" + text + R"("},"\\"],"d":""})"}) {
      Fact fact = typical_fact();
      fact.before = state;
      fact.after = state;
      FactReader reader;
      const std::string record = record_of(fact);
      const auto read = reader.read(as_bytes(record));
      ASSERT_TRUE(read && *read) << state;
      EXPECT_EQ(**read, fact);
      // One that does not end is none.
      EXPECT_FALSE(reader.read(as_bytes(altered(record, state, state.substr(0, state.size() - 2))))) << state;
    }
  }
}

TEST(Fact, OfTheLargestMembersFits) {
  Fact fact = typical_fact();
  const auto object_of = [](std::size_t size) { return R"({"a":")" + std::string(size - 8, 'x') + R"("})"; };
  const std::string name(kFactNameMax, 'n');
  fact.time = {INT64_MIN};
  fact.previous = UINT64_MAX;
  fact.kind = std::string(kFactKindMax, 'k');
  fact.verb = FactVerb::kDisable;
  fact.object = fact.actor.principal = fact.actor.credential = fact.actor.on_behalf_of = fact.approval = name;
  fact.actor.method = std::string(kFactMethodMax, 'm');
  fact.expects = UINT64_MAX - 1;
  fact.approved_by.assign(kFactApproversMax, name);
  fact.body = object_of(kFactBodyMax);
  fact.before = fact.after = object_of(kFactStateMax);
  fact.commitments.clear();
  for (std::size_t i = 0; i < kCommitmentsMax; ++i) {
    fact.commitments.emplace_back("f" + std::to_string(10 + i) + std::string(kFieldNameSizeMax - 3, 'x'), filled(1));
  }
  const std::string origin(kNameSizeMax, 'o');
  const std::string label(kLabelSizeMax, 'l');
  const std::string record = record_of(fact, {.log_origin = origin, .tenant = label, .product_version = label});
  EXPECT_LE(record.size(), kRecordSizeMax);
  FactReader reader;
  const auto read = reader.read(as_bytes(record));
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(**read, fact);
}

TEST(Fact, IsNotMadeOfWhatHasNotItsForm) {
  const std::string long_name(kFactNameMax + 1, 'n');
  const auto expect_refused = [](std::string_view what, const std::function<void(Fact&)>& spoil) {
    EXPECT_EQ(refusal(spoil), Errc::kInvalidArgument) << what;
  };
  expect_refused("UidOfUpperCase", [](Fact& f) { f.uid[0] = 'A'; });
  expect_refused("ShortUid", [](Fact& f) { f.uid.pop_back(); });
  expect_refused("NoKind", [](Fact& f) { f.kind.clear(); });
  expect_refused("KindWithSpace", [](Fact& f) { f.kind = "identity key"; });
  expect_refused("KindThatBeginsWithADigit", [](Fact& f) { f.kind = "1dentity.key"; });
  expect_refused("LongKind", [](Fact& f) { f.kind = std::string(kFactKindMax + 1, 'k'); });
  expect_refused("NoObject", [](Fact& f) { f.object.clear(); });
  expect_refused("LongObject", [&](Fact& f) { f.object = long_name; });
  expect_refused("ObjectWithQuote", [](Fact& f) { f.object = "key/\"x"; });
  expect_refused("ObjectWithBackslash", [](Fact& f) { f.object = "key/\\x"; });
  expect_refused("ObjectWithSpace", [](Fact& f) { f.object = "key/ x"; });
  expect_refused("ObjectBeyondAscii", [](Fact& f) { f.object = "key/\xc3\xbc"; });
  expect_refused("NoNextVersion", [](Fact& f) { f.expects = UINT64_MAX; });
  expect_refused("NoPrincipal", [](Fact& f) { f.actor.principal.clear(); });
  expect_refused("LongCredential", [&](Fact& f) { f.actor.credential = long_name; });
  expect_refused("LongOnBehalfOf", [&](Fact& f) { f.actor.on_behalf_of = long_name; });
  expect_refused("MethodOfUpperCase", [](Fact& f) { f.actor.method = "API"; });
  expect_refused("NegativeStrength", [](Fact& f) { f.actor.strength = -1; });
  expect_refused("StrengthOfTen", [](Fact& f) { f.actor.strength = 10; });
  expect_refused("LongApproval", [&](Fact& f) { f.approval = long_name; });
  expect_refused("SeventeenApprovers", [](Fact& f) { f.approved_by.assign(17, "carol"); });
  expect_refused("EmptyApprover", [](Fact& f) { f.approved_by = {""}; });
  expect_refused("IdempotencyKeyWithoutRequest", [](Fact& f) { f.idempotency_request.clear(); });
  expect_refused("ShortIdempotencyKey", [](Fact& f) { f.idempotency_key.pop_back(); });
  expect_refused("SeventeenCommitments", [](Fact& f) {
    for (int i = 0; i < 17; ++i) f.commitments.emplace_back("f" + std::to_string(i), filled(1));
  });
  expect_refused("CommitmentOfNoField", [](Fact& f) { f.commitments = {{"Not A Field", filled(1)}}; });
  expect_refused("TwoCommitmentsOfAField", [](Fact& f) { f.commitments = {{"a", filled(1)}, {"a", filled(2)}}; });
  expect_refused("NoBody", [](Fact& f) { f.body.clear(); });
  expect_refused("BodyThatIsAnArray", [](Fact& f) { f.body = "[]"; });
  expect_refused("BodyOfTwoObjects", [](Fact& f) { f.body = "{},{}"; });
  expect_refused("BodyOfTwoLines", [](Fact& f) { f.body = "{\n}"; });
  expect_refused("BodyBehindASpace", [](Fact& f) { f.body = " {}"; });
  expect_refused("BodyWithADuplicateKey", [](Fact& f) { f.body = R"({"a":1,"a":2})"; });
  expect_refused("BodyThatIsNotUtf8", [](Fact& f) { f.body = "{\"a\":\"\xff\"}"; });
  expect_refused("LongBody", [](Fact& f) { f.body = R"({"a":")" + std::string(kFactBodyMax, 'x') + R"("})"; });
  expect_refused("DeepBody", [](Fact& f) {
    f.body = R"({"a":)" + std::string(kFactDepthMax, '[') + std::string(kFactDepthMax, ']') + "}";
  });
  expect_refused("BeforeThatIsNotJson", [](Fact& f) { f.before = "{before}"; });
  expect_refused("AfterThatIsNotAnObject", [](Fact& f) { f.after = "7"; });
}

TEST(Fact, IsNotMadeForASourceThatNeedsEscapes) {
  for (const std::string_view bad : {"a\"b", "a\\b", "a\nb", "a\xff"}) {
    std::string record;
    EXPECT_EQ(
        append_fact(record, typical_fact(), {.log_origin = bad, .tenant = {}, .product_version = {}}).error().code(),
        Errc::kInvalidArgument);
    EXPECT_EQ(record, "");
  }
}

TEST(FactReader, PassesOverRecordsOfAnotherKind) {
  std::string record;
  append_opened(record, {});
  FactReader reader;
  const auto read = reader.read(as_bytes(record));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_FALSE(*read);
  EXPECT_FALSE(begins_as_fact(as_bytes(record)));
  EXPECT_FALSE(begins_as_fact(as_bytes("{")));
  EXPECT_TRUE(begins_as_fact(as_bytes(record_of(typical_fact()))));
}

TEST(FactReader, RefusesWhatIsNotWrittenByUs) {
  const std::string record = record_of(typical_fact());
  EXPECT_EQ(read_error(""), Errc::kMalformed);
  EXPECT_EQ(read_error("nonsense"), Errc::kMalformed);
  EXPECT_EQ(read_error("[]"), Errc::kMalformed);
  EXPECT_EQ(read_error(record.substr(0, record.size() - 1)), Errc::kMalformed);
  EXPECT_EQ(read_error(record + " "), Errc::kMalformed);
  EXPECT_EQ(read_error(" " + record), Errc::kMalformed);
  EXPECT_EQ(read_error(std::string(kRecordSizeMax + 1, ' ')), Errc::kTooLarge);
  EXPECT_EQ(read_error(altered(record, R"("format":1)", R"("format":2)")), Errc::kUnsupported);

  EXPECT_EQ(read_error(altered(record, R"("class_uid":3004)", R"("class_uid":3005)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("type_uid":300401)", R"("type_uid":300403)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("time":1)", R"("time":01)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("time":1780000000123)", R"("time":-0)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("time":1)", R"("time":1.0)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("uid":"0011)", R"("uid":"\u003011)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("log_name":"redoubt.example/ledger")", R"("log_name":"")")),
            Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("version":"0")", R"("version":"1")")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("version":"1")", R"("version":"2")")), Errc::kMalformed);
  EXPECT_EQ(
      read_error(altered(record, R"("entity_result":{"uid":"key/k3xq7")", R"("entity_result":{"uid":"key/other")")),
      Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("data":{"principal")", R"("data": {"principal")")), Errc::kMalformed);
}

TEST(FactReader, RefusesValuesThatHaveNotTheirForm) {
  const std::string record = record_of(typical_fact());
  EXPECT_EQ(read_error(altered(record, "identity.key.issue", "Identity.key.issue")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("strength":1)", R"("strength":10)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"(["carol","dave"])", "[]")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"(["carol","dave"])", R"(["carol", "dave"])")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, std::string(64, 'a'), std::string(64, 'A'))), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, encoding::hex(filled(7)), std::string(64, 'F'))), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"("key_note":)", R"("Key_note":)")), Errc::kMalformed);
  EXPECT_EQ(read_error(altered(record, R"(,"body":{"principal")", R"(,"body":{"principal","principal")")),
            Errc::kMalformed);
}

TEST(Fact, SchemaHoldsForEveryFact) {
  auto validator = test::OcsfValidator::load(test::ocsf_schema_path());
  if (!validator && validator.error().code() == Errc::kNotFound) GTEST_SKIP() << "no OCSF schema in the test data";
  ASSERT_TRUE(validator) << validator.error().message();
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  FactMaker make(seed);
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const std::string record = record_of(make.fact());
    EXPECT_EQ(test::to_string(validator->validate(record)), "") << record;
  }
  EXPECT_EQ(test::to_string(validator->validate(record_of(typical_fact()))), "");
}

TEST(Fact, HasASummaryThatNamesItsKind) {
  const auto summary = summarize(as_bytes(record_of(typical_fact())));
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_EQ(summary->stage, Stage::kFact);
  EXPECT_EQ(to_string(summary->stage), "fact");
  EXPECT_EQ(summary->operation, "identity.key.issue");
  EXPECT_EQ(summary->time.value, 1'780'000'000'123);
  EXPECT_EQ(summary->exchange_uid, "");
}

TEST(Fact, IsDescribedWithWhoWhatAndWhy) {
  Fact fact = typical_fact();
  fact.verb = FactVerb::kUpdate;
  fact.expects = 4;
  fact.before = R"({"scopes":[]})";
  const Salt salt = random_salt();
  fact.commitments = {{"note", commit(salt, "note", as_bytes("for the night shift"))}};
  Opening opening{{OpeningValue::of("note", salt, "for the night shift")}};
  const auto text = describe(as_bytes(record_of(fact)), &opening);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, R"(record        fact
time          2026-05-28T20:26:40.123Z
log           redoubt.example/ledger
principal     alice, credential k1
fact          identity.key.issue, Update
object        key/k3xq7, version 4 to 5
previous      entry 41
on behalf of  team-triage
proven by     api_key, strength 1
approved      approval/a7, by carol and dave
before        {
    "scopes": []
  }
after         {
    "principal": "svc-triage"
  }
body          {
    "principal": "svc-triage",
    "scopes": [
      "chat",
      "models"
    ],
    "expires": 1790000000000
  }
commitment    note )" + encoding::hex(fact.commitments[0].second) +
                       R"(

opened        note: 19 bytes, as committed
  | for the night shift
)");
}

TEST(Fact, OpeningOfItsValuesIsChecked) {
  Fact fact = typical_fact();
  const Salt salt = random_salt();
  fact.commitments = {{"note", commit(salt, "note", as_bytes("true"))}};
  const std::string record = record_of(fact);
  EXPECT_TRUE(check_opening({{OpeningValue::of("note", salt, "true")}}, as_bytes(record)));
  EXPECT_EQ(check_opening({{OpeningValue::of("note", salt, "false")}}, as_bytes(record)).error().code(),
            Errc::kVerifyFailed);
}

}  // namespace
}  // namespace redoubt::record
