#include "identity/api_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace redoubt::identity {
namespace {

TEST(ApiKey, HasItsFormAndDigest) {
  const NewKey made = make_key();
  EXPECT_TRUE(is_key_id(made.id)) << made.id;
  EXPECT_EQ(made.secret.size(), kKeySize);
  EXPECT_EQ(made.secret.substr(0, 4 + kKeyIdSize + 1), "rdk_" + made.id + "_");
  EXPECT_EQ(made.digest, crypto::sha256(as_bytes(made.secret)));
}

TEST(ApiKey, IsNeverMadeTwice) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(make_key().id);
  EXPECT_EQ(ids.size(), 1000U);
}

TEST(ApiKey, IsReadFromTheAuthorizationField) {
  const NewKey made = make_key();
  for (const std::string scheme : {"Bearer ", "bearer ", "BEARER "}) {
    const std::string field = scheme + made.secret;
    const auto read = parse_authorization(field);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, made.id);
    EXPECT_EQ(read->text, made.secret);
  }
}

TEST(ApiKey, OfAnotherFormIsNone) {
  const std::string secret = make_key().secret;
  std::string capital_id = secret;
  capital_id[5] = 'A';
  std::string no_separator = secret;
  no_separator[4 + kKeyIdSize] = '-';
  std::string other_prefix = secret;
  other_prefix[0] = 'x';
  const std::vector<std::string> fields{"",
                                        secret,
                                        "Bearer",
                                        "Bearer ",
                                        "Bearer" + secret,
                                        "Bearer  " + secret,
                                        "Bearer " + secret + " ",
                                        "Bearer " + secret + "x",
                                        "Bearer " + secret.substr(0, secret.size() - 1),
                                        "Basic  " + secret,
                                        "Bearer " + capital_id,
                                        "Bearer " + no_separator,
                                        "Bearer " + other_prefix};
  for (const std::string& field : fields) {
    EXPECT_FALSE(parse_authorization(field)) << field.size();
  }
}

}  // namespace
}  // namespace redoubt::identity
