// `redoubt incident review`: the document about an incident, from a ledger's folder, without a server.
#include "incident/review.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/scratch_folder.h"
#include "behaviour/interaction.h"
#include "behaviour/mesh_questions.h"
#include "redoubt/behaviour/record_source.h"
#include "redoubt/common_options.h"
#include "redoubt/enclave/offline_keys.h"
#include "redoubt/incident/commands.h"
#include "redoubt/offline_state.h"

namespace redoubt::app {
namespace {

using incident::Review;

struct ReviewOptions {
  std::string id;
  std::string out;
  bool html = false;
  bool by_knowledge = false;
  bool with_values = false;
  bool without_reach = false;
};

// Whoever reads a ledger proposes nothing.
class NoSink final : public state::FactSink, public state::Publisher {
 public:
  void append(std::string, std::string, std::function<void(Result<std::uint64_t>)> done) override {
    done(Error(Errc::kUnsupported, "nothing is proposed here"));
  }
  UnixMillis now() override { return {}; }
  record::RecordSource source() const override { return {}; }
  void publish(std::function<void()> everywhere) override { everywhere(); }
};

// The table of the folder, or the one that comes with the program.
Result<incident::RegimeTable> laws_of(const Layout& layout) {
  PosixFileSystem fs;
  const auto own = read_file(fs, layout.regimes(), incident::kRegimesFileMax);
  if (own) return incident::read_regimes(layout.regimes(), as_chars(*own));
  if (own.error().code() != Errc::kNotFound) return own.error();
  return incident::read_regimes("regimes.yaml", incident::shipped_regimes());
}

// As the mesh names whom an alert is about; nothing for networks and the like, which records do not name.
std::optional<behaviour::NodeName> node_of(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view type = key.substr(0, slash);
  if (type == "key") type = "credential";
  const auto known = behaviour::parse_node_type(type);
  if (!known || *known == behaviour::NodeType::kNetwork) return std::nullopt;
  return behaviour::NodeName{*known, key.substr(slash + 1)};
}

behaviour::internal::HashKey mesh_key() {
  std::random_device device;
  const auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
  return {word(), word()};
}

// The mesh of the records from the first act to the end, and in it what is next to those whom alerts are about.
Result<std::vector<incident::Reached>> reached_in(const Review& review, const std::string& folder) {
  auto mesh = behaviour::Mesh::create({.hash_key = mesh_key()});
  if (!mesh) return mesh.error();
  // By places in the ledger: what else ended in the same millisecond was before.
  std::optional<std::uint64_t> first;
  for (const incident::Alert& alert : review.alerts)
    first = std::min(first.value_or(alert.first_index), alert.first_index);
  const UnixMillis end = review.incident.closed.value != 0 ? review.incident.closed : review.made;
  PosixFileSystem fs;
  behaviour::InteractionReader reader;
  const auto take = [&](const behaviour_verbs::SourceEntry& entry) -> Result<> {
    const auto interaction = reader.read(as_chars(entry.record), entry.index);
    if (!interaction) return interaction.error().in("entry " + std::to_string(entry.index));
    if (!*interaction || (*interaction)->time >= end) return {};
    if (first ? (*interaction)->index >= *first : (*interaction)->time >= review.incident.opened)
      mesh->apply(**interaction);
    return {};
  };
  if (auto done = behaviour_verbs::each_record(fs, folder, take); !done) return done.error();

  std::vector<incident::Reached> out;
  std::set<std::string> seen;
  for (const incident::Alert& alert : review.alerts) {
    const auto name = node_of(alert.key);
    if (!name || !seen.insert(alert.key).second) continue;
    const auto node = mesh->find(*name);
    if (!node) continue;
    const auto direction = behaviour::is_actor(name->type) ? behaviour::Direction::kOutOf : behaviour::Direction::kInto;
    const auto page = behaviour::neighbours(
        *mesh,
        {.node = *node, .direction = direction, .order = behaviour::MeshOrder::kBytes, .limit = behaviour::kPageMax});
    for (const behaviour::EdgeId id : page.edges) {
      const behaviour::MeshEdge& edge = mesh->edge(id);
      out.push_back({.who = to_string(mesh->name_of(edge.from)),
                     .what = to_string(mesh->name_of(edge.to)),
                     .how = std::string(to_string(edge.kind())),
                     .count = edge.count,
                     .denials = edge.denials,
                     .bytes = edge.bytes,
                     .first = {edge.first_ms},
                     .last = {edge.last_ms}});
    }
  }
  return out;
}

Result<std::string> text_of(const Common& common, const ReviewOptions& options) {
  const Layout layout(common.dir);
  const auto laws = laws_of(layout);
  if (!laws) return laws.error();
  std::optional<keys::KeyStore> keys;
  if (options.with_values) {
    auto opened = open_store_offline(layout, false);
    if (!opened) return opened.error();
    keys = *std::move(opened);
  }
  auto offline = OfflineState::open(layout, keys ? &*keys : nullptr);
  if (!offline) return offline.error();
  auto scratch = ScratchFolder::make();
  if (!scratch) return scratch.error();
  const auto projections = (*offline)->projections();
  NoSink nobody;
  auto engine = state::Engine::open({.path = scratch->path() + "/state.db"},
                                    std::vector<state::Projection*>(projections.begin(), projections.end()),
                                    (*offline)->source(), nobody, nobody);
  if (!engine) return engine.error();
  auto review = incident::make_review(
      (*engine)->tables(), (*offline)->source(),
      {.incident = options.id,
       .laws = *laws,
       .now = SystemClock().now(),
       .order = options.by_knowledge ? incident::TimelineOrder::kDiscovery : incident::TimelineOrder::kEvent});
  if (!review) return review.error();
  if (!options.without_reach) {
    auto reached = reached_in(*review, common.dir);
    if (!reached) return reached.error();
    review->reached = *std::move(reached);
  }
  const incident::Document document = incident::document_of(*review);
  return options.html ? incident::to_html(document) : incident::to_markdown(document);
}

int run(const Common& common, const ReviewOptions& options) {
  const auto text = text_of(common, options);
  if (!text) return report(text.error(), common.json);
  if (!options.out.empty()) {
    PosixFileSystem fs;
    if (auto done = write_file_atomically(fs, options.out, as_bytes(*text)); !done) {
      return report(done.error(), common.json);
    }
  }
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("ok", true);
    json.member("incident", options.id);
    json.member("format", options.html ? "html" : "markdown");
    if (options.out.empty()) {
      json.member("text", *text);
    } else {
      json.member("file", options.out);
    }
    json.end_object();
    std::printf("%s\n", out.c_str());
  } else if (options.out.empty()) {
    std::fwrite(text->data(), 1, text->size(), stdout);
  }
  return kSuccess;
}

}  // namespace

void add_review_command(CLI::App& incident, Common& common, int& status) {
  auto* const verb = incident.add_subcommand("review", "the document about an incident, made of the ledger alone");
  const auto options = std::make_shared<ReviewOptions>();
  verb->add_option("ID", options->id, "the incident's id")->required();
  add_common(*verb, common);
  verb->add_flag("--html", options->html, "as HTML; without it as Markdown");
  verb->add_option("--out", options->out, "write it to this file");
  verb->add_flag("--by-knowledge", options->by_knowledge,
                 "the timeline in the order in which things were known; without it, in which they happened");
  verb->add_flag("--with-values", options->with_values,
                 "with the text of notes, which the keeper's key opens; without it they stay sealed");
  verb->add_flag("--without-reach", options->without_reach, "do not read the records for what was reached");
  verb->callback([&common, &status, options] { status = run(common, *options); });
}

}  // namespace redoubt::app
