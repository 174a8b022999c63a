#include "tlog/signer_history.h"

#include <gtest/gtest.h>

#include <functional>

#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

using test::make_signer;

const std::string kOrigin = "example.com/log";

Hash root(std::uint8_t fill) {
  Hash hash;
  hash.fill(std::byte{fill});
  return hash;
}

Checkpoint at_size(std::uint64_t size, std::uint8_t fill = 0) {
  return {kOrigin, {size}, root(fill != 0 ? fill : static_cast<std::uint8_t>(size)), {}};
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

// Where the statement at this position, from zero, begins.
std::size_t statement(const std::string& text, int position) {
  std::size_t at = 0;
  for (int i = 0; i < position; ++i) at = text.find("\n\nredoubt signer", at) + 2;
  return at;
}

// Three keys: `a` until 10, `b` until 20, then `c`.
class SignerHistoryTest : public ::testing::Test {
 protected:
  SignerHistoryTest()
      : one_(*append_handover("", a_, b_, at_size(10), 1000)),
        both_(*append_handover(one_, b_, c_, at_size(20), 2000)) {}

  static Errc refusal(const NoteSigner& trusted, std::string_view text) {
    const auto history = SignerHistory::verify(trusted.verifier_key(), text);
    return history ? Errc{} : history.error().code();
  }
  // How a checkpoint of this log fares: empty when it is accepted, else why not.
  static std::string why_not(const NoteSigner& trusted, std::string_view text, const std::string& note) {
    const auto history = SignerHistory::verify(trusted.verifier_key(), text);
    EXPECT_TRUE(history) << history.error().message();
    const auto opened = open_checkpoint_across(note, *history);
    if (!opened) {
      EXPECT_EQ(opened.error().code(), Errc::kVerifyFailed);
    }
    return opened ? "" : opened.error().message();
  }
  // As somebody makes it who has the keys and minds no rule.
  static std::string forged(std::string text, const std::function<std::string(std::string)>& change,
                            const std::vector<const NoteSigner*>& signers) {
    const auto begin = text.rfind("redoubt signer");
    const auto end = text.find("\n\n", begin) + 1;
    const std::string body = change(text.substr(begin, end - begin));
    text = text.substr(0, begin) + body + "\n";
    for (const NoteSigner* signer : signers) text += signer->signature_line(body);
    return text;
  }

  NoteSigner a_ = make_signer(kOrigin, 1);
  NoteSigner b_ = make_signer(kOrigin, 2);
  NoteSigner c_ = make_signer(kOrigin, 3);
  NoteSigner stranger_ = make_signer(kOrigin, 9);
  std::string one_;
  std::string both_;
};

TEST_F(SignerHistoryTest, WithoutStatementsTheTrustedKeyIsTheOnlyOne) {
  const auto history = SignerHistory::verify(a_.verifier_key(), "");
  ASSERT_TRUE(history);
  ASSERT_EQ(history->terms().size(), 1U);
  EXPECT_EQ(history->origin(), kOrigin);
  const std::string note = *sign_checkpoint(at_size(5), a_);
  EXPECT_TRUE(open_checkpoint_across(note, *history));
  EXPECT_FALSE(open_checkpoint_across(*sign_checkpoint(at_size(5), b_), *history));
}

TEST_F(SignerHistoryTest, IsTheSameFromEachOfTheKeys) {
  for (const NoteSigner* trusted : {&a_, &b_, &c_}) {
    const auto history = SignerHistory::verify(trusted->verifier_key(), both_);
    ASSERT_TRUE(history) << history.error().message();
    ASSERT_EQ(history->terms().size(), 3U);
    EXPECT_EQ(history->terms()[0], (SignerTerm{a_.verifier_key(), {0}, {}, 0, TreeSize{10}, {}}));
    EXPECT_EQ(history->terms()[1], (SignerTerm{b_.verifier_key(), {10}, root(10), 1000, TreeSize{20}, {}}));
    EXPECT_EQ(history->terms()[2], (SignerTerm{c_.verifier_key(), {20}, root(20), 2000, {}, {}}));
    EXPECT_EQ(history->terms()[history->trusted()].key, trusted->verifier_key());
  }
}

TEST_F(SignerHistoryTest, EachKeyCountsForTheSizesOfItsTerm) {
  const struct {
    const NoteSigner& signer;
    std::vector<std::uint64_t> counts;
    std::vector<std::uint64_t> does_not;
  } cases[] = {{a_, {0, 1, 10}, {11, 20, 1000}}, {b_, {10, 11, 20}, {0, 9, 21}}, {c_, {20, 21, 1000}, {0, 10, 19}}};
  for (const auto& one : cases) {
    for (const NoteSigner* trusted : {&a_, &b_, &c_}) {
      for (const auto size : one.counts)
        EXPECT_EQ(why_not(*trusted, both_, *sign_checkpoint(at_size(size), one.signer)), "");
      for (const auto size : one.does_not)
        EXPECT_NE(why_not(*trusted, both_, *sign_checkpoint(at_size(size), one.signer)), "");
    }
  }
}

TEST_F(SignerHistoryTest, ACheckpointOfBothKeysNamesTheTrustedOneElseTheLater) {
  const std::string text = *format_checkpoint(at_size(10));
  const std::string note = text + "\n" + a_.signature_line(text) + b_.signature_line(text);
  EXPECT_EQ(open_checkpoint_across(note, *SignerHistory::verify(a_.verifier_key(), both_))->term, 0U);
  EXPECT_EQ(open_checkpoint_across(note, *SignerHistory::verify(c_.verifier_key(), both_))->term, 1U);
}

TEST_F(SignerHistoryTest, RefusesAnotherRootThanTheOneHandedOver) {
  for (const NoteSigner* signer : {&a_, &b_}) {
    EXPECT_NE(why_not(c_, both_, *sign_checkpoint(at_size(10, 99), *signer)).find("another than that of the handover"),
              std::string::npos);
  }
}

TEST_F(SignerHistoryTest, RefusesACheckpointOfAnotherOriginStrangerOrWithALineThatDoesNotHold) {
  EXPECT_NE(why_not(a_, both_, *sign_checkpoint({"example.com/other", {5}, root(5), {}}, a_)), "");
  EXPECT_NE(why_not(a_, both_, *sign_checkpoint(at_size(5), stranger_)), "");
  const std::string text = *format_checkpoint(at_size(10));
  EXPECT_NE(why_not(a_, both_, text + "\n" + a_.signature_line(text) + b_.signature_line("another\n")), "");
}

TEST_F(SignerHistoryTest, ARevokedKeyCountsUpToTheSizeStated) {
  const std::string text = *append_revocation(both_, c_, a_.verifier_key(), {7}, 3000);
  for (const NoteSigner* trusted : {&b_, &c_}) {
    EXPECT_EQ(why_not(*trusted, text, *sign_checkpoint(at_size(7), a_)), "");
    EXPECT_NE(why_not(*trusted, text, *sign_checkpoint(at_size(8), a_)).find("was revoked at size 7"),
              std::string::npos);
    EXPECT_EQ(why_not(*trusted, text, *sign_checkpoint(at_size(15), b_)), "");
  }
}

TEST_F(SignerHistoryTest, RevokedAtZeroNothingOfAKeyCounts) {
  const std::string text = *append_revocation(both_, c_, a_.verifier_key(), {0}, 3000);
  EXPECT_NE(why_not(c_, text, *sign_checkpoint(at_size(1), a_)), "");
  EXPECT_NE(why_not(c_, text, *sign_checkpoint({kOrigin, {0}, empty_root(), {}}, a_)), "");
}

TEST_F(SignerHistoryTest, ARevokedKeyVouchesForNoOther) {
  // Neither it nor one that leads over it; from behind it, all as before.
  const std::string text = *append_revocation(both_, c_, b_.verifier_key(), {19}, 3000);
  EXPECT_EQ(refusal(a_, text), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(b_, text), Errc::kVerifyFailed);
  EXPECT_EQ(why_not(c_, text, *sign_checkpoint(at_size(5), a_)), "");
  EXPECT_EQ(why_not(c_, text, *sign_checkpoint(at_size(19), b_)), "");
  EXPECT_NE(why_not(c_, text, *sign_checkpoint(at_size(20), b_)), "");
}

TEST_F(SignerHistoryTest, RevokedFromItsHandoverOnAKeyStillNamesItsSuccessor) {
  const std::string text = *append_revocation(both_, c_, b_.verifier_key(), {20}, 3000);
  EXPECT_EQ(refusal(a_, text), Errc{});
  EXPECT_EQ(refusal(b_, text), Errc{});
  // But not one that never counted, handed over at size zero.
  const std::string empty = *append_handover("", a_, b_, {kOrigin, {0}, empty_root(), {}}, 1);
  EXPECT_EQ(refusal(a_, empty), Errc{});
  EXPECT_EQ(refusal(a_, *append_revocation(empty, b_, a_.verifier_key(), {0}, 2)), Errc::kVerifyFailed);
}

TEST_F(SignerHistoryTest, ARevocationCanBeMadeStricterOnly) {
  const std::string text = *append_revocation(both_, c_, a_.verifier_key(), {7}, 3000);
  EXPECT_EQ(append_revocation(text, c_, a_.verifier_key(), {7}, 3001).error().code(), Errc::kInvalidArgument);
  EXPECT_EQ(append_revocation(text, c_, a_.verifier_key(), {8}, 3001).error().code(), Errc::kInvalidArgument);
  const auto stricter = append_revocation(text, c_, a_.verifier_key(), {3}, 3001);
  ASSERT_TRUE(stricter);
  EXPECT_NE(why_not(c_, *stricter, *sign_checkpoint(at_size(4), a_)), "");
}

TEST_F(SignerHistoryTest, AppendsNothingThatIsAgainstTheRules) {
  const auto code = [](const auto& result) { return result ? Errc{} : result.error().code(); };
  EXPECT_EQ(code(append_handover(both_, b_, stranger_, at_size(30), 1)), Errc::kInvalidArgument);
  EXPECT_EQ(code(append_handover(both_, stranger_, a_, at_size(30), 1)), Errc::kVerifyFailed);
  EXPECT_EQ(code(append_handover(both_, c_, a_, at_size(30), 1)), Errc::kVerifyFailed);
  EXPECT_EQ(code(append_handover(both_, c_, c_, at_size(30), 1)), Errc::kVerifyFailed);
  EXPECT_EQ(code(append_handover(both_, c_, stranger_, at_size(19), 1)), Errc::kVerifyFailed);
  EXPECT_EQ(code(append_handover(both_, c_, stranger_, at_size(20, 99), 1)), Errc::kVerifyFailed);
  EXPECT_EQ(code(append_handover(both_, c_, make_signer("example.com/other", 9), at_size(30), 1)),
            Errc::kInvalidArgument);
  EXPECT_EQ(code(append_handover(both_, c_, stranger_, {"example.com/other", {30}, root(30), {}}, 1)),
            Errc::kInvalidArgument);
  EXPECT_EQ(code(append_revocation(both_, c_, c_.verifier_key(), {1}, 1)), Errc::kInvalidArgument);
  EXPECT_EQ(code(append_revocation(both_, c_, stranger_.verifier_key(), {1}, 1)), Errc::kInvalidArgument);
  EXPECT_EQ(code(append_revocation(both_, b_, a_.verifier_key(), {1}, 1)), Errc::kInvalidArgument);
  EXPECT_EQ(code(append_revocation(both_, c_, a_.verifier_key(), {11}, 1)), Errc::kInvalidArgument);
  EXPECT_EQ(code(append_revocation("", a_, a_.verifier_key(), {0}, 1)), Errc::kInvalidArgument);
}

TEST_F(SignerHistoryTest, TwoHandoversMayStandAtOneSize) {
  const auto text = append_handover(one_, b_, c_, at_size(10), 1001);
  ASSERT_TRUE(text);
  EXPECT_EQ(why_not(a_, *text, *sign_checkpoint(at_size(10), b_)), "");
  EXPECT_NE(why_not(a_, *text, *sign_checkpoint(at_size(11), b_)), "");
  EXPECT_EQ(why_not(a_, *text, *sign_checkpoint(at_size(11), c_)), "");
}

TEST_F(SignerHistoryTest, RefusesAKeyThatIsNotInIt) {
  EXPECT_EQ(refusal(stranger_, both_), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(c_, one_), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(make_signer("example.com/other", 1), both_), Errc::kVerifyFailed);
  const auto witness = test::make_cosigner(kOrigin, 1);
  EXPECT_EQ(SignerHistory::verify(witness.verifier_key(), both_).error().code(), Errc::kInvalidArgument);
}

TEST_F(SignerHistoryTest, RefusesEveryChangedByte) {
  const std::string text = *append_revocation(both_, c_, a_.verifier_key(), {7}, 3000);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    for (const NoteSigner* trusted : {&b_, &c_}) EXPECT_NE(refusal(*trusted, changed), Errc{}) << i;
  }
}

