// What a record costs the request path, and what a fact costs the replay: microseconds each, its bytes beside them.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "record/commitment.h"
#include "record/exchange_record.h"
#include "record/fact_record.h"
#include "record/opening.h"

namespace {

using namespace redoubt;
using namespace redoubt::record;

Commitment filled(unsigned char c) {
  Commitment commitment;
  commitment.fill(static_cast<std::byte>(c));
  return commitment;
}

ExchangeFacts typical_facts() {
  ExchangeFacts facts;
  facts.exchange_uid = "00112233445566778899aabbccddeeff";
  facts.time = {1'780'000'000'123};
  facts.source = {"redoubt.example/ledger/t/clinic", "clinic", "0.1.0"};
  facts.method = "POST";
  facts.path = "/v1/chat/completions";
  facts.stream = true;
  facts.request_size = 412;
  facts.principal_uid = "svc-triage";
  facts.principal_name = "Triage assistant";
  facts.principal_type = PrincipalType::kService;
  facts.credential_uid = "key-7";
  facts.operation = "chat.completions";
  facts.model = "clinic-small";
  facts.provider = "internal";
  facts.upstream = "gpu-pool-1";
  facts.authorizer = "static-roles";
  facts.policy_uid = "triage-may-chat";
  facts.policy_version = "3";
  facts.caller_address = filled(0xab);
  return facts;
}

// The caller keeps and reuses its buffer, as the gateway does.
void report(benchmark::State& state, const std::string& out) {
  state.counters["bytes"] = static_cast<double>(out.size());
}

void Admission(benchmark::State& state) {
  const ExchangeFacts facts = typical_facts();
  const std::array commitments = {FieldCommitment{kPromptField, filled(1)}};
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_admission(out, facts, commitments);
    benchmark::DoNotOptimize(out.data());
  }
  report(state, out);
}
BENCHMARK(Admission)->Unit(benchmark::kMicrosecond);

void OutcomeRecord(benchmark::State& state) {
  const ExchangeFacts facts = typical_facts();
  const std::array commitments = {FieldCommitment{kCompletionField, filled(1)}};
  Outcome outcome;
  outcome.admission_index = 123'456;
  outcome.http_status = 200;
  outcome.duration_ms = 840;
  outcome.response_size = 2048;
  outcome.prompt_tokens = 96;
  outcome.completion_tokens = 412;
  outcome.total_tokens = 508;
  outcome.commitments = commitments;
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_outcome(out, facts, outcome);
    benchmark::DoNotOptimize(out.data());
  }
  report(state, out);
}
BENCHMARK(OutcomeRecord)->Unit(benchmark::kMicrosecond);

void DenialRecord(benchmark::State& state) {
  const ExchangeFacts facts = typical_facts();
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_denial(out, facts, {DenialReason::kAuthorization, 403, "forbidden", 1, {}});
    benchmark::DoNotOptimize(out.data());
  }
  report(state, out);
}
BENCHMARK(DenialRecord)->Unit(benchmark::kMicrosecond);

// A commitment to a value of so many bytes.
void Commit(benchmark::State& state) {
  const Salt salt = random_salt();
  const std::string value(static_cast<std::size_t>(state.range(0)), 'v');
  for (auto _ : state) benchmark::DoNotOptimize(commit(salt, kPromptField, as_bytes(value)));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(Commit)->Unit(benchmark::kMicrosecond)->Arg(16)->Arg(512)->Arg(16'384);

void EncodeOpening(benchmark::State& state) {
  const std::string prompt(512, 'v');
  const std::array values = {OpeningValue::of(kPromptField, random_salt(), prompt),
                             OpeningValue::of(kCallerAddressField, random_salt(), "192.0.2.7")};
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!encode_opening(out, values)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(out.data());
  }
  report(state, out);
}
BENCHMARK(EncodeOpening)->Unit(benchmark::kMicrosecond);

Fact typical_fact() {
  Fact fact;
  fact.uid = "00112233445566778899aabbccddeeff";
  fact.time = {1'780'000'000'123};
  fact.previous = 99'999;
  fact.kind = "identity.key.rotate";
  fact.verb = FactVerb::kUpdate;
  fact.object = "key/k3xq7tz2";
  fact.expects = 3;
  fact.body = R"({"principal":"svc-triage","prefix":"rdt_k3xq7tz2","digest":")" + std::string(64, 'd') +
              R"(","scopes":["chat","models"],"expires":1790000000000,"overlap_ms":86400000})";
  fact.actor = {.principal = "alice", .credential = "k7", .on_behalf_of = "", .method = "api_key", .strength = 1};
  fact.before = R"({"principal":"svc-triage","scopes":["chat","models"],"expires":1785000000000})";
  fact.after = R"({"principal":"svc-triage","scopes":["chat","models"],"expires":1790000000000})";
  fact.commitments = {{"note", filled(7)}};
  return fact;
}

constexpr RecordSource kFactSource{"redoubt.example/ledger", "", "0.1.0"};

void AppendFact(benchmark::State& state) {
  const Fact fact = typical_fact();
  std::string out;
  for (auto _ : state) {
    out.clear();
    if (!append_fact(out, fact, kFactSource)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(out.data());
  }
  report(state, out);
}
BENCHMARK(AppendFact)->Unit(benchmark::kMicrosecond);

void ReadFact(benchmark::State& state) {
  std::string record;
  if (!append_fact(record, typical_fact(), kFactSource)) state.SkipWithError("refused");
  FactReader reader;
  for (auto _ : state) {
    auto fact = reader.read(as_bytes(record));
    if (!fact || !*fact) state.SkipWithError("refused");
    benchmark::DoNotOptimize(fact);
  }
  report(state, record);
}
BENCHMARK(ReadFact)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
