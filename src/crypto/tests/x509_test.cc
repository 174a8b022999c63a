#include "crypto/x509.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "crypto/tests/support/test_authority.h"

namespace redoubt::crypto {
namespace {

constexpr UnixMillis kNow{1'750'000'000'000};

Certificate read(const TestAuthority& authority) {
  auto certificate = Certificate::from_der(authority.certificate());
  EXPECT_TRUE(certificate) << certificate.error().message();
  return *std::move(certificate);
}

// Root, intermediate and leaf, and the questions that can be asked of them.
struct Family {
  explicit Family(const TestTerms& middle_terms = {},
                  TestTerms leaf_terms = {.is_authority = false, .key_usage = "digitalSignature"})
      : root("Root"), middle("Middle", root, middle_terms), leaf("Leaf", middle, leaf_terms) {}

  TestAuthority root;
  TestAuthority middle;
  TestAuthority leaf;
  std::vector<RevocationList> lists;

  tl::expected<Chain, ChainProblem> ask(UnixMillis at = kNow) const {
    const std::vector others{read(middle)};
    const std::vector anchors{read(root)};
    return verify_chain({.leaf = read(leaf), .others = others, .anchors = anchors, .lists = lists, .at = at});
  }
  void add_list(const TestAuthority& issuer, const std::vector<const TestAuthority*>& revoked,
                UnixMillis from = {1'740'000'000'000}, UnixMillis to = {1'760'000'000'000}) {
    lists.push_back(*RevocationList::from_der(issuer.revoke(revoked, from, to)));
  }
};

TEST(X509, FindsThePathAndWhenAllOfItIsValid) {
  const Family family({.to = {1'770'000'000'000}});
  const auto chain = family.ask();
  ASSERT_TRUE(chain) << chain.error().message;
  ASSERT_EQ(chain->path.size(), 3U);
  EXPECT_EQ(chain->path[0].common_name(), "Leaf");
  EXPECT_EQ(chain->path[2].subject(), "CN = Root");
  EXPECT_EQ(chain->not_before, UnixMillis{1'700'000'000'000});
  EXPECT_EQ(chain->not_after, UnixMillis{1'770'000'000'000});
  EXPECT_TRUE(chain->path[2].is_self_signed());
  EXPECT_FALSE(chain->path[1].is_self_signed());
  EXPECT_TRUE(chain->path[1].is_authority());
  EXPECT_FALSE(chain->path[0].is_authority());
}

TEST(X509, TellsBeforeAndAfter) {
  const Family family({.from = {1'740'000'000'000}, .to = {1'770'000'000'000}});
  ASSERT_FALSE(family.ask({1'739'999'999'000}));
  EXPECT_EQ(family.ask({1'739'999'999'000}).error().fault, ChainFault::kExpired);
  EXPECT_TRUE(family.ask({1'740'000'000'000}));
  EXPECT_TRUE(family.ask({1'770'000'000'000}));
  ASSERT_FALSE(family.ask({1'770'000'001'000}));
  EXPECT_EQ(family.ask({1'770'000'001'000}).error().fault, ChainFault::kExpired);
}

TEST(X509, RefusesRightNamesWithWrongKeys) {
  const Family family;
  const Family twin;  // the same names
  const std::vector others{read(family.middle)};
  const std::vector anchors{read(twin.root)};
  const auto chain = verify_chain({.leaf = read(family.leaf), .others = others, .anchors = anchors, .at = kNow});
  ASSERT_FALSE(chain);
  EXPECT_EQ(chain.error().fault, ChainFault::kNoPath);
}

TEST(X509, RefusesAnIssuerThatMayNotIssue) {
  EXPECT_FALSE(Family({.is_authority = false}).ask());
  EXPECT_FALSE(Family({.key_usage = "digitalSignature"}).ask());
}

TEST(X509, RefusesSha1InAPathAndTellsItBeforeTime) {
  const Family family({.to = {1'740'000'000'000}}, {.is_authority = false, .hash = HashAlgorithm::kSha1});
  ASSERT_FALSE(family.ask());
  EXPECT_EQ(family.ask().error().fault, ChainFault::kNoPath);
}

TEST(X509, RefusesACriticalExtensionThatNobodyKnows) {
  const Bytes value{std::byte{5}, std::byte{0}};
  EXPECT_TRUE(Family({.extensions = {{"1.2.3.4", value}}}).ask());
  EXPECT_FALSE(Family({.extensions = {{"1.2.3.4", value}}, .critical = true}).ask());
}

TEST(X509, TrustsAnAnchorThatIsNotSelfSigned) {
  const Family family;
  const std::vector anchors{read(family.middle)};
  const auto chain = verify_chain({.leaf = read(family.leaf), .others = {}, .anchors = anchors, .at = kNow});
  ASSERT_TRUE(chain) << chain.error().message;
  EXPECT_EQ(chain->path.size(), 2U);
  const auto itself = verify_chain({.leaf = anchors[0], .others = {}, .anchors = anchors, .at = kNow});
  ASSERT_TRUE(itself) << itself.error().message;
  EXPECT_EQ(itself->path.size(), 1U);
}

TEST(X509, DoesNotTrustARootAmongTheOthers) {
  const Family family;
  const std::vector others{read(family.middle), read(family.root)};
  EXPECT_FALSE(verify_chain({.leaf = read(family.leaf), .others = others, .anchors = {}, .at = kNow}));
}

TEST(X509, LooksUpEachCertificateInItsIssuersList) {
  Family family;
  family.add_list(family.root, {});
  family.add_list(family.middle, {});
  ASSERT_TRUE(family.ask());
  EXPECT_EQ(family.ask()->not_after, UnixMillis{1'760'000'000'000});
  family.add_list(family.middle, {&family.leaf});
  ASSERT_FALSE(family.ask());
  EXPECT_EQ(family.ask().error().fault, ChainFault::kRevoked);
}

TEST(X509, TellsAnIntermediateThatIsRevoked) {
  Family family;
  family.add_list(family.root, {&family.middle});
  ASSERT_FALSE(family.ask());
  EXPECT_EQ(family.ask().error().fault, ChainFault::kRevoked);
}

TEST(X509, RefusesListsOfOthersAndOldOnes) {
  Family family;
  const TestAuthority stranger("Middle");  // the right name, another key
  family.add_list(stranger, {});
  ASSERT_FALSE(family.ask());
  EXPECT_EQ(family.ask().error().fault, ChainFault::kNoPath);
  family.lists.clear();
  family.add_list(family.middle, {}, {1'730'000'000'000}, {1'740'000'000'000});
  ASSERT_FALSE(family.ask());
  EXPECT_EQ(family.ask().error().fault, ChainFault::kExpired);
}

TEST(X509, RefusesListsOfWhoMayNotSignThem) {
  Family family({.key_usage = "keyCertSign"});
  family.add_list(family.middle, {});
  ASSERT_FALSE(family.ask());
  EXPECT_EQ(family.ask().error().fault, ChainFault::kNoPath);
}

TEST(X509, AListThatIsKnownToBeOfOneIssuerIsStillOfNoOther) {
  const TestAuthority middle("Middle");
  const TestAuthority namesake("Middle");  // the right name, another key
  const auto list = RevocationList::from_der(middle.revoke({}, kNow, kNow));
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(list->is_issued_by(read(middle)));
    EXPECT_FALSE(list->is_issued_by(read(namesake)));
  }
}

TEST(X509, ReadsExactlyOneCertificate) {
  const TestAuthority root("Root");
  Bytes der = root.certificate();
  for (std::size_t size = 0; size < der.size(); ++size) {
    EXPECT_FALSE(Certificate::from_der(ByteView(der).first(size))) << size;
  }
  der.push_back(std::byte{0});
  ASSERT_FALSE(Certificate::from_der(der));
  EXPECT_EQ(Certificate::from_der(der).error().code(), Errc::kMalformed);
  der.resize(Certificate::kMaxBytes + 1);
  EXPECT_EQ(Certificate::from_der(der).error().code(), Errc::kTooLarge);
}

TEST(X509, ReadsCommonNamesAsUtf8) {
  for (const char* name : {"Root", "Intel SGX PCK Certificate", "\u017belazo \u4e2d", "a~\x7f"}) {
    EXPECT_EQ(read(TestAuthority(name)).common_name(), name);
  }
}

TEST(X509, ReadsBundles) {
  const TestAuthority a("A");
  const TestAuthority b("B", {.key = KeyType::kP384});
  const auto both = Certificate::from_pem("prose\n" + a.pem() + "\n" + b.pem());
  ASSERT_TRUE(both) << both.error().message();
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[1].public_key().type(), KeyType::kP384);
  EXPECT_EQ(*Certificate::der_in_pem("prose\n" + a.pem() + "\n" + b.pem()),
            (std::vector{a.certificate(), b.certificate()}));
  EXPECT_FALSE(Certificate::from_pem(""));
  EXPECT_FALSE(Certificate::from_pem("prose"));
  const std::string text = a.pem();
  EXPECT_FALSE(Certificate::from_pem(text.substr(0, text.size() / 2)));
  std::string many;
  for (std::size_t i = 0; i <= Certificate::kMaxInBundle; ++i) many += text;
  EXPECT_EQ(Certificate::from_pem(many).error().code(), Errc::kTooLarge);
}