TEST_F(SignerHistoryTest, RefusesEveryLengthButThoseOfWholeStatements) {
  for (std::size_t size = 1; size < both_.size(); ++size) {
    if (size == one_.size()) continue;
    EXPECT_NE(refusal(a_, both_.substr(0, size)), Errc{}) << size;
  }
  EXPECT_EQ(refusal(a_, both_ + "\n"), Errc::kMalformed);
  EXPECT_EQ(refusal(a_, "\n" + both_), Errc::kMalformed);
}

TEST_F(SignerHistoryTest, RefusesStatementsLeftOutSwappedOrRepeated) {
  const std::string first = both_.substr(0, statement(both_, 1) - 1);
  const std::string second = both_.substr(statement(both_, 1));
  EXPECT_EQ(refusal(c_, second), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(c_, second + "\n" + first), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(c_, both_ + "\n" + second), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(b_, first + "\n" + first), Errc::kVerifyFailed);
}

TEST_F(SignerHistoryTest, TheNewestKeyVouchesForAllBeforeItThoughAKeyBetweenWasStolen) {
  // Who has b alone makes up another beginning; the handover that c signed was made after the true one.
  const std::string other_beginning = *append_handover("", stranger_, b_, at_size(10), 1000);
  const std::string true_end = both_.substr(one_.size());
  EXPECT_EQ(refusal(c_, other_beginning + true_end), Errc::kVerifyFailed);
}

