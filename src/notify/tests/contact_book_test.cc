#include "notify/contact_book.h"

#include <gtest/gtest.h>

namespace redoubt::notify::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kBook = R"(
[[endpoint]]
name = "pager"
type = "pagerduty"
secret_file = "p"
[[endpoint]]
name = "chat"
type = "slack"
secret_file = "s"
[[endpoint]]
name = "chief"
type = "slack"
secret_file = "s"
[[contact]]
role = "soc"
endpoints = ["pager", "chat"]
[[contact]]
role = "duty"
endpoints = ["pager"]
[[contact]]
role = "ciso"
endpoints = ["chief"]
[[rule]]
roles = ["soc"]
severity = "high"
escalate_after = "15m"
escalate_to = ["ciso"]
[[rule]]
roles = ["duty"]
kinds = ["deadline_near", "deadline_over"]
)";

class ContactBookTest : public testing::Test {
 protected:
  ContactBook book{*parse_notify_settings(kBook, "notify.toml")};
  LaneTime now{hours(1)};

  static Notice notice(NoticeKind kind, Severity severity, const std::string& incident = "i1") {
    return {.id = "0123456789abcdef", .incident = incident, .kind = kind, .severity = severity};
  }
};

using Names = std::vector<std::string>;

TEST_F(ContactBookTest, TellsByKindAndSeverityEachEndpointOnce) {
  EXPECT_EQ(book.tell(notice(NoticeKind::kIncidentOpened, Severity::kHigh), now), (Names{"pager", "chat"}));
  EXPECT_EQ(book.tell(notice(NoticeKind::kIncidentOpened, Severity::kMedium), now), Names{});
  EXPECT_EQ(book.tell(notice(NoticeKind::kDeadlineNear, Severity::kLow), now), Names{"pager"});
  EXPECT_EQ(book.tell(notice(NoticeKind::kDeadlineOver, Severity::kCritical), now), (Names{"pager", "chat"}));
}

TEST_F(ContactBookTest, SilenceIsEscalatedOnce) {
  book.tell(notice(NoticeKind::kIncidentOpened, Severity::kHigh), now);
  book.tell(notice(NoticeKind::kIncidentWorse, Severity::kCritical), now + minutes(5));
  EXPECT_EQ(book.awaited(), 1u) << "once for an incident: the time runs from the first";
  EXPECT_TRUE(book.escalate(now + minutes(14), {}).empty());
  const auto due = book.escalate(now + minutes(15), {7});
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].endpoints, Names{"chief"});
  EXPECT_EQ(due[0].notice.kind, NoticeKind::kUnacknowledged);
  EXPECT_NE(due[0].notice.id, "0123456789abcdef");
  EXPECT_EQ(due[0].notice.id.size(), 16u);
  EXPECT_EQ(due[0].notice.time.value, 7);
  EXPECT_TRUE(book.escalate(now + hours(9), {}).empty());
}

TEST_F(ContactBookTest, WhoTakesOrClosesItEndsTheWaiting) {
  book.tell(notice(NoticeKind::kIncidentOpened, Severity::kHigh, "i1"), now);
  book.tell(notice(NoticeKind::kIncidentOpened, Severity::kHigh, "i2"), now);
  book.tell(notice(NoticeKind::kIncidentOpened, Severity::kHigh, "i3"), now);
  book.acknowledge("i1");
  book.tell(notice(NoticeKind::kIncidentClosed, Severity::kHigh, "i2"), now);
  const auto due = book.escalate(now + hours(1), {});
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].notice.incident, "i3");
}

TEST_F(ContactBookTest, ExercisesAreNotEscalatedAndWhatIsAwaitedIsBounded) {
  Notice exercise = notice(NoticeKind::kIncidentOpened, Severity::kHigh);
  exercise.exercise = true;
  EXPECT_EQ(book.tell(exercise, now), (Names{"pager", "chat"}));
  EXPECT_EQ(book.awaited(), 0u);
  for (std::size_t i = 0; i < kAwaitedMax + 10; ++i) {
    book.tell(notice(NoticeKind::kIncidentOpened, Severity::kHigh, "i" + std::to_string(i)), now);
  }
  EXPECT_EQ(book.awaited(), kAwaitedMax);
}

}  // namespace
}  // namespace redoubt::notify::test
