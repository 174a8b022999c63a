#include "state/tests/support/toy.h"

#include <array>

#include "base/check.h"
#include "record/commitment.h"
#include "record/opening.h"

namespace redoubt::state::test {

namespace {

constexpr std::string_view kPrefix = "item/";

Result<std::int64_t> amount_of(const FoldedFact& fact) {
  std::int64_t amount = 0;
  if (fact.body["amount"].get(amount) != simdjson::SUCCESS || amount < -kAmountMax || amount > kAmountMax) {
    return Error(Errc::kInvalidArgument, "`amount` is not an amount");
  }
  return amount;
}

std::optional<std::int64_t> held(Tables& tables, std::string_view name) {
  const Row* row = tables.find("toy_items", {name});
  return row != nullptr ? std::optional(row->integer(1)) : std::nullopt;
}

}  // namespace

std::span<const std::string_view> Toy::schema_steps() const {
  static constexpr std::array<std::string_view, 3> kSteps{
      "CREATE TABLE toy_items(name TEXT NOT NULL PRIMARY KEY, amount INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
      "ALTER TABLE toy_items ADD COLUMN note TEXT; ALTER TABLE toy_items ADD COLUMN note_index INTEGER;"
      "CREATE INDEX toy_items_note ON toy_items(note_index) WHERE note_index IS NOT NULL;",
      "CREATE TABLE toy_links(name TEXT NOT NULL PRIMARY KEY, target TEXT NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE INDEX toy_links_target ON toy_links(target);",
  };
  return std::span(kSteps).first(steps.value_or(kSteps.size()));
}

Result<> Toy::apply(const FoldedFact& fact, Tables& tables) {
  const std::string& kind = fact.fact.kind;
  if (!fact.fact.object.starts_with(kPrefix)) return Error(Errc::kInvalidArgument, "the object is not an item");
  const std::string_view name = std::string_view(fact.fact.object).substr(kPrefix.size());
  const auto amount = held(tables, name);
  const bool create = kind == "toy.item.create";
  if (create && amount) return Error(Errc::kAlreadyExists, "there is such an item");
  if (!create && !amount) return Error(Errc::kNotFound, "there is no such item");

  if (create || kind == "toy.item.add") {
    auto change = amount_of(fact);
    if (!change) return change.error();
    const std::int64_t next = amount.value_or(0) + *change;
    if (change_then_refuse) {
      if (refuse_with_sql) {
        (void)tables.run("INSERT INTO toy_items(name, amount) VALUES('broken', 1)", {});
      } else {
        tables.put("toy_links", {"broken", "broken"});
      }
      return Error(Errc::kInvalidArgument, "refused too late");
    }
    if (next < 0 || next > kAmountMax) return Error(Errc::kResourceExhausted, "the amount is out of bounds");
    if (!create) {
      (void)tables.change("toy_items", {name}, {{1, next}});
    } else if (steps == 1) {
      tables.put("toy_items", {name, next});
    } else {
      const auto note = fact.value("note");
      const auto stored = without_amount ? std::nullopt : std::optional(next);
      tables.put("toy_items", {name, stored, note, note ? std::optional(fact.index) : std::nullopt});
    }
  } else if (kind == "toy.item.link") {
    const std::string_view to = encoding::string_member(fact.body, "to");
    if (!held(tables, to)) return Error(Errc::kNotFound, "there is no item to link to");
    // Sometimes without SQL and sometimes with it, as a module may.
    if (fact.fact.expects % 4 != 0) {
      tables.put("toy_links", {name, to});
    } else {
      (void)tables.run(
          "INSERT INTO toy_links(name, target) VALUES(?1, ?2) "
          "ON CONFLICT(name) DO UPDATE SET target = excluded.target",
          {name, to});
    }
  } else if (kind == "toy.item.delete") {
    bool linked = false;
    (void)tables.each_alike("toy_links_target", {name}, [&](const Row&) {
      linked = true;
      return false;
    });
    if (linked) return Error(Errc::kPermissionDenied, "something links to the item");
    tables.erase("toy_items", {name});
    tables.erase("toy_links", {name});
  } else {
    return Error(Errc::kInvalidArgument, "there are no such facts");
  }
  if (on_apply) on_apply();
  return {};
}

void Toy::erase(std::uint64_t index, std::span<const std::string_view> fields, Tables& tables) {
  for (const std::string_view field : fields) {
    if (field != "note") continue;
    (void)tables.run("UPDATE toy_items SET note = NULL, note_index = NULL WHERE note_index = ?1", {index});
  }
}

Result<> Toy::load(Tables& tables) {
  ++loads;
  items = {};
  std::map<std::string, Item> all;
  auto done = tables.each_row("toy_items", [&](const Row& row) {
    Item& item = all[std::string(row.text(0))];
    item.amount = row.integer(1);
    if (steps.value_or(3) >= 2 && !row.is_null(2)) item.note = row.text(2);
    return true;
  });
  if (!done) return done;
  if (steps.value_or(3) >= 3) {
    done = tables.each_row("toy_links", [&](const Row& row) {
      all[std::string(row.text(0))].link = row.text(1);
      return true;
    });
  }
  for (const auto& [name, item] : all) items.set(name, std::make_shared<const Item>(item));
  return done;
}

void Toy::follow(const FoldedFact& fact, Tables& tables) {
  if (!fact.fact.kind.starts_with("toy.")) return;
  if (steps && *steps < 3) return (void)load(tables);
  const std::string name = fact.fact.object.substr(kPrefix.size());
  std::optional<Item> item;
  (void)tables.each(
      "SELECT amount, note, (SELECT target FROM toy_links WHERE name = ?1) FROM toy_items WHERE name = ?1", {name},
      [&](const Row& row) {
        item = Item{.amount = row.integer(0), .link = std::string(row.text(2))};
        if (!row.is_null(1)) item->note = row.text(1);
        return false;
      });
  if (item) {
    items.set(name, std::make_shared<const Item>(*std::move(item)));
  } else {
    items.erase(name);
  }
}

std::map<std::string, Item> items_in(Tables& tables, std::size_t steps) {
  std::map<std::string, Item> items;
  auto done = tables.each("SELECT name, amount FROM toy_items", {}, [&](const Row& row) {
    items[std::string(row.text(0))].amount = row.integer(1);
    return true;
  });
  REDOUBT_CHECK(done.has_value());
  if (steps >= 2) {
    done = tables.each("SELECT name, note FROM toy_items WHERE note IS NOT NULL", {}, [&](const Row& row) {
      items[std::string(row.text(0))].note = row.text(1);
      return true;
    });
    REDOUBT_CHECK(done.has_value());
  }
  if (steps >= 3) {
    done = tables.each("SELECT name, target FROM toy_links", {}, [&](const Row& row) {
      items[std::string(row.text(0))].link = row.text(1);
      return true;
    });
    REDOUBT_CHECK(done.has_value());
  }
  return items;
}

// ---------------------------------------------------------------------------------------------------------- Watcher

std::span<const std::string_view> Watcher::schema_steps() const {
  static constexpr std::array<std::string_view, 1> kSteps{
      "CREATE TABLE watcher_counts(module TEXT NOT NULL PRIMARY KEY, facts INTEGER NOT NULL) STRICT, WITHOUT ROWID;"};
  return kSteps;
}

Result<> Watcher::apply(const FoldedFact&, Tables&) {
  return Error(Errc::kInvalidArgument, "there are no such facts");
}

Result<> Watcher::permits(const FoldedFact& fact, Tables&) {
  if (fact.fact.actor.principal == "mallory") return Error(Errc::kPermissionDenied, "not you");
  return {};
}

void Watcher::applied(const FoldedFact& fact, Tables& tables) {
  const std::string_view kind = fact.fact.kind;
  const std::string_view module = kind.substr(0, kind.find('.'));
  const Row* row = tables.find("watcher_counts", {module});
  const std::int64_t before = row != nullptr ? row->integer(1) : 0;
  tables.put("watcher_counts", {module, before + 1});
}

Result<> Watcher::load(Tables& tables) {
  counts.clear();
  return tables.each("SELECT module, facts FROM watcher_counts", {}, [&](const Row& row) {
    counts[std::string(row.text(0))] = row.integer(1);
    return true;
  });
}

void Watcher::follow(const FoldedFact& fact, Tables&) {
  ++counts[fact.fact.kind.substr(0, fact.fact.kind.find('.'))];
}

// -------------------------------------------------------------------------------------------------------- proposals

namespace {

const record::FactActor kAlice{.principal = "alice", .credential = "k1", .method = "api_key", .strength = 1};

Proposal change(std::string kind, record::FactVerb verb, const std::string& name, std::uint64_t expects,
                std::string body) {
  return {.kind = std::move(kind),
          .verb = verb,
          .object = std::string(kPrefix) + name,
          .expects = expects,
          .body = std::move(body),
          .actor = kAlice};
}

}  // namespace

Proposal create(const std::string& name, std::int64_t amount, std::optional<std::string> note) {
  Proposal proposal =
      change("toy.item.create", record::FactVerb::kCreate, name, 0, R"({"amount":)" + std::to_string(amount) + "}");
  if (note) proposal.values.push_back({"note", *std::move(note)});
  return proposal;
}

Proposal add(const std::string& name, std::int64_t amount, std::uint64_t expects) {
  return change("toy.item.add", record::FactVerb::kUpdate, name, expects,
                R"({"amount":)" + std::to_string(amount) + "}");
}

Proposal link_to(const std::string& name, const std::string& to, std::uint64_t expects) {
  return change("toy.item.link", record::FactVerb::kUpdate, name, expects, R"({"to":")" + to + "\"}");
}

