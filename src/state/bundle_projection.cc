#include <span>

#include "encoding/json_reader.h"
#include "state/bundle.h"

namespace redoubt::state {
namespace {

constexpr std::string_view kSteps[] = {
    "CREATE TABLE bundle_activations("
    "  version INTEGER PRIMARY KEY,"
    "  digest TEXT NOT NULL,"
    "  fact INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;",
};

BundleProjection::Activation activation(const Row& row) {
  return {.digest = std::string(row.text(1)),
          .version = static_cast<std::uint64_t>(row.integer(0)),
          .fact = static_cast<std::uint64_t>(row.integer(2))};
}

}  // namespace

std::span<const std::string_view> BundleProjection::schema_steps() const {
  return kSteps;
}

Result<> BundleProjection::apply(const FoldedFact& fact, Tables& tables) {
  const bool first = fact.fact.expects == 0;
  if (fact.fact.kind != (first ? kBundleBegin : kBundleActivate) || fact.fact.object != kBundleObject) {
    return Error(Errc::kInvalidArgument, "`" + fact.fact.kind + "` is not what is done to the bundle now");
  }
  std::string_view digest;
  if (fact.body.size() != 1 || fact.body["digest"].get(digest) != simdjson::SUCCESS || !is_bundle_digest(digest)) {
    return Error(Errc::kInvalidArgument, "an activation names a bundle's digest, and nothing else");
  }
  // Activations are the versions of the one object that there is.
  const Row* now = tables.find("bundle_activations", {fact.fact.expects});
  if (now != nullptr && now->text(1) == digest) return Error(Errc::kAlreadyExists, "that bundle is in force");
  tables.put("bundle_activations", {fact.fact.expects + 1, digest, fact.index});
  return {};
}

void BundleProjection::erase(std::uint64_t /*index*/, std::span<const std::string_view> /*fields*/,
                             Tables& /*tables*/) {}  // an activation has no values

Result<> BundleProjection::load(Tables& tables) {
  auto last = list_activations(tables, 1);
  if (!last) return last.error();
  in_force_.reset();
  if (!last->empty()) in_force_ = last->front();
  return {};
}

void BundleProjection::follow(const FoldedFact& fact, Tables& /*tables*/) {
  std::string_view digest;
  if (fact.fact.object != kBundleObject || fact.body["digest"].get(digest) != simdjson::SUCCESS) return;
  in_force_ = Activation{.digest = std::string(digest), .version = fact.fact.expects + 1, .fact = fact.index};
}

Result<std::vector<BundleProjection::Activation>> list_activations(Tables& tables, std::size_t limit) {
  std::vector<BundleProjection::Activation> out;
  auto done = tables.each("SELECT version, digest, fact FROM bundle_activations ORDER BY version DESC LIMIT ?1",
                          {limit}, [&](const Row& row) {
                            out.push_back(activation(row));
                            return true;
                          });
  if (!done) return done.error();
  return out;
}

Result<Proposal> propose_activation(std::string_view digest, const std::optional<BundleProjection::Activation>& now) {
  if (!is_bundle_digest(digest)) return Error(Errc::kInvalidArgument, "that is no bundle's digest");
  const auto named = [](std::string_view text) { return R"({"digest":")" + std::string(text) + R"("})"; };
  return Proposal{.kind = std::string(now ? kBundleActivate : kBundleBegin),
                  .verb = now ? record::FactVerb::kUpdate : record::FactVerb::kCreate,
                  .object = std::string(kBundleObject),
                  .expects = now ? now->version : 0,
                  .body = named(digest),
                  .before = now ? named(now->digest) : "",
                  .after = named(digest)};
}

std::string wanted_digest(std::string_view body) {
  encoding::JsonReader reader({.max_bytes = record::kFactBodyMax, .max_depth = record::kFactDepthMax});
  auto root = reader.parse(body);
  std::string_view digest;
  if (!root || root->at_key("digest").get(digest) != simdjson::SUCCESS || !is_bundle_digest(digest)) return {};
  return std::string(digest);
}

}  // namespace redoubt::state
