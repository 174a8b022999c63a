// The requirement in full: an hour of 50,000 bad keys a second, all 180 million of them.
#include "gateway/tests/flood.h"

namespace redoubt::gateway::test {
namespace {

constexpr std::uint64_t kTenMegabytes = 10'000'000;

TEST(DenialFlood, AnHourOf50000ASecondFrom100000SourcesKeepsTheLedgerBelowTenMegabytes) {
  std::vector<std::string> sources;
  for (int i = 0; i < 100'000; ++i) {
    sources.push_back("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                      std::to_string(i % 256));
  }
  const FloodResult result = flood_for_an_hour({.cores = 1,
                                                .denials_a_second = 50'000,
                                                .source = [&](std::uint64_t n) { return sources[n % sources.size()]; },
                                                .kinds = 4});
  std::cout << result.records << " records, " << result.ledger_bytes << " bytes, at most " << result.tables_max
            << " entries in memory\n";
  EXPECT_EQ(result.counted, 180'000'000u);
  EXPECT_LT(result.ledger_bytes, kTenMegabytes);
}

}  // namespace
}  // namespace redoubt::gateway::test