TEST(X509, ReadsPemWithWhiteSpaceAndNothingElseBesides) {
  const TestAuthority a("A");
  const std::string text = a.pem();
  const auto changed = [&](std::string_view what, std::string_view with) {
    std::string out = text;
    for (auto at = out.find(what); at != std::string::npos; at = out.find(what, at + with.size())) {
      out.replace(at, what.size(), with);
    }
    return out;
  };
  for (const std::string& good : {changed("\n", "\r\n"), changed("\n", " \t\n"), text.substr(0, text.size() - 1)}) {
    const auto read = Certificate::der_in_pem(good);
    ASSERT_TRUE(read) << good;
    EXPECT_EQ(*read, std::vector<Bytes>{a.certificate()});
  }
  const auto key = changed("CERTIFICATE", "PRIVATE KEY");
  EXPECT_EQ(Certificate::der_in_pem(key).error().code(), Errc::kMalformed) << "no certificate";
  EXPECT_EQ(*Certificate::der_in_pem(key + text), std::vector<Bytes>{a.certificate()})
      << "another label is passed over";
  const auto body = text.find('\n') + 1;
  const auto with = [&](std::size_t at, std::string_view what) { return std::string(text).insert(at, what); };
  for (const std::string& bad :
       {with(body, "Proc-Type: 4,ENCRYPTED\n\n"), with(body, "===="), with(body, "*"), with(body + 2, " "),
        with(body, "A"), with(text.find("-----END") - 1, "===="), with(text.find("-----END") + 9, "X"),
        changed("END CERTIFICATE-----", "END CERTIFICATE----"), changed("-----END CERTIFICATE-----\n", "")}) {
    ASSERT_FALSE(Certificate::der_in_pem(bad)) << bad;
    EXPECT_EQ(Certificate::der_in_pem(bad).error().code(), Errc::kMalformed) << bad;
  }
}

