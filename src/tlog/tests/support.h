// What the tests of this module share: where shared data lies, and readers over a log's files.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tlog/checkpoint.h"
#include "tlog/entry_bundle.h"
#include "tlog/frontier.h"
#include "tlog/hash.h"
#include "tlog/log_verifier.h"
#include "tlog/note.h"
#include "tlog/tests/memory_log.h"
#include "tlog/tile.h"

namespace redoubt::tlog::test {

// The folder of shared test data, with its last slash.
inline std::string data_folder() {
  const char* configured = std::getenv("REDOUBT_DATA");
  const std::string base =
      configured != nullptr && *configured != '\0' ? configured : REDOUBT_SOURCE_DIR "/../shared/data";
  return base + "/tlog/";
}

inline bool exists(const std::string& path) {
  return std::filesystem::exists(path);
}

inline std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline Hash to_hash(ByteView bytes) {
  Hash hash{};
  EXPECT_EQ(bytes.size(), hash.size());
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
  return hash;
}

// A key of ML-DSA-44 in form; no private key belongs to it.
inline VerifierKey make_ml_dsa_key(const std::string& name, std::uint8_t fill = 1) {
  Bytes material{std::byte{0x06}};
  material.resize(1 + kMlDsa44PublicKeySize, std::byte{fill});
  Bytes named = to_bytes(as_bytes(name + "\n"));
  redoubt::append(named, material);
  const std::string id = encoding::hex(ByteView(crypto::sha256(named)).first(4));
  const auto key = VerifierKey::parse(name + "+" + id + "+" + encoding::base64(material));
  EXPECT_TRUE(key);
  return *key;
}

// A signature line of such a key: a time, and bytes of the length of a signature.
inline std::string ml_dsa_line(const VerifierKey& key, std::uint64_t unix_seconds,
                               std::size_t signature_size = kMlDsa44SignatureSize) {
  Bytes signature(8);
  store_be(MutableByteView(signature), unix_seconds);
  signature.resize(8 + signature_size, std::byte{0x5a});
  return format_signature_line({key.name(), key.id(), signature});
}

// Another reader's files, with one bit of one file changed.
class AlteringReader : public ResourceReader {
 public:
  AlteringReader(ResourceReader& reader, std::string path, std::size_t position)
      : reader_(reader), path_(std::move(path)), position_(position) {}
  Result<Bytes> fetch(const std::string& path, std::uint64_t limit) override {
    Result<Bytes> bytes = reader_.fetch(path, limit);
    if (bytes && path == path_) bytes->at(position_) ^= std::byte{0x10};
    return bytes;
  }

 private:
  ResourceReader& reader_;
  std::string path_;
  std::size_t position_;
};

}  // namespace redoubt::tlog::test
