// What the commands of state and administration share: how they are added to the program, reach the server, and answer.
//
//   CLI::App* const show = commands.add(*noun, "show", "show a group", [options](AdminSession& session) {
//     return session.show("/groups/" + path_segment(options->id));
//   });
//   show->add_option("id", options->id, "the group")->required();
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "encoding/json_reader.h"
#include "redoubt/administer/access.h"
#include "redoubt/administer/client.h"
#include "redoubt/output.h"

namespace redoubt::app {

// What every change may be told beside its own options.
struct ChangeOptions {
  std::string why;                       // for whoever is to approve
  std::optional<std::uint64_t> version;  // only if the object is at it
};

// One command that runs.
class AdminSession {
 public:
  AdminSession(AdminClient& client, const Common& common, const ChangeOptions& options)
      : client_(client), common_(common), options_(options) {}

  AdminClient& client() { return client_; }
  const Common& common() const { return common_; }
  bool json() const { return common_.json; }

  // An object, shown.
  Result<> show(const std::string& path);
  // A list, as a table of these members.
  Result<> list(const std::string& path, std::vector<std::string_view> columns);
  // Changes what lies under `path`, at the version that was demanded or that it has now, and shows what came of it.
  // `act`: what follows in the path of the request, `disable`; often empty.
  Result<> change(net::Method method, const std::string& path, const std::string& act = {}, std::string body = {});
  // Makes something: no version.
  Result<> create(const std::string& path, std::string body);
  // Changes what is there: `body_of` makes the request's body from it.
  using BodyOf = std::function<std::string(const simdjson::dom::object& now)>;
  Result<> patch(const std::string& path, const BodyOf& body_of) { return edit(net::Method::kPatch, path, body_of); }
  Result<> put(const std::string& path, const BodyOf& body_of) { return edit(net::Method::kPut, path, body_of); }

  // The parts of change(), for commands that do more. `read`: the object as it was read.
  Result<AdminReply> send(net::Method method, const std::string& path, std::string body, const AdminReply& read);
  Result<> answer(const AdminReply& reply);
  // Valid until the next one is asked for.
  Result<simdjson::dom::object> object_of(const AdminReply& reply);

  // A path with `?name=value&…`; what is empty is left out.
  static std::string query(std::string path,
                           std::initializer_list<std::pair<std::string_view, std::string_view>> parts);

 private:
  Result<> edit(net::Method method, const std::string& path, const BodyOf& body_of);
  Result<std::string> etag_of(const std::string& path);
  Result<> answer_json(const AdminReply& reply);
  // `redoubt identity approval grant ID`, to the same server.
  std::string grant_command(std::string_view approval) const;

  AdminClient& client_;
  const Common& common_;
  const ChangeOptions& options_;
  encoding::JsonReader reader_{{.max_bytes = AdminClient::kReplyMax, .max_depth = 64}};
};

class AdminCommands {
 public:
  using Run = std::function<Result<>(AdminSession&)>;

  // Both must live until the line is parsed, as this must. `status` takes the exit status.
  AdminCommands(Common& common, int& status) : common_(common), status_(status) {}
  AdminCommands(const AdminCommands&) = delete;
  AdminCommands& operator=(const AdminCommands&) = delete;

  CLI::App* noun(CLI::App& parent, const std::string& name, const std::string& about);
  CLI::App* add(CLI::App& noun, const std::string& name, const std::string& about, Run run);
  // Whose answer may be no. `local`, when there is one, is called first: what it gives is the exit status, and no
  // server is asked.
  using Ask = std::function<Result<bool>(AdminSession&)>;
  using Local = std::function<std::optional<int>()>;
  CLI::App* add_answer(CLI::App& noun, const std::string& name, const std::string& about, Ask ask, Local local = {});
  // With `--why` and `--if-version`.
  CLI::App* add_change(CLI::App& noun, const std::string& name, const std::string& about, Run run);
  // Talks to no server by itself.
  CLI::App* add_local(CLI::App& noun, const std::string& name, const std::string& about, std::function<int()> run);

  const AdminOptions& options() const { return options_; }
  const Common& common() const { return common_; }

 private:
  Common& common_;
  AdminOptions options_;
  ChangeOptions change_;
  int& status_;
};

}  // namespace redoubt::app
