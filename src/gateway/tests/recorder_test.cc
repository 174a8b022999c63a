#include "gateway/recorder.h"

#include <gtest/gtest.h>
#include <thread>

#include <random>

#include "encoding/base64.h"
#include "gateway/tests/live_ledger.h"
#include "gateway/text_places.h"

namespace redoubt::gateway::test {
namespace {

using record::Finish;
using record::Stage;

constexpr std::string_view kAddress = "192.0.2.7";

record::ExchangeFacts chat_facts() {
  return {.method = "POST",
          .path = "/v1/chat/completions",
          .request_size = 20,
          .principal_uid = "ward-3",
          .operation = "chat.completions",
          .model = "small",
          .upstream = "default",
          .authorizer = "key-grants",
          .policy_uid = "key-names-model"};
}

TEST(Recorder, AdmissionAndOutcomeAreDurableWhenTheirReceiptsCome) {
  LiveLedger live;
  auto admission = live.run(live.admit(chat_facts(), "the prompt", kAddress));
  ASSERT_TRUE(admission) << admission.error().message();
  EXPECT_EQ(admission->receipt().origin, LiveLedger::kOrigin);
  EXPECT_EQ(admission->receipt().index.value, 0u);
  // Acknowledged means synced: a power cut now takes nothing of it.
  EXPECT_GE(live.fs.count(testing_support::FaultFileSystem::Operation::kSync, ".seg"), 1u);

  CompletionText completion(*live.recorder);
  completion.add("the ");
  completion.add("answer");
  auto receipt = live.run(admission->close({.finish = Finish::kCompleted, .http_status = 200}, &completion));
  ASSERT_TRUE(receipt) << receipt.error().message();
  EXPECT_EQ(receipt->index.value, 1u);

  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].stage(), Stage::kAdmission);
  EXPECT_EQ(tlog::leaf_hash(as_bytes(entries[0].record)), admission->receipt().leaf_hash);
  EXPECT_EQ(entries[0].opening->find(record::kPromptField)->value, "the prompt");
  EXPECT_EQ(entries[0].opening->find(record::kCallerAddressField)->value, kAddress);
  EXPECT_FALSE(entries[0].says("the prompt"));
  EXPECT_FALSE(entries[0].says(kAddress));
  EXPECT_EQ(entries[1].stage(), Stage::kOutcome);
  EXPECT_EQ(tlog::leaf_hash(as_bytes(entries[1].record)), receipt->leaf_hash);
  EXPECT_EQ(entries[1].header.exchange, entries[0].header.exchange);
  EXPECT_EQ(record::summarize(as_bytes(entries[1].record))->admission_index, 0u);
  EXPECT_EQ(entries[1].opening->find(record::kCompletionField)->value, "the answer");
  EXPECT_FALSE(entries[1].says("the answer"));
}

// What came together is not handed over together: the keeper is at work before the last of it has been looked at.
TEST(Recorder, ManyEntriesReachTheKeeperBeforeWhatRunsHasRun) {
  LiveLedger live;
  ASSERT_EQ(live.client->queued_bytes(), 0u);
  for (std::size_t i = 0; i < Recorder::kPublishAtOnce; ++i) {
    ASSERT_TRUE(live.recorder->deny_together({}, {}, kAddress));
  }
  // Nothing that was posted runs meanwhile.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (live.client->queued_bytes() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(live.client->queued_bytes(), 0u);
  // Fewer go when it has run.
  ASSERT_TRUE(live.recorder->deny_together({}, {}, kAddress));
  live.io.restart();
  live.io.poll();
  EXPECT_EQ(live.entries().size(), Recorder::kPublishAtOnce + 1);
}

