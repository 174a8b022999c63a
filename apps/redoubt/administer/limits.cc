// `redoubt identity limit …`: how much anyone may use.
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>

#include "limits/limits.h"
#include "redoubt/administer/bodies.h"
#include "redoubt/administer/identity_nouns.h"
#include "redoubt/administer/money.h"

namespace redoubt::app {
namespace {

using net::Method;

struct LimitOptions {
  std::string id;
  std::array<std::string, limits::kSubjectTypes> subjects;  // in the order of limits::SubjectType
  std::array<std::string, limits::kQuantities> amounts;     // in that of limits::Quantity
  std::string period;
  bool bucket = false;
  std::string burst;
  // list, usage
  std::string subject_type;
  std::string subject;
  std::string quantity;

  std::string path() const { return "/limits/" + path_segment(id); }
};

// The one that was given of those that exclude each other.
template <std::size_t N>
std::size_t given(const std::array<std::string, N>& options) {
  std::size_t at = 0;
  while (at < N && options[at].empty()) ++at;
  return at;
}

Result<std::uint64_t> amount_of(limits::Quantity quantity, const std::string& text) {
  if (quantity == limits::Quantity::kMoney) return parse_money(text);
  std::uint64_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error == std::errc() && end == text.data() + text.size()) return amount;
  return Error(Errc::kInvalidArgument, "`" + text + "` is not a whole number");
}

// What is limited, and to how much.
struct Wanted {
  limits::Quantity quantity{};
  std::uint64_t amount = 0;
  std::uint64_t burst = 0;  // 0: not said
};

Result<Wanted> wanted_of(const LimitOptions& options) {
  Wanted out{.quantity = static_cast<limits::Quantity>(given(options.amounts))};
  auto amount = amount_of(out.quantity, options.amounts[given(options.amounts)]);
  if (!amount) return amount.error();
  out.amount = *amount;
  if (options.burst.empty()) return out;
  auto burst = amount_of(out.quantity, options.burst);
  if (!burst) return burst.error();
  out.burst = *burst;
  return out;
}

Result<> create(AdminSession& session, const LimitOptions& options, const Wanted& wanted) {
  const std::size_t type = given(options.subjects);
  if (type == options.subjects.size() || options.period.empty()) {
    return Error(Errc::kInvalidArgument,
                 "there is no limit `" + options.id + "` yet: say whom it limits (--principal …) and --per");
  }
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("id", options.id);
  json.member("subject_type", to_string(static_cast<limits::SubjectType>(type)));
  json.member("subject", options.subjects[type]);
  json.member("quantity", to_string(wanted.quantity));
  json.member("bucket", options.bucket);
  json.member("period", options.period);
  json.member("amount", wanted.amount);
  if (wanted.burst != 0) json.member("burst", wanted.burst);
  json.end_object();
  return session.create("/limits", std::move(body));
}

// Whom a limit limits, and in what, never changes.
Result<> check_same(const LimitOptions& options, const Wanted& wanted, const simdjson::dom::object& now) {
  const std::size_t type = given(options.subjects);
  const auto is = [&](std::string_view member, std::string_view value) {
    return value.empty() || encoding::string_member(now, member) == value;
  };
  bool bucket = false;
  const bool known = now["bucket"].get(bucket) == simdjson::SUCCESS;
  const bool same =
      is("quantity", to_string(wanted.quantity)) && is("period", options.period) &&
      (type == options.subjects.size() || (is("subject_type", to_string(static_cast<limits::SubjectType>(type))) &&
                                           is("subject", options.subjects[type]))) &&
      (!options.bucket || (known && bucket));
  if (same) return {};
  return Error(Errc::kConflict, "the limit `" + options.id +
                                    "` is of something else: remove it first, or give the new one another name");
}

Result<> set(AdminSession& session, const LimitOptions& options) {
  auto wanted = wanted_of(options);
  if (!wanted) return wanted.error();
  auto now = session.client().get(options.path());
  if (!now && now.error().code() == Errc::kNotFound) return create(session, options, *wanted);
  if (!now) return now.error();
  auto object = session.object_of(*now);
  if (!object) return object.error();
  if (auto same = check_same(options, *wanted, *object); !same) return same;
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("amount", wanted->amount);
  if (wanted->burst != 0) json.member("burst", wanted->burst);
  json.end_object();
  auto reply = session.send(Method::kPatch, options.path(), std::move(body), *now);
  if (!reply) return reply.error();
  return session.answer(*reply);
}

Result<> usage(AdminSession& session, const LimitOptions& options) {
  std::string subject = options.subject;
  if (subject.empty()) {
    auto limit = session.client().get(options.path());
    if (!limit) return limit.error();
    auto object = session.object_of(*limit);
    if (!object) return object.error();
    subject = encoding::string_member(*object, "subject");
    if (subject == limits::kEach) {
      return Error(Errc::kInvalidArgument, "the limit is of each for itself: say whose use is wanted");
    }
  }
  return session.show(options.path() + "/usage/" + path_segment(subject));
}

}  // namespace

