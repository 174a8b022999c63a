#include "gateway/text_places.h"

#include <gtest/gtest.h>

#include <array>

namespace redoubt::gateway {
namespace {

using Names = std::vector<std::string>;

TEST(TextPlaces, ATextOfARequestIsOfItsMessagesRole) {
  const std::array roles = {where_of_role("developer"), where_of_role("user"), where_of_role("assistant"),
                            where_of_role("function"), where_of_role("oracle")};
  EXPECT_EQ(to_string(where_in_request("/messages/0/content", roles)), "system");
  EXPECT_EQ(to_string(where_in_request("/messages/1/content/0/text", roles)), "user");
  EXPECT_EQ(to_string(where_in_request("/messages/2/tool_calls/0/function/arguments", roles)), "assistant");
  EXPECT_EQ(to_string(where_in_request("/messages/3", roles)), "tool");
  EXPECT_EQ(to_string(where_in_request("/messages/4/content", roles)), "request");
  for (const std::string_view elsewhere :
       {"", "/messages", "/messages/", "/messages/9/content", "/messages/1x/content", "/messages/-1/content",
        "/messages/99999999999999999999/content", "/x/messages/1/content", "/tools/1/function/description"}) {
    EXPECT_EQ(where_in_request(elsewhere, roles), Where::kRequest) << elsewhere;
  }
}

TEST(TextPlaces, WhatIsToldToAToolIsNoAnswer) {
  EXPECT_EQ(to_string(where_in_answer("/choices/0/message/tool_calls/1/function/arguments")), "tool_arguments");
  EXPECT_EQ(to_string(where_in_answer("/choices/0/delta/function_call/arguments")), "tool_arguments");
  EXPECT_EQ(to_string(where_in_answer("/choices/0/message/content")), "answer");
  EXPECT_EQ(to_string(where_in_answer("/model")), "answer");
}

TEST(NamesTouched, AreToolsThatARequestOffersAndDataThatItUses) {
  NamesTouched names;
  names.add_of_request("/tools/0/function/name", "crm_lookup");
  names.add_of_request("/tools/1/name", "search");
  names.add_of_request("/functions/0/name", "old");
  names.add_of_request("/tools/2/function/name", "crm_lookup");
  names.add_of_request("/tools/3/vector_store_ids/0", "vs_1");
  names.add_of_request("/tools/3/file_search/vector_store_ids/1", "vs_2");
  names.add_of_request("/data_sources/0/parameters/index_name", "labs");
  EXPECT_EQ(names.tools_offered(), (Names{"crm_lookup", "search", "old"}));
  EXPECT_EQ(names.data(), (Names{"vs_1", "vs_2", "labs"}));
  EXPECT_TRUE(names.tools_called().empty());
}

TEST(NamesTouched, AreToolsThatAnAnswerCalls) {
  NamesTouched names;
  names.add_of_answer("/choices/0/message/tool_calls/0/function/name", "crm_lookup");
  names.add_of_answer("/choices/1/delta/tool_calls/0/function/name", "crm_lookup");
  names.add_of_answer("/choices/0/delta/function_call/name", "old");
  EXPECT_EQ(names.tools_called(), (Names{"crm_lookup", "old"}));
  EXPECT_TRUE(names.tools_offered().empty());
}

TEST(NamesTouched, AreNothingElse) {
  NamesTouched names;
  for (const std::string_view path :
       {"/messages/0/name", "/messages/0/tool_calls/0/function/name", "/tools/0/function/parameters/name",
        "/tools/x/function/name", "/tools//function/name", "/functions/0/function/name", "/name",
        "/data_sources/0/parameters/endpoint", "/tools/0/vector_store_ids/0/x", "/tools/0/vector_store_ids"}) {
    names.add_of_request(path, "x");
  }
  for (const std::string_view path :
       {"/tools/0/function/name", "/choices/0/message/name", "/choices/0/tool_calls/0/function/name",
        "/choices/0/message/tool_calls/0/name", "/choices/0/message/content"}) {
    names.add_of_answer(path, "x");
  }
  names.add_of_answer("/choices/0/message/tool_calls/0/function/name", "");
  EXPECT_TRUE(names.tools_offered().empty());
  EXPECT_TRUE(names.tools_called().empty());
  EXPECT_TRUE(names.data().empty());
}

TEST(NamesTouched, AreDataSetsThatHadRowsFirst) {
  using Rows = std::vector<std::uint64_t>;
  NamesTouched names;
  names.add_of_request("/tools/0/vector_store_ids/0", "vs_1");
  names.add_of_request("/tools/0/vector_store_ids/1", "labs");
  names.add_rows("crm_lookup", 300);
  EXPECT_EQ(names.data(), (Names{"crm_lookup", "vs_1", "labs"}));
  EXPECT_EQ(names.rows(), Rows{300});
  names.add_rows("labs", 0);
  names.add_rows("crm_lookup", 7);
  EXPECT_EQ(names.data(), (Names{"crm_lookup", "labs", "vs_1"}));
  EXPECT_EQ(names.rows(), (Rows{307, 0}));
}

TEST(NamesTouched, WithRowsAreBoundedAndPushOutThoseWithout) {
  NamesTouched names;
  for (int i = 0; i < 100; ++i) names.add_of_request("/tools/0/vector_store_ids/0", "vs_" + std::to_string(i));
  EXPECT_TRUE(names.data_are_cut());
  for (int i = 0; i < 100; ++i) names.add_rows("tool_" + std::to_string(i) + std::string(5000, 'x'), 1);
  names.add_rows("tool_0" + std::string(5000, 'x'), 1);
  names.add_rows("", 1);
  ASSERT_EQ(names.data().size(), record::kNamesMax + 1);
  ASSERT_EQ(names.rows().size(), record::kNamesMax + 1);
  EXPECT_EQ(names.rows()[0], 2U);
  EXPECT_EQ(names.rows().back(), 1U);
  EXPECT_EQ(names.data()[0].size(), record::kToolNameSizeMax + 1);
  EXPECT_TRUE(names.data().back().starts_with("tool_32"));
}

TEST(NamesTouched, AreBounded) {
  NamesTouched names;
  for (int i = 0; i < 1000; ++i) {
    names.add_of_answer("/choices/0/message/tool_calls/0/function/name", std::to_string(i) + std::string(5000, 'x'));
  }
  EXPECT_EQ(names.tools_called().size(), record::kNamesMax + 1) << "one more, so that the record says that it is cut";
  EXPECT_EQ(names.tools_called()[0].size(), record::kToolNameSizeMax + 1);
}

}  // namespace
}  // namespace redoubt::gateway
