#include "redoubt/state_commands.h"

#include <cstdio>
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/line_diff.h"
#include "redoubt/administer/show.h"
#include "redoubt/bundle_files.h"
#include "redoubt/layout.h"
#include "redoubt/state_tables.h"

namespace redoubt::app {
namespace {

using net::Method;
using state::Bundle;

struct StateOptions {
  std::string digest;
  std::string to;
};

std::string text_member(AdminSession& session, const AdminReply& reply, std::string_view name) {
  auto object = session.object_of(reply);
  return object ? std::string(encoding::string_member(*object, name)) : std::string();
}

// What the files of --dir would be, as the server would have to understand them.
Result<Bundle> files_of(const AdminSession& session) {
  PosixFileSystem fs;
  auto read = read_valid_bundle(fs, Layout(session.common().dir));
  if (!read) return read.error();
  return std::move(read->bundle);
}

// From the server; what it says is believed by its digest alone.
Result<Bundle> bundle_of(AdminSession& session, const std::string& digest) {
  auto reply = session.client().get("/bundles/" + path_segment(digest));
  if (!reply) return reply.error();
  auto object = session.object_of(*reply);
  if (!object) return object.error();
  std::vector<state::BundleFile> files;
  simdjson::dom::array items;
  if ((*object)["files"].get(items) == simdjson::SUCCESS) {
    for (const simdjson::dom::element item : items) {
      simdjson::dom::object file;
      if (item.get(file) != simdjson::SUCCESS) continue;
      files.push_back(
          {std::string(encoding::string_member(file, "name")), std::string(encoding::string_member(file, "text"))});
    }
  }
  auto bundle = Bundle::make(std::move(files));
  if (!bundle) return bundle.error();
  if (bundle->digest() != digest) {
    return Error(Errc::kVerifyFailed, "the server's files are not those of `" + digest + "`");
  }
  return bundle;
}

Result<std::string> digest_in_force(AdminSession& session) {
  auto reply = session.client().get("/bundle");
  if (!reply) return reply.error();
  return text_member(session, *reply, "digest");
}

// ---- diff

struct FileChange {
  std::string name;
  std::string_view what;  // `added`, `removed`, `changed`
  std::string diff;
};

std::vector<FileChange> changes_between(const Bundle& before, const Bundle& after) {
  std::vector<FileChange> out;
  for (const state::BundleFile& file : before.files()) {
    const std::string* const now = after.find(file.name);
    if (now != nullptr && *now == file.text) continue;
    out.push_back({file.name, now == nullptr ? "removed" : "changed",
                   line_diff(file.text, now == nullptr ? std::string_view() : std::string_view(*now))});
  }
  for (const state::BundleFile& file : after.files()) {
    if (before.find(file.name) == nullptr) out.push_back({file.name, "added", line_diff({}, file.text)});
  }
  return out;
}

Result<bool> takes_two_persons(AdminSession& session) {
  auto reply = session.client().get("/marked-acts");
  if (!reply) return reply.error();
  auto object = session.object_of(*reply);
  if (!object) return object.error();
  const std::vector<std::string> acts = names_in(*object, "acts");
  return std::find(acts.begin(), acts.end(), state::kBundleActivate) != acts.end();
}

void print_diff(const Bundle& before, const Bundle& after, const std::vector<FileChange>& changes, bool two_persons) {
  std::printf("in force     %s\nin the files %s\n", before.digest().c_str(), after.digest().c_str());
  for (const FileChange& change : changes) {
    std::printf("\n%s %s\n%s", std::string(change.what).c_str(), change.name.c_str(), change.diff.c_str());
  }
  if (changes.empty()) {
    std::printf("nothing would change\n");
    return;
  }
  const bool settings = std::any_of(changes.begin(), changes.end(),
                                    [](const FileChange& change) { return change.name == "redoubt.toml"; });
  std::printf("\n%s%s", two_persons ? "To activate them takes two persons.\n" : "",
              settings ? "What redoubt.toml says holds from the next start on.\n" : "");
}

void print_diff_json(const Bundle& before, const Bundle& after, const std::vector<FileChange>& changes,
                     bool two_persons) {
  std::string out;
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("ok", changes.empty());
  json.member("in_force", before.digest());
  json.member("files", after.digest());
  json.member("two_persons", two_persons);
  json.key("changes");
  json.begin_array();
  for (const FileChange& change : changes) {
    json.begin_object();
    json.member("file", change.name);
    json.member("change", change.what);
    json.member("diff", change.diff);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  std::printf("%s\n", out.c_str());
}

// Whether they are the same.
Result<bool> diff(AdminSession& session) {
  auto after = files_of(session);
  if (!after) return after.error();
  auto digest = digest_in_force(session);
  if (!digest) return digest.error();
  auto before = bundle_of(session, *digest);
  if (!before) return before.error();
  auto two_persons = takes_two_persons(session);
  if (!two_persons) return two_persons.error();
  const std::vector<FileChange> changes = changes_between(*before, *after);
  if (session.json()) {
    print_diff_json(*before, *after, changes, *two_persons);
  } else {
    print_diff(*before, *after, changes, *two_persons);
  }
  return changes.empty();
}

// ---- activate, rollback

std::string body_of(const Bundle& bundle) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.key("files");
  json.begin_array();
  for (const state::BundleFile& file : bundle.files()) {
    json.begin_object();
    json.member("name", file.name);
    json.member("text", file.text);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return body;
}

std::string body_of(std::string_view digest) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("digest", digest);
  json.end_object();
  return body;
}

Result<> activate(AdminSession& session, const StateOptions& options) {
  if (!options.digest.empty()) return session.change(Method::kPut, "/bundle", {}, body_of(options.digest));
  auto files = files_of(session);
  if (!files) return files.error();
  return session.change(Method::kPut, "/bundle", {}, body_of(*files));
}

Result<> roll_back(AdminSession& session) {
  std::vector<std::string> digests;  // newest first
  auto listed = session.client().each(
      "/bundles", [&](simdjson::dom::object item) { digests.emplace_back(encoding::string_member(item, "digest")); });
  if (!listed) return listed;
  const auto before = std::find_if(digests.begin(), digests.end(),
                                   [&](const std::string& digest) { return digest != digests.front(); });
  if (before == digests.end()) return Error(Errc::kNotFound, "no other bundle was ever in force");
  if (auto done = session.change(Method::kPut, "/bundle", {}, body_of(*before)); !done) return done;
  if (!session.json()) {
    std::fprintf(stderr,
                 "A start takes the files in the server's folder. Once this is in force, put these in their place:\n"
                 "  redoubt state files --digest %s --to FOLDER%s\n",
                 before->c_str(), session.client().access().words.c_str());
  }
  return {};
}

// ---- files

// A name from elsewhere that stays below the folder it is put into.
bool stays_below(std::string_view name) {
  while (true) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

Result<> write_files(AdminSession& session, const StateOptions& options) {
  auto digest = options.digest.empty() ? digest_in_force(session) : Result<std::string>(options.digest);
  if (!digest) return digest.error();
  auto bundle = bundle_of(session, *digest);
  if (!bundle) return bundle.error();
  PosixFileSystem fs;
  if (auto done = fs.make_directory(options.to); !done) return done;
  for (const state::BundleFile& file : bundle->files()) {
    if (!stays_below(file.name)) return Error(Errc::kMalformed, "a file of the bundle is named `" + file.name + "`");
    for (std::size_t slash = file.name.find('/'); slash != std::string::npos; slash = file.name.find('/', slash + 1)) {
      if (auto done = fs.make_directory(options.to + "/" + file.name.substr(0, slash)); !done) return done;
    }
    const std::string path = options.to + "/" + file.name;
    auto created = fs.open(path, OpenMode::kCreateNew);
    if (!created) return created.error();
    if (auto done = (*created)->write_at(0, as_bytes(file.text)); !done) return done.error().in("`" + path + "`");
    if (!session.json()) std::printf("%s\n", path.c_str());
  }
  if (session.json()) std::printf("{\"ok\":true,\"digest\":\"%s\"}\n", digest->c_str());
  return {};
}

// ---- status

Result<> show_status(AdminSession& session) {
  auto state = session.client().get("/state");
  if (!state) return state.error();
  auto bundle = session.client().get("/bundle");
  if (!bundle && bundle.error().code() != Errc::kNotFound) return bundle.error();
  if (session.json()) {
    std::printf("{\"ok\":true,\"state\":%s,\"bundle\":%s}\n", state->body.c_str(),
                bundle ? bundle->body.c_str() : "null");
    return {};
  }
  auto object = session.object_of(*state);
  if (!object) return object.error();
  std::string text;
  for (const auto& [name, value] : *object) text += shown_member(name, value);
  const std::string digest = bundle ? text_member(session, *bundle, "digest") : std::string();
  text += shown_member("bundle", digest);
  if (auto files = files_of(session); files && !digest.empty()) {
    text += shown_member("files", files->digest() == digest ? "those in force" : "others: see `redoubt state diff`");
  }
  std::printf("%s", text.c_str());
  return {};
}

}  // namespace

void add_state_commands(CLI::App& app, AdminCommands& commands) {
  auto* const noun = commands.noun(app, "state", "what is in force, and the tables that the ledger makes");
  const auto options = std::make_shared<StateOptions>();

  commands.add(*noun, "status", "show how the state of a server stands", show_status);
  commands.add_answer(*noun, "diff", "what would change if the files in --dir were activated; nothing does", diff);
  auto* const activate_command =
      commands.add_change(*noun, "activate", "bring the files in --dir into force: configuration, policies, prices",
                          [options](AdminSession& session) { return activate(session, *options); });
  activate_command->add_option("--digest", options->digest, "a bundle that the server has, instead");
  commands.add_change(*noun, "rollback", "bring back into force what was before", roll_back);
  commands.add(*noun, "history", "list what was in force, the last first",
               [](AdminSession& session) { return session.list("/bundles", {"version", "fact", "digest"}); });
  auto* const files = commands.add(*noun, "files", "write the files of a bundle into a folder",
                                   [options](AdminSession& session) { return write_files(session, *options); });
  files->add_option("--digest", options->digest, "which (default: the one in force)");
  files->add_option("--to", options->to, "a new folder")->required();

  const Common& common = commands.common();
  const auto rebuild = std::make_shared<RebuildOptions>();
  auto* const rebuild_command =
      commands.add_local(*noun, "rebuild", "make the tables in --dir anew from the ledger, while no server runs",
                         [&common, rebuild] { return run_state_rebuild(common, *rebuild); });
  auto* const check =
      rebuild_command->add_flag("--check", rebuild->check, "only compare, table by table; a server may run");
  rebuild_command
      ->add_flag("--without-values", rebuild->without_values,
                 "without the keeper's key: values that facts keep sealed are left out")
      ->needs(check);
  const auto copies = std::make_shared<BackupOptions>();
  auto* const backup_key =
      commands.add_local(*noun, "backup-key", "make the key that opens backups, to be kept elsewhere",
                         [&common, copies] { return run_state_backup_key(common, *copies); });
  backup_key->add_option("key", copies->key, "a new file for it")->required();
  auto* const backup =
      commands.add_local(*noun, "backup", "copy the tables in --dir into a sealed file; its server puts that on record",
                         [&common, copies] { return run_state_backup(common, *copies); });
  auto* const restore =
      commands.add_local(*noun, "restore", "put a backup's tables in place, as far as the ledger bears them out",
                         [&common, copies] { return run_state_restore(common, *copies); });
  for (auto* command : {backup, restore}) command->add_option("file", copies->file, "the backup")->required();
  backup->add_option("--key-file", copies->key_file, "file with your key (or REDOUBT_ADMIN_KEY; or you are asked)");
  restore->add_option("--key", copies->key, "the private key's file")->required();
  commands.add(*noun, "snapshot", "write the tables into the ledger, so that they can be made without what was before",
               [](AdminSession& session) { return session.create("/state/snapshots", {}); });
}

}  // namespace redoubt::app
