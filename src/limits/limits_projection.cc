#include "limits/limits_projection.h"

#include <array>
#include <vector>

#include "encoding/json_writer.h"

namespace redoubt::limits {

namespace {

constexpr std::string_view kObjectPrefix = "limit/";

constexpr std::array<std::string_view, 2> kSchema = {R"(
CREATE TABLE limits_limits(
  id TEXT NOT NULL PRIMARY KEY,
  subject_type TEXT NOT NULL,
  subject TEXT NOT NULL,
  quantity TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  period TEXT NOT NULL,
  amount INTEGER NOT NULL,
  burst INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX limits_limits_shape ON limits_limits(subject_type, subject, quantity, bucket, period);
)",
                                                     // A subject has a few limits at most, and the fold looks at each.
                                                     R"(
DROP INDEX limits_limits_shape;
CREATE INDEX limits_limits_by_subject ON limits_limits(subject);
)"};

// Columns of a row, as kSchema makes them.
struct LimitColumn {
  enum : int { kId, kSubjectType, kSubject, kQuantity, kBucket, kPeriod, kAmount, kBurst, kVersion };
};

Error wrong(std::string message) {
  return {Errc::kInvalidArgument, std::move(message)};
}

Result<std::string> id_of(std::string_view object) {
  if (!object.starts_with(kObjectPrefix)) return wrong("the object of a limit is `limit/ID`");
  return std::string(object.substr(kObjectPrefix.size()));
}

Result<Limit> limit_of(const state::FoldedFact& fact) {
  const Result<std::string> id = id_of(fact.fact.object);
  if (!id) return id.error();
  Result<Limit> limit = read_limit(*id, fact.body);
  if (limit) limit->version = fact.fact.expects + 1;
  return limit;
}

// The id of another limit of the same subject and shape.
std::optional<std::string> taken_by(state::Tables& tables, const Limit& limit) {
  std::optional<std::string> taken;
  // An error is kept by the tables, and the fold fails for it.
  (void)tables.each_alike("limits_limits_by_subject", {limit.subject}, [&](const state::Row& row) {
    if (row.text(LimitColumn::kSubjectType) == to_string(limit.subject_type) &&
        row.text(LimitColumn::kQuantity) == to_string(limit.quantity) &&
        (row.integer(LimitColumn::kBucket) != 0) == limit.bucket &&
        row.text(LimitColumn::kPeriod) == to_string(limit.period) && row.text(LimitColumn::kId) != limit.id) {
      taken = row.text(LimitColumn::kId);
    }
    return !taken;
  });
  return taken;
}

Result<> apply_set(const state::FoldedFact& fact, state::Tables& tables) {
  const Result<Limit> limit = limit_of(fact);
  if (!limit) return limit.error();
  if (const std::optional<std::string> taken = taken_by(tables, *limit)) {
    return Error(Errc::kAlreadyExists, "the limit `" + *taken + "` limits the same of the same subject");
  }
  tables.put("limits_limits", {limit->id, to_string(limit->subject_type), limit->subject, to_string(limit->quantity),
                               limit->bucket, to_string(limit->period), limit->amount, limit->burst, limit->version});
  return {};
}

Result<> apply_remove(const state::FoldedFact& fact, state::Tables& tables) {
  const Result<std::string> id = id_of(fact.fact.object);
  if (!id) return id.error();
  if (tables.find("limits_limits", {*id}) == nullptr) {
    return Error(Errc::kNotFound, "there is no limit `" + *id + "`");
  }
  tables.erase("limits_limits", {*id});
  return {};
}

// Of a row that apply_set() wrote.
Result<Limit> limit_in(const state::Row& row) {
  const Result<SubjectType> type = parse_subject_type(row.text(LimitColumn::kSubjectType));
  const Result<Quantity> quantity = parse_quantity(row.text(LimitColumn::kQuantity));
  const Result<Period> period = parse_period(row.text(LimitColumn::kPeriod));
  Limit limit{.id = std::string(row.text(LimitColumn::kId)),
              .subject_type = type ? *type : SubjectType::kKey,
              .subject = std::string(row.text(LimitColumn::kSubject)),
              .quantity = quantity ? *quantity : Quantity::kRequests,
              .bucket = row.integer(LimitColumn::kBucket) != 0,
              .period = period ? *period : Period::kSecond,
              .amount = static_cast<std::uint64_t>(row.integer(LimitColumn::kAmount)),
              .burst = static_cast<std::uint64_t>(row.integer(LimitColumn::kBurst)),
              .version = static_cast<std::uint64_t>(row.integer(LimitColumn::kVersion))};
  if (!type || !quantity || !period || !check(limit)) {
    return Error(Errc::kCorrupt, "the table of limits holds something else");
  }
  return limit;
}

}  // namespace

LimitsProjection::LimitsProjection() = default;
LimitsProjection::~LimitsProjection() = default;

std::span<const std::string_view> LimitsProjection::schema_steps() const {
  return kSchema;
}

Result<> LimitsProjection::apply(const state::FoldedFact& fact, state::Tables& tables) {
  if (fact.fact.kind == kLimitSet) return apply_set(fact, tables);
  if (fact.fact.kind == kLimitRemove) return apply_remove(fact, tables);
  return wrong("there is no kind of fact `" + fact.fact.kind + "`");
}

void LimitsProjection::erase(std::uint64_t, std::span<const std::string_view>, state::Tables&) {
  // No fact of limits has a value of its own.
}

Result<> LimitsProjection::load(state::Tables& tables) {
  std::vector<Limit> limits;
  Result<> read;
  const Result<> all = tables.each_row("limits_limits", [&](const state::Row& row) {
    Result<Limit> limit = limit_in(row);
    if (!limit) {
      read = limit.error();
      return false;
    }
    limits.push_back(*std::move(limit));
    return true;
  });
  if (!all) return all;
  if (!read) return read;
  limits_ = Limits::of(limits);
  return {};
}

void LimitsProjection::follow(const state::FoldedFact& fact, state::Tables&) {
  if (fact.fact.kind == kLimitSet) {
    if (Result<Limit> limit = limit_of(fact)) limits_ = limits_.with(*std::move(limit));
  } else if (fact.fact.kind == kLimitRemove) {
    if (const Result<std::string> id = id_of(fact.fact.object)) limits_ = limits_.without(*id);
  }
}

std::string limit_object(std::string_view id) {
  return std::string(kObjectPrefix).append(id);
}

void append_limit(std::string& out, const Limit& limit) {
  encoding::JsonWriter json(out);
  json.begin_object();
  json.member("subject_type", to_string(limit.subject_type));
  json.member("subject", limit.subject);
  json.member("quantity", to_string(limit.quantity));
  json.member("bucket", limit.bucket);
  json.member("period", to_string(limit.period));
  json.member("amount", limit.amount);
  json.member("burst", limit.burst);
  json.end_object();
}

Result<Limit> read_limit(std::string_view id, const simdjson::dom::object& object) {
  Limit limit;
  limit.id = id;
  bool has_subject_type = false;
  bool has_quantity = false;
  bool has_period = false;
  bool has_amount = false;
  for (const auto [name, value] : object) {
    const auto number = [&, member = name](std::uint64_t& out) -> Result<> {
      if (value.get(out) == simdjson::SUCCESS) return {};
      return wrong("`" + std::string(member) + "` must be a whole number from 0 on");
    };
    std::string_view text;
    const bool is_text = value.get(text) == simdjson::SUCCESS;
    Result<> read;
    if (name == "subject_type") {
      const Result<SubjectType> type = parse_subject_type(text);
      if (!type) return type.error();
      limit.subject_type = *type;
      has_subject_type = true;
    } else if (name == "subject") {
      if (!is_text) return wrong("`subject` must be a string");
      limit.subject = text;
    } else if (name == "quantity") {
      const Result<Quantity> quantity = parse_quantity(text);
      if (!quantity) return quantity.error();
      limit.quantity = *quantity;
      has_quantity = true;
    } else if (name == "bucket") {
      if (value.get(limit.bucket) != simdjson::SUCCESS) return wrong("`bucket` must be true or false");
    } else if (name == "period") {
      const Result<Period> period = parse_period(text);
      if (!period) return period.error();
      limit.period = *period;
      has_period = true;
    } else if (name == "amount") {
      read = number(limit.amount);
      has_amount = true;
    } else if (name == "burst") {
      read = number(limit.burst);
    } else {
      return wrong("a limit has no member `" + std::string(name) + "`");
    }
    if (!read) return read.error();
  }
  if (!has_subject_type || !has_quantity || !has_period || !has_amount) {
    return wrong("a limit has `subject_type`, `subject`, `quantity`, `period` and `amount`");
  }
  if (const Result<> form = check(limit); !form) return form.error();
  return limit;
}

Result<state::Proposal> propose_limit(const Limit* now, const Limit& wanted) {
  if (const Result<> form = check(wanted); !form) return form.error();
  state::Proposal proposal{.kind = std::string(kLimitSet),
                           .verb = now != nullptr ? record::FactVerb::kUpdate : record::FactVerb::kCreate,
                           .object = limit_object(wanted.id),
                           .expects = wanted.version,
                           .body = {}};
  append_limit(proposal.body, wanted);
  proposal.after = proposal.body;
  if (now != nullptr) append_limit(proposal.before, *now);
  return proposal;
}

state::Proposal propose_limit_removal(const Limit& now) {
  state::Proposal proposal{.kind = std::string(kLimitRemove),
                           .verb = record::FactVerb::kDelete,
                           .object = limit_object(now.id),
                           .expects = now.version};
  append_limit(proposal.before, now);
  return proposal;
}

}  // namespace redoubt::limits
