#include "gateway/inspection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/dictionaries.h"
#include "gateway/tests/access_support.h"
#include "gateway/tool_contracts.h"
#include "inspect/scanner.h"

namespace redoubt::gateway {
namespace {

constexpr std::string_view kOwn = R"([inspection]
families = ["attack"]
kinds = ["repetition", "invisible_text"]

[[rule]]
name = "case_number"
kind = "CASE_NUMBER"
pattern = 'C-\d{6}'
)";

std::shared_ptr<const Inspection> load(std::string_view toml) {
  auto loaded = Inspection::load(toml);
  EXPECT_TRUE(loaded) << loaded.error().message();
  return loaded ? *loaded : nullptr;
}

std::string refusal(std::string_view toml) {
  const auto loaded = Inspection::load(toml);
  return loaded ? "accepted" : std::string(to_string(loaded.error().code())) + " " + loaded.error().message();
}

TEST(Inspection, NamesKindsAsPoliciesDo) {
  EXPECT_EQ(policy_name("CREDIT_CARD"), "credit_card");
  EXPECT_EQ(policy_name("Case-1.x"), "case-1.x");
}

TEST(Inspection, KnowsTheKindsAndFamiliesOfItsRulesAlone) {
  const auto inspection = load(kOwn);
  ASSERT_NE(inspection, nullptr);
  for (const char* name : {"repetition", "invisible_text", "case_number", "attack", "user"}) {
    EXPECT_TRUE(inspection->knows(name)) << name;
  }
  for (const char* name : {"credit_card", "personal", "secret", "CASE_NUMBER", "gibberish", ""}) {
    EXPECT_FALSE(inspection->knows(name)) << name;
  }
}

TEST(Inspection, FindsWhatItsRulesSay) {
  const auto inspection = load(kOwn);
  ASSERT_NE(inspection, nullptr);
  const auto scanner = inspect::Scanner::create(inspection->rules());
  ASSERT_TRUE(scanner);
  std::vector<inspect::Match> matches;
  ASSERT_TRUE((*scanner)->scan("case C-123456, card 4111 1111 1111 1111", matches));
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(policy_name(matches[0].kind), "case_number");
}

TEST(Inspection, WithoutAFileHasEveryRuleBuiltIn) {
  const auto inspection = load("");
  ASSERT_NE(inspection, nullptr);
  for (const char* name : {"credit_card", "email_address", "jwt", "repetition", "personal", "secret", "attack"}) {
    EXPECT_TRUE(inspection->knows(name)) << name;
  }
  EXPECT_FALSE(inspection->knows("user"));
  EXPECT_FALSE(inspection->buffers_streams());
}

constexpr std::string_view kContract = R"([inspection]
kinds = ["repetition"]
buffer_streams = true

[[contract]]
tool = "transfer"
schema = "transfer.json"
)";

TEST(Inspection, HasTheOperatorsContracts) {
  const SchemaFile schema{.name = "transfer.json", .text = R"({"type":"object"})"};
  const auto loaded = Inspection::load(kContract, {&schema, 1});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_NE((*loaded)->contracts()->find("transfer"), nullptr);
  EXPECT_EQ((*loaded)->contracts()->find("other"), nullptr);
  EXPECT_TRUE((*loaded)->buffers_streams());
  for (const char* name :
       {"contract", "schema_violation", "schema_unusable", "undescribed_tool", "contract_violation"}) {
    EXPECT_TRUE((*loaded)->knows(name)) << name;
  }
  EXPECT_FALSE(load(kOwn)->knows("contract_violation")) << "there is none to violate";
  const SchemaFile other{.name = "transfer.json", .text = R"({"type":"array"})"};
  EXPECT_NE(*Inspection::load(kContract, {&other, 1}), *loaded) << "another schema under the same name";
}

TEST(Inspection, RefusesContractsThatCannotBeKept) {
  const auto refused = [](std::vector<SchemaFile> schemas, std::string_view toml = kContract) {
    const auto loaded = Inspection::load(toml, schemas);
    return loaded ? "accepted" : loaded.error().message();
  };
  EXPECT_EQ(refused({}), "inspection.toml: there is no file `contracts/transfer.json`");
  EXPECT_EQ(refused({{"transfer.json", "{}"}, {"trasnfer.json", "{}"}}),
            "contracts/trasnfer.json: no contract in inspection.toml names it");
  EXPECT_NE(refused({{"transfer.json", R"({"type":"thing"})"}}).find("contracts/transfer.json: "), std::string::npos);
  EXPECT_EQ(refused({},
                    "inspection.kinds = ['repetition']\n[[rule]]\nname = \"a\"\nkind = \"Schema_Violation\"\n"
                    "pattern = 'a'\n"),
            "inspection.toml: rule `a` has a kind that is of contracts");
}

constexpr std::string_view kPatients = R"([inspection]
kinds = ["repetition"]

[[rule]]
name = "patient"
kind = "PATIENT"
pattern = '\b\d{8}\b'
dictionary = "patients"
)";

