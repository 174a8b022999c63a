// The registry of models: which names callers may ask for, and where each is served. Facts, and what the state makes of
// them.
//
//   models.model.create, .update, .delete     object `model/NAME`; docs/formats/fact.md has their bodies
//
// The engine's thread; a snapshot may be given to any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/engine.h"
#include "state/persistent_map.h"
#include "state/projection.h"

namespace redoubt::admin {

struct Model {
  std::string name;      // as callers ask for it: 1 to 200 of A-Z a-z 0-9 . _ : / @ + -, the first a letter or digit
  std::string upstream;  // name of the configured upstream that serves it: 1 to 64 of A-Z a-z 0-9 . _ -
  std::string provider;  // who runs it, for policies: up to 64 characters
  bool enabled = true;
  std::string description;  // up to 500 characters, one line
  std::uint64_t version = 0;
  friend bool operator==(const Model&, const Model&) = default;
};

inline constexpr std::size_t kModelsMax = 10'000;

class ModelsProjection final : public state::Projection {
 public:
  using Snapshot = state::PersistentMap<Model>;

  std::string_view module() const override { return "models"; }
  std::span<const std::string_view> schema_steps() const override;
  Result<> apply(const state::FoldedFact& fact, state::Tables& tables) override;
  void erase(std::uint64_t, std::span<const std::string_view>, state::Tables&) override {}  // it has no sealed values
  Result<> load(state::Tables& tables) override;
  void follow(const state::FoldedFact& fact, state::Tables& tables) override;

  const Snapshot& snapshot() const { return models_; }

 private:
  Snapshot models_;
};

std::string model_object(std::string_view name);

// Whether it has the form above; kInvalidArgument with what is wrong.
Result<> check(const Model& model);

// ---- proposals; `actor`, approval and idempotency are the caller's to fill in.

// `wanted.version`: what the engine counts for the object. kInvalidArgument as check().
Result<state::Proposal> propose_model(const Model& wanted);
Result<state::Proposal> propose_model_change(const Model& now, const Model& wanted);
state::Proposal propose_model_deletion(const Model& now);

// ---- from the tables, on the engine's thread.

Result<std::optional<Model>> find_model(state::Tables& tables, std::string_view name);
struct ModelFilter {
  std::optional<bool> enabled;
  std::optional<std::string> provider;
};
// In the order of names, after `after`, at most `limit`.
Result<std::vector<Model>> list_models(state::Tables& tables, const ModelFilter& filter, std::string_view after,
                                       std::size_t limit);

}  // namespace redoubt::admin
