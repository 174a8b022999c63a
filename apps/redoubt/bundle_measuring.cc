#include "redoubt/bundle_measuring.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "encoding/base64.h"

namespace redoubt::app {

void BundleMeasuring::tick() {
  const auto& now = bundles_.in_force();
  if (never_ || asked_ || !now || measured_ == now->fact || !client_.ready() || clock_.steady() < next_) return;
  asked_ = now->fact;
  if (auto done = ask(*now); !done) failed(done.error());
}

Result<> BundleMeasuring::ask(const state::BundleProjection::Activation& activation) {
  const auto bytes = encoding::hex_decode(std::string_view(activation.digest).substr(activation.digest.find(':') + 1));
  crypto::Sha256Digest digest;
  if (!bytes || bytes->size() != digest.size()) return Error(Errc::kInvalidArgument, "that is no bundle's digest");
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  if (auto done = client_.submit_measure({activation.fact}, digest, this); !done) return done;
  client_.flush();
  return {};
}

void BundleMeasuring::opened(Result<Bytes> answer) {
  if (!answer) return failed(answer.error());
  measured_ = std::exchange(asked_, std::nullopt);
  told_.clear();
}

// The fact may not be under a checkpoint yet, which the next try finds.
void BundleMeasuring::failed(const Error& why) {
  asked_.reset();
  next_ = clock_.steady() + kRetry;
  never_ = why.code() == Errc::kUnsupported;
  if (never_ || why.code() == Errc::kUnavailable || why.message() == told_) return;
  told_ = why.message();
  log::error("administration", "the bundle in force is not measured: evidence of it is refused", {{"why", told_}});
}

}  // namespace redoubt::app