TEST_F(SignerHistoryTest, RefusesAHandoverThatLacksOneOfTheTwoSignatures) {
  const auto same = [](std::string text) { return text; };
  EXPECT_EQ(refusal(a_, forged(one_, same, {&a_, &b_})), Errc{});
  EXPECT_EQ(refusal(a_, forged(one_, same, {&a_})), Errc::kMalformed);
  EXPECT_EQ(refusal(b_, forged(one_, same, {&b_})), Errc::kMalformed);
  EXPECT_EQ(refusal(a_, forged(one_, same, {&b_, &a_})), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(a_, forged(one_, same, {&a_, &stranger_})), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(b_, forged(one_, same, {&stranger_, &b_})), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(a_, forged(one_, same, {&a_, &b_, &stranger_})), Errc::kMalformed);
}

TEST_F(SignerHistoryTest, RefusesSignedStatementsThatBreakARule) {
  const auto change = [](std::string_view what, std::string_view with) {
    return [=](std::string text) { return replaced(std::move(text), what, with); };
  };
  const auto refused = [&](std::string_view what, std::string_view with) {
    return refusal(b_, forged(both_, change(what, with), {&b_, &c_}));
  };
  EXPECT_EQ(refused("size 20", "size 21"), Errc{});
  EXPECT_EQ(refused("size 20", "size 9"), Errc::kVerifyFailed);
  EXPECT_EQ(refused("size 20", "size 10"), Errc::kVerifyFailed);  // with another root than before
  EXPECT_EQ(refused("size 20", "size 020"), Errc::kMalformed);
  EXPECT_EQ(refused("size 20", "size -1"), Errc::kMalformed);
  EXPECT_EQ(refused("size 20", "size 9223372036854775808"), Errc::kMalformed);
  EXPECT_EQ(refused("size 20", "Size 20"), Errc::kMalformed);
  EXPECT_EQ(refused("size 20\n", ""), Errc::kMalformed);
  EXPECT_EQ(refused("time 2000\n", "time 2000\nmore 1\n"), Errc::kMalformed);
  EXPECT_EQ(refused("time 2000\n", "time 18446744073709551616\n"), Errc::kMalformed);
  EXPECT_EQ(refused("origin example.com/log", "origin example.com/other"), Errc::kVerifyFailed);
  EXPECT_EQ(refused("origin example.com/log", "origin "), Errc::kMalformed);
  EXPECT_EQ(refused("handover v1", "handover v2"), Errc::kMalformed);
  EXPECT_EQ(refused("handover v1", "revocation v1"), Errc::kMalformed);
  EXPECT_EQ(refused(c_.verifier_key().format(), test::make_cosigner(kOrigin, 3).verifier_key().format()),
            Errc::kUnsupported);
  EXPECT_EQ(refused(c_.verifier_key().format(), "example.com/log+00000000+AQAA"), Errc::kMalformed);
  EXPECT_EQ(refused(c_.verifier_key().format(), make_signer("example.com/other", 3).verifier_key().format()),
            Errc::kVerifyFailed);
  // A key that handed over before hands over no more.
  EXPECT_EQ(refusal(a_, forged(both_, change("old " + b_.verifier_key().format(), "old " + a_.verifier_key().format()),
                               {&a_, &c_})),
            Errc::kVerifyFailed);
}

