// Evidence in the forms of others: accepted over its own key, and refused for one thing at a time.
#include <gtest/gtest.h>

#include "attest/internal/dstack_log.h"
#include "attest/tests/support/key_worlds.h"
#include "attest/tests/support/samples.h"

namespace redoubt::attest {
namespace {

const UnixMillis kAt = SnpWorld::kNow;

Result<KnownPeer> judge(EvidenceForm form, KeyTerms terms, const crypto::Certificate& leaf, const std::string& document,
                        UnixMillis at = kAt) {
  auto verifier = KeyVerifier::create(form, std::move(terms));
  if (!verifier) return verifier.error();
  return verifier->judge(leaf, document, at);
}

std::string refusal(const Result<KnownPeer>& peer) {
  return peer ? "accepted" : peer.error().message();
}

Result<KnownPeer> judge(const TinfoilWorld& world) {
  return judge(EvidenceForm::kTinfoil, world.key_terms(), world.leaf(), world.document());
}

Result<KnownPeer> judge(const DstackWorld& world) {
  return judge(EvidenceForm::kDstack, world.key_terms(), world.leaf(), {});
}

std::string refusal_of_document(const std::string& document) {
  const TinfoilWorld world;
  return refusal(judge(EvidenceForm::kTinfoil, world.key_terms(), world.leaf(), document));
}

std::string refusal_of_log(std::string log) {
  return refusal(judge(DstackWorld(DstackWorld::booted(), std::move(log))));
}

#define EXPECT_SAYS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

TEST(KeyEvidence, OfTinfoilIsAcceptedOverItsOwnKey) {
  const TinfoilWorld world;
  const auto peer = judge(world);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_EQ(peer->tier, Tier::kCpuTee);
  EXPECT_EQ(peer->bound_to, BoundTo::kKey);
  EXPECT_EQ(tier_word(*peer), "cpu-tee-key");
  EXPECT_EQ(peer->measurer, Measurer::kPlatform);
  EXPECT_EQ(peer->identity, "tinfoil:sev-snp:" + std::string(96, '2'));
  EXPECT_FALSE(peer->bundle);
  EXPECT_EQ(peer->until.value, kAt.value + 60 * 60 * 1000);
}

TEST(KeyEvidence, OfTinfoilMayBeATrustDomains) {
  const crypto::TestAuthority tls("model.example", {.is_authority = false});
  const DcapWorld tdx({.change_signed = [&](Bytes& quote) {
    std::ranges::copy(tinfoil_report_data(tls.public_key()), quote.begin() + kQuoteDataAt);
  }});
  const std::string zero(96, '0');
  const KeyTerms terms = key_terms(
      Kind::kTdx,
      {{"mrtd", std::string(96, '5')}, {"rtmr", ClaimObject{{"0", zero}, {"1", zero}, {"2", zero}, {"3", zero}}}},
      {{Kind::kTdx, Role::kCollateral, {}, to_bytes(as_bytes(tdx.collateral()))}}, tdx.root.pem());
  const auto leaf = *crypto::Certificate::from_der(tls.certificate());
  const std::string document = tinfoil_document("tdx-guest/v2", gzip_of(tdx.quote));
  const auto peer = judge(EvidenceForm::kTinfoil, terms, leaf, document);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_EQ(peer->identity, "tinfoil:tdx:" + std::string(96, '5'));
  EXPECT_EQ(peer->until.value, kAt.value + 1000) << "the lists' end";
  KeyTerms without = terms;
  without.collateral = {};
  EXPECT_SAYS(refusal(judge(EvidenceForm::kTinfoil, without, leaf, document)), "TCB info is not given");
}

TEST(KeyEvidence, OfDstackIsAcceptedOverItsOwnKey) {
  const DstackWorld world;
  const auto peer = judge(world);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_EQ(tier_word(*peer), "cpu-tee-key");
  std::string identity = "dstack:";
  for (int i = 0; i < 20; ++i) identity += "a1";
  identity += ":";
  for (int i = 0; i < 32; ++i) identity += "c2";
  EXPECT_EQ(peer->identity, identity);
}

TEST(KeyEvidence, IsRefusedOverAnotherKey) {
  const char* const why = "the evidence is over another TLS key than this connection's";
  const TinfoilWorld world;
  const TinfoilWorld other;
  EXPECT_EQ(refusal(judge(EvidenceForm::kTinfoil, world.key_terms(), other.leaf(), world.document())), why);
  const DstackWorld dstack(DstackWorld::booted(), {},
                           {.change_signed = [](Bytes& quote) { quote[kQuoteDataAt + 63] ^= std::byte{1}; }});
  EXPECT_EQ(refusal(judge(dstack)), why);
}

TEST(KeyEvidence, OfAChangedReportIsRefused) {
  TinfoilWorld world;
  world.snp.report[0x90] ^= std::byte{1};  // after it was signed
  EXPECT_SAYS(refusal(judge(world)), "refused for `signature`");
}

TEST(KeyEvidence, OfAnotherMeasurementIsRefused) {
  const TinfoilWorld world([](Bytes& report) { report[0x90] ^= std::byte{1}; });
  EXPECT_EQ(refusal(judge(world)), "`cpu` covers no reference value");
}

TEST(KeyEvidence, OfAMachineThatIsDebuggedIsRefused) {
  const TinfoilWorld world([](Bytes& report) { report[0x08 + 2] |= std::byte{0x08}; });
  EXPECT_SAYS(refusal(judge(world)), "refused for `debug`");
  const DstackWorld dstack(DstackWorld::booted(), {},
                           {.change_signed = [](Bytes& quote) { quote[48 + 120] |= std::byte{1}; }});
  EXPECT_SAYS(refusal(judge(dstack)), "refused for `debug`");
}

TEST(KeyEvidence, OfAPlatformOutOfDateIsRefused) {
  DcapTerms old;
  old.pce_svn = 5;
  EXPECT_SAYS(refusal(judge(DstackWorld(DstackWorld::booted(), {}, old))), "refused for `tcb`");
}

TEST(KeyEvidence, OfAnAnchorOfNobodysIsRefused) {
  const TinfoilWorld world;
  KeyTerms terms = world.key_terms();
  terms.files.clear();
  EXPECT_SAYS(refusal(judge(EvidenceForm::kTinfoil, terms, world.leaf(), world.document())), "refused for `chain`");
}

TEST(KeyEvidence, IsRefusedWhenItsTimesAreOver) {
  const TinfoilWorld world;
  const UnixMillis later{1'900'000'000'000};
  EXPECT_SAYS(refusal(judge(EvidenceForm::kTinfoil, world.key_terms(), world.leaf(), world.document(), later)),
              "refused for `expired`");
}

TEST(TinfoilDocument, IsRefusedInOtherForms) {
  const TinfoilWorld world;
  const Bytes good = gzip_of(world.snp.report);
  EXPECT_SAYS(refusal_of_document("nothing"), "the Tinfoil document");
  EXPECT_SAYS(refusal_of_document("[]"), "is not an object");
  EXPECT_SAYS(refusal_of_document(R"({"format":"https://tinfoil.sh/predicate/sev-snp-guest/v2"})"),
              "`body` is no text");
  EXPECT_SAYS(refusal_of_document(R"({"format":1,"body":""})"), "`format` is no text");
  EXPECT_SAYS(refusal_of_document(R"({"format":"x","body":"*"})"), "`body` is not in base64");
  std::string more = tinfoil_document("sev-snp-guest/v2", good);
  more.insert(1, R"("secret word":1,)");
  EXPECT_EQ(refusal_of_document(more), "the Tinfoil document has an unknown member");
  EXPECT_SAYS(refusal_of_document(std::string(KeyEvidenceForm::kMaxDocumentBytes + 1, ' ')), "the Tinfoil document");
}

TEST(TinfoilDocument, IsRefusedInOtherVersionsByName) {
  for (const char* each : {"sev-snp-guest/v1", "tdx-guest/v1", "aws-nitro-enclave/v1", "snp-tdx-multiplatform/v1"}) {
    EXPECT_SAYS(refusal_of_document(tinfoil_document(each, gzip_of({}))), "Tinfoil's format `" + std::string(each));
  }
  EXPECT_SAYS(refusal_of_document(tinfoil_document("sev-snp-guest/v3", gzip_of({}))),
              "a format that is not known here");
  EXPECT_SAYS(refusal_of_document(R"({"format":"sev-snp-guest/v2","body":""})"), "a format that is not known here");
}

TEST(TinfoilDocument, IsRefusedWhenItsBodyIsNone) {
  const TinfoilWorld world;
  const auto with = [](ByteView body) { return refusal_of_document(tinfoil_document("sev-snp-guest/v2", body)); };
  EXPECT_SAYS(with(world.snp.report), "not a whole gzip file");
  EXPECT_SAYS(with(gzip_of(Bytes(16 * 1024 + 1))), "content is too large");
  Bytes cut = gzip_of(world.snp.report);
  cut.pop_back();
  EXPECT_SAYS(with(cut), "not a whole gzip file");
  EXPECT_NE(with(gzip_of(ByteView(world.snp.report).first(1183))), "accepted");
  Bytes longer = world.snp.report;
  longer.push_back(std::byte{0});
  EXPECT_NE(with(gzip_of(longer)), "accepted");
  EXPECT_NE(refusal_of_document(tinfoil_document("tdx-guest/v2", gzip_of(world.snp.report))), "accepted");
}

TEST(DstackCertificate, IsRefusedWithoutItsExtensions) {
  const TinfoilWorld world;
  const DstackWorld dstack;
  EXPECT_SAYS(refusal(judge(EvidenceForm::kDstack, dstack.key_terms(), world.leaf(), {})),
              "has no extension 1.3.6.1.4.1.62397.1.1");
  const auto with = [&](std::vector<std::pair<std::string, Bytes>> extensions) {
    const crypto::TestAuthority tls("app.example", {.is_authority = false, .extensions = std::move(extensions)});
    const auto leaf = *crypto::Certificate::from_der(tls.certificate());
    return refusal(judge(EvidenceForm::kDstack, dstack.key_terms(), leaf, {}));
  };
  const std::string quote = "1.3.6.1.4.1.62397.1.1";
  const std::string log = "1.3.6.1.4.1.62397.1.2";
  EXPECT_SAYS(with({{quote, der(0x04, dstack.tdx->quote)}}), "has no extension 1.3.6.1.4.1.62397.1.2");
  EXPECT_SAYS(with({{quote, dstack.tdx->quote}}), "is no OCTET STRING");
  EXPECT_SAYS(with({{quote, der(0x04, {})}, {log, der(0x04, as_bytes("[]"))}}), "quote");
  EXPECT_SAYS(with({{quote, der(0x04, {})}, {log, der(0x04, as_bytes("ELGZv1..."))}}), "under gzip");
  EXPECT_SAYS(with({{quote, der(0x04, {})}, {log, der(0x04, {})}}), "has no dstack log");
  EXPECT_SAYS(with({{"1.3.6.1.4.1.62397.1.8", der(0x04, {})}}), "versioned attestation (1.3.6.1.4.1.62397.1.8)");
}

TEST(DstackLog, IsRefusedWhenItDoesNotReplay) {
  auto events = DstackWorld::booted();
  events.pop_back();
  EXPECT_SAYS(refusal_of_log(DstackWorld::log_of(events)), "the dstack log does not replay to RTMR3");
  events = DstackWorld::booted();
  std::swap(events[0], events[4]);
  EXPECT_SAYS(refusal_of_log(DstackWorld::log_of(events)), "the dstack log does not replay to RTMR3");
  events = DstackWorld::booted();
  events[2].payload[0] ^= std::byte{1};
  EXPECT_SAYS(refusal_of_log(DstackWorld::log_of(events)), "the dstack log does not replay to RTMR3");
}

TEST(DstackLog, IsRefusedOfAnotherApplication) {
  for (const std::size_t i : {1U, 2U}) {
    auto events = DstackWorld::booted();
    events[i].payload[0] ^= std::byte{1};
    EXPECT_EQ(refusal(judge(DstackWorld(events))), "`cpu` covers no reference value");
  }
}

// An application may measure what it likes, once it runs: that is not what was booted.
TEST(DstackLog, IsRefusedWhenAnApplicationRepeatsAnEventOfTheBoot) {
  auto events = DstackWorld::booted();
  events[2].payload[0] ^= std::byte{1};
  events.push_back({"compose-hash", Bytes(32, std::byte{0xc2})});
  EXPECT_SAYS(refusal(judge(DstackWorld(events))), "`compose-hash` stands twice");
  events = DstackWorld::booted();
  events.push_back({"my.event_1", Bytes(3)});
  EXPECT_TRUE(judge(DstackWorld(events)));
}

// The digest does not say where name and payload meet: the same measurements, told otherwise.
TEST(DstackLog, IsRefusedWhenABorderInAnEventWasMoved) {
  auto events = DstackWorld::booted();
  events[2].payload = to_bytes(as_bytes("abc:defghijklmnopqrstuvwxyz01234"));
  events.push_back({"compose-hash", Bytes(32, std::byte{0xc2})});
  auto told = events;
  told[2] = {"compose-hash:abc", to_bytes(as_bytes("defghijklmnopqrstuvwxyz01234"))};
  ASSERT_EQ(told[2].digest(), events[2].digest());
  EXPECT_SAYS(refusal(judge(DstackWorld(events, DstackWorld::log_of(told)))), "characters that are not read");
}

TEST(DstackLog, IsRefusedInOtherForms) {
  const auto one = [](const std::string& members) { return refusal_of_log("[{" + members + "}]"); };
  const std::string good = R"("event_type":134217729,"event":"a","event_payload":"")";
  EXPECT_SAYS(one(good), "`imr` is no number");
  EXPECT_SAYS(one(R"("imr":2,)" + good), "outside of RTMR 3");
  EXPECT_SAYS(one(R"("imr":4,)" + good), "a register that there is not");
  EXPECT_SAYS(one(R"("imr":3,"event_type":4,"event":"a","event_payload":"")"), "or another one in it");
  EXPECT_SAYS(one(R"("imr":3,"version":2,)" + good), "events of another version");
  EXPECT_SAYS(one(R"("imr":3,"version":1,)" + good), "does not replay");
  EXPECT_SAYS(one(R"("imr":3,"hash_input":"",)" + good), "is unknown");
  EXPECT_SAYS(one(R"("imr":3,"digest":"00",)" + good), "a digest is not of its event");
  EXPECT_SAYS(one(R"("imr":3,"event_type":134217729,"event":"a","event_payload":"0")"), "not in hexadecimal");
  EXPECT_SAYS(one(R"("imr":3,"event_type":134217729,"event":"app-id","event_payload":"00")"), "is none");
  EXPECT_SAYS(one(R"("imr":3,"event_type":134217729,"event":"key-provider","event_payload":"00")"), "is none");
  EXPECT_SAYS(one(R"("imr":3,"event_type":134217729,"event":"","event_payload":"")"), "characters that are not read");
  EXPECT_SAYS(refusal_of_log("[1]"), "is not an object");
  EXPECT_SAYS(refusal_of_log("[{]"), "the dstack log");
  std::string many = R"([{"imr":0,"event_type":4,"event":"","event_payload":""})";
  for (std::size_t i = 0; i < DstackLog::kMaxEvents; ++i) {
    many += R"(,{"imr":0,"event_type":4,"event":"","event_payload":""})";
  }
  EXPECT_EQ(replay_dstack_log(many + "]").error().code(), Errc::kTooLarge);
}

// The log of an application of 2025, as https://github.com/near/mpc (attestation/) has it beside a quote, whose RTMR 3
// this is.
TEST(DstackLog, ReplaysAPublishedOne) {
  const std::string log =
      R"([{"imr":0,"event_type":4,"digest":"394341b7182cd227c5c6b07ef8000cdfd86136c4292b8e576573ad7ed9ae41019f5818b4b971c9effc60e1ad9f1289f0","event":"","event_payload":"00000000"},)"
      R"({"imr":3,"event_type":134217729,"digest":"f9974020ef507068183313d0ca808e0d1ca9b2d1ad0c61f5784e7157c362c06536f5ddacdad4451693f48fcc72fff624","event":"system-preparing","event_payload":""},)"
      R"({"imr":3,"event_type":134217729,"digest":"785954615488bc4e84475a787aa55ba46443b3f47f649790847a2d3c9009c5004793c0c710ceecd117a2702d68353d79","event":"app-id","event_payload":"5b979a9a745405d4de53aae0e2c3a09d24b174a3"},)"
      R"({"imr":3,"event_type":134217729,"digest":"b5afa9f153aa33bffcc632ef4c6f882e7c04bc2adf7037dbb6e1c130658d9f4dfb72738acb6ac29f7bf2cebd6be9825c","event":"compose-hash","event_payload":"7d2b6d0e09c0982b3fa9d8c3a7a507604fa8fee8b21918b73907d38a13c7d79e"},)"
      R"({"imr":3,"event_type":134217729,"digest":"305a62e30e8f4ca791946c3ede6755cfacebe02be9101f0bccf2591509a0c8e8095bc83b3d53bfc5d70d6c7cf7813fc5","event":"instance-id","event_payload":""},)"
      R"({"imr":3,"event_type":134217729,"digest":"98bd7e6bd3952720b65027fd494834045d06b4a714bf737a06b874638b3ea00ff402f7f583e3e3b05e921c8570433ac6","event":"boot-mr-done","event_payload":""},)"
      R"({"imr":3,"event_type":134217729,"digest":"c9876df5c758cf086707181fb91aca8ccdcff6e92eddcf24ff943ce2730abd5ce3efb905e4ad8af527bf045a75ce947a","event":"os-image-hash","event_payload":"4637c25fa2e5377563f9ea9b21b2b2f14c69f9995060bb20285faaf30a5fc2ee"},)"
      R"({"imr":3,"event_type":134217729,"digest":"3fe6dd6d65a3b81d2c97e51a54cfe89ae5f43f278e3b38f19f5240479f4cb4ca3635d6a110eb03cf4c631a80c8d33c33","event":"key-provider","event_payload":"7b226e616d65223a226b6d73222c226964223a223330353933303133303630373261383634386365336430323031303630383261383634386365336430333031303730333432303030343733306637303537646464393636633061363230363639366634373166303232393735653031383335336533326335346234666661323635313664633966646263386662323363346433663366306434303064366430643465333034646233363964666632353130353661383931346639636364396464356566386266653332227d"},)"
      R"({"imr":3,"event_type":134217729,"digest":"1a76b2a80a0be71eae59f80945d876351a7a3fb8e9fd1ff1cede5734aa84ea11fd72b4edfbb6f04e5a85edd114c751bd","event":"system-ready","event_payload":""}])";
  const auto replayed = replay_dstack_log(log);
  ASSERT_TRUE(replayed) << replayed.error().message();
  EXPECT_EQ(encoding::hex(replayed->rtmr3.view()),
            "6b731f7b64d8b0550b258bb6420f573219e2c8cad7bca6bccb0f6db1a23de5f829d4360a6362b86748d65c12ce49b027");
  EXPECT_EQ(*find_claim(replayed->claims, "app_id"), Claim("5b979a9a745405d4de53aae0e2c3a09d24b174a3"));
  EXPECT_EQ(*find_claim(replayed->claims, "compose_hash"),
            Claim("7d2b6d0e09c0982b3fa9d8c3a7a507604fa8fee8b21918b73907d38a13c7d79e"));
  EXPECT_EQ(*find_claim(replayed->claims, "instance_id"), Claim(""));
  EXPECT_TRUE(find_claim(replayed->claims, "key_provider")->text()->starts_with(R"({"name":"kms","id":"3059)"));
}

TEST(KeyTerms, AreRefusedWhenNothingPinsTheCode) {
  const TinfoilWorld world;
  const auto refused = [&](const std::function<void(KeyTerms&)>& change, EvidenceForm form = EvidenceForm::kTinfoil) {
    KeyTerms terms = world.key_terms();
    change(terms);
    const auto verifier = KeyVerifier::create(form, std::move(terms));
    return verifier ? std::string("accepted") : verifier.error().message();
  };
  EXPECT_EQ(refused([](KeyTerms&) {}), "accepted");
  EXPECT_SAYS(refused([](KeyTerms& terms) { terms.references = {}; }), "no reference value pins");
  EXPECT_SAYS(refused([](KeyTerms& terms) { terms.policy.parts.clear(); }), "the policy has no part");
  EXPECT_SAYS(refused([](KeyTerms& terms) { terms.policy.parts.at("cpu").need_reference = false; }),
              "needs no reference value");
  EXPECT_SAYS(refused([](KeyTerms& terms) { terms.policy.parts.at("cpu").policy.require_collateral = false; }),
              "needs no collateral");
  EXPECT_SAYS(refused([](KeyTerms& terms) { terms.policy.parts.at("cpu").kind = Kind::kTpm; }), "never of that kind");
  EXPECT_SAYS(refused([](KeyTerms& terms) { terms.policy.need_statement = true; }), "a statement");
  EXPECT_SAYS(refused([](KeyTerms&) {}, EvidenceForm::kDstack), "never of that kind");
  EXPECT_SAYS(refused([](KeyTerms&) {}, EvidenceForm::kRedoubt), "bound to the channel");
}

TEST(KeyTerms, CountNoReferenceThatLeavesCodeOpen) {
  const DstackWorld world;
  const KeyTerms good = world.key_terms();
  for (const char* const left_out : {"mrtd", "rtmr", "dstack"}) {
    KeyTerms terms = good;
    ClaimObject claims = good.references.all().front().claims;
    std::erase_if(claims, [&](const auto& each) { return each.first == left_out; });
    terms.references = {};
    ASSERT_TRUE(terms.references.add({"less", Kind::kTdx, claims}));
    EXPECT_SAYS(refusal(judge(EvidenceForm::kDstack, terms, world.leaf(), {})), "no reference value pins") << left_out;
    // Beside another application's that pins everything it is still of no use.
    ClaimObject other = good.references.all().front().claims;
    other[0].second = Claim(std::string(96, '7'));
    ASSERT_TRUE(terms.references.add({"other", Kind::kTdx, other}));
    EXPECT_EQ(refusal(judge(EvidenceForm::kDstack, terms, world.leaf(), {})), "`cpu` covers no reference value");
  }
}

TEST(KeyEvidence, FormsHaveNames) {
  for (const EvidenceForm each : {EvidenceForm::kRedoubt, EvidenceForm::kTinfoil, EvidenceForm::kDstack}) {
    EXPECT_EQ(find_evidence_form(to_string(each)), each);
  }
  EXPECT_FALSE(find_evidence_form("other"));
  EXPECT_EQ(make_key_evidence_form(EvidenceForm::kRedoubt), nullptr);
}

// Genuine evidence of others: nothing is wrong with it but whose key it is over.
TEST(KeyEvidence, OfRealMachinesIsRefusedForTheKeyAlone) {
  const auto folder = samples_folder();
  if (!folder) GTEST_SKIP() << kNoSamples;
  const TinfoilWorld world;
  const char* const why = "the evidence is over another TLS key than this connection's";
  struct Sample {
    Kind kind;
    Role role;
    const char* predicate;
    Bytes evidence;
    ClaimObject pins;
    CollateralItem collateral;
    Bytes root;
    std::int64_t at;
  };
  const auto read = [&](const char* name) { return read_sample(*folder / name); };
  Bytes quote = read("tdx/c5-quote-v4.bin");
  quote.resize(4936);  // what follows is a buffer's
  const auto parsed = parse_intel_quote(quote);
  ASSERT_TRUE(parsed);
  const auto& report = std::get<TdReport>(parsed->report);
  ClaimObject rtmr;
  for (std::size_t i = 0; i < 4; ++i) rtmr.emplace_back(std::to_string(i), ByteView(report.rtmrs[i]));
  const Sample samples[] = {
      {Kind::kSevSnp,
       Role::kReport,
       "sev-snp-guest/v2",
       read("sev-snp/c1-report.bin"),
       {{"measurement",
         "a1f3930413247bb38cfc171579ea3c12d5fe4901f0c792f63fd75d98f1ef827c23500644e0e692e6be917f9050d3d38c"}},
       {Kind::kSevSnp, Role::kVek, {}, read("sev-snp/c1-vcek.der")},
       read("sev-snp/milan_ask_ark_asvk.pem"),
       1'748'736'000'000},
      {Kind::kTdx,
       Role::kQuote,
       "tdx-guest/v2",
       quote,
       {{"mrtd", ByteView(report.mr_td)}, {"rtmr", rtmr}},
       {Kind::kTdx, Role::kCollateral, {}, read("tdx/c5-collateral.json")},
       read("tdx/intel-sgx-root-ca.pem"),
       1'752'796'800'000}};
  for (const Sample& each : samples) {
    const KeyTerms terms = key_terms(each.kind, each.pins, {each.collateral}, std::string(as_chars(each.root)));
    EXPECT_EQ(refusal(judge(EvidenceForm::kTinfoil, terms, world.leaf(),
                            tinfoil_document(each.predicate, gzip_of(each.evidence)), {each.at})),
              why);
    // The same terms, asked for the report data that it has: nothing else stands in the way.
    Inputs inputs;
    inputs.set(each.role, each.evidence);
    inputs.set(each.collateral.role, each.collateral.data);
    inputs.set(Role::kRoot, each.root);
    const ReportData data = each.kind == Kind::kTdx ? report.report_data : parse_snp_report(each.evidence)->report_data;
    Verifier verifier;
    const CompositeEvidence evidence{
        .parts = {{"cpu", each.kind, inputs}}, .statement = {}, .nonce = data, .at = {each.at}};
    const Appraisal appraisal = appraise(verifier, evidence, terms.policy, terms.references);
    EXPECT_TRUE(appraisal.accepted) << (appraisal.problems.empty() ? "" : appraisal.problems.front());
  }
  // A dstack certificate with the genuine quote, and the log of another.
  const crypto::TestAuthority tls(
      "app.example",
      {.is_authority = false,
       .extensions = {{"1.3.6.1.4.1.62397.1.1", der(0x04, quote)},
                      {"1.3.6.1.4.1.62397.1.2", der(0x04, as_bytes(DstackWorld::log_of(DstackWorld::booted())))}}});
  const DstackWorld dstack;
  EXPECT_EQ(refusal(judge(EvidenceForm::kDstack, dstack.key_terms(), *crypto::Certificate::from_der(tls.certificate()),
                          {}, {1'752'796'800'000})),
            why);
}

}  // namespace
}  // namespace redoubt::attest
