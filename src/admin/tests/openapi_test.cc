#include "admin/openapi.h"

#include <set>

#include "admin/problem.h"
#include "admin/tests/support/admin_world.h"

namespace redoubt::admin::test {
namespace {

class Document : public testing::Test {
 protected:
  Document() {
    const auto parsed = reader.parse(text);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message());
    if (parsed) root = *parsed;
  }
  bool has(const std::string& pointer) const { return root.at_pointer(pointer).error() == simdjson::SUCCESS; }
  void visit(simdjson::dom::element value, std::set<std::string>& references) const {
    if (simdjson::dom::object object; value.get(object) == simdjson::SUCCESS) {
      for (const auto member : object) {
        std::string_view target;
        if (member.key == "$ref" && member.value.get(target) == simdjson::SUCCESS)
          references.insert(std::string(target));
        visit(member.value, references);
      }
    } else if (simdjson::dom::array array; value.get(array) == simdjson::SUCCESS) {
      for (const auto item : array) visit(item, references);
    }
  }

  std::string text = openapi_document(all_operations(), "0.1.0");
  encoding::JsonReader reader;
  simdjson::dom::element root;
};

std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) out += c == '/' ? std::string("~1") : std::string(1, c);
  return out;
}

TEST_F(Document, HasEveryOperationWithItsStatuses) {
  for (const Operation* operation : all_operations()) {
    std::string method(net::to_string(operation->method));
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const std::string at = "/paths/" + escaped("/admin/v1" + std::string(operation->path)) + "/" + method;
    ASSERT_TRUE(has(at)) << at;
    EXPECT_TRUE(has(at + "/responses/" + std::to_string(operation->success))) << at;
    for (const int status : problem_statuses(*operation)) {
      EXPECT_TRUE(has(at + "/responses/" + std::to_string(status))) << at << " " << status;
    }
    EXPECT_EQ(has(at + "/requestBody"), operation->request != nullptr) << at;
    EXPECT_EQ(has(at + "/responses/202"), may_need_approval(*operation)) << at;
  }
}

TEST_F(Document, RefersToNothingThatIsNotInIt) {
  std::set<std::string> references;
  visit(root, references);
  EXPECT_GT(references.size(), 20U);
  for (const std::string& reference : references) EXPECT_TRUE(has(reference.substr(1))) << reference;
}

TEST_F(Document, NamesEachComponentOnce) {
  // Two shapes of one name would be one to a reader.
  std::map<std::string_view, const Shape*> shapes;
  const auto collect = [&](const auto& self, const Shape& shape) -> void {
    if (!shape.name.empty()) {
      const auto [there, added] = shapes.emplace(shape.name, &shape);
      EXPECT_EQ(there->second, &shape) << shape.name;
      if (!added) return;
    }
    for (const Field& field : shape.fields) self(self, *field.shape);
    if (shape.items != nullptr) self(self, *shape.items);
  };
  for (const Operation* operation : all_operations()) {
    if (operation->request != nullptr) collect(collect, *operation->request);
    if (operation->response != nullptr) collect(collect, *operation->response);
  }
}

TEST(Operations, AskPoliciesForAllThatChanges) {
  for (const Operation* operation : all_operations()) {
    const bool changes = operation->acts() || operation->recorded;
    EXPECT_FALSE(changes && operation->action.empty()) << operation->id;
    const bool reads = operation->read != nullptr || operation->inquire != nullptr;
    EXPECT_FALSE(reads && !operation->action.empty() && operation->resource == nullptr) << operation->id;
    const int handlers = (operation->read != nullptr) + (operation->wish != nullptr) + (operation->perform != nullptr) +
                         (operation->events != nullptr) + (operation->inquire != nullptr);
    EXPECT_LE(handlers, 1) << operation->id;
    const bool streams = operation->events != nullptr;
    EXPECT_EQ(streams, operation->media_type == "text/event-stream") << operation->id;
    EXPECT_FALSE(streams && (operation->resource == nullptr || !operation->recorded)) << operation->id;
  }
}

TEST(Operations, ThatChangeWhatIsThereNameAVersion) {
  for (const Operation* operation : all_operations()) {
    if (operation->wish == nullptr || operation->versioned) continue;
    // What makes something new, the use of an approval, which names the version itself, and the beginning of a backup,
    // which changes nothing that anybody has seen.
    const bool makes = operation->success == 201 && operation->method == net::Method::kPost;
    EXPECT_TRUE(makes || operation->id == "applyApproval" || operation->id == "beginBackup") << operation->id;
  }
}

TEST(Operations, HaveAParameterForEachNameInTheirPath) {
  for (const Operation* operation : all_operations()) {
    std::set<std::string> named;
    for (const Parameter& parameter : operation->parameters) {
      if (parameter.in == Parameter::In::kPath) named.insert("{" + std::string(parameter.name) + "}");
    }
    std::set<std::string> placed;
    for (std::size_t at = operation->path.find('{'); at != std::string_view::npos;
         at = operation->path.find('{', at + 1)) {
      placed.insert(std::string(operation->path.substr(at, operation->path.find('}', at) - at + 1)));
    }
    EXPECT_EQ(named, placed) << operation->id;
  }
}

TEST(Problems, AreOfDifferentNames) {
  std::set<std::string_view> names;
  for (const ProblemType* type : problems::kAll) EXPECT_TRUE(names.insert(type->name).second) << type->name;
  EXPECT_EQ(problem_with_status(413).name, "too-large");
  EXPECT_EQ(problem_with_status(599).name, "internal");
}

TEST(Problems, OfTheServersOwnTellNothingOfIt) {
  const Problem problem = problem_of(Error(Errc::kIo, "/var/lib/redoubt/state.db: input/output error"));
  EXPECT_EQ(problem.status(), 500);
  EXPECT_EQ(problem.body().find("/var/lib"), std::string::npos);
}

}  // namespace
}  // namespace redoubt::admin::test
