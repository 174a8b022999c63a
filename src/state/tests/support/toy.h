// A small module for tests: items with an amount, a note that is sealed, and links between items.
//
//   toy.item.create  {"amount":5} or {"amount":5,"note":"note"}   object item/NAME
//   toy.item.add     {"amount":-2}        not below 0, not above kAmountMax
//   toy.item.link    {"to":"NAME"}        of an item that is there
//   toy.item.delete  {}                   unless something links to it
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "state/engine.h"
#include "state/persistent_map.h"
#include "state/projection.h"

namespace redoubt::state::test {

inline constexpr std::int64_t kAmountMax = 1'000'000;

struct Item {
  std::int64_t amount = 0;
  std::optional<std::string> note;
  std::string link;
  friend bool operator==(const Item&, const Item&) = default;
  friend void PrintTo(const Item& item, std::ostream* out) {
    *out << item.amount << " \"" << item.note.value_or("-") << "\" -> " << item.link;
  }
};

class Toy final : public Projection {
 public:
  std::string_view module() const override { return "toy"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const FoldedFact& fact, Tables& tables) override;
  void erase(std::uint64_t index, std::span<const std::string_view> fields, Tables& tables) override;
  Result<> load(Tables& tables) override;
  void follow(const FoldedFact& fact, Tables& tables) override;

  PersistentMap<Item> items;
  std::function<void()> on_apply;   // once the tables were changed
  bool change_then_refuse = false;  // breaks the invariant of apply(), by a row
  bool refuse_with_sql = false;     // or by a statement
  bool without_amount = false;      // new items have none, which their table does not take
  // The first steps of those there are; all when it is not set.
  std::optional<std::size_t> steps;
  int loads = 0;
};

// Counts the facts of each module, and permits nothing to `mallory`.
class Watcher final : public Projection {
 public:
  std::string_view module() const override { return "watcher"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const FoldedFact& fact, Tables& tables) override;
  Result<> permits(const FoldedFact& fact, Tables& tables) override;
  void applied(const FoldedFact& fact, Tables& tables) override;
  void erase(std::uint64_t, std::span<const std::string_view>, Tables&) override {}
  Result<> load(Tables& tables) override;
  void follow(const FoldedFact& fact, Tables& tables) override;

  std::map<std::string, std::int64_t> counts;
};

// What the tables hold, read with the plainest statements.
std::map<std::string, Item> items_in(Tables& tables, std::size_t steps = 3);

Proposal create(const std::string& name, std::int64_t amount, std::optional<std::string> note = std::nullopt);
Proposal add(const std::string& name, std::int64_t amount, std::uint64_t expects);
Proposal link_to(const std::string& name, const std::string& to, std::uint64_t expects);
Proposal remove(const std::string& name, std::uint64_t expects);

Proposal erasure(std::uint64_t index, const std::vector<std::string>& fields, std::uint64_t expects);

// The record of a fact that nobody tried before, with its opening.
struct Raw {
  std::string record;
  std::string opening;
};
Raw raw_fact(const Proposal& proposal, UnixMillis time, std::optional<std::uint64_t> previous);

}  // namespace redoubt::state::test
