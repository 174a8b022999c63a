// Reports of SEV-SNP that are made here: what is refused, and why.
#include <gtest/gtest.h>

#include "attest/tests/support/snp_world.h"

namespace redoubt::attest {
namespace {

using crypto::TestAuthority;

SnpTcbBytes turin_tcb() {
  return {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, {}, {}, {}, std::byte{0x54}};
}

std::string answer(const Verdict& verdict) {
  const auto reason = verdict.reason();
  return reason ? std::string(to_string(*reason)) : "accepted";
}

std::function<void(Bytes&)> set(std::size_t offset, std::uint8_t value) {
  return [=](Bytes& report) { report[offset] = std::byte{value}; };
}

TEST(SevSnp, AcceptsEachVersionOfEachProductWithBothKindsOfKeys) {
  for (const char* product : {"Milan", "Genoa", "Turin"}) {
    for (std::uint32_t version = 2; version <= 5; ++version) {
      SnpTerms terms{.product = product, .vlek = version % 2 == 0, .version = version};
      if (terms.product == "Turin") {
        terms.reported_tcb = turin_tcb();
        terms.hardware_id_size = 8;
      }
      const Verdict verdict = SnpWorld(terms).judge();
      EXPECT_EQ(answer(verdict), "accepted") << product << " " << version << ": " << to_json(verdict);
      EXPECT_EQ(*find_claim(verdict.claims, "product")->text(), product);
    }
  }
}

TEST(SevSnp, ReadsTheTcbOfEachFamily) {
  const SnpTcb milan =
      read_snp_tcb({std::byte{1}, std::byte{2}, {}, {}, {}, {}, std::byte{3}, std::byte{4}}, SnpTcbLayout::kFamily19h);
  EXPECT_EQ(milan, (SnpTcb{{}, 1, 2, 3, 4}));
  EXPECT_EQ(read_snp_tcb(turin_tcb(), SnpTcbLayout::kFamily1Ah), (SnpTcb{1, 2, 3, 4, 0x54}));
  EXPECT_FALSE(read_snp_tcb(turin_tcb(), SnpTcbLayout::kFamily19h).reserved_are_zero);
}

TEST(SevSnp, IsMalformedAtEveryShorterLength) {
  const SnpWorld world;
  for (std::size_t length = 0; length < world.report.size(); ++length) {
    EXPECT_FALSE(parse_snp_report(ByteView(world.report).first(length))) << length;
  }
  EXPECT_EQ(answer(SnpWorld::judge(ByteView(world.report).first(1183), world.vek.certificate(), world.roots())),
            "malformed");
}

TEST(SevSnp, RefusesWhatIsNotInItsForm) {
  const std::vector<std::pair<const char*, std::function<void(Bytes&)>>> changes{
      {"version 1", set(0, 1)},
      {"version 6", set(0, 6)},
      {"another algorithm", set(0x34, 2)},
      {"a policy without the bit that is one", set(0x0a, 0)},
      {"a policy with an unknown bit", set(0x0b, 4)},
      {"an unknown key", set(0x48, 2 << 2)},
      {"an unknown flag of keys", set(0x48, 1 << 5)},
      {"reserved bytes after the flags", set(0x4c, 1)},
      {"reserved bytes after CPUID", set(0x18b, 1)},
      {"reserved bytes after a version", set(0x1eb, 1)},
      {"reserved bytes after the other", set(0x1ef, 1)},
      {"mitigations in version 3", set(0x1f8, 1)},
      {"the last reserved byte", set(0x29f, 1)},
  };
  for (const auto& [what, change] : changes) {
    EXPECT_EQ(answer(SnpWorld({.change = change}).judge()), "malformed") << what;
  }
  const SnpWorld world;
  for (const std::size_t beside : {0x2a0 + 48, 0x2a0 + 71, 0x2a0 + 72 + 48, 0x2a0 + 144, 1183}) {
    Bytes report = world.report;
    report[beside] = std::byte{1};
    EXPECT_EQ(answer(SnpWorld::judge(report, world.vek.certificate(), world.roots())), "malformed") << beside;
  }
  EXPECT_EQ(answer(SnpWorld({.version = 2, .change = set(0x188, 0x19)}).judge()), "malformed");
}

TEST(SevSnp, ReadsMitigationsFromVersion4On) {
  const auto change = [](Bytes& report) {
    store_le<std::uint64_t>(MutableByteView(report).subspan(0x1f8), std::uint64_t{5});
    store_le<std::uint64_t>(MutableByteView(report).subspan(0x200), std::uint64_t{7});
  };
  const Verdict verdict = SnpWorld({.version = 5, .change = change}).judge();
  EXPECT_EQ(answer(verdict), "accepted");
  EXPECT_EQ(*find_claim(verdict.claims, "launch_mit_vector")->number(), 5U);
  EXPECT_EQ(*find_claim(verdict.claims, "current_mit_vector")->number(), 7U);
}

TEST(SevSnp, RefusesAnAuthorityWithTheRightNamesAndAnotherKey) {
  const SnpWorld real;
  const SnpWorld forged;
  EXPECT_EQ(answer(SnpWorld::judge(forged.report, forged.vek.certificate(), real.roots())), "chain");
  EXPECT_EQ(answer(SnpWorld::judge(forged.report, real.vek.certificate(), real.roots())), "signature");
  // Its own authorities in the bundle do not help.
  const std::string bundle = forged.vek.pem() + forged.ask.pem() + forged.ark.pem();
  EXPECT_EQ(answer(SnpWorld::judge(forged.report, as_bytes(bundle), real.roots())), "chain");
}

TEST(SevSnp, RefusesKeysOfAnotherPurpose) {
  EXPECT_EQ(answer(SnpWorld({.vek_name = "SEV-VLEK"}).judge()), "chain");
  EXPECT_EQ(answer(SnpWorld({.ask_name = "SEV-VLEK-Milan"}).judge()), "chain");
  EXPECT_EQ(answer(SnpWorld({.vlek = true, .ask_name = "SEV-Milan"}).judge()), "chain");
  EXPECT_EQ(answer(SnpWorld({.product_name = "Genoa-B0"}).judge()), "chain");
  // A report that says that a VLEK signs it, signed by a VCEK, and the other way round.
  EXPECT_EQ(answer(SnpWorld({.change = set(0x48, 1 << 2)}).judge()), "chain");
  EXPECT_EQ(answer(SnpWorld({.vlek = true, .change = set(0x48, 0)}).judge()), "chain");
  EXPECT_EQ(answer(SnpWorld({.change_vek = [](crypto::TestTerms& vek) { vek.key = crypto::KeyType::kP521; }}).judge()),
            "signature");
}

TEST(SevSnp, RefusesAReportThatSaysThatNothingSignsIt) {
  EXPECT_EQ(answer(SnpWorld({.change = set(0x48, 7 << 2)}).judge()), "signature");
}

TEST(SevSnp, RefusesAVekForAnotherTcbOrChip) {
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(answer(SnpWorld({.change = set(0x180 + i, 0x99)}).judge()), "binding") << i;
    SnpTerms turin{.product = "Turin", .reported_tcb = turin_tcb(), .change = set(0x180 + i, 0x99)};
    EXPECT_EQ(answer(SnpWorld(turin).judge()), "binding") << i;
  }
  EXPECT_EQ(answer(SnpWorld({.change = set(0x1a0, 0x99)}).judge()), "binding");
  EXPECT_EQ(answer(SnpWorld({.change = set(0x1df, 0x99)}).judge()), "binding");
  SnpTerms turin{.product = "Turin", .reported_tcb = turin_tcb(), .hardware_id_size = 8};
  turin.change = set(0x1a8, 1);  // behind the eight bytes that the certificate has
  EXPECT_EQ(answer(SnpWorld(turin).judge()), "binding");
  EXPECT_EQ(answer(SnpWorld({.hardware_id_size = 16}).judge()), "binding");
  EXPECT_EQ(answer(SnpWorld({.wrapped_id = true}).judge()), "accepted");
}

TEST(SevSnp, RefusesAProcessorOfAnotherProduct) {
  EXPECT_EQ(answer(SnpWorld({.change = set(0x188, 0x1a)}).judge()), "binding");
  EXPECT_EQ(answer(SnpWorld({.change = set(0x189, 0x11)}).judge()), "binding");
  EXPECT_EQ(answer(SnpWorld({.product = "Genoa", .change = set(0x189, 0x01)}).judge()), "binding");
}

TEST(SevSnp, AcceptsAMaskedChipIdAndSaysSo) {
  const Verdict verdict = SnpWorld({.change = [](Bytes& report) {
                            std::ranges::fill(MutableByteView(report).subspan(0x1a0, 64), std::byte{0});
                          }}).judge();
  EXPECT_EQ(answer(verdict), "accepted");
  EXPECT_TRUE(std::ranges::any_of(verdict.checks, [](const Check& each) {
    return each.about == Reason::kBinding && each.outcome == Check::Outcome::kNotAsked;
  }));
}

TEST(SevSnp, RefusesAVekThatLacksAnExtension) {
  for (const char* oid : {"1.3.6.1.4.1.3704.1.2", "1.3.6.1.4.1.3704.1.3.1", "1.3.6.1.4.1.3704.1.3.2",
                          "1.3.6.1.4.1.3704.1.3.3", "1.3.6.1.4.1.3704.1.3.8"}) {
    const auto drop = [&](crypto::TestTerms& vek) {
      std::erase_if(vek.extensions, [&](const auto& each) { return each.first == oid; });
    };
    EXPECT_EQ(answer(SnpWorld({.change_vek = drop}).judge()), "malformed") << oid;
    const auto damage = [&](crypto::TestTerms& vek) {
      for (auto& [name, value] : vek.extensions) {
        if (name == oid) value.push_back(std::byte{0});
      }
    };
    EXPECT_EQ(answer(SnpWorld({.change_vek = damage}).judge()), "malformed") << oid;
  }
  const auto unknown = [](crypto::TestTerms& vek) { vek.critical = true; };
  EXPECT_EQ(answer(SnpWorld({.change_vek = unknown}).judge()), "chain");
}

TEST(SevSnp, LooksUpRevocation) {
  const SnpWorld world;
  const auto judge = [&](const Bytes& list) {
    return answer(SnpWorld::judge(world.report, world.vek.certificate(), world.roots(), {}, list));
  };
  const UnixMillis from{SnpWorld::kNow.value - 1000};
  const UnixMillis to{SnpWorld::kNow.value + 1000};
  EXPECT_EQ(judge(world.ark.revoke({}, from, to)), "accepted");
  EXPECT_EQ(judge(world.ark.revoke({&world.ask}, from, to)), "revoked");
  EXPECT_EQ(judge(world.ask.revoke({&world.vek}, from, to)), "revoked");
  EXPECT_EQ(judge(world.ark.revoke({}, from, from)), "expired");
  EXPECT_EQ(judge(SnpWorld().ark.revoke({}, from, to)), "chain");
}

TEST(SevSnp, RefusesDebugUnlessItIsAllowed) {
  const SnpWorld world({.change = set(0x0a, 0x0a)});
  EXPECT_EQ(answer(world.judge()), "debug");
  EXPECT_EQ(answer(world.judge({.allow_debug = true})), "accepted");
}

}  // namespace
}  // namespace redoubt::attest