void add_limit_commands(CLI::App& identity, AdminCommands& commands) {
  auto* const noun = commands.noun(identity, "limit", "how much anyone may use");
  const auto options = std::make_shared<LimitOptions>();
  const auto add_id = [&](CLI::App* command) { command->add_option("id", options->id, "the limit")->required(); };

  auto* const set_command = commands.add_change(*noun, "set", "set a limit, or change how much it allows",
                                                [options](AdminSession& session) { return set(session, *options); });
  add_id(set_command);
  auto* const whom = set_command->add_option_group("whom", "one of these; `*`: each for itself");
  for (std::size_t i = 0; i < options->subjects.size(); ++i) {
    const std::string type(to_string(static_cast<limits::SubjectType>(i)));
    whom->add_option("--" + type, options->subjects[i], "this " + type);
  }
  whom->require_option(0, 1);
  auto* const what = set_command->add_option_group("how much", "one of these");
  what->add_option("--requests", options->amounts[0], "requests a period; 0: none at all");
  what->add_option("--tokens", options->amounts[1], "tokens a period");
  what->add_option("--bytes-out", options->amounts[2], "bytes sent a period");
  what->add_option("--money", options->amounts[3], "money a period, as 12.50, by prices.toml");
  what->require_option(1);
  set_command->add_option("--per", options->period, "second, minute, hour, day or month");
  set_command->add_flag("--bucket", options->bucket, "it refills steadily (default: a window of the calendar, in UTC)");
  set_command->add_option("--burst", options->burst, "of a bucket: how much at once (default: a period's)");

  auto* const list = commands.add(*noun, "list", "list limits", [options](AdminSession& session) {
    return session.list(AdminSession::query("/limits", {{"subject_type", options->subject_type},
                                                        {"subject", options->subject},
                                                        {"quantity", options->quantity}}),
                        {"id", "subject_type", "subject", "quantity", "amount", "period", "bucket", "burst"});
  });
  list->add_option("--subject-type", options->subject_type, "key, principal, group, tenant or model");
  list->add_option("--subject", options->subject, "of this one");
  list->add_option("--quantity", options->quantity, "requests, tokens, bytes_out or money");

  add_id(commands.add(*noun, "show", "show a limit",
                      [options](AdminSession& session) { return session.show(options->path()); }));
  auto* const usage_command = commands.add(*noun, "usage", "show how much of it is left",
                                           [options](AdminSession& session) { return usage(session, *options); });
  add_id(usage_command);
  usage_command->add_option("subject", options->subject, "for whom, when each has it for itself");
  add_id(commands.add_change(*noun, "remove", "lift a limit", [options](AdminSession& session) {
    return session.change(Method::kDelete, options->path());
  }));
}

}  // namespace redoubt::app
