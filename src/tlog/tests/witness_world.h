// A log that tells two stories, a witness on a disk of its own, and what it takes to make each say something.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "crypto/sha256.h"
#include "encoding/base64.h"
#include "tests/support/fault_file_system.h"
#include "tlog/proof.h"
#include "tlog/tests/memory_log.h"
#include "tlog/witness.h"

namespace redoubt::tlog::test {

inline const std::string kOrigin = "example.com/log";
inline const std::string kOtherOrigin = "example.com/other";
inline constexpr std::uint64_t kStart = 1'700'000'000;  // seconds

class HandClock final : public Clock {
 public:
  UnixMillis now() const override { return {seconds * 1000 + 999}; }
  std::chrono::steady_clock::time_point steady() const override { return {}; }
  std::int64_t seconds = kStart;
};

// The trees of a log that grows to kMaxSize entries and, if it lies, has another entry at `changed`.
class Story {
 public:
  static constexpr std::uint64_t kMaxSize = 40;
  explicit Story(std::uint64_t changed = kMaxSize) {
    for (std::uint64_t i = 0; i < kMaxSize; ++i) {
      log_.append((i == changed ? "other " : "entry ") + std::to_string(i));
    }
  }
  Hash root(std::uint64_t size) { return *tree_root(log_, {size}); }
  std::vector<Hash> proof(std::uint64_t from, std::uint64_t to) { return *consistency_proof(log_, {from}, {to}); }
  // Signed once: sweeps ask for the same ones thousands of times.
  const std::string& note(std::uint64_t size, const NoteSigner& signer, const std::string& origin = kOrigin) {
    std::string& note = notes_[{size, signer.verifier_key().format(), origin}];
    if (note.empty()) note = *sign_checkpoint({origin, {size}, root(size), {}}, signer);
    return note;
  }
  // A whole request.
  std::string request(std::uint64_t from, std::uint64_t to, const NoteSigner& signer,
                      const std::string& origin = kOrigin) {
    return *format_witness_request({{from}, proof(from, to), note(to, signer, origin)});
  }

 private:
  MemoryLog log_;
  std::map<std::tuple<std::uint64_t, std::string, std::string>, std::string> notes_;
};

inline std::string origin_hash(const std::string& origin) {
  return encoding::hex(crypto::sha256(as_bytes(origin)));
}

class WitnessWorld {
 public:
  explicit WitnessWorld(testing_support::FaultFileSystem& disk) : fs(disk) {
    EXPECT_TRUE(fs.make_directory("/state"));
    EXPECT_TRUE(fs.sync_directory("/"));
  }

  static Cosigner make_cosigner(std::uint8_t seed = 42) { return test::make_cosigner("example.com/witness", seed); }
  std::vector<WitnessLog> logs() const {
    return {{kOrigin, {signer.verifier_key(), second_signer.verifier_key()}}, {kOtherOrigin, {signer.verifier_key()}}};
  }
  Result<Witness> open() { return Witness::open(fs, "/state", make_cosigner(), logs(), clock); }

  static std::string path(const std::string& name, const std::string& origin = kOrigin) {
    return "/state/" + origin_hash(origin) + "/" + name;
  }

  testing_support::FaultFileSystem& fs;
  HandClock clock;
  NoteSigner signer = make_signer(kOrigin);
  NoteSigner second_signer = make_signer(kOrigin, 8);
  VerifierKey witness_key = make_cosigner().verifier_key();
};

// The time of the witness's cosignature under the note; nothing when it has none, or a wrong one.
inline std::optional<std::uint64_t> cosigned_at(std::string_view note, const VerifierKey& witness_key) {
  const auto cosignatures = check_cosignatures(note, {&witness_key, 1});
  if (!cosignatures || cosignatures->verified.size() != 1) return std::nullopt;
  return cosignatures->verified.front().unix_seconds;
}

}  // namespace redoubt::tlog::test
