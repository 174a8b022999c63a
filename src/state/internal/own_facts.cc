#include "state/internal/own_facts.h"

#include <algorithm>

#include "encoding/json_writer.h"
#include "record/commitment.h"
#include "record/opening.h"
#include "state/backup.h"
#include "state/engine.h"
#include "tlog/hash.h"

namespace redoubt::state {

namespace {

Result<std::uint64_t> number_member(const simdjson::dom::object& body, std::string_view name) {
  std::uint64_t number = 0;
  // Facts that SQLite's integers cannot number do not occur.
  if (body[name].get(number) != simdjson::SUCCESS || number > tlog::kMaxTreeSize.value) {
    return Error(Errc::kInvalidArgument, "`" + std::string(name) + "` is not a number");
  }
  return number;
}

Result<> check_object(const FoldedFact& fact, std::string_view type, std::uint64_t number) {
  const std::string wanted = std::string(type) + "/" + std::to_string(number);
  if (fact.fact.object == wanted) return {};
  return Error(Errc::kInvalidArgument, "the object of the fact is not `" + wanted + "`");
}

Result<> apply_erasure(const FoldedFact& fact, Database& database) {
  auto erasure = read_erasure(fact);
  if (!erasure) return erasure.error();
  for (const std::string_view field : erasure->fields) {
    database.put("state_erased", {erasure->index, field});
  }
  return {};
}

Result<> apply_milestone(const FoldedFact& fact, Database& database) {
  const bool snapshot = fact.fact.kind == kSnapshotEndKind;
  auto milestone = read_milestone(fact);
  if (!milestone) return milestone.error();
  if (auto named = check_object(fact, snapshot ? "snapshot" : "backup", milestone->applied); !named) return named;
  if (!snapshot) return {};
  // Each part gave the snapshot its next version.
  if (milestone->parts == 0 || fact.fact.expects != milestone->parts || milestone->first <= milestone->applied) {
    return Error(Errc::kInvalidArgument, "the snapshot has other parts");
  }
  database.put("state_snapshots", {fact.index, milestone->first, milestone->applied, milestone->parts});
  return {};
}

// The object counts them.
Result<> apply_backup_begin(const FoldedFact& fact) {
  if (fact.fact.object != kBackupsObject) {
    return Error(Errc::kInvalidArgument, "the object of the fact is not `" + std::string(kBackupsObject) + "`");
  }
  if (is_digest(encoding::string_member(fact.body, "recipient"))) return {};
  return Error(Errc::kInvalidArgument, "the fact does not say to which key the backup is sealed");
}

Result<> apply_part(const FoldedFact& fact) {
  auto part = number_member(fact.body, "part");
  if (!part) return part.error();
  if (*part != fact.fact.expects) return Error(Errc::kInvalidArgument, "the part of the snapshot is another one");
  const auto& commitments = fact.fact.commitments;
  if (commitments.size() != 1 || commitments[0].first != kRowsField) {
    return Error(Errc::kInvalidArgument, "the part of the snapshot has no rows");
  }
  return {};
}

}  // namespace

bool is_digest(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Erasure> read_erasure(const FoldedFact& fact) {
  Erasure erasure;
  auto index = number_member(fact.body, "index");
  if (!index) return index.error();
  erasure.index = *index;
  if (auto named = check_object(fact, "fact", *index); !named) return named.error();
  if (erasure.index >= fact.index) return Error(Errc::kInvalidArgument, "a later fact is to be erased");
  simdjson::dom::array fields;
  if (fact.body["fields"].get(fields) != simdjson::SUCCESS || fields.size() == 0 ||
      fields.size() > record::kOpeningFieldsMax) {
    return Error(Errc::kInvalidArgument, "`fields` does not name the values to erase");
  }
  for (const simdjson::dom::element element : fields) {
    std::string_view field;
    if (element.get(field) != simdjson::SUCCESS || !record::is_field_name(field)) {
      return Error(Errc::kInvalidArgument, "`fields` does not name the values to erase");
    }
    erasure.fields.push_back(field);
  }
  return erasure;
}

Result<Milestone> read_milestone(const FoldedFact& fact) {
  Milestone milestone;
  auto applied = number_member(fact.body, "applied");
  if (!applied) return applied.error();
  milestone.applied = *applied;
  milestone.leaf_hash = encoding::string_member(fact.body, "leaf_hash");
  milestone.digest = encoding::string_member(fact.body, "digest");
  if (!is_digest(milestone.leaf_hash) || !is_digest(milestone.digest)) {
    return Error(Errc::kInvalidArgument, "the fact does not say what the tables were");
  }
  if (fact.fact.kind != kSnapshotEndKind) return milestone;
  auto first = number_member(fact.body, "first");
  if (!first) return first.error();
  auto parts = number_member(fact.body, "parts");
  if (!parts) return parts.error();
  milestone.first = *first;
  milestone.parts = *parts;
  return milestone;
}

std::string format_milestone(const Milestone& milestone) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("applied", milestone.applied);
  json.member("leaf_hash", milestone.leaf_hash);
  json.member("digest", milestone.digest);
  if (milestone.parts > 0) {
    json.member("first", milestone.first);
    json.member("parts", milestone.parts);
  }
  json.end_object();
  return body;
}

Result<> apply_own(const FoldedFact& fact, Database& database) {
  const std::string& kind = fact.fact.kind;
  if (kind == kEraseKind) return apply_erasure(fact, database);
  if (kind == kSnapshotPartKind) return apply_part(fact);
  if (kind == kBackupBeginKind) return apply_backup_begin(fact);
  if (kind == kSnapshotEndKind || kind == kBackupKind) return apply_milestone(fact, database);
  return Error(Errc::kInvalidArgument, "there are no facts of the kind `" + kind + "`");
}

Proposal propose_erasure(std::uint64_t index, const std::vector<std::string>& fields, std::uint64_t expects) {
  std::string body;
  encoding::JsonWriter json(body);
  json.begin_object();
  json.member("index", index);
  json.key("fields");
  json.begin_array();
  for (const std::string& field : fields) json.value(field);
  json.end_array();
  json.end_object();
  return {.kind = std::string(kEraseKind),
          .verb = record::FactVerb::kDelete,
          .object = "fact/" + std::to_string(index),
          .expects = expects,
          .body = std::move(body)};
}

}  // namespace redoubt::state
