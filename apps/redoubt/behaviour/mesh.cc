// `redoubt behaviour mesh query`: questions to a running server, or about the graph that a ledger or a file of records
// makes.
#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <random>
#include <utility>

#include "base/file.h"
#include "behaviour/interaction.h"
#include "behaviour/mesh_policy.h"
#include "behaviour/mesh_query.h"
#include "policy/extension.h"
#include "redoubt/administer/session.h"
#include "redoubt/behaviour/commands.h"
#include "redoubt/behaviour/mesh_ask.h"
#include "redoubt/behaviour/mesh_text.h"
#include "redoubt/behaviour/record_source.h"
#include "redoubt/inspect/inputs.h"

namespace redoubt::app {
namespace {

using behaviour::Mesh;
using behaviour::MeshOptions;
using behaviour::MeshQuery;
using behaviour::MeshQuestion;

constexpr std::uint64_t kIndexMax = std::uint64_t{1} << 62;
constexpr std::uint64_t kSavedMax = std::uint64_t{16} << 30;

struct MeshCommand {
  std::string question = "stats";
  std::vector<std::string> nodes;
  std::string records;
  std::uint64_t first_index = 0;
  std::uint64_t until_index = kIndexMax;
  std::optional<std::uint64_t> since_index;
  std::string load;
  std::string save;
  std::uint32_t max_nodes = MeshOptions{}.max_nodes;
  std::uint32_t max_edges = MeshOptions{}.max_edges;
  std::vector<std::string> types;
  std::vector<std::string> kinds;
  std::string since;
  std::string until;
  std::string order;
  std::string policies;
  std::string entities;
  bool with_policies = false;
  std::string at;
  std::string against;
  MeshQuery query;
};

// Names are chosen by callers; which ones collide, they must not know.
behaviour::internal::HashKey random_key() {
  std::random_device device;
  const auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
  return {word(), word()};
}

Result<UnixMillis> time_of(const std::string& text) {
  const auto time = policy::parse_extension(policy::ExtensionType::kDatetime, text);
  if (!time) return Error(Errc::kInvalidArgument, "a time is written `2026-01-31T12:00:00Z`, not `" + text + "`");
  return UnixMillis{time->number};
}

Result<MeshQuery> query_of(const MeshCommand& command) {
  MeshQuery query = command.query;
  const auto question = behaviour::parse_mesh_question(command.question);
  if (!question) return question.error();
  query.question = *question;
  const bool of_all = query.question == MeshQuestion::kStats || query.question == MeshQuestion::kChanges ||
                      query.question == MeshQuestion::kTop;
  const std::size_t wanted = of_all ? 0 : query.question == MeshQuestion::kPath ? 2 : 1;
  if (command.nodes.size() != wanted) {
    return Error(Errc::kInvalidArgument, "`" + command.question + "` is asked of " + std::to_string(wanted) + " nodes");
  }
  if (wanted > 0) query.node = command.nodes[0];
  if (wanted > 1) query.to = command.nodes[1];
  if (!command.types.empty()) query.types = 0;
  for (const std::string& name : command.types) {
    const auto type = behaviour::parse_node_type(name);
    if (!type) return type.error();
    query.types |= set_of(*type);
  }
  if (!command.kinds.empty()) query.kinds = 0;
  for (const std::string& name : command.kinds) {
    const auto kind = behaviour::parse_edge_kind(name);
    if (!kind) return kind.error();
    *query.kinds |= set_of(*kind);
  }
  if (!command.since.empty()) {
    const auto time = time_of(command.since);
    if (!time) return time.error();
    query.window.from = *time;
  }
  if (!command.until.empty()) {
    const auto time = time_of(command.until);
    if (!time) return time.error();
    query.window.until = *time;
  }
  if (!command.order.empty()) {
    const auto order = behaviour::parse_mesh_order(command.order);
    if (!order) return order.error();
    query.order = *order;
  }
  return query;
}

struct Meshes {
  Mesh now;
  std::optional<Mesh> before;  // as of --since-index
};

Result<Mesh> copy_of(const Mesh& mesh) {
  return Mesh::restore(mesh.save(), mesh.options());
}

Result<Meshes> build(const MeshCommand& command) {
  PosixFileSystem files;
  const MeshOptions options{.max_nodes = command.max_nodes, .max_edges = command.max_edges, .hash_key = random_key()};
  auto made = Mesh::create(options);
  if (!made) return made.error();
  if (!command.load.empty()) {
    const auto saved = read_file(files, command.load, kSavedMax);
    if (!saved) return saved.error();
    made = Mesh::restore(*saved, options);
    if (!made) return made.error().in(command.load);
  }
  Meshes out{*std::move(made), std::nullopt};
  const auto note_before = [&](std::uint64_t index) -> Result<> {
    if (!command.since_index || out.before || index < *command.since_index) return {};
    auto copy = copy_of(out.now);
    if (!copy) return copy.error();
    out.before = *std::move(copy);
    return {};
  };
  behaviour::InteractionReader reader;
  const auto take = [&](const behaviour_verbs::SourceEntry& source) -> Result<> {
    const std::uint64_t here = command.first_index + source.index;
    if (here < out.now.next_index() || here >= command.until_index) return {};
    if (auto noted = note_before(here); !noted) return noted;
    const auto interaction = reader.read(as_chars(source.record), here);
    if (!interaction) return interaction.error().in("entry " + std::to_string(here));
    if (*interaction) out.now.apply(**interaction);
    return {};
  };
  if (!command.records.empty() || command.load.empty()) {
    const auto read = behaviour_verbs::each_record(files, command.records, take);
    if (!read) return read.error();
  }
  if (auto noted = note_before(kIndexMax); !noted) return noted.error();
  if (!command.save.empty()) {
    if (auto saved = write_file_atomically(files, command.save, out.now.save()); !saved) return saved.error();
  }
  return out;
}

// Policies, and who is in which group, as files in Cedar's own forms.
struct Policies {
  policy::PolicySet policies;
  std::shared_ptr<const policy::EntityStore> entities;
};

Result<Policies> read_policies(const MeshCommand& command) {
  const auto text = inspect_verbs::read_text(command.policies);
  if (!text) return text.error();
  auto policies = policy::parse_policies(*text);
  if (!policies) return policy::to_error(policies.error(), command.policies, *text);
  policy::Entities entities;
  if (!command.entities.empty()) {
    const auto json = inspect_verbs::read_text(command.entities);
    if (!json) return json.error();
    auto parsed = policy::parse_entities(*json);
    if (!parsed) return policy::to_error(parsed.error(), command.entities, *json);
    entities = *std::move(parsed);
  }
  auto store = policy::EntityStore::build(std::move(entities));
  if (!store) return store.error();
  return Policies{*std::move(policies), *std::move(store)};
}

Result<std::string> answer_of(const MeshCommand& command) {
  const auto query = query_of(command);
  if (!query) return query.error();
  std::optional<Policies> policies;
  if (!command.policies.empty()) {
    auto read = read_policies(command);
    if (!read) return read.error();
    policies = *std::move(read);
  }
  const auto meshes = build(command);
  if (!meshes) return meshes.error();
  std::optional<behaviour::PolicyPermissions> permissions;
  if (policies) permissions.emplace(policies->policies, *policies->entities);
  std::string out;
  encoding::JsonWriter json(out);
  const behaviour::MeshBeside beside{.before = meshes->before ? &*meshes->before : nullptr,
                                     .permissions = permissions ? &*permissions : nullptr};
  if (auto done = answer(meshes->now, *query, beside, json); !done) return done.error();
  return out;
}

int run_query(const MeshCommand& command, bool json) {
  const auto text = answer_of(command);
  if (!text) return report(text.error(), json);
  encoding::JsonReader reader({.max_bytes = std::size_t{256} << 20});
  const auto root = reader.parse(*text);
  if (!root) return report(root.error(), json);
  std::printf("%s", json ? (*text + "\n").c_str() : mesh_text(*root).c_str());
  bool found = true;
  return (*root)["found"].get(found) == simdjson::SUCCESS && !found ? kAnswerIsNo : kSuccess;
}

Result<bool> run_ask(const MeshCommand& command, AdminSession& session) {
  if (command.until_index != kIndexMax || command.since_index || !command.save.empty() || !command.policies.empty()) {
    return Error(Errc::kInvalidArgument,
                 "--until-index, --since-index, --save and --policies are for --records, not for a server");
  }
  const auto query = query_of(command);
  if (!query) return query.error();
  admin::MeshAsked asked{.query = *query, .policies = command.with_policies};
  for (const auto& [text, moment] : {std::pair(&command.at, &asked.at), std::pair(&command.against, &asked.against)}) {
    if (text->empty()) continue;
    const auto time = time_of(*text);
    if (!time) return time.error();
    *moment = *time;
  }
  return ask_server(asked, session);
}

}  // namespace

void add_mesh_command(CLI::App& behaviour, AdminCommands& commands) {
  auto* const mesh = commands.noun(behaviour, "mesh", "who and what touched which");
  const auto command = std::make_shared<MeshCommand>();
  const auto of_records = [command, &commands]() -> std::optional<int> {
    if (command->records.empty() && command->load.empty()) return std::nullopt;
    return run_query(*command, commands.common().json);
  };
  auto* const verb = commands.add_answer(
      *mesh, "query", "a question to a running server, or about the graph that records make",
      [command](AdminSession& session) { return run_ask(*command, session); }, of_records);
  verb->add_option("question", command->question, "stats, node, touched, touches, reach, reaches, path, changes or top")
      ->required();
  verb->add_option("node", command->nodes, "what it is about, TYPE:NAME; of a path both ends")->expected(0, 2);
  verb->add_option("--type", command->types, "nodes of this type alone (repeatable)")->allow_extra_args(false);
  verb->add_option("--kind", command->kinds, "edges of this kind alone (repeatable)")->allow_extra_args(false);
  verb->add_option("--since", command->since, "what was seen from this time on, `2026-01-31T12:00:00Z`");
  verb->add_option("--until", command->until, "what was seen before this time");
  verb->add_option("--order", command->order,
                   "last_seen, first_seen, count, bytes, tokens, denials or matches; of top also risk and degree");
  verb->add_option("--depth", command->query.depth, "steps at most, 1 to 32");
  verb->add_flag("--in-time-order", command->query.in_time_order, "ways whose steps can have been in this order");
  verb->add_flag("--connected", command->query.against_edges, "paths: in either direction of each edge");
  verb->add_flag("--only-did", command->query.only_did, "leave out what was tried and never permitted");
  verb->add_flag("--with-policies", command->with_policies, "reach: also what the server's policies would permit");
  verb->add_option("--at", command->at, "a server's mesh as it was at this time, made again from its ledger");
  verb->add_option("--against", command->against, "changes: compared with a server's mesh as it was at this time");
  verb->add_option("--growth", command->query.growth,
                   "with --against or --since-index: how many times what it was is growth")
      ->capture_default_str();
  verb->add_option("--limit", command->query.limit, "items, 1 to 200")->capture_default_str();
  verb->add_option("--cursor", command->query.cursor, "go on where the page before ended");

  verb->add_option("--records", command->records,
                   "ask no server: a ledger's folder, Redoubt's, or a file of records (`-`: standard input)");
  verb->add_option("--first-index", command->first_index, "is added to the indices of records")
      ->check(CLI::Range(std::uint64_t{0}, kIndexMax));
  verb->add_option("--until-index", command->until_index, "records: the mesh as it was before this entry");
  verb->add_option("--since-index", command->since_index, "records: changes, compared with the mesh before this entry");
  verb->add_option("--load", command->load, "go on from a saved mesh; the records begin where it ended, or before");
  verb->add_option("--save", command->save, "records: write the mesh to this file");
  verb->add_option("--max-nodes", command->max_nodes, "records: room for so many")->capture_default_str();
  verb->add_option("--max-edges", command->max_edges, "records: room for so many")->capture_default_str();
  verb->add_option("--policies", command->policies, "records: reach: what these policies (Cedar) would permit, too");
  verb->add_option("--entities", command->entities, "who is in which group, for --policies (Cedar's JSON)");
}

}  // namespace redoubt::app
