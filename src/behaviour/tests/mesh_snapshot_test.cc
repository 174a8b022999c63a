#include <gtest/gtest.h>

#include <bit>
#include <cstring>

#include "behaviour/mesh.h"
#include "behaviour/tests/support/mesh_world.h"

namespace redoubt::behaviour {
namespace {

using testing::interaction;
using testing::kNoon;
using testing::mesh_of;
using testing::named;
using K = EdgeKind;

constexpr MeshOptions kOptions{.max_nodes = 64, .max_edges = 64, .hash_key = {5, 6}};

// Two agents, a model, a tool and a reason; one is pinned, one was pinned and never seen.
Bytes some_mesh() {
  Mesh mesh = mesh_of(kOptions);
  mesh.apply(interaction(0, kNoon, {{"agent:a", K::kCalled, "model:m"}, {"agent:a", K::kUsedTool, "tool:t"}}));
  mesh.apply(interaction(1, kNoon + 1, {{"agent:b", K::kCalled, "model:m"}}, {.count = 2, .denials = 2}));
  (void)mesh.raise(named("agent:a"), {.rule = "bulk-read", .weight = 2, .time = {kNoon}, .index = 1});
  (void)mesh.pin(named("agent:a"));
  (void)mesh.pin(named("agent:awaited"));
  return mesh.save();
}

Errc refusal(const Bytes& bytes, const MeshOptions& options = kOptions) {
  const auto mesh = Mesh::restore(bytes, options);
  EXPECT_FALSE(mesh);
  return mesh ? Errc::kCancelled : mesh.error().code();
}

TEST(MeshSnapshot, ComesBackAsItWas) {
  const Bytes saved = some_mesh();
  auto mesh = Mesh::restore(saved, kOptions);
  ASSERT_TRUE(mesh) << mesh.error().message();
  EXPECT_EQ(mesh->save(), saved);
  EXPECT_EQ(mesh->stats().pinned, 2U);
  EXPECT_EQ(mesh->next_index(), 2U);
  EXPECT_FALSE(mesh->node(*mesh->find(named("agent:awaited"))).touched());
  EXPECT_DOUBLE_EQ(mesh->own_risk(*mesh->find(named("agent:a")), {kNoon}), 2);
}

TEST(MeshSnapshot, OfNothing) {
  const Bytes saved = mesh_of(kOptions).save();
  const auto mesh = Mesh::restore(saved, kOptions);
  ASSERT_TRUE(mesh);
  EXPECT_EQ(mesh->stats().nodes, 0U);
  EXPECT_EQ(mesh->save(), saved);
}

TEST(MeshSnapshot, RefusesWhatEndsEarlyAndWhatGoesOn) {
  const Bytes saved = some_mesh();
  for (std::size_t size = 0; size < saved.size(); ++size) {
    EXPECT_EQ(refusal(Bytes(saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(size))), Errc::kCorrupt) << size;
  }
  Bytes longer = saved;
  longer.push_back(std::byte{0});
  EXPECT_EQ(refusal(longer), Errc::kCorrupt);
}

TEST(MeshSnapshot, TakesNoChangedByteForAnotherMeshWithoutSayingSo) {
  const Bytes saved = some_mesh();
  for (std::size_t at = 0; at < saved.size(); ++at) {
    for (const unsigned bit : {0U, 6U, 7U}) {
      Bytes changed = saved;
      changed[at] ^= std::byte{1} << bit;
      const auto mesh = Mesh::restore(changed, kOptions);
      // A count may be another one: no more than that, and it is what it says.
      if (mesh) {
        EXPECT_EQ(mesh->save(), changed) << at;
      }
    }
  }
}

TEST(MeshSnapshot, IsOfItsLimits) {
  const Bytes saved = some_mesh();
  EXPECT_EQ(refusal(saved, {.max_nodes = 65, .max_edges = 64}), Errc::kConflict);
  EXPECT_EQ(refusal(saved, {.max_nodes = 64, .max_edges = 65}), Errc::kConflict);
  EXPECT_EQ(refusal(saved, {.max_nodes = 64, .max_edges = 64, .risk = {.half_life_ms = 5000}}), Errc::kConflict);
  EXPECT_EQ(refusal(saved, {.max_nodes = 64, .max_edges = 64, .risk = {.share = 0.25}}), Errc::kConflict);
}

TEST(MeshSnapshot, OfALaterVersionIsNotForThisOne) {
  Bytes saved = some_mesh();
  saved[7] = std::byte{'2'};
  EXPECT_EQ(refusal(saved), Errc::kUnsupported);
  saved[0] = std::byte{'X'};
  EXPECT_EQ(refusal(saved), Errc::kCorrupt);
}

TEST(MeshSnapshot, SaysWhereItIsDamaged) {
  Bytes saved = some_mesh();
  saved.pop_back();
  const auto mesh = Mesh::restore(saved, kOptions);
  ASSERT_FALSE(mesh);
  EXPECT_EQ(mesh.error().message(),
            "the saved mesh is damaged at byte " + std::to_string(saved.size() - 7) + ": it ends early");
}

// Places of single fields are found by what stands there.
std::size_t place_of(const Bytes& bytes, std::string_view text) {
  const std::size_t at = as_chars(bytes).find(text);
  EXPECT_NE(at, std::string_view::npos);
  return at;
}

TEST(MeshSnapshot, RefusesTwoNodesOfOneName) {
  Mesh mesh = mesh_of(kOptions);
  mesh.apply(interaction(0, kNoon, {{"tool:aaa", K::kRead, "data_set:x"}, {"tool:bbb", K::kRead, "data_set:x"}}));
  Bytes saved = mesh.save();
  std::memcpy(&saved[place_of(saved, "bbb")], "aaa", 3);
  EXPECT_EQ(refusal(saved), Errc::kCorrupt);
}

TEST(MeshSnapshot, RefusesARateThatIsNoNumber) {
  const Bytes saved = some_mesh();
  // The rates are the last three numbers before the end.
  for (const float rate :
       {-1.0F, -0.0F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Bytes changed = saved;
    store_le(MutableByteView(changed).subspan(saved.size() - 12), std::bit_cast<std::uint32_t>(rate));
    EXPECT_EQ(refusal(changed), Errc::kCorrupt) << rate;
  }
}

TEST(MeshSnapshot, ANumberOfEdgesThatThereAreNotTakesNoMemory) {
  Mesh mesh = mesh_of(kOptions);
  mesh.apply(interaction(0, kNoon, {{"tool:aaa", K::kRead, "data_set:x"}}));
  Bytes saved = mesh.save();
  // Behind the name stand 60 bytes of counts, then the number of edges out.
  store_le(MutableByteView(saved).subspan(place_of(saved, "aaa") + 3 + 60), std::uint32_t{0xffffffff});
  EXPECT_EQ(refusal(saved), Errc::kCorrupt);
}

TEST(MeshSnapshot, EndsWithTheSinksError) {
  const Mesh mesh = mesh_of(kOptions);
  const auto saved = mesh.save([](ByteView) { return Result<>(Error(Errc::kIo, "the disk is full")); });
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), Errc::kIo);
}

}  // namespace
}  // namespace redoubt::behaviour