TEST(X509, VerifiesWhatKeysOfEveryKindSigned) {
  for (const KeyType type : {KeyType::kRsa, KeyType::kP256, KeyType::kP384, KeyType::kP521, KeyType::kEd25519}) {
    SCOPED_TRACE(to_string(type));
    Family family({.key = type});
    family.add_list(family.middle, {});
    EXPECT_TRUE(family.ask());
    // The last byte is the signature's.
    Bytes list = family.middle.revoke({}, {1'740'000'000'000}, {1'760'000'000'000});
    list.back() ^= std::byte{1};
    family.lists = {*RevocationList::from_der(list)};
    EXPECT_EQ(family.ask().error().fault, ChainFault::kNoPath);
    Bytes leaf = family.leaf.certificate();
    leaf.back() ^= std::byte{1};
    const std::vector others{read(family.middle)};
    const std::vector anchors{read(family.root)};
    const auto changed = Certificate::from_der(leaf);
    ASSERT_TRUE(changed);
    const auto chain = verify_chain({.leaf = *changed, .others = others, .anchors = anchors, .at = kNow});
    ASSERT_FALSE(chain);
    EXPECT_EQ(chain.error().fault, ChainFault::kNoPath);
    EXPECT_TRUE(read(TestAuthority("Self", {.key = type})).is_self_signed());
  }
}

// §4.1.1.2: the algorithm stands twice, and once where nobody signed it.
TEST(X509, RefusesAnotherAlgorithmOutsideThanInside) {
  const Family family;
  Bytes leaf = family.leaf.certificate();
  const Bytes ecdsa{std::byte{0x2a}, std::byte{0x86}, std::byte{0x48}, std::byte{0xce},
                    std::byte{0x3d}, std::byte{0x04}, std::byte{0x03}};
  const auto outside = std::ranges::find_end(leaf, ecdsa);
  ASSERT_NE(outside.begin(), leaf.end());
  ASSERT_EQ(*outside.end(), std::byte{2});  // ecdsa-with-SHA256
  const auto fault = [&]() -> std::optional<ChainFault> {
    const std::vector others{read(family.middle)};
    const std::vector anchors{read(family.root)};
    const auto chain =
        verify_chain({.leaf = *Certificate::from_der(leaf), .others = others, .anchors = anchors, .at = kNow});
    return chain ? std::nullopt : std::optional(chain.error().fault);
  };
  EXPECT_EQ(fault(), std::nullopt);
  *outside.end() = std::byte{1};  // ecdsa-with-SHA224
  EXPECT_EQ(fault(), ChainFault::kNoPath);
  *outside.end() = std::byte{3};  // ecdsa-with-SHA384
  EXPECT_EQ(fault(), ChainFault::kNoPath);
}

// RFC 5280 §4.2.1.3: who issues certificates has keyCertSign, if there is keyUsage at all.
TEST(X509, RefusesIssuersWhoseKeysAreForSomethingElse) {
  EXPECT_EQ(Family({.key_usage = "cRLSign,digitalSignature"}).ask().error().fault, ChainFault::kNoPath);
  EXPECT_TRUE(Family({.key_usage = ""}).ask());
}

TEST(X509, FindsExtensionsByNumber) {
  const Bytes value{std::byte{2}, std::byte{1}, std::byte{7}};
  const TestAuthority authority("A", {.extensions = {{"1.3.6.1.4.1.3704.1.3.1", value}}});
  const Certificate certificate = read(authority);
  const auto found = certificate.extension("1.3.6.1.4.1.3704.1.3.1");
  ASSERT_TRUE(found);
  EXPECT_TRUE(std::ranges::equal(*found, value));
  EXPECT_FALSE(certificate.extension("1.3.6.1.4.1.3704.1.3.2"));
}

}  // namespace
}  // namespace redoubt::crypto
