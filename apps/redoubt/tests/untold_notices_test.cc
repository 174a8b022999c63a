#include "redoubt/untold_notices.h"

#include <gtest/gtest.h>

namespace redoubt::app {
namespace {

using notify::Outcome;
using notify::Word;

constexpr UnixMillis kNow{1'780'000'000'000};

notify::Notice notice(int number) {
  return {.id = "000000000000000" + std::to_string(number),
          .incident = "00000000000000aa",
          .kind = notify::NoticeKind::kIncidentOpened,
          .severity = notify::Severity::kHigh,
          .title = "t",
          .time = kNow};
}

Word attempt(int number, const std::string& endpoint, unsigned which, Outcome outcome) {
  return {.kind = Word::Kind::kAttempt,
          .notice = notice(number).id,
          .endpoint = endpoint,
          .number = which,
          .outcome = outcome,
          .why = outcome == Outcome::kDelivered ? "" : "it answers 503"};
}

TEST(UntoldNotices, AreHandedOverInTheirOrderAndAgainToAnotherNotifier) {
  UntoldNotices untold;
  untold.add(notice(2), {"pager", "mail"}, kNow);
  untold.add(notice(1), {"pager"}, {kNow.value + 1});
  ASSERT_NE(untold.next(), nullptr);
  EXPECT_EQ(untold.next()->id, notice(2).id);
  EXPECT_EQ(untold.order().endpoints, (std::vector<std::string>{"mail", "pager"}));
  untold.handed_over();
  EXPECT_EQ(untold.next()->id, notice(1).id);
  untold.handed_over();
  EXPECT_EQ(untold.next(), nullptr);
  ASSERT_TRUE(untold.take(attempt(2, "mail", 1, Outcome::kDelivered)));
  untold.begin_again();
  EXPECT_EQ(untold.order().endpoints, std::vector<std::string>{"pager"}) << "who was told is not told again";
  untold.handed_over();
  EXPECT_EQ(untold.next()->id, notice(1).id);
}

TEST(UntoldNotices, WhatNobodyAskedForIsNoAttempt) {
  UntoldNotices untold;
  untold.add(notice(1), {"pager"}, kNow);
  EXPECT_FALSE(untold.take(attempt(2, "pager", 1, Outcome::kDelivered)));
  EXPECT_FALSE(untold.take(attempt(1, "mail", 1, Outcome::kDelivered)));
  EXPECT_TRUE(untold.take(attempt(1, "pager", 1, Outcome::kDelayed)));
  EXPECT_FALSE(untold.take(attempt(1, "pager", 1, Outcome::kDelayed))) << "the same again";
  EXPECT_FALSE(untold.take(attempt(1, "pager", UntoldNotices::kAttemptsMax + 1, Outcome::kDelayed)));
  EXPECT_TRUE(untold.take(attempt(1, "pager", 2, Outcome::kGivenUp)));
  EXPECT_FALSE(untold.take(attempt(1, "pager", 3, Outcome::kDelivered))) << "it has ended";
}

TEST(UntoldNotices, AreThereUntilTheirEndIsOnRecord) {
  UntoldNotices untold;
  untold.add(notice(1), {"pager", "mail"}, kNow);
  const auto delayed = untold.take(attempt(1, "pager", 1, Outcome::kDelayed));
  ASSERT_TRUE(delayed);
  untold.recorded(*delayed);
  EXPECT_EQ(untold.waiting(), 2u);
  const auto told = untold.take(attempt(1, "pager", 2, Outcome::kDelivered));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->kind, "incident_opened");
  EXPECT_EQ(told->severity, incident::Severity::kHigh);
  EXPECT_EQ(told->number, 2u);
  EXPECT_TRUE(untold.has(notice(1).id));
  untold.recorded(*told);
  EXPECT_EQ(untold.waiting(), 1u);
  const auto dropped = untold.take(attempt(1, "mail", 0, Outcome::kDropped));
  ASSERT_TRUE(dropped);
  untold.recorded(*dropped);
  EXPECT_FALSE(untold.has(notice(1).id));
  EXPECT_EQ(untold.next(), nullptr);
}

TEST(UntoldNotices, AreGivenUpWhenNobodySaysWhatBecameOfThem) {
  UntoldNotices untold;
  untold.add(notice(1), {"pager"}, kNow);
  EXPECT_TRUE(untold.give_up({kNow.value + UntoldNotices::kPatienceMs - 1}).empty());
  const auto given_up = untold.give_up({kNow.value + UntoldNotices::kPatienceMs});
  ASSERT_EQ(given_up.size(), 1u);
  EXPECT_EQ(given_up[0].outcome, "given_up");
  EXPECT_EQ(untold.next(), nullptr);
  EXPECT_TRUE(untold.give_up({kNow.value + 2 * UntoldNotices::kPatienceMs}).empty()) << "once";
}

TEST(UntoldNotices, OfEndpointsThatAreNotConfiguredAnyMoreAreGivenUp) {
  UntoldNotices untold;
  untold.add(notice(1), {"pager", "mail"}, kNow);
  const auto gone = untold.keep_only({"mail"}, "gone");
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].endpoint, "pager");
  EXPECT_EQ(gone[0].why, "gone");
  EXPECT_EQ(untold.order().endpoints, std::vector<std::string>{"mail"});
  EXPECT_EQ(untold.keep_only({}, "gone").size(), 1u);
  EXPECT_EQ(untold.next(), nullptr);
}

TEST(UntoldNotices, HaveAPlaceForSoMany) {
  UntoldNotices untold;
  for (std::size_t i = 0; untold.room(); ++i) {
    notify::Notice each = notice(0);
    each.id = std::to_string(1'000'000'000'000'000 + i);
    untold.add(std::move(each), {"a", "b"}, kNow);
  }
  EXPECT_EQ(untold.waiting(), UntoldNotices::kMax);
}

}  // namespace
}  // namespace redoubt::app
