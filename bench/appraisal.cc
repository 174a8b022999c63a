// What appraising costs beside verifying: finding the reference value that evidence covers, among many.
//
//   bench_appraisal --references 1000
#include <CLI/CLI.hpp>
#include <cstdio>
#include <random>

#include "attest/reference_values.h"
#include "bench/usage.h"
#include "encoding/base64.h"

namespace {

using namespace redoubt;

std::string digest(std::mt19937_64& random) {
  Bytes bytes(48);
  for (std::byte& each : bytes) each = static_cast<std::byte>(random());
  return encoding::hex(bytes);
}

// What a trust domain claims, as its verifier puts it, beside what a reference demands of it.
attest::ClaimObject claims_of(const std::string& mrtd, const std::string& rtmr) {
  attest::ClaimObject out{{"mrtd", mrtd}, {"rtmrs", attest::ClaimList{rtmr, rtmr, rtmr, rtmr}}, {"debug", false}};
  for (int i = 0; i < 30; ++i) out.emplace_back("claim_" + std::to_string(i), rtmr);
  return out;
}

}  // namespace

int main(int count, char** words) {
  CLI::App app("appraisal with many reference values");
  std::size_t references = 1000;
  app.add_option("--references", references)->check(CLI::Range(1, 100'000));
  CLI11_PARSE(app, count, words);

  std::mt19937_64 random(7);
  attest::ReferenceValues values;
  std::vector<attest::ClaimObject> evidence;
  for (std::size_t i = 0; i < references; ++i) {
    const std::string mrtd = digest(random);
    const std::string rtmr = digest(random);
    bench::take(values.add({"image " + std::to_string(i),
                            attest::Kind::kTdx,
                            {{"mrtd", mrtd}, {"rtmrs", attest::ClaimList{rtmr, rtmr, rtmr, rtmr}}, {"debug", false}}}));
    evidence.push_back(claims_of(mrtd, rtmr));
  }
  const attest::ClaimObject stranger = claims_of(digest(random), digest(random));

  constexpr int kRounds = 9;
  constexpr std::size_t kTimes = 2000;
  std::vector<double> known;
  std::vector<double> unknown;
  for (int round = 0; round < kRounds; ++round) {
    auto start = bench::SteadyClock::now();
    for (std::size_t i = 0; i < kTimes; ++i) {
      if (values.find(attest::Kind::kTdx, evidence[i % references]) == nullptr) bench::stop("a reference is not found");
    }
    known.push_back(bench::seconds_since(start) / kTimes);
    start = bench::SteadyClock::now();
    for (std::size_t i = 0; i < kTimes; ++i) {
      if (values.find(attest::Kind::kTdx, stranger) != nullptr) bench::stop("a reference of nothing");
    }
    unknown.push_back(bench::seconds_since(start) / kTimes);
  }
  std::ranges::sort(known);
  std::ranges::sort(unknown);
  std::printf("appraisal references=%zu known_us=%.2f unknown_us=%.2f\n", references, known[kRounds / 2] * 1e6,
              unknown[kRounds / 2] * 1e6);
  return 0;
}