TEST(Recorder, SealsFeaturesWithAdmissionsAndDenials) {
  LiveLedger live;
  behaviour::FeatureSealing sealing(live.fs, "/features");
  live.recorder->seal_features(sealing);
  // Before there is a key nothing is sealed, and nothing is refused for that.
  ASSERT_EQ(live.recorder->feature_key(), nullptr);
  ASSERT_TRUE(live.run(live.admit(chat_facts(), "the prompt", kAddress)));
  ASSERT_TRUE(sealing.renew({1'000}));
  const behaviour::FeatureKey* const key = live.recorder->feature_key();
  ASSERT_NE(key, nullptr);
  const std::string_view asked = "what the caller asks";
  const auto question = key->text({&asked, 1});
  const Log& log = live.logs.system();
  ASSERT_TRUE(live.run(live.recorder->admit(log, chat_facts(), "the prompt", kAddress, "as it left", &question)));
  ASSERT_TRUE(live.run(live.recorder->deny(log, chat_facts(), {.http_status = 403}, kAddress)));
  ASSERT_TRUE(live.recorder->deny_together({}, {.sources = 3}, {}));
  ASSERT_TRUE(live.recorder->deny_together({}, {}, kAddress, "k3xq7m20zb4d"));

  const auto entries = live.entries();
  std::vector<std::optional<behaviour::Features>> seen;
  behaviour::FeatureOpener opener(live.fs, "/features");
  for (const ReadEntry& entry : entries) {
    if (entry.stage() != Stage::kAdmission && entry.stage() != Stage::kDenial) {
      EXPECT_TRUE(entry.sealed_features.empty());
      continue;
    }
    EXPECT_EQ(entry.sealed_features.empty(), !entry.says(R"("features":")")) << entry.record;
    if (entry.sealed_features.empty()) {
      seen.emplace_back();
      continue;
    }
    const auto context = ledger::opening_context(entry.header.exchange, entry.header.kind);
    const auto opened = opener.open(context, entry.sealed_features, as_bytes(entry.record));
    ASSERT_TRUE(opened) << opened.error().message();
    seen.emplace_back(*opened);
  }
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_FALSE(seen[0]);
  ASSERT_TRUE(seen[1]);
  EXPECT_EQ(seen[1]->address_prefix, key->address_prefix(kAddress));
  EXPECT_EQ(seen[1]->request_size, 20u);
  EXPECT_EQ(seen[1]->sketch, question.sketch);
  EXPECT_EQ(seen[1]->fingerprint, question.fingerprint);
  EXPECT_EQ(seen[1]->words, 4u);
  ASSERT_TRUE(seen[2]);
  EXPECT_EQ(seen[2]->address_prefix, key->address_prefix(kAddress));
  EXPECT_FALSE(seen[2]->sketch) << "nobody came to ask";
  EXPECT_FALSE(seen[2]->claimed) << "the record names the credential of who is known";
  EXPECT_FALSE(seen[3]) << "several sources have no one network";
  ASSERT_TRUE(seen[4]);
  EXPECT_EQ(seen[4]->claimed, key->credential("k3xq7m20zb4d"));
}

TEST(Recorder, AnAdmissionThatIsDestroyedUnclosedIsRecordedAsAborted) {
  LiveLedger live;
  {
    auto admission = live.run(live.admit(chat_facts(), "the prompt", kAddress));
    ASSERT_TRUE(admission);
    const Admission moved = *std::move(admission);  // what was moved from must not record a second end
  }
  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].stage(), Stage::kOutcome);
  EXPECT_TRUE(entries[1].says(R"("status_detail":"aborted")"));
  EXPECT_EQ(record::summarize(as_bytes(entries[1].record))->admission_index, 0u);
}

TEST(Recorder, AClosedAdmissionRecordsNoSecondOutcome) {
  LiveLedger live;
  {
    auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
    ASSERT_TRUE(admission);
    ASSERT_TRUE(live.run(admission->close({.finish = Finish::kClientGone}, nullptr)));
  }
  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_TRUE(entries[1].says(R"("status_detail":"client_gone")"));
}

TEST(Recorder, OfALongPromptOnlySaltAndSizeAreKept) {
  LiveLedger live;
  const std::string prompt(600 * 1024, 'x');
  auto admission = live.run(live.admit(chat_facts(), prompt, kAddress));
  ASSERT_TRUE(admission);
  CompletionText completion(*live.recorder);
  for (int i = 0; i < 10; ++i) completion.add(std::string(60 * 1024, 'y'));
  ASSERT_TRUE(live.run(admission->close({.http_status = 200}, &completion)));

  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 2u);
  const record::OpeningValue* kept = entries[0].opening->find(record::kPromptField);
  ASSERT_NE(kept, nullptr);
  EXPECT_FALSE(kept->value_present);
  EXPECT_EQ(kept->value_size, prompt.size());
  EXPECT_TRUE(entries[0].opening->find(record::kCallerAddressField)->value_present);
  // Whoever has the prompt can still prove it.
  EXPECT_TRUE(entries[0].says(encoding::hex(record::commit(kept->salt, record::kPromptField, as_bytes(prompt)))));
  const record::OpeningValue* answer = entries[1].opening->find(record::kCompletionField);
  EXPECT_FALSE(answer->value_present);
  EXPECT_EQ(answer->value_size, 600u * 1024);
}

TEST(Recorder, AValueAtTheBoundIsKept) {
  LiveLedger live;
  const std::string prompt(Recorder::kKeptPromptBytes, 'x');
  auto admission = live.run(live.admit(chat_facts(), prompt, kAddress));
  ASSERT_TRUE(admission);
  CompletionText completion(*live.recorder);
  completion.add(std::string(CompletionText::kKeptBytes, 'y'));
  ASSERT_TRUE(live.run(admission->close({.http_status = 200}, &completion)));
  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].opening->find(record::kPromptField)->value, prompt);
  EXPECT_EQ(entries[1].opening->find(record::kCompletionField)->value.size(), CompletionText::kKeptBytes);
}

