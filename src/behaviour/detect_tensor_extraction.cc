// Model extraction and adversarial search by tensors: queries placed around earlier ones instead of drawn from the
// world, after PRADA (see tensor_streams.h).
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr double kLeastNormality = 0.80;  // of W'; 48 values drawn normally are below it once in 10^6 times
constexpr double kNearShare = 0.25;       // distances below a quarter of the usual one are near
constexpr double kLeastNear = 0.5;        // share of near ones

}  // namespace

void detect_tensor_extraction(Context& context) {
  const Activity& activity = context.activity;
  if (activity.stage != record::Stage::kAdmission || context.features == nullptr || !context.features->tensor) return;
  const std::uint64_t key = context.hash(activity.principal) ^ (context.hash(activity.model) << 1) ^ 1;
  TensorStream& stream = context.state.tensors.use(key == 0 ? 1 : key, context.now_ms);
  const float nearest = stream.take(*context.features->tensor);
  if (nearest <= 0) return;
  const double usual = anomaly::from_log_scale(static_cast<double>(stream.usual.centre)) / 1000;
  const double value = anomaly::log_scale(1000 * static_cast<double>(nearest));
  if (stream.full()) {
    const auto near = static_cast<double>(std::count_if(stream.distances.begin(), stream.distances.end(), [&](float d) {
      return static_cast<double>(d) < kNearShare * usual;
    }));
    const double share = near / TensorStream::kDistances;
    const double normality = stream.normality();
    if (share >= kLeastNear || (normality < kLeastNormality && share >= kLeastNear / 2)) {
      context.raise(About::kPrincipal, *context.who,
                    {.rule = Rule::kTensorExtraction,
                     .ratio = std::max(share / kLeastNear, (1 - normality) / (1 - kLeastNormality)),
                     .message = shown(100 * share) + " in a hundred of its last tensors lie close to an earlier one; " +
                                "normality of the distances " + shown(100 * normality) + " in a hundred",
                     .confidence = stream.usual.confidence()});
    }
    // What lies near is not learnt as usual.
    if (static_cast<double>(nearest) < kNearShare * usual) return;
  }
  stream.usual.learn(value);
}

}  // namespace redoubt::behaviour
