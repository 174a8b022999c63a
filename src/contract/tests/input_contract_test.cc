#include "contract/input_contract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <random>
#include <string>

#include "contract/internal/table.h"

namespace redoubt::contract {
namespace {

constexpr std::string_view kContract = R"({"columns":[
  {"name":"age","type":"integer","min":17,"max":90},
  {"name":"rate","type":"number","min":0,"max":1,"missing":0.5},
  {"name":"work","type":"category","categories":["public","private"]},
  {"name":"note","type":"text","missing":1},
  {"name":"new","type":"boolean","missing":1},
  {"name":"at","type":"timestamp","missing":1}]})";

// The report's views live as long as the contract does, which is kept here.
std::vector<InputContract>& kept() {
  static std::vector<InputContract> all;
  return all;
}

Result<InputReport> check(std::string_view contract, std::string_view rows) {
  auto parsed = InputContract::parse(contract);
  if (!parsed) return parsed.error();
  kept().push_back(*std::move(parsed));
  encoding::JsonReader reader;
  const auto root = reader.parse(rows);
  if (!root) return root.error();
  return kept().back().check(*root);
}

// `column:rule:count`, each.
std::string violations(std::string_view contract, std::string_view rows) {
  const auto report = check(contract, rows);
  if (!report) return std::string(to_string(report.error().code()));
  std::string out;
  for (const InputViolation& one : report->violations) {
    out += (out.empty() ? "" : " ") + std::string(one.column) + ":" + std::string(one.rule) + ":" +
           std::to_string(one.count);
  }
  return out;
}

TEST(InputContract, WritesLargeNumbersAsItReadsThem) {
  std::string rows = "[";
  for (int i = 0; i < 30; ++i)
    rows += (i == 0 ? "" : ",") + std::string(R"({"x":1.2345678901234567e)") + std::to_string(10 + i) + "}";
  encoding::JsonReader reader;
  const auto fitted = InputContract::fit(*reader.parse(rows + "]"));
  ASSERT_TRUE(fitted) << fitted.error().message();
  const auto again = InputContract::parse(fitted->to_json());
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->to_json(), fitted->to_json());
}

TEST(InputContract, ColumnsOfRowsHaveNames) {
  encoding::JsonReader reader;
  EXPECT_EQ(InputContract::fit(*reader.parse(R"([{"":1}])")).error().code(), Errc::kMalformed);
}

TEST(InputContract, AcceptsRowsThatKeepIt) {
  EXPECT_EQ(
      violations(kContract, R"([{"age":17,"rate":0.5,"work":"public","note":"x","new":true,"at":"2026-01-01T00:00:00Z"},
                                      {"age":90.0,"work":"private","rate":null}])"),
      "");
  EXPECT_EQ(violations(kContract, R"({"age":40,"work":"public"})"), "");
  EXPECT_EQ(violations(kContract, "[]"), "");
}

TEST(InputContract, NamesColumnRuleAndRows) {
  EXPECT_EQ(violations(kContract, R"([{"age":16,"work":"public"}])"), "age:range:1");
  EXPECT_EQ(violations(kContract, R"([{"age":17.5,"work":"public"},{"age":"17","work":"public"}])"), "age:type:2");
  EXPECT_EQ(violations(kContract, R"([{"work":"public"},{"age":null,"work":"public"}])"), "age:missing:2");
  EXPECT_EQ(violations(kContract, R"([{"age":20,"work":"other"}])"), "work:category:1");
  EXPECT_EQ(violations(kContract, R"([{"age":20,"work":1}])"), "work:type:1");
  EXPECT_EQ(violations(kContract, R"([{"age":20,"work":"public","at":"yesterday","new":1,"note":[]}])"),
            "note:type:1 new:type:1 at:type:1");
  EXPECT_EQ(violations(kContract, R"([{"age":20,"work":"public","extra":1}])"), ":others:1");
  const auto report =
      check(kContract, R"([{"age":1,"work":"public"},{"age":20,"work":"public"},{"age":2,"work":"public"}])");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->violations.size(), 1U);
  EXPECT_EQ(report->violations[0].first_rows[0], 0U);
  EXPECT_EQ(report->violations[0].first_rows[1], 2U);
}

