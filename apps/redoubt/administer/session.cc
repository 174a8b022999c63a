#include "redoubt/administer/session.h"

#include <cstdio>

#include "admin/operation.h"
#include "redoubt/administer/show.h"
#include "redoubt/common_options.h"

namespace redoubt::app {
namespace {

using simdjson::dom::object;

void print(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

constexpr std::string_view kRepeated =
    "The connection was lost, and the request sent again: it was done once. A key that was issued was in the answer "
    "that was lost: revoke it and issue another.\n";

// What is to be seen of an answer beside its secret.
struct Seen {
  bool issues_key = false;
  std::string_view secret;  // empty: none, as when the answer that had it was lost
  object rest;
};

// An issued key has its secret beside it, the request for one among its members, a reset one deeper.
Seen seen(object answer) {
  Seen out{.secret = encoding::string_member(answer, "secret"), .rest = answer};
  object key;
  if (answer["key"].get(key) != simdjson::SUCCESS) return out;
  out.issues_key = true;
  if (out.secret.empty()) out.secret = encoding::string_member(key, "secret");
  object principal;
  out.rest = answer["principal"].get(principal) == simdjson::SUCCESS ? principal : key;
  return out;
}

}  // namespace

std::string AdminSession::query(std::string path,
                                std::initializer_list<std::pair<std::string_view, std::string_view>> parts) {
  char separator = '?';
  for (const auto& [name, value] : parts) {
    if (value.empty()) continue;
    path.append(1, separator).append(name).append("=").append(path_segment(value));
    separator = '&';
  }
  return path;
}

Result<object> AdminSession::object_of(const AdminReply& reply) {
  auto root = reader_.parse(reply.body);
  if (!root) return root.error().in("the server's answer");
  object out;
  if (root->get(out) != simdjson::SUCCESS) return Error(Errc::kMalformed, "the server's answer is not an object");
  return out;
}

Result<> AdminSession::show(const std::string& path) {
  auto reply = client_.get(path);
  if (!reply) return reply.error();
  return answer(*reply);
}

Result<> AdminSession::list(const std::string& path, std::vector<std::string_view> columns) {
  Table table(std::move(columns));
  std::string items;
  auto done = client_.each(path, [&](object item) {
    if (!json()) return table.add(item);
    items.append(items.empty() ? "" : ",").append(simdjson::minify(item));
  });
  if (!done) return done;
  print(stdout, json() ? R"({"ok":true,"items":[)" + items + "]}\n" : table.text());
  return {};
}

Result<std::string> AdminSession::etag_of(const std::string& path) {
  if (options_.version) return "\"" + std::to_string(*options_.version) + "\"";
  auto reply = client_.get(path);
  if (!reply) return reply.error();
  return reply->etag;
}

Result<> AdminSession::change(net::Method method, const std::string& path, const std::string& act, std::string body) {
  auto etag = etag_of(path);
  if (!etag) return etag.error();
  auto reply = client_.change({.method = method,
                               .path = act.empty() ? path : path + "/" + act,
                               .body = std::move(body),
                               .etag = *std::move(etag),
                               .why = options_.why});
  if (!reply) return reply.error();
  return answer(*reply);
}

Result<> AdminSession::edit(net::Method method, const std::string& path, const BodyOf& body_of) {
  auto read = client_.get(path);
  if (!read) return read.error();
  auto now = object_of(*read);
  if (!now) return now.error();
  auto reply = send(method, path, body_of(*now), *read);
  if (!reply) return reply.error();
  return answer(*reply);
}

Result<> AdminSession::create(const std::string& path, std::string body) {
  auto reply = client_.change({.path = path, .body = std::move(body), .why = options_.why});
  if (!reply) return reply.error();
  return answer(*reply);
}

Result<AdminReply> AdminSession::send(net::Method method, const std::string& path, std::string body,
                                      const AdminReply& read) {
  std::string etag = options_.version ? "\"" + std::to_string(*options_.version) + "\"" : read.etag;
  return client_.change(
      {.method = method, .path = path, .body = std::move(body), .etag = std::move(etag), .why = options_.why});
}

std::string AdminSession::grant_command(std::string_view approval) const {
  return "redoubt identity approval grant " + std::string(approval) + client_.access().words;
}

Result<> AdminSession::answer_json(const AdminReply& reply) {
  std::string out = R"({"ok":true)";
  if (!reply.fact.empty()) out.append(R"(,"fact":)").append(reply.fact);
  if (reply.repeated) out.append(R"(,"repeated":true)");
  if (reply.asked()) {
    auto approval = object_of(reply);
    if (!approval) return approval.error();
    out.append(R"(,"asked":true,"grant":)");
    encoding::append_json_string(out, grant_command(encoding::string_member(*approval, "id")));
  }
  if (!reply.body.empty()) out.append(R"(,"answer":)").append(reply.body);
  print(stdout, out + "}\n");
  return {};
}

// A secret stands alone on standard output, so that it can be sent where it belongs.
Result<> AdminSession::answer(const AdminReply& reply) {
  if (json()) return answer_json(reply);
  std::FILE* about = stdout;
  if (!reply.body.empty()) {
    auto whole = object_of(reply);
    if (!whole) return whole.error();
    const Seen what = seen(*whole);
    if (what.issues_key || !what.secret.empty()) about = stderr;
    if (!what.secret.empty()) {
      print(stdout, std::string(what.secret) + "\n");
      std::fflush(stdout);
    }
    std::string text;
    for (const auto& [name, value] : what.rest) {
      if (name == "secret") continue;
      text += shown_member(name, value);
    }
    print(about, text);
  }
  if (reply.repeated) print(stderr, kRepeated);
  if (!reply.fact.empty()) print(about, shown_member("fact", reply.fact + " (redoubt ledger show " + reply.fact + ")"));
  if (!reply.asked()) return {};
  auto approval = object_of(reply);
  if (!approval) return approval.error();
  print(about, "\nNothing has changed yet: this takes two persons. Another administrator has it done with\n  " +
                   grant_command(encoding::string_member(*approval, "id")) + "\n");
  return {};
}

CLI::App* AdminCommands::noun(CLI::App& parent, const std::string& name, const std::string& about) {
  CLI::App* const noun = parent.add_subcommand(name, about);
  noun->require_subcommand(1);
  return noun;
}

CLI::App* AdminCommands::add_local(CLI::App& noun, const std::string& name, const std::string& about,
                                   std::function<int()> run) {
  CLI::App* const command = noun.add_subcommand(name, about);
  add_common(*command, common_);
  command->callback([this, run = std::move(run)] { status_ = run(); });
  return command;
}

CLI::App* AdminCommands::add(CLI::App& noun, const std::string& name, const std::string& about, Run run) {
  return add_answer(noun, name, about, [run = std::move(run)](AdminSession& session) -> Result<bool> {
    if (auto done = run(session); !done) return done.error();
    return true;
  });
}

CLI::App* AdminCommands::add_answer(CLI::App& noun, const std::string& name, const std::string& about, Ask ask,
                                    Local local) {
  CLI::App* const command = add_local(noun, name, about, [this, ask = std::move(ask), local = std::move(local)] {
    if (const auto status = local ? local() : std::nullopt) return *status;
    auto access = find_access(common_, options_);
    if (!access) return report(access.error(), common_.json);
    auto client = AdminClient::open(*std::move(access));
    if (!client) return report(client.error(), common_.json);
    AdminSession session(**client, common_, change_);
    const Result<bool> yes = ask(session);
    if (!yes) return report_admin(yes.error(), common_.json);
    return static_cast<int>(*yes ? kSuccess : kAnswerIsNo);
  });
  auto* const url = command->add_option("--url", options_.url, "a server elsewhere (default: the socket in --dir)");
  command->add_option("--profile", options_.profile, "a server that `redoubt identity profile` knows")->excludes(url);
  command->add_option("--ca-file", options_.ca_file, "PEM trust anchors for https (default: the system's)");
  command->add_option("--key-file", options_.key_file,
                      "file with your key (or REDOUBT_ADMIN_KEY; or the profile's; or you are asked)");
  return command;
}

CLI::App* AdminCommands::add_change(CLI::App& noun, const std::string& name, const std::string& about, Run run) {
  CLI::App* const command = add(noun, name, about, std::move(run));
  command->add_option("--why", change_.why, "the reason, for whoever is to approve, when it takes two persons");
  command->add_option("--if-version", change_.version, "only if it is at this version (default: the one it has now)");
  return command;
}

}  // namespace redoubt::app
