// `redoubt identity hold …`: what waits for a person's decision.
#include <memory>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_nouns.h"

namespace redoubt::app {
namespace {

using net::Method;

struct HoldOptions {
  std::string id;
  std::string kind;
  std::string subject;
  std::string reason;
  std::string status;

  std::string path() const { return "/holds/" + path_segment(id); }
};

std::string new_hold(const HoldOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("kind", options.kind);
  json.member("subject", options.subject);
  json.member("reason", options.reason);
  json.end_object();
  return body;
}

std::string decision(const HoldOptions& options) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("reason", options.reason);
  json.end_object();
  return body;
}

}  // namespace

void add_hold_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "hold", "what waits for a person's decision");
  const auto options = std::make_shared<HoldOptions>();

  auto* const list = commands.add(*noun, "list", "list what waits, or waited", [options](AdminSession& session) {
    return session.list(
        AdminSession::query("/holds",
                            {{"status", options->status}, {"kind", options->kind}, {"subject", options->subject}}),
        {"id", "status", "kind", "subject", "placed_by", "placed", "reason"});
  });
  list->add_option("--status", options->status, "waiting, released or refused");
  list->add_option("--kind", options->kind, "of this kind");
  list->add_option("--subject", options->subject, "of this subject");
  auto* const show = commands.add(*noun, "show", "show what waits, and why",
                                  [options](AdminSession& session) { return session.show(options->path()); });
  auto* const place = commands.add_change(*noun, "place", "have something wait", [options](AdminSession& session) {
    return session.create("/holds", new_hold(*options));
  });
  place->add_option("kind", options->kind, "what sort of thing")->required();
  place->add_option("subject", options->subject, "which one")->required();
  place->add_option("--reason", options->reason, "why")->required();
  show->add_option("id", options->id, "the hold")->required();
  for (const auto& [verb, about] : {std::pair("release", "let it go on"), std::pair("refuse", "let it not go on")}) {
    auto* const decide =
        commands.add_change(*noun, verb, about, [options, act = std::string(verb)](AdminSession& session) {
          return session.change(Method::kPost, options->path(), act, decision(*options));
        });
    decide->add_option("id", options->id, "the hold")->required();
    decide->add_option("--reason", options->reason, "why it is decided so")->required();
  }
}

}  // namespace redoubt::app