TEST(InputContract, ReadsRequestsOfTheOpenInferenceProtocol) {
  EXPECT_EQ(violations(kContract, R"({"inputs":[{"name":"age","shape":[2,1],"datatype":"INT64","data":[[20],[16]]},
                                               {"name":"work","shape":[2],"datatype":"BYTES","data":["public","no"]}]})"),
            "age:range:1 work:category:1");
  constexpr std::string_view kTwo =
      R"({"columns":[{"name":"a","type":"number","max":1},{"name":"b","type":"number","max":2}]})";
  EXPECT_EQ(violations(kTwo, R"({"inputs":[{"name":"input-0","shape":[2,2],"datatype":"FP64","data":[1,2,2,2]}]})"),
            "a:range:1");
  EXPECT_EQ(violations(kTwo, R"({"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1]}]})"), "b:missing:1");
}

TEST(InputContract, RefusesRequestsOfAnotherForm) {
  for (const char* request :
       {"3", "[3]", R"({"inputs":3})", R"({"inputs":[3]})", R"({"inputs":[{"name":"age","shape":[2],"data":[1]}]})",
        R"({"inputs":[{"name":"age","shape":[],"data":[]}]})", R"({"inputs":[{"name":"age","shape":[-1],"data":[1]}]})",
        R"({"inputs":[{"name":"age","shape":[1,1,1],"data":[1]}]})", R"({"inputs":[{"name":"age","data":[1]}]})",
        R"({"inputs":[{"name":"age","shape":[1],"data":[[[1]]]}]})",
        R"({"inputs":[{"name":"age","shape":[1],"data":[1]},{"name":"rate","shape":[2],"data":[1,1]}]})",
        R"({"inputs":[{"name":"age","shape":[1],"data":[1]},{"name":"age","shape":[1],"data":[1]}]})"}) {
    EXPECT_EQ(violations(kContract, request), "malformed") << request;
  }
  EXPECT_EQ(violations(kContract, R"({"inputs":[{"name":"age","shape":[1000000],"data":[]}]})"), "malformed");
}

TEST(InputContract, RefusesContractsOfAnotherForm) {
  for (const char* contract :
       {"[]", "{}", R"({"columns":[]})", R"({"columns":[3]})", R"({"columns":[{"name":"a"}]})",
        R"({"columns":[{"name":"","type":"text"}]})", R"({"columns":[{"name":"a","type":"float"}]})",
        R"({"columns":[{"name":"a","type":"number","maximum":1}]})",
        R"({"columns":[{"name":"a","type":"text","min":1}]})",
        R"({"columns":[{"name":"a","type":"text","missing":2}]})",
        R"({"columns":[{"name":"a","type":"text"}],"other":true})",
        R"({"columns":[{"name":"a","type":"text"},{"name":"a","type":"text"}]})",
        R"({"columns":[{"name":"a","type":"number","edges":[2,1],"shares":[0,0,1]}]})",
        R"({"columns":[{"name":"a","type":"number","edges":[1],"shares":[1]}]})",
        R"({"columns":[{"name":"a","type":"category","categories":["b","a"],"shares":[0.5,0.5]}]})",
        R"({"columns":[{"name":"a","type":"number","scale":1}],"reference":{"rows":1,"precision":[],"scores":[]}})"}) {
    const auto parsed = InputContract::parse(contract);
    ASSERT_FALSE(parsed) << contract;
    EXPECT_EQ(parsed.error().code(), Errc::kMalformed) << contract;
  }
}

// Two numbers that go together, and a category.
std::string rows_like(std::mt19937& random, int count, double shift) {
  std::normal_distribution<double> normal;
  std::string out = "[";
  for (int i = 0; i < count; ++i) {
    const double a = normal(random) + shift;
    const double b = a + 0.1 * normal(random);
    out += std::string(i == 0 ? "" : ",") + R"({"a":)" + std::to_string(a) + R"(,"b":)" + std::to_string(b) +
           R"(,"c":")" + (random() % 10 == 0 ? "rare" : "common") + R"("})";
  }
  return out + "]";
}

struct Fitted {
  explicit Fitted(unsigned seed) : random(seed) {
    encoding::JsonReader reader;
    auto contract_or = InputContract::fit(*reader.parse(rows_like(random, 4000, 0)));
    EXPECT_TRUE(contract_or);
    contract.emplace(*std::move(contract_or));
  }
  InputReport check(std::string_view rows) { return *contract->check(*reader_.parse(rows)); }

  std::mt19937 random;
  std::optional<InputContract> contract;

 private:
  encoding::JsonReader reader_;
};

TEST(InputContract, FitsAContractThatItsOwnKindOfRowsKeeps) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Fitted fitted(seed);
  const InputReport report = fitted.check(rows_like(fitted.random, 2000, 0));
  std::uint64_t broken = 0;
  for (const InputViolation& one : report.violations) broken += one.count;
  EXPECT_LE(broken, 10U);
  const auto unusual =
      std::count_if(report.scores.begin(), report.scores.end(), [](const RowScore& row) { return row.score > 0.99F; });
  EXPECT_LE(unusual, 60);  // 20 expected
}

