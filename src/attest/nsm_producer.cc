// AWS Nitro Enclaves through /dev/nsm. Standard: Linux, <linux/nsm.h> (since 6.8; the driver before it has the same
// request), and AWS's Nitro Secure Module API: CBOR both ways, a request of at most 4 KiB, a response of 12 KiB.
#include <sys/ioctl.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "attest/internal/producers.h"
#include "encoding/cbor_reader.h"
#include "encoding/cbor_writer.h"

namespace redoubt::attest {

namespace {

constexpr const char* kDevice = "/dev/nsm";
constexpr std::size_t kMaxResponse = 12 * 1024;

// `struct nsm_raw`: two of `struct nsm_iovec`.
struct NsmRaw {
  std::uint64_t request_address;
  std::uint64_t request_size;
  std::uint64_t response_address;
  std::uint64_t response_size;  // in: what there is room for; out: what came
};
static_assert(sizeof(NsmRaw) == 32);
constexpr unsigned long kNsmRaw = _IOWR(0x0a, 0x0, NsmRaw);

Bytes attestation_request(ByteView nonce) {
  Bytes out;
  encoding::CborWriter cbor(out);
  cbor.begin_map();
  cbor.text("Attestation");
  cbor.begin_map();
  cbor.text("user_data");
  cbor.null();
  cbor.text("nonce");
  cbor.bytes(nonce);
  cbor.text("public_key");
  cbor.null();
  cbor.end_map();
  cbor.end_map();
  return out;
}

// The document in a response.
Result<Bytes> read_response(ByteView response) {
  const auto read = encoding::CborDocument::read(response, encoding::CborForm::kStreamed,
                                                 {.max_bytes = kMaxResponse, .max_depth = 4, .max_items = 64});
  if (!read) return read.error().in("the module's response");
  const auto members = read->root().map();
  if (const auto error = members.find("Error").text()) {
    const bool is_name = error->size() <= 32 && std::ranges::all_of(*error, [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                         });
    return Error(Errc::kUnavailable, "the module answers `" + std::string(is_name ? *error : "?") + "`");
  }
  const auto document = members.find("Attestation").map().find("document").bytes();
  if (!document) return Error(Errc::kMalformed, "the module's response has no document");
  return to_bytes(*document);
}

class NsmProducer final : public Producer {
 public:
  NsmProducer(GuestInterface& guest, std::vector<Endorsement> endorsements)
      : guest_(guest), endorsements_(std::move(endorsements)) {}

  Kind kind() const override { return Kind::kNitro; }
  Measurer measurer() const override { return Measurer::kPlatform; }
  Tier highest_tier() const override { return Tier::kCpuTee; }
  std::string_view interface() const override { return kDevice; }

  Result<ProducedEvidence> produce(ByteView nonce) override {
    if (nonce.empty() || nonce.size() > kNonceSizeMax) {
      return Error(Errc::kInvalidArgument, "a nonce has 1 to 64 bytes");
    }
    Bytes request = attestation_request(nonce);
    Bytes response(kMaxResponse);
    NsmRaw message{.request_address = reinterpret_cast<std::uint64_t>(request.data()),
                   .request_size = request.size(),
                   .response_address = reinterpret_cast<std::uint64_t>(response.data()),
                   .response_size = response.size()};
    if (auto asked = guest_.control(kDevice, kNsmRaw, &message); !asked) return asked.error();
    if (message.response_size > response.size()) return Error(Errc::kMalformed, "the module's response is too large");
    auto document = read_response(ByteView(response).first(message.response_size));
    if (!document) return document.error();
    ProducedEvidence out{.kind = Kind::kNitro, .files = {}};
    out.files.push_back({Role::kDocument, *std::move(document)});
    add_endorsements(out, endorsements_);
    return out;
  }

 private:
  GuestInterface& guest_;
  const std::vector<Endorsement> endorsements_;
};

}  // namespace

std::unique_ptr<Producer> make_nsm_producer(GuestInterface& guest, const ProducerOptions& options) {
  if (!guest.exists(kDevice)) return nullptr;
  return std::make_unique<NsmProducer>(guest, options.endorsements);
}

}  // namespace redoubt::attest
