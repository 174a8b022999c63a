// A log that Tessera wrote, byte by byte. `redoubt ledger conform` checks all that other implementations made.
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "tlog/log_verifier.h"
#include "tlog/note.h"
#include "tlog/tests/support.h"

namespace redoubt::tlog {
namespace {

TEST(Foreign, TesseraLogIsRefusedAfterAnyChangeOfAByteOfItsFiles) {
  const std::string folder = test::data_folder() + "tessera-log-15";
  if (!test::exists(folder)) GTEST_SKIP() << "no test data at " << folder << " (set REDOUBT_DATA)";
  PosixFileSystem fs;
  std::string vkey = test::read_text(folder + "/vkey.txt");
  vkey.erase(vkey.find_last_not_of(" \n") + 1);
  const auto key = VerifierKey::parse(vkey);
  ASSERT_TRUE(key);
  DirectoryReader reader(fs, folder);
  std::set<std::string> altered;
  for (unsigned size = 1; size <= 10; ++size) {
    const std::string note = test::read_text(folder + "/checkpoint." + std::to_string(size));
    for (const std::string& name : {tile_path({0, 0, size}), bundle_path(0, size)}) {
      const auto bytes = reader.fetch(name, kMaxBundleSize);
      ASSERT_TRUE(bytes) << name;
      for (std::size_t position = 0; position < bytes->size(); ++position) {
        test::AlteringReader changed(reader, name, position);
        const auto refused = verify_log(changed, *key, note);
        ASSERT_FALSE(refused) << name << " at " << position;
        ASSERT_EQ(refused.error().code(), Errc::kVerifyFailed);
      }
      altered.insert(name);
    }
    std::string changed = note;
    changed[changed.find('\n') + 1] ^= 1;
    EXPECT_FALSE(verify_log(reader, *key, changed));
  }
  EXPECT_EQ(altered.size(), 20U);
}

}  // namespace
}  // namespace redoubt::tlog
