#include "gateway/api_keys.h"

#include <gtest/gtest.h>

#include "encoding/base64.h"

namespace redoubt::gateway {
namespace {

constexpr UnixMillis kNow{1'700'000'000'000};

std::string issue(ApiKeys& keys, std::string id, Role role = Role::kCaller, std::vector<std::string> models = {"*"}) {
  auto key = keys.issue({.id = std::move(id), .role = role, .models = std::move(models), .created = kNow}, false);
  EXPECT_TRUE(key);
  return key ? *key : std::string();
}

std::string digest_hex(char c = 'a') {
  return std::string(64, c);
}

std::string entry(std::string_view id = "one", std::string_view digest = {}) {
  return R"({"id":")" + std::string(id) + R"(","role":"caller","models":["m"],"sha256":")" +
         (digest.empty() ? digest_hex() : std::string(digest)) + R"(","created":5})";
}
std::string file_of(const std::string& entries) {
  return R"({"keys":[)" + entries + "]}";
}

TEST(ApiKeys, AnIssuedKeyIsFound) {
  ApiKeys keys;
  const std::string key = issue(keys, "ward-3", Role::kCaller, {"small"});
  EXPECT_TRUE(key.starts_with("rdk_"));
  EXPECT_EQ(key.size(), 47u);
  const ApiKey* found = keys.find("Bearer " + key);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, "ward-3");
  EXPECT_EQ(found->models, std::vector<std::string>{"small"});
  EXPECT_EQ(found->created, kNow);
}

TEST(ApiKeys, WhatIsWrittenIsReadBack) {
  ApiKeys keys;
  std::vector<std::string> issued;
  for (int i = 0; i < 50; ++i) issued.push_back(issue(keys, "key-" + std::to_string(i)));
  issued.push_back(issue(keys, "auditor", Role::kAuditor, {}));
  issued.push_back(issue(keys, "quoted", Role::kCaller, {"a\"b\\c", "\xc3\xa9t\xc3\xa9"}));
  const std::string text = keys.format();
  auto again = ApiKeys::parse(text);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->format(), text);
  for (const std::string& key : issued) {
    const ApiKey* before = keys.find("Bearer " + key);
    const ApiKey* after = again->find("Bearer " + key);
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(after->id, before->id);
    EXPECT_EQ(after->role, before->role);
    EXPECT_EQ(after->models, before->models);
    EXPECT_EQ(after->created, before->created);
  }
}

TEST(ApiKeys, TheFileDoesNotHoldTheKey) {
  ApiKeys keys;
  const std::string key = issue(keys, "one");
  const std::string text = keys.format();
  EXPECT_EQ(text.find(key), std::string::npos);
  EXPECT_EQ(text.find(key.substr(4)), std::string::npos);
  EXPECT_NE(text.find(encoding::hex(crypto::sha256(as_bytes(key)))), std::string::npos);
}

TEST(ApiKeys, NoTwoKeysAreAlike) {
  ApiKeys keys;
  EXPECT_NE(issue(keys, "one"), issue(keys, "two"));
}

TEST(ApiKeys, TheSchemeIsComparedWithoutRegardToCase) {
  ApiKeys keys;
  const std::string key = issue(keys, "one");
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "bEaReR "}) EXPECT_NE(keys.find(scheme + key), nullptr);
}

TEST(ApiKeys, OtherFormsOfTheHeaderFindNobody) {
  ApiKeys keys;
  const std::string key = issue(keys, "one");
  std::string upper = key;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  for (const std::string& header :
       {std::string(), std::string("Bearer"), std::string("Bearer "), key, "Basic  " + key, "Basic " + key,
        "Bearer\t" + key, "Bearer  " + key, " Bearer " + key, "Bearer " + key + " ", "Bearer " + key + "=",
        "Bearer " + key.substr(1), "Bearer " + key.substr(0, key.size() - 1), "Bearer " + upper, "Bearer" + key + " ",
        "Bearer " + key + "\n", "Bearer " + std::string(1'000'000, 'a')}) {
    EXPECT_EQ(keys.find(header), nullptr) << header.substr(0, 80);
  }
}

