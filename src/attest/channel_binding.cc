#include "attest/channel_binding.h"

#include <algorithm>

#include "attest/internal/fields.h"
#include "crypto/digest.h"

namespace redoubt::attest {

namespace {

constexpr std::string_view kLabel = "redoubt attested channel v1";

}  // namespace

std::string_view to_string(Sender sender) {
  return sender == Sender::kServer ? "server" : "client";
}

std::optional<Sender> find_sender(std::string_view name) {
  for (const Sender each : {Sender::kServer, Sender::kClient}) {
    if (name == to_string(each)) return each;
  }
  return std::nullopt;
}

ReportData channel_binding(const Channel& channel, const Vouched& vouched) {
  const ByteView lease_key = vouched.lease_key ? ByteView(*vouched.lease_key) : ByteView();
  const ByteView bundle = vouched.bundle ? ByteView(*vouched.bundle) : ByteView();
  const Bytes fields = join_fields({as_bytes(kLabel), channel.exporter, as_bytes(to_string(channel.sender)),
                                    channel.leaf, channel.nonce, lease_key, bundle});
  ReportData out;
  std::ranges::copy(crypto::digest(crypto::HashAlgorithm::kSha512, fields).view(), out.begin());
  return out;
}

}  // namespace redoubt::attest