TEST_F(SignerHistoryTest, RefusesARevocationOfTheCurrentKeyByAnEarlierOneOrBeyondTheHandover) {
  const std::string text = *append_revocation(both_, c_, a_.verifier_key(), {7}, 3000);
  const auto same = [](std::string body) { return body; };
  EXPECT_EQ(refusal(c_, forged(text, same, {&c_})), Errc{});
  EXPECT_EQ(refusal(c_, forged(text, same, {&b_})), Errc::kVerifyFailed);
  EXPECT_EQ(refusal(c_, forged(text, same, {&c_, &b_})), Errc::kMalformed);
  const auto of_current = [&](std::string body) {
    return replaced(std::move(body), a_.verifier_key().format(), c_.verifier_key().format());
  };
  EXPECT_EQ(refusal(c_, forged(text, of_current, {&c_})), Errc::kVerifyFailed);
  const auto beyond = [](std::string body) { return replaced(std::move(body), "at 7", "at 11"); };
  EXPECT_EQ(refusal(c_, forged(text, beyond, {&c_})), Errc::kVerifyFailed);
}

TEST_F(SignerHistoryTest, ALogMustContinueWhatWasHandedOver) {
  test::MemoryLog log;
  const auto grown_to = [&](std::uint64_t size) {
    while (log.size().value < size) log.append("entry " + std::to_string(log.size().value));
    log.publish(a_);
    return Checkpoint{kOrigin, log.size(), log.frontier().root(), {}};
  };
  const std::string zero = *append_handover("", a_, b_, grown_to(0), 1);
  const std::string text = *append_handover(zero, b_, c_, grown_to(300), 2);
  const auto history = *SignerHistory::verify(a_.verifier_key(), text);
  EXPECT_TRUE(check_handovers(log, history, grown_to(300)));
  const Checkpoint next = grown_to(301);
  EXPECT_TRUE(check_handovers(log, history, next));
  EXPECT_TRUE(check_handovers(log, history, grown_to(600)));
  // A log may delete a partial tile once the full one is there.
  ASSERT_EQ(log.files.erase("tile/0/001.p/45"), 1U);
  EXPECT_TRUE(check_handovers(log, history, next));
  EXPECT_TRUE(check_handovers(log, history, {kOrigin, {299}, root(1), {}}));  // before the second handover
  const auto forked = *append_handover(zero, b_, c_, {kOrigin, {300}, root(1), {}}, 2);
  const auto refused = check_handovers(log, *SignerHistory::verify(a_.verifier_key(), forked), grown_to(600));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kVerifyFailed);
  EXPECT_NE(refused.error().message().find("handed over at size 300"), std::string::npos);
}

