#include "admin/exercise_operations.h"

#include <algorithm>

#include "admin/incident_shapes.h"
#include "admin/services.h"
#include "incident/bundle_playbooks.h"
#include "incident/exercise.h"
#include "incident/listing.h"
#include "incident/rehearsal.h"
#include "incident/responder.h"

namespace redoubt::admin {
namespace {

using incident::Playbook;

constexpr Shape kName =
    text_of({.kind = TextForm::Kind::kName, .min = 1, .max = 64, .first = "a-z0-9", .rest = "a-z0-9-"});
constexpr Field kNewFields[] = {
    {"playbook", &kName, "Of the bundle in force.", kRequired},
    {"name", &kName, "Of the exercise. One of each playbook, once.", kRequired},
};
constexpr Shape kNewExercise = object_of("NewExercise", kNewFields, kClosed);

Result<Playbook> playbook_of(Call& call, std::string_view name) {
  const auto& active = call.services.bundles.in_force();
  if (!active) return Error(Errc::kConflict, "no bundle is in force");
  const auto bundle = call.services.library.get(active->digest);
  if (!bundle) return bundle.error();
  auto playbooks = incident::playbooks_of(bundle->files());
  if (!playbooks) return playbooks.error();
  const auto at = std::ranges::find(*playbooks, name, &Playbook::name);
  if (at == playbooks->end()) {
    return Error(Errc::kInvalidArgument, "the bundle in force has no playbook `" + std::string(name) + "`");
  }
  return std::move(*at);
}

Result<Change> begin(Call& call) {
  auto playbook = playbook_of(call, call.body.text("playbook"));
  if (!playbook) return playbook.error();
  const UnixMillis now = call.services.sink.now();
  const auto exercise = incident::make_exercise(*playbook, call.body.text("name"), now);
  if (!exercise) return exercise.error();
  incident::PlainSurroundings nobody;
  const incident::Restrictions none;
  incident::Responder responder({exercise->playbook}, nobody, none);
  auto proposal = responder.take(exercise->signal, now, call.services.engine.tables());
  if (!proposal) return proposal.error();
  if (!*proposal) {
    return Error(Errc::kConflict, "there was an exercise `" + std::string(call.body.text("name")) +
                                      "` of this playbook: name it otherwise");
  }
  return Change(**std::move(proposal), incident::alert_id(exercise->signal));
}

Result<Answer> show(Call& call, const Change& change) {
  const auto opened = incident::find_incident(call.services.engine.tables(), change.id);
  if (!opened) return opened.error();
  if (!*opened) return Error(Errc::kNotFound, "there is no incident `" + change.id + "`");
  Answer out{.version = (*opened)->version, .location = std::string(kPrefix) + "/incidents/" + change.id};
  encoding::JsonWriter json(out.body);
  write_incident(json, **opened);
  return out;
}

constexpr Operation kOperations[] = {
    {.id = "startExercise",
     .tag = "incidents",
     .summary = "Run a playbook on a simulated incident",
     .description =
         "Nothing is enforced. The alert has the tag `redoubt:exercise`, its responses are `rehearsed`; people "
         "are told as of any incident, and that it is an exercise.",
     .method = net::Method::kPost,
     .path = "/exercises",
     .action = "changeIncidents",
     .request = &kNewExercise,
     .response = &kIncidentShape,
     .success = 201,
     .etag = true,
     .resource = server_resource,
     .wish = begin,
     .show = show},
};

}  // namespace

std::span<const Operation> exercise_operations() {
  return kOperations;
}

}  // namespace redoubt::admin
