// `redoubt incident responses|respond|accept|undo|refuse`: what is done about somebody or something, for a time.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "redoubt/administer/bodies.h"
#include "redoubt/administer/key_terms.h"
#include "redoubt/incident/server_verbs.h"

namespace redoubt::app {
namespace {

using net::Method;

struct ResponseOptions {
  std::string id;
  std::string status;
  std::string effect;
  std::string target;
  std::string span;
  std::uint64_t per_minute = 0;
  std::vector<std::string> families;
  std::string incident;
  std::string reason;

  std::string path() const { return "/responses/" + path_segment(id); }
};

Result<> respond(AdminSession& session, const ResponseOptions& options) {
  const auto span = parse_span(options.span);
  if (!span) return span.error();
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("effect", options.effect);
  json.member("target", options.target);
  json.member("for_s", std::int64_t{span->count()});
  if (options.per_minute > 0) json.member("per_minute", options.per_minute);
  if (!options.families.empty()) write_names(json, "families", options.families);
  if (!options.incident.empty()) json.member("incident", options.incident);
  json.member("reason", options.reason);
  json.end_object();
  return session.create("/responses", std::move(body));
}

}  // namespace

void add_response_verbs(CLI::App& incident, AdminCommands& commands) {
  const auto options = std::make_shared<ResponseOptions>();
  auto* const list = commands.add(
      incident, "responses", "list what is done, or was; the newest first", [options](AdminSession& session) {
        return session.list(AdminSession::query("/responses", {{"status", options->status},
                                                               {"incident", options->incident},
                                                               {"target", options->target}}),
                            {"id", "status", "effect", "target", "until", "end", "incident", "playbook", "reason"});
      });
  list->add_option("--status", options->status, "proposed, active, rehearsed or ended");
  list->add_option("--incident", options->incident, "of this incident");
  list->add_option("--target", options->target, "of this target: principal/NAME, …");

  auto* const start = commands.add_change(incident, "respond", "do something about somebody or something, for a time",
                                          [options](AdminSession& session) { return respond(session, *options); });
  start
      ->add_option("effect", options->effect,
                   "throttle, step_up, inspect, quarantine, suspend, block or revoke_sessions")
      ->required();
  start
      ->add_option("target", options->target,
                   "principal/ID, key/ID, network/HASH, model/NAME, tool/NAME, data_set/NAME")
      ->required();
  start->add_option("--for", options->span, "how long: 90s, 15m, 24h, 30d")->required();
  start->add_option("--per-minute", options->per_minute, "of a throttle: requests that pass")
      ->check(CLI::PositiveNumber);
  start->add_option("--families", options->families, "of an inspection: personal, secret, attack, user")
      ->delimiter(',')
      ->allow_extra_args(false);
  start->add_option("--incident", options->incident, "that it belongs to");
  start->add_option("--reason", options->reason, "why it is done")->required();

  struct Ending {
    const char* verb;
    const char* about;
    const char* act;
    const char* body;
  };
  for (const Ending& each : {Ending{"accept", "have what was proposed be done", "accept", ""},
                             Ending{"undo", "end what is done", "end", R"({"end":"undone"})"},
                             Ending{"refuse", "have what was proposed not be done", "end", R"({"end":"refused"})"}}) {
    auto* const end = commands.add_change(incident, each.verb, each.about, [options, each](AdminSession& session) {
      return session.change(Method::kPost, options->path(), each.act, each.body);
    });
    end->add_option("id", options->id, "the response")->required();
  }
}

}  // namespace redoubt::app