TEST(Recorder, ADenialIsRecordedWithReceipt) {
  LiveLedger live;
  auto receipt =
      live.run(live.deny(chat_facts(), {.reason = record::DenialReason::kAuthorization, .http_status = 403}, kAddress));
  ASSERT_TRUE(receipt);
  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].stage(), Stage::kDenial);
  EXPECT_EQ(tlog::leaf_hash(as_bytes(entries[0].record)), receipt->leaf_hash);
  EXPECT_EQ(entries[0].opening->find(record::kCallerAddressField)->value, kAddress);
}

TEST(Recorder, AFailingDiskRefusesAdmissions) {
  LiveLedger live;
  // The next segment may fail to be made: that is tried again.
  while (!live.fs.is_synced("/ledger/spare.seg", LiveLedger::kSegmentBytes)) std::this_thread::yield();
  live.fs.inject({.operation = testing_support::FaultFileSystem::Operation::kSync, .path_part = ".seg"});
  auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_FALSE(admission);
  EXPECT_EQ(admission.error().code(), Errc::kUnavailable);
  EXPECT_FALSE(live.recorder->ready());
  // And every later one at once.
  auto next = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), Errc::kUnavailable);
  live.stop_keeper();
  EXPECT_FALSE(live.ended());
}

TEST(Recorder, ADiskThatFailsInBetweenWithholdsTheReceiptOfTheOutcome) {
  LiveLedger live;
  auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_TRUE(admission);
  // The next segment's syncs would take the fault meant for the commit's.
  while (!live.fs.is_synced("/ledger/spare.seg", LiveLedger::kSegmentBytes)) std::this_thread::yield();
  live.fs.inject({.operation = testing_support::FaultFileSystem::Operation::kSync, .path_part = ".seg"});
  auto receipt = live.run(admission->close({.http_status = 200}, nullptr));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code(), Errc::kUnavailable);
}

