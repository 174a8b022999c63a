#include "gateway/kept_rulings.h"

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "gateway/access.h"

namespace redoubt::gateway {
namespace {

// Puts one after the other so that no two lists of texts look the same: each after its length.
class Seen {
 public:
  void add(std::uint32_t number) {
    std::array<std::byte, sizeof number> bytes;
    store_le<std::uint32_t>(bytes, number);
    put(bytes);
  }
  void add(std::string_view text) {
    add(static_cast<std::uint32_t>(text.size()));
    put(as_bytes(text));
  }
  void add(const record::PeerEvidence& evidence) {
    for (const std::string_view text : {evidence.tier, evidence.measurer, evidence.identity}) add(text);
  }
  // Nothing when it is too much.
  std::optional<crypto::Sha256Digest> digest() const {
    if (!fits_) return std::nullopt;
    return crypto::sha256(ByteView(bytes_).first(size_));
  }

 private:
  void put(ByteView bytes) {
    fits_ = fits_ && bytes.size() <= bytes_.size() - size_;
    if (!fits_ || bytes.empty()) return;
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  std::array<std::byte, KeptRulings::kMaxSeenBytes> bytes_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

// INVARIANT: all that make_request() takes from the request, but the time.
std::optional<crypto::Sha256Digest> seen_of(const AccessRequest& request) {
  // Whoever gives it a member has to come here. What keys are narrowed to is no matter of policies.
  const auto& [principal, key, action, model, log, time, peer_address, tls, purpose, upstream_name, upstream_provider,
               stream, matches, upstream_evidence, caller_evidence] = request;
  Seen seen;
  seen.add(static_cast<std::uint32_t>(action) << 2 | static_cast<std::uint32_t>(tls) << 1 |
           static_cast<std::uint32_t>(stream));
  seen.add(static_cast<std::uint32_t>(principal->type));
  for (const std::string_view text :
       {std::string_view(principal->id), model, log, peer_address, purpose, upstream_name, upstream_provider}) {
    seen.add(text);
  }
  seen.add(upstream_evidence);
  seen.add(caller_evidence);
  for (const std::string_view match : matches) seen.add(match);
  return seen.digest();
}

}  // namespace

const Ruling& KeptRulings::rule(const std::shared_ptr<const PolicyBundle>& policies,
                                const std::shared_ptr<const policy::EntityStore>& entities,
                                const AccessRequest& request) {
  if (policies_ != policies) {
    // The earlier bundle is not kept alive, nor what its rulings point into.
    for (Place& place : places_) place = Place();
    policies_ = policies;
  }
  const auto ask = [&] {
    ++asked_;
    return policies->rule(make_request(request), *entities);
  };
  std::optional<crypto::Sha256Digest> seen;
  if (!places_.empty() && !policies->looks_at_time()) seen = seen_of(request);
  if (!seen) return unkept_ = ask();
  Place& place = places_[load_le<std::uint32_t>(*seen) % places_.size()];
  if (place.entities != entities || place.seen != *seen) place = {.seen = *seen, .entities = entities, .ruling = ask()};
  return place.ruling;
}

const Ruling& KeptRulings::overrule(std::string_view why) {
  unkept_ = Ruling();
  unkept_.overruled = why;
  return unkept_;
}

}  // namespace redoubt::gateway
