// Keys and policies in force, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gateway/access.h"

namespace redoubt::gateway::test {

inline std::shared_ptr<const Access> make_access(const ApiKeys& keys, std::string_view policies = kDefaultPolicies) {
  const PolicyFile file{"test.cedar", std::string(policies)};
  auto bundle = PolicyBundle::load({&file, 1});
  EXPECT_TRUE(bundle) << bundle.error().message();
  auto access = Access::make(keys, *std::move(bundle));
  EXPECT_TRUE(access) << access.error().message();
  return *std::move(access);
}

}  // namespace redoubt::gateway::test
