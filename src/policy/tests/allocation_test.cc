// That deciding does not allocate. A program of its own, for it counts what `new` is asked for.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "policy/authorizer.h"
#include "policy/tests/support/small_world.h"

namespace {
std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace redoubt::policy {
namespace {

using testing::policies_of;
using testing::small_request;
using testing::small_world;

constexpr const char* kContext =
    R"({"mfa": true, "n": 5, "tags": ["a", "b"], "nested": {"deep": "a long text, not a short string"},
  "source": {"__extn": {"fn": "ip", "arg": "10.1.2.3"}}, "cost": {"__extn": {"fn": "decimal", "arg": "2.5"}},
  "now": {"__extn": {"fn": "datetime", "arg": "2026-11-21"}}})";

std::size_t allocations_of_a_decision(const char* text, Answer& answer) {
  const auto compiled = CompiledPolicies::compile(policies_of(text));
  const auto store = small_world();
  const Request request = small_request(kContext);
  authorize(**compiled, *store, request, answer);  // makes room in the answer
  const std::size_t before = allocations;
  authorize(**compiled, *store, request, answer);
  return allocations - before;
}

TEST(Allocation, IsNotNeededToDecideTypicalPolicies) {
  Answer answer;
  EXPECT_EQ(allocations_of_a_decision(R"(
    permit (principal in Team::"all", action == Action::"read", resource is File in Folder::"shared")
    when { principal.level >= resource.level && resource.owner == principal && context.tags.containsAny(["b", "c"]) }
    when { context.source.isInRange(ip("10.0.0.0/8")) && context.cost.lessThan(decimal("3.0")) }
    when { context.now.offset(duration("1d")).toDate() > datetime("2026-11-21") && principal.getTag("floor") == "2" }
    when { context has nested.deep && context.nested.deep like "a*text*" && principal in [Team::"x", Team::"staff"] }
    unless { if context.mfa then context.n * 2 - 1 > 100 else true };
    forbid (principal is User, action in [Action::"read", Action::"write"], resource) when { !context.mfa };)",
                                      answer),
            0U);
  EXPECT_EQ(answer.decision, Decision::kAllow);
  EXPECT_EQ(answer.errors.size(), 0U);
}

TEST(Allocation, IsNotNeededForPoliciesThatErr) {
  Answer answer;
  EXPECT_EQ(allocations_of_a_decision(R"(
    permit (principal, action, resource) when { principal.rank > 1 };
    permit (principal, action, resource) when { context.n + 9223372036854775807 > 0 };
    permit (principal, action, resource) when { ip(principal.name).isIpv4() };
    permit (principal, action, resource) when { principal > 1 };)",
                                      answer),
            0U);
  EXPECT_EQ(answer.errors.size(), 4U);
}

TEST(Allocation, IsCounted) {
  Answer answer;
  EXPECT_GT(allocations_of_a_decision("permit (principal, action, resource) when { [context.n] == [5] };", answer), 0U);
  EXPECT_EQ(answer.decision, Decision::kAllow);
}

}  // namespace
}  // namespace redoubt::policy