TEST_F(SignerHistoryTest, TakesAsManyStatementsAsItsLimitAndNoMore) {
  // Revocations, ever stricter, fill it up.
  const std::string first = *append_handover("", a_, b_, at_size(1000, 1), 1);
  std::string text = first;
  const auto revoke = [&](std::uint64_t at) {
    const std::string body = "redoubt signer revocation v1\norigin " + kOrigin + "\nprevious " +
                             encoding::base64(crypto::sha256(as_bytes(text))) + "\nkey " + a_.verifier_key().format() +
                             "\nat " + std::to_string(at) + "\ntime 1\n";
    text.append(1, '\n').append(body).append(1, '\n').append(b_.signature_line(body));
  };
  for (std::size_t i = 1; i < kMaxSignerStatements; ++i) revoke(1000 - i);
  const auto full = SignerHistory::verify(b_.verifier_key(), text);
  ASSERT_TRUE(full) << full.error().message();
  EXPECT_EQ(full->terms()[0].revoked_at, (TreeSize{1000 - kMaxSignerStatements + 1}));
  revoke(1);
  EXPECT_EQ(refusal(b_, text), Errc::kTooLarge);
  EXPECT_EQ(refusal(b_, std::string(kMaxSignersSize + 1, 'x')), Errc::kTooLarge);
}

}  // namespace
}  // namespace redoubt::tlog
