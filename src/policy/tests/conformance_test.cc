// The published conformance tests of Cedar (cedar-policy/cedar-integration-tests, Apache-2.0), decided by the engine
// and by the naive evaluator, so that what the engine is compared with elsewhere is itself right. Data: the folder
// cedar/ of REDOUBT_DATA.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "encoding/json_reader.h"
#include "policy/authorizer.h"
#include "policy/schema.h"
#include "policy/tests/support/naive_evaluator.h"
#include "policy/validate.h"
#include "tests/support/temp_dir.h"

namespace redoubt::policy::testing {
namespace {

namespace fs = std::filesystem;
using simdjson::dom::element;

// Nothing when there is none.
std::optional<fs::path> data_folder() {
  const char* data = std::getenv("REDOUBT_DATA");
  if (data == nullptr || !fs::exists(fs::path(data) / "cedar")) return std::nullopt;
  return fs::path(data) / "cedar";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::set<std::string> strings(element list) {
  std::set<std::string> out;
  for (const element item : simdjson::dom::array(list)) out.emplace(std::string_view(item));
  return out;
}

struct Count {
  std::size_t cases = 0;
  std::size_t requests = 0;
  std::size_t wrong = 0;
};

class Suite {
 public:
  explicit Suite(fs::path root) : root_(std::move(root)) {}

  // One case: its policies, schema and entities, and each request.
  void run(const fs::path& file) {
    ++count_.cases;
    const std::string text = read(file);
    const auto json = reader_.parse(text);
    ASSERT_TRUE(json) << file << " " << json.error().message();

    const auto policies = parsed<PolicySet>(*json, "policies", [](const std::string& t) { return parse_policies(t); });
    const auto schema = parsed<Schema>(*json, "schema", [&](const std::string& t) {
      return std::string_view((*json)["schema"]).ends_with(".json") ? Schema::parse_json(t) : Schema::parse(t);
    });
    if (!policies || !schema) return wrong(file, "not read");
    const auto entities =
        parsed<Entities>(*json, "entities", [&](const std::string& t) { return parse_entities(t, &*schema); });
    if (!entities) return wrong(file, "not read");

    validate_as_expected(file, *policies, *schema, bool((*json)["shouldValidate"]));
    if (const Problems misfits = validate_entities(*entities, *schema); !misfits.empty()) {
      wrong(file, "entities do not fit: " + misfits.front().message);
    }
    const auto compiled = CompiledPolicies::compile(*policies);
    const auto store = EntityStore::build(*entities, &*schema);
    if (!compiled || !store) return wrong(file, (compiled ? store.error() : compiled.error()).message());
    const NaiveStore naive(*entities);
    for (const element request : simdjson::dom::array((*json)["requests"])) {
      ++count_.requests;
      const auto asked = read_request(file, request, *schema);
      if (!asked) continue;
      compare(file, request, authorize_naively(*policies, naive, *asked));
      compare(file, request, authorize_compiled(**compiled, **store, *asked));
    }
  }

  const Count& count() const { return count_; }

 private:
  template <class T, class Parse>
  std::optional<T> parsed(element json, const char* member, const Parse& parse) {
    const fs::path path = root_ / std::string_view(json[member]);
    const std::string text = read(path);
    Checked<T> result = parse(text);
    if (result) return std::move(*result);
    const Problem& first = result.error().front();
    ADD_FAILURE() << path << " " << first.path << " " << render(first, "", text);
    return std::nullopt;
  }

  void validate_as_expected(const fs::path& file, element json, const Request& request, const Schema& schema) {
    bool validated = true;  // unless it says otherwise
    if (json["validateRequest"].get(validated) == simdjson::SUCCESS && !validated) return;
    const auto valid = validate_request(request, schema);
    if (!valid) wrong(file, valid.error().message());
  }

  void validate_as_expected(const fs::path& file, const PolicySet& policies, const Schema& schema, bool expected) {
    const Validation validation = validate(policies, schema);
    if (validation.ok() == expected) return;
    wrong(file, expected ? "does not validate: " + validation.errors.front().message : std::string("validates"));
  }

  std::optional<Request> read_request(const fs::path& file, element json, const Schema& schema) {
    const auto uid = [&](const char* name) { return parse_uid_json(simdjson::minify(json[name])); };
    const auto principal = uid("principal");
    const auto action = uid("action");
    const auto resource = uid("resource");
    if (!principal || !action || !resource) {
      wrong(file, "a uid is not read");
      return std::nullopt;
    }
    const std::string context_text = simdjson::minify(json["context"]);
    const auto context = parse_context(context_text, &schema, &*action);
    if (!context) {
      wrong(file, context.error().front().path + " " + context.error().front().message + " in " + context_text);
      return std::nullopt;
    }
    Request request{*principal, *action, *resource, *context};
    bool validated = true;  // unless it says otherwise
    if (json["validateRequest"].get(validated) != simdjson::SUCCESS || validated) {
      const auto valid = validate_request(request, schema);
      if (!valid) wrong(file, valid.error().message());
    }
    return request;
  }

  static NaiveAnswer authorize_compiled(const CompiledPolicies& policies, const EntityStore& store,
                                        const Request& request) {
    Answer answer;
    authorize(policies, store, request, answer);
    NaiveAnswer named{answer.decision, {}, {}};
    for (const std::uint32_t reason : answer.reasons) named.reasons.emplace(policies.id(reason));
    for (const PolicyError& error : answer.errors) named.errors.emplace(policies.id(error.policy), error.error);
    return named;
  }

  void compare(const fs::path& file, element expected, const NaiveAnswer& answer) {
    std::set<std::string> errors;
    for (const auto& [policy, error] : answer.errors) errors.insert(policy);
    const bool allow = std::string_view(expected["decision"]) == "allow";
    if ((answer.decision == Decision::kAllow) != allow || answer.reasons != strings(expected["reason"]) ||
        errors != strings(expected["errors"])) {
      wrong(file, simdjson::minify(expected));
    }
  }

  void wrong(const fs::path& file, const std::string& what) {
    ++count_.wrong;
    if (count_.wrong <= 20) ADD_FAILURE() << file.filename() << ": " << what;
  }

  fs::path root_;
  encoding::JsonReader reader_{{.max_bytes = 64 << 20, .max_depth = 256}};
  Count count_;
};

void report(const char* name, const Count& count) {
  std::cout << name << ": " << count.cases << " cases, " << count.requests << " requests, " << count.wrong
            << " wrong\n";
}

TEST(Conformance, HandwrittenTestsOfCedarAreDecidedAsTheySay) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "no test data of Cedar (set REDOUBT_DATA)";
  Suite suite(*data);
  for (const auto& file : fs::recursive_directory_iterator(*data / "tests")) {
    if (file.path().extension() == ".json") suite.run(file.path());
  }
  report("tests", suite.count());
  EXPECT_GE(suite.count().cases, 22U);
  EXPECT_GE(suite.count().requests, 74U);
  EXPECT_EQ(suite.count().wrong, 0U);
}

TEST(Conformance, CorpusOfCedarIsDecidedAsItSays) {
  const auto data = data_folder();
  if (!data) GTEST_SKIP() << "no test data of Cedar (set REDOUBT_DATA)";
  const testing_support::TempDir folder;
  ASSERT_EQ(std::system(
                ("tar -xzf '" + (*data / "corpus-tests-dev.tar.gz").string() + "' -C '" + folder.path() + "'").c_str()),
            0);
  Suite suite(folder.path());
  for (const auto& file : fs::directory_iterator(folder / "corpus-tests")) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".entities.json")) suite.run(file.path());
  }
  report("corpus", suite.count());
  EXPECT_GE(suite.count().cases, 5'295U);
  EXPECT_GE(suite.count().requests, 42'360U);
  EXPECT_EQ(suite.count().wrong, 0U);
}

}  // namespace
}  // namespace redoubt::policy::testing
