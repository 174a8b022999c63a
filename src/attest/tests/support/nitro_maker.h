// For tests: Nitro documents of an authority of the tests' own, right or wrong in one place.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "attest/tests/support/ecdsa_raw.h"
#include "crypto/tests/support/test_authority.h"
#include "encoding/cbor_writer.h"
#include "encoding/cose.h"

namespace redoubt::attest {

struct NitroMaker {
  static constexpr UnixMillis kTime{1'750'000'000'000};

  crypto::TestTerms terms(bool is_authority) const {
    return {.is_authority = is_authority,
            .key_usage = is_authority ? "keyCertSign,cRLSign" : "digitalSignature",
            .hash = crypto::HashAlgorithm::kSha384,
            .key = crypto::KeyType::kP384};
  }

  crypto::TestAuthority root{"Test root", terms(true)};
  crypto::TestAuthority middle{"Test middle", root, terms(true)};
  std::optional<crypto::TestAuthority> leaf{std::in_place, "Test leaf", middle, terms(false)};
  std::vector<const crypto::TestAuthority*> bundle{&root, &middle};

  std::int64_t algorithm = encoding::cose::kEs384;
  std::function<void(encoding::CborWriter&)> more_protected = [](encoding::CborWriter&) {};
  std::function<void(encoding::CborWriter&)> unprotected = [](encoding::CborWriter&) {};
  bool detached = false;

  // Fields by name; a test replaces or removes them, or adds its own.
  using Value = std::function<void(encoding::CborWriter&)>;
  std::vector<std::pair<std::string, Value>> fields{
      {"module_id", [](auto& cbor) { cbor.text("i-0-enc0"); }},
      {"digest", [](auto& cbor) { cbor.text("SHA384"); }},
      {"timestamp", [](auto& cbor) { cbor.unsigned_integer(1'750'000'000'000); }},
      {"pcrs", [](auto& cbor) { pcrs(cbor, {0, 1, 2, 8}, 48, 7); }},
      {"certificate", [this](auto& cbor) { cbor.bytes(leaf->certificate()); }},
      {"cabundle",
       [this](auto& cbor) {
         cbor.begin_array();
         for (const auto* each : bundle) cbor.bytes(each->certificate());
         cbor.end_array();
       }},
      {"public_key", [](auto& cbor) { cbor.null(); }},
      {"user_data", [](auto& cbor) { cbor.bytes(as_bytes("data")); }},
      {"nonce", [](auto& cbor) { cbor.bytes(as_bytes("nonce")); }},
  };

  static void pcrs(encoding::CborWriter& cbor, const std::vector<int>& indices, std::size_t size, int fill) {
    cbor.begin_map();
    for (const int index : indices) {
      cbor.integer(index);
      cbor.bytes(Bytes(size, static_cast<std::byte>(fill)));
    }
    cbor.end_map();
  }

  void set(const std::string& name, Value value) {
    std::erase_if(fields, [&](const auto& each) { return each.first == name; });
    if (value) fields.emplace_back(name, std::move(value));
  }

  Bytes make() const {
    Bytes header;
    {
      encoding::CborWriter cbor(header);
      cbor.begin_map();
      cbor.integer(encoding::cose::kAlgorithm);
      cbor.integer(algorithm);
      more_protected(cbor);
      cbor.end_map();
    }
    Bytes other;
    {
      encoding::CborWriter cbor(other);
      cbor.begin_map();
      unprotected(cbor);
      cbor.end_map();
    }
    Bytes payload;
    {
      encoding::CborWriter cbor(payload);
      cbor.begin_map();
      for (const auto& [name, value] : fields) {
        cbor.text(name);
        value(cbor);
      }
      cbor.end_map();
    }
    const Bytes der =
        leaf->sign(crypto::HashAlgorithm::kSha384, encoding::cose::sign1_to_be_signed(header, {}, payload));
    return encoding::write_cose_sign1(header, other, detached ? std::nullopt : std::optional<ByteView>(payload),
                                      ecdsa_raw(der, 48));
  }
};

}  // namespace redoubt::attest