TEST(InputContract, ScoresWhatNoBoundForbids) {
  Fitted fitted(1);
  // Each number alone is usual; together they are not.
  const InputReport apart = fitted.check(R"([{"a":1,"b":-1,"c":"common"},{"a":1,"b":1,"c":"common"}])");
  EXPECT_TRUE(apart.violations.empty());
  EXPECT_EQ(apart.scores[0].score, 1);
  EXPECT_LT(apart.scores[1].score, 0.9F);
  const InputReport rare = fitted.check(R"([{"a":0,"b":0,"c":"rare"},{"a":0,"b":0,"c":"common"}])");
  EXPECT_GT(rare.scores[0].score, rare.scores[1].score);
  EXPECT_EQ(rare.scores[0].source, "c");
}

TEST(InputContract, ReadsWhatItWrites) {
  const Fitted fitted(2);
  const std::string written = fitted.contract->to_json();
  const auto again = InputContract::parse(written);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->to_json(), written);
}

TEST(InputContract, IsNotFittedToWhatIsNoTable) {
  encoding::JsonReader reader;
  EXPECT_EQ(InputContract::fit(*reader.parse("{}")).error().code(), Errc::kMalformed);
  EXPECT_EQ(InputContract::fit(*reader.parse(R"([{"a":1}])")).error().code(), Errc::kInvalidArgument);
  std::string mixed = "[";
  for (int i = 0; i < 30; ++i) mixed += i % 2 == 0 ? R"({"a":1},)" : R"({"a":"x"},)";
  EXPECT_EQ(InputContract::fit(*reader.parse(mixed + R"({"a":1}])")).error().code(), Errc::kMalformed);
  std::string constant = "[";
  for (int i = 0; i < 30; ++i) constant += R"({"a":1,"b":null},)";
  EXPECT_TRUE(InputContract::fit(*reader.parse(constant + R"({"a":1}])")));
}

TEST(DriftWindow, TellsAShiftFromChance) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  Fitted fitted(seed);
  encoding::JsonReader reader;
  DriftWindow window(*fitted.contract, 1000);
  EXPECT_TRUE(window.drift().empty());
  ASSERT_TRUE(window.add(*reader.parse(rows_like(fitted.random, 1400, 0))));
  ASSERT_EQ(window.drift().size(), 3U);
  for (const ColumnDrift& column : window.drift()) EXPECT_FALSE(column.exceeds) << column.column << column.psi;
  ASSERT_TRUE(window.add(*reader.parse(rows_like(fitted.random, 1000, 1))));
  const auto shifted = window.drift();
  EXPECT_TRUE(shifted[0].exceeds);
  EXPECT_TRUE(shifted[1].exceeds);
  EXPECT_FALSE(shifted[2].exceeds);
  // What was before the window is forgotten.
  ASSERT_TRUE(window.add(*reader.parse(rows_like(fitted.random, 1500, 0))));
  EXPECT_FALSE(window.drift()[0].exceeds);
}

TEST(DriftWindow, CountsWhatIsMissingAndUnknown) {
  Fitted fitted(3);
  encoding::JsonReader reader;
  DriftWindow window(*fitted.contract, 4);
  ASSERT_TRUE(window.add(*reader.parse(R"([{"a":0,"c":"other"},{"a":0,"b":0,"c":"other"}])")));
  const auto drift = window.drift();
  ASSERT_EQ(drift.size(), 3U);
  EXPECT_EQ(drift[1].missing_share, 0.5);
  EXPECT_TRUE(drift[1].exceeds);
  EXPECT_TRUE(drift[2].exceeds);
  EXPECT_FALSE(window.add(*reader.parse("[3]")));
}

TEST(Inverse, IsOneOfTheMatrix) {
  const std::vector<double> matrix = {4, 1, 0.5, 1, 3, 0.2, 0.5, 0.2, 2};
  const auto inverted = internal::inverse(matrix, 3);
  ASSERT_TRUE(inverted);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      double sum = 0;
      for (std::size_t j = 0; j < 3; ++j) sum += matrix[i * 3 + j] * (*inverted)[j * 3 + k];
      EXPECT_NEAR(sum, i == k ? 1 : 0, 1e-12);
    }
  }
  EXPECT_FALSE(internal::inverse({1, 2, 2, 1}, 2));
}

}  // namespace
}  // namespace redoubt::contract
