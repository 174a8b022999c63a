// What tests of content share: few rules, that compile at once, and texts for them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "gateway/content_actions.h"
#include "gateway/scanner_pool.h"
#include "inspect/rules.h"

namespace redoubt::gateway {

inline constexpr std::string_view kCard = "4111 1111 1111 1111";
inline constexpr std::string_view kMail = "ann.lee@clinic.example";

inline const std::shared_ptr<const inspect::Rules>& few_rules() {
  static const std::shared_ptr<const inspect::Rules> rules = [] {
    inspect::RulesOptions options;
    options.kinds = {"CREDIT_CARD", "EMAIL_ADDRESS", "US_SSN", "TICKET"};
    options.user.push_back({.name = "ticket", .kind = "TICKET", .pattern = R"(T-\d{4})"});
    auto compiled = inspect::Rules::compile(options);
    EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().message());
    return *compiled;
  }();
  return rules;
}

inline ContentActions due(std::initializer_list<std::pair<std::string_view, ContentAction>> actions) {
  ContentActions out;
  for (const auto& [name, action] : actions) out.add(name, action);
  return out;
}

}  // namespace redoubt::gateway
