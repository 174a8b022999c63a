// Test vectors as text: `name = value` lines, cases separated by empty lines, comments after `#`.
//
// A field that the test did not read, and a file without cases, fail the test: nobody believes a vector checked that
// was not.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "encoding/base64.h"

namespace redoubt::crypto {

class VectorCase {
 public:
  VectorCase() = default;
  VectorCase(VectorCase&&) = default;
  VectorCase& operator=(VectorCase&&) = default;
  ~VectorCase() {
    for (const auto& [name, value] : fields_)
      EXPECT_TRUE(read_.contains(name)) << place_ << ": unread `" << name << "`";
  }

  void add(const std::string& place, const std::string& name, const std::string& value) {
    if (fields_.empty()) place_ = place;
    EXPECT_TRUE(fields_.emplace(name, value).second) << place << ": `" << name << "` twice";
  }
  bool empty() const { return fields_.empty(); }
  const std::string& place() const { return place_; }  // file and line
  bool has(const std::string& name) const { return fields_.contains(name); }

  // The field, which must be there, from hexadecimal.
  Bytes bytes(const std::string& name) {
    const auto field = fields_.find(name);
    if (field == fields_.end()) {
      ADD_FAILURE() << place_ << ": no `" << name << "`";
      return {};
    }
    read_.insert(name);
    auto value = encoding::hex_decode(field->second);
    EXPECT_TRUE(value.has_value()) << place_ << ": `" << name << "` is not hexadecimal";
    return value ? *std::move(value) : Bytes();
  }
  template <std::size_t N>
  std::array<std::byte, N> array(const std::string& name) {
    const Bytes value = bytes(name);
    EXPECT_EQ(value.size(), N) << place_ << ": `" << name << "`";
    std::array<std::byte, N> out{};
    std::copy_n(value.begin(), std::min(N, value.size()), out.begin());
    return out;
  }

 private:
  std::string place_;
  std::map<std::string, std::string> fields_;
  std::set<std::string> read_;
};

// The cases of src/crypto/testdata/`name`.
inline std::vector<VectorCase> read_vectors(const std::string& name) {
  std::vector<VectorCase> cases(1);
  std::ifstream in(std::string(REDOUBT_SOURCE_DIR) + "/src/crypto/testdata/" + name);
  EXPECT_TRUE(in.is_open()) << name;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with('#')) continue;
    if (line.empty()) {
      if (!cases.back().empty()) cases.emplace_back();
      continue;
    }
    const auto equals = line.find(" =");
    const std::string place = name + ":" + std::to_string(number);
    if (equals == std::string::npos) {
      ADD_FAILURE() << place << ": no ` = `";
      continue;
    }
    const auto value = line.find_first_not_of(' ', equals + 2);
    cases.back().add(place, line.substr(0, equals), value == std::string::npos ? "" : line.substr(value));
  }
  if (cases.back().empty()) cases.pop_back();
  EXPECT_FALSE(cases.empty()) << name << " has no cases";
  return cases;
}

// `bytes` with one bit turned over.
inline Bytes with_flipped_bit(ByteView bytes, std::size_t bit) {
  Bytes flipped = to_bytes(bytes);
  flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
  return flipped;
}

}  // namespace redoubt::crypto
