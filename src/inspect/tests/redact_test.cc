#include "inspect/redact.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>
#include <string>

#include "inspect/tests/stream_check.h"

namespace redoubt::inspect {
namespace {

const std::shared_ptr<const Rules>& all_rules() {
  static const auto rules = Rules::compile();
  EXPECT_TRUE(rules);
  return *rules;
}

std::string redacted_in_pieces(std::string_view text, std::size_t size) {
  const auto redactor = StreamRedactor::create(all_rules());
  EXPECT_TRUE(redactor);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += size) EXPECT_TRUE((*redactor)->feed(text.substr(at, size), out));
  EXPECT_TRUE((*redactor)->finish(out));
  return out;
}

TEST(StreamRedactor, GivesWhatTheWholeGivesHoweverItIsCut) {
  const std::string text =
      "My card 4111 1111 1111 1111 and ann.lee@example.com, https://user:s3cr3tPq@db.example.com/4111111111111111\n"
      "-----BEGIN PRIVATE KEY-----\nMIIBVQIBADANBgkq\n-----END PRIVATE KEY----- \xe2\x80\xae end 531-21-7351";
  const std::string whole = redact(text, tests::StreamCheck(all_rules()).whole(text));
  EXPECT_EQ(whole.find("4111"), std::string::npos);
  for (std::size_t size = 1; size <= text.size(); ++size) {
    ASSERT_EQ(redacted_in_pieces(text, size), whole) << "pieces of " << size;
  }
}

TEST(StreamRedactor, PassesPlainTextUnchanged) {
  const std::string text = "nothing to see here, \xc3\xa9\xff\xe2\x80\x8b but odd bytes";
  EXPECT_EQ(redacted_in_pieces(text, 3), text);
  EXPECT_EQ(redacted_in_pieces("", 1), "");
}

std::size_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

TEST(StreamRedactor, NeedsNoMoreMemoryForALongTextThanForAShortOne) {
  const auto redactor = StreamRedactor::create(all_rules());
  ASSERT_TRUE(redactor);
  std::string paragraph;
  for (int i = 0; paragraph.size() < 60'000; ++i) {
    paragraph += "The schedule stays as it is, and nobody pays more than before. ";
    if (i % 40 == 0) paragraph += "Write to team" + std::to_string(i) + "@example.com. ";
  }
  std::string out;
  const auto feed = [&](std::size_t bytes) {
    for (std::size_t fed = 0; fed < bytes; fed += paragraph.size()) {
      ASSERT_TRUE((*redactor)->feed(paragraph, out));
      EXPECT_EQ(out.find('@'), std::string::npos);
      out.clear();
    }
  };
  feed(4'000'000);
  const std::size_t before = peak_bytes();
  feed(100'000'000);
  EXPECT_LT(peak_bytes() - before, 8'000'000U);
  EXPECT_TRUE((*redactor)->finish(out));
}

}  // namespace
}  // namespace redoubt::inspect