std::string sealed_patients() {
  return *keys::seal_dictionary(crypto::X25519KeyPair::generate().public_key, "patients", {"10203040"});
}

TEST(Inspection, LetsNothingPassThatADictionaryMayHaveUntilItIsOpen) {
  const DictionaryFile file{.name = "patients", .text = sealed_patients()};
  const auto loaded = Inspection::load(kPatients, {}, {&file, 1});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_TRUE((*loaded)->knows("patient"));
  ASSERT_NE((*loaded)->dictionaries(), nullptr);
  EXPECT_FALSE((*loaded)->dictionaries()->are_open());
  const auto scanner = inspect::Scanner::create((*loaded)->rules());
  ASSERT_TRUE(scanner);
  std::vector<inspect::Match> matches;
  EXPECT_TRUE((*scanner)->scan("nothing of that form, 1020304", matches));
  const auto done = (*scanner)->scan("patient 99999999", matches);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Errc::kUnavailable);
  EXPECT_EQ(load(kOwn)->dictionaries(), nullptr);
}

TEST(Inspection, RefusesDictionariesThatItCannotUse) {
  const auto refused = [](std::vector<DictionaryFile> files, std::string_view toml = kPatients) {
    const auto loaded = Inspection::load(toml, {}, files);
    EXPECT_TRUE(loaded || loaded.error().code() == Errc::kMalformed);
    return loaded ? "accepted" : loaded.error().message();
  };
  EXPECT_EQ(refused({}), "inspection.toml: there is no file `dictionaries/patients.sealed`");
  const std::string text = sealed_patients();
  EXPECT_EQ(refused({{"patients", text}, {"staff", text}}),
            "dictionaries/staff.sealed: no rule in inspection.toml names it");
  EXPECT_EQ(refused({{"patients", "10203040\n"}}),
            "dictionaries/patients.sealed: not a sealed dictionary, or not all of it");
  EXPECT_EQ(refused({}, "[[rule]]\nname = \"a\"\nkind = \"A\"\npattern = '\\d{8}'\nrecords = [\"10203040\"]\n"),
            "inspection.toml: rule `a` has records: seal them (`redoubt inspect seal`), and name them by `dictionary`");
}

TEST(Inspection, IsNotTheSameWithAnotherDictionary) {
  const DictionaryFile one{.name = "patients", .text = sealed_patients()};
  const DictionaryFile other{.name = "patients", .text = sealed_patients()};
  const auto first = Inspection::load(kPatients, {}, {&one, 1});
  ASSERT_TRUE(first);
  EXPECT_EQ(*Inspection::load(kPatients, {}, {&one, 1}), *first);
  EXPECT_NE(*Inspection::load(kPatients, {}, {&other, 1}), *first);
}

TEST(Inspection, IsNotCompiledAgainWhileInUse) {
  auto first = load(kOwn);
  const auto second = load(kOwn);
  EXPECT_EQ(first, second);
  EXPECT_EQ(first, load(kOwn));
  EXPECT_NE(first, test::test_inspection());
  EXPECT_NE(first, load(std::string(kOwn) + "\n"));
}

TEST(Inspection, RefusesWhatDoesNotValidate) {
  EXPECT_EQ(refusal("[inspection]\nfamilies = [\"people\"]\n"),
            "malformed inspection.toml:2:12: `inspection.families` may hold `personal`, `secret` and `attack`");
  EXPECT_EQ(refusal("[inspection]\nkinds = [\"credit_cart\"]\n"),
            "malformed inspection.toml: no rule has the kind `CREDIT_CART`");
  const std::string choice = "inspection.kinds = ['repetition']\n";
  EXPECT_EQ(refusal(choice + "[[rule]]\nname = \"a\"\nkind = \"A\"\npattern = 'a['\n"),
            "malformed inspection.toml: rule `a`: missing ]: [");
  EXPECT_EQ(refusal(choice + "[[rule]]\nname = \"repetition\"\nkind = \"A\"\npattern = 'a'\n"),
            "malformed inspection.toml: two rules have the name `repetition`");
  EXPECT_NE(refusal(choice + "[[rule]]\nname = \"a\"\nkind = \"A\"\npattern = 'a.*'\n").find("give max_width_bytes"),
            std::string::npos);
}

TEST(Inspection, RefusesRecordsThatAreNotSealed) {
  EXPECT_EQ(refusal("[[rule]]\nname = \"a\"\nkind = \"A\"\npattern = '\\d{8}'\nrecords = [\"10203040\"]\n"),
            "malformed inspection.toml: rule `a` has records: seal them (`redoubt inspect seal`), and name them by "
            "`dictionary`");
}

TEST(Inspection, RefusesAFileThatIsTooLarge) {
  EXPECT_EQ(refusal(std::string(Inspection::kMaxFileBytes + 1, '\n')), "too_large inspection.toml: more than 1 MiB");
}

}  // namespace
}  // namespace redoubt::gateway