TEST(Recorder, ANearlyFullDiskRefusesAdmissionsAndRecordsOutcomes) {
  LiveLedger live;
  auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_TRUE(admission);
  live.fs.set_free_bytes(1024 * 1024);  // the keeper looks once a second
  live.pump_until([&] { return live.client->full(); });
  auto refused = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::kResourceExhausted);
  EXPECT_FALSE(live.recorder->deny_together(chat_facts(), {.http_status = 401}, kAddress));
  // The values of an answer give way where its record alone has its place.
  CompletionText completion(*live.recorder);
  completion.add(std::string(100 * 1024, 'y'));
  ASSERT_TRUE(live.run(admission->close({.http_status = 200}, &completion)));
  live.fs.set_free_bytes(std::uint64_t{1} << 40);
  live.pump_until([&] { return !live.client->full(); });
  auto next = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_TRUE(next);
  ASSERT_TRUE(live.run(next->close({.http_status = 200}, nullptr)));
  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 4u);
  const record::OpeningValue* answer = entries[1].opening->find(record::kCompletionField);
  ASSERT_NE(answer, nullptr);
  EXPECT_FALSE(answer->value_present);
  EXPECT_TRUE(entries[1].says(
      encoding::hex(record::commit(answer->salt, record::kCompletionField, as_bytes(std::string(100 * 1024, 'y'))))));
}

TEST(Recorder, AKeeperThatHasGoneMakesEverythingUnavailable) {
  LiveLedger live;
  auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_TRUE(admission);
  live.stop_keeper();
  live.client->stop("the keeper is gone");
  auto receipt = live.run(admission->close({.http_status = 200}, nullptr));
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code(), Errc::kUnavailable);
  auto denial = live.run(live.deny(chat_facts(), {}, kAddress));
  ASSERT_FALSE(denial);
  EXPECT_EQ(denial.error().code(), Errc::kUnavailable);
  EXPECT_FALSE(live.recorder->deny_together(chat_facts(), {}, kAddress));
}

TEST(Recorder, AnAdmissionThatBecomesDurableAfterItsDeadlineIsRecordedAsAborted) {
  LiveLedger live(std::chrono::milliseconds(500));
  {
    // As on the request path, what the facts point into goes with the refused exchange.
    const std::string model = "a model with a name that is long enough for the heap";
    record::ExchangeFacts facts = chat_facts();
    facts.model = model;
    auto admission = live.run_unanswered(live.admit(facts, "the prompt", kAddress));
    ASSERT_FALSE(admission);
    EXPECT_EQ(admission.error().code(), Errc::kDeadlineExceeded);
  }
  EXPECT_FALSE(live.recorder->ready());
  live.pump_until([&] { return live.recorder->ready(); });
  const auto entries = live.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].stage(), Stage::kAdmission);
  EXPECT_EQ(entries[1].stage(), Stage::kOutcome);
  EXPECT_TRUE(entries[1].says(R"("status_detail":"aborted")"));
  EXPECT_TRUE(entries[1].says("a model with a name that is long enough for the heap"));
  EXPECT_EQ(entries[1].header.exchange, entries[0].header.exchange);
}

TEST(Recorder, WhileAnAnswerIsOverdueAdmissionsAreRefusedAtOnceAndDenialsDoNotWait) {
  LiveLedger live(std::chrono::milliseconds(500));
  ASSERT_FALSE(live.run_unanswered(live.admit(chat_facts(), "p", kAddress)));
  auto next = live.run_unanswered(live.admit(chat_facts(), "p", kAddress));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), Errc::kUnavailable);
  auto denial = live.run_unanswered(live.deny(chat_facts(), {}, kAddress));
  ASSERT_FALSE(denial);
  EXPECT_EQ(denial.error().code(), Errc::kUnavailable);
  live.pump_until([&] { return live.recorder->ready(); });
  EXPECT_TRUE(live.run(live.admit(chat_facts(), "p", kAddress)));
  // The late admission, the denial, the new admission; the two ends in between.
  EXPECT_EQ(live.entries().size(), 5u);
}

TEST(Recorder, AnOutcomeThatIsLateWithholdsItsReceiptAndIsRecordedOnce) {
  LiveLedger live(std::chrono::milliseconds(500));
  {
    auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
    ASSERT_TRUE(admission);
    auto receipt = live.run_unanswered(admission->close({.http_status = 200}, nullptr));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code(), Errc::kDeadlineExceeded);
  }
  EXPECT_FALSE(live.recorder->ready());
  live.pump_until([&] { return live.recorder->ready(); });
  EXPECT_EQ(live.entries().size(), 2u);
}