Proposal remove(const std::string& name, std::uint64_t expects) {
  return change("toy.item.delete", record::FactVerb::kDelete, name, expects, "{}");
}

Proposal erasure(std::uint64_t index, const std::vector<std::string>& fields, std::uint64_t expects) {
  Proposal proposal = propose_erasure(index, fields, expects);
  proposal.actor = kAlice;
  return proposal;
}

Raw raw_fact(const Proposal& proposal, UnixMillis time, std::optional<std::uint64_t> previous) {
  record::Fact fact{.uid = "00112233445566778899aabbccddeeff",
                    .time = time,
                    .previous = previous,
                    .kind = proposal.kind,
                    .verb = proposal.verb,
                    .object = proposal.object,
                    .expects = proposal.expects,
                    .body = proposal.body,
                    .actor = proposal.actor,
                    .approval = proposal.approval,
                    .approved_by = proposal.approved_by,
                    .idempotency_key = proposal.idempotency_key,
                    .idempotency_request = proposal.idempotency_request};
  Raw raw;
  std::vector<record::OpeningValue> values;
  for (const Value& value : proposal.values) {
    const record::Salt salt = record::random_salt();
    values.push_back(record::OpeningValue::of(value.field, salt, value.text));
    fact.commitments.emplace_back(value.field, record::commit(salt, value.field, as_bytes(value.text)));
  }
  if (!values.empty()) REDOUBT_CHECK(record::encode_opening(raw.opening, values).has_value());
  const record::RecordSource source{.log_origin = "redoubt.example/ledger", .product_version = "0.1.0"};
  REDOUBT_CHECK(record::append_fact(raw.record, fact, source).has_value());
  return raw;
}

}  // namespace redoubt::state::test