TEST(ApiKeys, OneCharacterAlteredFindsNobody) {
  ApiKeys keys;
  const std::string key = issue(keys, "one");
  for (std::size_t i = 0; i < key.size(); ++i) {
    for (const int flip : {1, 2, 32}) {
      std::string altered = key;
      altered[i] = static_cast<char>(altered[i] ^ flip);
      EXPECT_EQ(keys.find("Bearer " + altered), nullptr) << i;
    }
  }
}

TEST(ApiKeys, NobodyIsFoundWithoutKeys) {
  EXPECT_EQ(ApiKeys().find("Bearer rdk_" + std::string(43, 'A')), nullptr);
}

TEST(ApiKeys, ATakenIdIsNotIssuedAgain) {
  ApiKeys keys;
  const std::string key = issue(keys, "one");
  const auto again = keys.issue({.id = "one", .role = Role::kAuditor, .models = {}, .created = kNow}, false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Errc::kAlreadyExists);
  EXPECT_EQ(keys.find("Bearer " + key)->role, Role::kCaller);
}

TEST(ApiKeys, ReplacingRetiresTheOldKey) {
  ApiKeys keys;
  const std::string old = issue(keys, "one");
  const auto fresh = keys.issue({.id = "one", .role = Role::kAuditor, .models = {}, .created = kNow}, true);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(keys.find("Bearer " + old), nullptr);
  EXPECT_EQ(keys.find("Bearer " + *fresh)->role, Role::kAuditor);
  EXPECT_EQ(keys.all().size(), 1u);
}

TEST(ApiKeys, ARevokedKeyFindsNobody) {
  ApiKeys keys;
  const std::string one = issue(keys, "one");
  const std::string two = issue(keys, "two");
  ASSERT_TRUE(keys.revoke("one"));
  EXPECT_EQ(keys.find("Bearer " + one), nullptr);
  EXPECT_NE(keys.find("Bearer " + two), nullptr);
  EXPECT_EQ(keys.revoke("one").error().code(), Errc::kNotFound);
  EXPECT_EQ(keys.revoke("").error().code(), Errc::kNotFound);
}

TEST(ApiKeys, IdsThatDoNotHaveTheirFormAreRefused) {
  ApiKeys keys;
  for (const std::string& id : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a/b"),
                                std::string("a\nb"), std::string("\xc3\xa9"), std::string("a\0b", 3)}) {
    const auto key = keys.issue({.id = id, .role = Role::kCaller, .models = {"*"}, .created = kNow}, false);
    ASSERT_FALSE(key) << id;
    EXPECT_EQ(key.error().code(), Errc::kInvalidArgument);
  }
  EXPECT_TRUE(keys.issue({.id = std::string(64, 'a'), .role = Role::kCaller, .models = {"*"}, .created = kNow}, false));
  EXPECT_TRUE(keys.issue({.id = "A-z_0.9", .role = Role::kCaller, .models = {"*"}, .created = kNow}, false));
}

// Otherwise the file could be written and never be read again.
TEST(ApiKeys, ModelsThatTheFileCouldNotHoldAreRefused) {
  ApiKeys keys;
  for (const std::vector<std::string>& models :
       {std::vector<std::string>{""}, {std::string(257, 'm')}, std::vector<std::string>(257, "m")}) {
    const auto key = keys.issue({.id = "one", .role = Role::kCaller, .models = models, .created = kNow}, false);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code(), Errc::kInvalidArgument);
  }
  ASSERT_TRUE(keys.issue({.id = "one",
                          .role = Role::kCaller,
                          .models = std::vector<std::string>(256, std::string(256, 'm')),
                          .created = kNow},
                         false));
  EXPECT_TRUE(ApiKeys::parse(keys.format()));
}

TEST(ApiKeys, AtTheLimitAKeyCanBeReplacedButNotAdded) {
  std::string entries;
  for (std::size_t i = 0; i < ApiKeys::kMaxKeys; ++i) {
    const std::string number = std::to_string(i);
    entries += (i == 0 ? "" : ",") + entry("k" + number, std::string(64 - number.size(), '0') + number);
  }
  auto keys = ApiKeys::parse(file_of(entries));
  ASSERT_TRUE(keys) << keys.error().message();
  EXPECT_EQ(keys->issue({.id = "more", .role = Role::kCaller, .models = {"*"}, .created = kNow}, false).error().code(),
            Errc::kResourceExhausted);
  EXPECT_TRUE(keys->issue({.id = "k7", .role = Role::kCaller, .models = {"*"}, .created = kNow}, true));
  EXPECT_EQ(keys->all().size(), ApiKeys::kMaxKeys);
  const auto more = ApiKeys::parse(file_of(entries + "," + entry("more", digest_hex('f'))));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), Errc::kTooLarge);
}

