// The facts of regulatory clocks: bodies made and read.
#include <utility>

#include "encoding/json_writer.h"
#include "incident/clocks.h"
#include "incident/facts.h"
#include "incident/internal/body_reader.h"
#include "incident/internal/lines.h"
#include "incident/internal/with_body.h"

namespace redoubt::incident {
namespace {

constexpr std::string_view kClockObject = "clock/";
constexpr std::size_t kDigestHex = 64;

std::string line(BodyReader& body, std::string_view name, bool may_be_empty) {
  std::string out = body.text(name, kLineMax);
  if (!is_line(out, kLineMax) || (out.empty() && !may_be_empty)) body.fail(name, "is one line, and says something");
  return out;
}

std::string regime_id(BodyReader& body, std::string_view name) {
  std::string out = body.text(name, kRegimeIdMax);
  if (!is_regime_id(out)) body.fail(name, "has 1 to 64 of a-z 0-9 _");
  return out;
}

bool yes_or_no(BodyReader& body, std::string_view name) {
  const std::string said = body.text(name, 3);
  if (said != "yes" && said != "no") body.fail(name, "is `yes` or `no`");
  return said == "yes";
}

// Runs `write` on the body, and reads it as the fold will.
template <class Write, class Read>
Result<state::Proposal> clock_proposal(std::string_view kind, std::string_view incident, std::uint64_t expects,
                                       Write&& write, Read&& read) {
  if (!is_id(incident)) return Error(Errc::kInvalidArgument, "an incident is named by 16 hexadecimal digits");
  return with_body({.kind = std::string(kind),
                    .verb = expects == 0 ? record::FactVerb::kCreate : record::FactVerb::kUpdate,
                    .object = clock_object(incident),
                    .expects = expects},
                   std::forward<Write>(write), std::forward<Read>(read));
}

}  // namespace

std::string clock_object(std::string_view incident) {
  return std::string(kClockObject).append(incident);
}

Result<state::Proposal> propose_aware(std::string_view incident, const AwareFact& fact, std::uint64_t expects) {
  const auto write = [&](encoding::JsonWriter& json) {
    json.member("time", fact.time.value);
    json.member("why", fact.why);
  };
  return clock_proposal(kClockBecomeAware, incident, expects, write, read_aware);
}

Result<state::Proposal> propose_decide(std::string_view incident, const DecideFact& fact, std::uint64_t expects) {
  const auto write = [&](encoding::JsonWriter& json) {
    json.member("regime", fact.regime);
    json.member("notifiable", fact.notifiable ? "yes" : "no");
    json.member("why", fact.why);
    json.member("table", fact.table);
  };
  return clock_proposal(kClockDecide, incident, expects, write, read_decide);
}

Result<state::Proposal> propose_tell(std::string_view incident, const TellFact& fact, std::uint64_t expects) {
  const auto write = [&](encoding::JsonWriter& json) {
    json.member("regime", fact.regime);
    json.member("step", fact.step);
    json.member("time", fact.time.value);
    json.member("reference", fact.reference);
  };
  return clock_proposal(kClockTell, incident, expects, write, read_tell);
}

Result<AwareFact> read_aware(const simdjson::dom::object& object_body) {
  BodyReader body(object_body);
  AwareFact out;
  out.time = {body.integer("time")};
  if (out.time.value <= 0) body.fail("time", "is in milliseconds since 1970");
  out.why = line(body, "why", false);
  if (auto done = body.done(); !done) return done.error();
  return out;
}

Result<DecideFact> read_decide(const simdjson::dom::object& object_body) {
  BodyReader body(object_body);
  DecideFact out;
  out.regime = regime_id(body, "regime");
  out.notifiable = yes_or_no(body, "notifiable");
  out.why = line(body, "why", false);
  out.table = body.text("table", kDigestHex);
  const bool digest =
      out.table.size() == kDigestHex && out.table.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digest) body.fail("table", "is a digest of 64 hexadecimal digits");
  if (auto done = body.done(); !done) return done.error();
  return out;
}

Result<TellFact> read_tell(const simdjson::dom::object& object_body) {
  BodyReader body(object_body);
  TellFact out;
  out.regime = regime_id(body, "regime");
  out.step = regime_id(body, "step");
  out.time = {body.integer("time")};
  if (out.time.value <= 0) body.fail("time", "is in milliseconds since 1970");
  out.reference = line(body, "reference", true);
  if (auto done = body.done(); !done) return done.error();
  return out;
}

}  // namespace redoubt::incident