TEST(Recorder, ALedgerThatStopsWhileItIsLateLeavesNobodyWaiting) {
  LiveLedger live(std::chrono::milliseconds(500));
  ASSERT_FALSE(live.run_unanswered(live.admit(chat_facts(), "p", kAddress)));
  live.client->stop("the keeper is gone");
  auto next = live.run(live.admit(chat_facts(), "p", kAddress));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().message(), "the keeper is gone");
}

TEST(Recorder, AFullRingRefusesAdmissionsAndStillTakesEveryOutcome) {
  LiveLedger live;
  std::vector<Admission> admitted;
  while (true) {
    auto admission = live.run(live.admit(chat_facts(), "p", kAddress));
    if (!admission) {
      EXPECT_EQ(admission.error().code(), Errc::kResourceExhausted);
      break;
    }
    admitted.push_back(*std::move(admission));
    ASSERT_LE(admitted.size(), ledger::kRequestRingBytes / ledger::kOutcomeReserveBytes);
  }
  const std::size_t count = admitted.size();
  EXPECT_GT(count, 100u);
  admitted.clear();  // every one aborted, all in one turn
  const auto entries = live.entries();
  EXPECT_EQ(entries.size(), 2 * count);
}

TEST(Recorder, TimeNeverRunsBehindItsRecordsOrTheLedger) {
  class BackwardsClock final : public Clock {
   public:
    UnixMillis now() const override { return {next_ -= 5}; }
    std::chrono::steady_clock::time_point steady() const override { return {}; }

   private:
    mutable std::int64_t next_ = 1'000;
  };
  LiveLedger live;
  const BackwardsClock clock;
  Recorder recorder(live.io, live.sweep, *live.client, clock, live.logs, "0", std::chrono::seconds(1));
  EXPECT_EQ(recorder.now(), UnixMillis{995});
  EXPECT_EQ(recorder.time_of_record(), UnixMillis{990}) << "what was only asked for is no floor";
  EXPECT_EQ(recorder.now(), UnixMillis{990});
  EXPECT_EQ(recorder.time_of_record(), UnixMillis{990});
  // Nor behind what the ledger holds, whoever wrote it.
  ASSERT_TRUE(live.run(live.deny(chat_facts(), {}, kAddress)));
  live.pump_until([&] { return live.client->published() > 0; });
  EXPECT_GT(live.client->earliest_time().value, 1'600'000'000'000);
  EXPECT_EQ(recorder.now(), live.client->earliest_time());
}