TEST(ApiKeysFile, AnEmptyListIsAFile) {
  const auto keys = ApiKeys::parse(file_of(""));
  ASSERT_TRUE(keys);
  EXPECT_TRUE(keys->all().empty());
}

TEST(ApiKeysFile, AboveItsSizeItIsTooLarge) {
  const auto keys = ApiKeys::parse(file_of(std::string(ApiKeys::kMaxFileBytes, ' ')));
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), Errc::kTooLarge);
}

struct BadFile {
  const char* name;
  std::string text;
};

class ApiKeysFileRefuses : public ::testing::TestWithParam<BadFile> {};

TEST_P(ApiKeysFileRefuses, AsMalformed) {
  const auto keys = ApiKeys::parse(GetParam().text);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code(), Errc::kMalformed) << keys.error().message();
  EXPECT_NE(keys.error().message().find("API key file"), std::string::npos);
}

std::string without(std::string_view member) {
  std::string text = entry();
  const std::size_t at = text.find(member);
  return file_of(text.replace(at, member.size(), "x"));
}
std::string with(std::string_view old_text, std::string_view new_text) {
  std::string text = entry();
  return file_of(text.replace(text.find(old_text), old_text.size(), new_text));
}

INSTANTIATE_TEST_SUITE_P(
    All, ApiKeysFileRefuses,
    ::testing::Values(
        BadFile{"Empty", ""}, BadFile{"NotJson", "keys"}, BadFile{"AnArray", "[]"}, BadFile{"NoKeys", "{}"},
        BadFile{"KeysNoArray", R"({"keys":{}})"}, BadFile{"AnEntryNoObject", file_of("7")},
        BadFile{"NoId", without("id")}, BadFile{"EmptyId", with("one", "")}, BadFile{"BadId", with("one", "o ne")},
        BadFile{"LongId", with("one", std::string(65, 'o'))}, BadFile{"IdNoString", with(R"("one")", "1")},
        BadFile{"NoRole", without("role")}, BadFile{"UnknownRole", with("caller", "root")},
        BadFile{"RoleOfOtherCase", with("caller", "Caller")}, BadFile{"NoModels", without("models")},
        BadFile{"ModelsNoArray", with(R"(["m"])", R"("m")")}, BadFile{"ModelNoString", with(R"(["m"])", "[1]")},
        BadFile{"ModelEmpty", with(R"(["m"])", R"([""])")},
        BadFile{"ModelLong", with(R"("m")", '"' + std::string(257, 'm') + '"')}, BadFile{"NoDigest", without("sha256")},
        BadFile{"ShortDigest", with("aaaa", "aa")}, BadFile{"LongDigest", with("aaaa", "aaaaaa")},
        BadFile{"DigestNoHex", with("aaaa", "aaag")}, BadFile{"NoCreated", without("created")},
        BadFile{"CreatedNoInteger", with(":5", ":5.5")},
        BadFile{"DuplicateId", file_of(entry() + "," + entry("one", digest_hex('b')))},
        BadFile{"DuplicateDigest", file_of(entry() + "," + entry("two"))},
        BadFile{"DuplicateMember", with(R"("role")", R"("id":"two","role")")},
        BadFile{"BytesBehind", file_of(entry()) + "x"}, BadFile{"Truncated", file_of(entry()).substr(0, 60)}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST(Role, OnlyTheTwoAreKnown) {
  EXPECT_EQ(*parse_role("caller"), Role::kCaller);
  EXPECT_EQ(*parse_role("auditor"), Role::kAuditor);
  EXPECT_EQ(to_string(*parse_role("caller")), "caller");
  EXPECT_EQ(to_string(*parse_role("auditor")), "auditor");
  EXPECT_EQ(parse_role("").error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(parse_role("admin").error().code(), Errc::kInvalidArgument);
}

}  // namespace
}  // namespace redoubt::gateway