TEST(Recorder, TimeNeverRunsBehindRecordsOfOtherThreads) {
  class SetClock final : public Clock {
   public:
    UnixMillis now() const override { return wall; }
    std::chrono::steady_clock::time_point steady() const override { return {}; }
    UnixMillis wall{5'000};
  };
  LiveLedger one;
  LiveLedger other;
  const auto shared = std::make_shared<ledger::RecordTime>();
  one.client->share(shared);
  other.client->share(shared);
  SetClock clock;
  Recorder before(one.io, one.sweep, *one.client, clock, one.logs, "0", std::chrono::seconds(1));
  Recorder after(other.io, other.sweep, *other.client, clock, other.logs, "0", std::chrono::seconds(1));
  EXPECT_EQ(before.time_of_record(), UnixMillis{5'000});
  clock.wall = {1'000};
  EXPECT_EQ(after.time_of_record(), UnixMillis{5'000});
  clock.wall = {6'000};
  EXPECT_EQ(after.time_of_record(), UnixMillis{6'000});
  EXPECT_EQ(before.now(), UnixMillis{6'000});
}

// What an entry with this outcome takes of the ring when its opening holds salts only.
std::size_t footprint(const record::ExchangeFacts& facts, std::span<const record::MatchCount> matches = {},
                      record::Names names = {}) {
  const std::string controls(200, '\x01');
  std::string record;
  const record::FieldCommitment commitment{.field = record::kCompletionField};
  const std::vector<std::uint64_t> rows(names.size(), UINT64_MAX);
  std::optional<record::Inspected> inspected;
  if (!matches.empty()) inspected = record::Inspected{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, true};
  record::append_outcome(record, facts,
                         {.admission_index = UINT64_MAX,
                          .finish = Finish::kUpstreamTimeout,
                          .http_status = 599,
                          .error_code = controls,
                          .duration_ms = INT64_MAX,
                          .response_size = UINT64_MAX,
                          .prompt_tokens = UINT64_MAX,
                          .completion_tokens = UINT64_MAX,
                          .total_tokens = UINT64_MAX,
                          .commitments = {&commitment, 1},
                          .matches = matches,
                          .inspected = inspected,
                          .tools = names,
                          .data = names,
                          .rows = rows});
  record::OpeningValue value{.field = record::kCompletionField, .value_size = UINT64_MAX};
  return RingProducer::footprint(ledger::kTicketSize + ledger::kEntryHeaderSize + record.size() +
                                 record::encoded_opening_size({&value, 1}) + keys::kSealOverheadBytes);
}

// Everything that can be long is as long and as costly as anybody can make it: names from the configuration are
// control characters without end, the model is 256 of them, the path's characters are escaped, and of matches and names
// there are more than a record takes.
TEST(OutcomeBound, TheMostHostileExchangeOfThePipelineHasRoom) {
  const std::string names(2000, '\x01');
  const std::string model(256, '\x01');
  const std::string id(64, 'k');
  const std::string uid(32, 'f');
  record::ExchangeFacts facts{.exchange_uid = uid,
                              .time = {INT64_MAX},
                              .source = {.log_origin = names, .tenant = names, .product_version = names},
                              .method = "POST",
                              .path = "/v1/chat/completions",
                              .stream = true,
                              .request_size = UINT64_MAX,
                              .principal_uid = id,
                              .principal_name = id,
                              .principal_type = record::PrincipalType::kService,
                              .credential_uid = id,
                              .operation = "chat.completions",
                              .model = model,
                              .provider = names,
                              .upstream = names,
                              .authorizer = "key-grants",
                              .policy_uid = "key-names-model"};
  const std::string kind(64, 'k');
  const std::vector<record::MatchCount> matches(record::kMatchesMax + 1,
                                                {kind, UINT64_MAX, "tokenise", to_string(Where::kToolArguments)});
  const std::vector<std::string> tools(record::kNamesMax + 1, names);
  EXPECT_LE(footprint(facts, matches, tools), ledger::kOutcomeReserveBytes);
}

TEST(OutcomeBound, EveryExchangeHasRoom) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto text = [&](std::size_t max) {
    static constexpr std::string_view kHard =
        "\x01\"\\\xff\x7f"
        "a";
    std::string out(random() % max, '\0');
    const std::uint32_t kind = random() % 3;
    for (char& c : out) c = kind == 0 ? '\x01' : kind == 1 ? '\xff' : kHard[random() % kHard.size()];
    return out;
  };
  std::size_t largest = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t scale = 1 + random() % 700;
    const std::string t[] = {text(scale), text(scale), text(scale),    text(scale), text(scale),
                             text(scale), text(scale), text(scale),    text(scale), text(scale),
                             text(scale), text(scale), text(2 * scale)};
    const record::ExchangeFacts facts{.exchange_uid = t[0],
                                      .time = {INT64_MIN},
                                      .source = {.log_origin = t[1], .tenant = t[2], .product_version = t[3]},
                                      .method = t[4],
                                      .path = t[12],
                                      .request_size = UINT64_MAX,
                                      .principal_uid = t[5],
                                      .principal_name = t[6],
                                      .credential_uid = t[7],
                                      .operation = t[8],
                                      .model = t[9],
                                      .provider = t[10],
                                      .upstream = t[11]};
    largest = std::max(largest, footprint(facts));
    ASSERT_LE(largest, ledger::kOutcomeReserveBytes);
  }
  EXPECT_GT(largest, ledger::kOutcomeReserveBytes / 2);
}

}  // namespace
}  // namespace redoubt::gateway::test
