// Adversarial probing: many variants of one text, some let through and some refused.
#include <algorithm>

#include "behaviour/internal/detectors.h"

namespace redoubt::behaviour {
namespace {

constexpr int kVariantBits = 12;  // of 64; unrelated texts differ in 32 ± 4
constexpr float kHalfLifeS = 600;
constexpr float kLeastVariants = 15;       // with some let through and some refused
constexpr float kLeastVariantsAlone = 40;  // without
constexpr float kLeastShare = 0.6F;
constexpr float kLeastRefused = 0.15F;  // of the variants, at the boundary
constexpr float kUsualShareMax = 0.3F;
constexpr std::uint32_t kTextsKnown = 50;

// Distance to the nearest of the last texts, which then includes it; 64 when there is none.
int take_sketch(Profile& profile, std::uint64_t sketch) {
  int nearest = 64;
  for (const std::uint64_t each : profile.sketches) {
    if (each != 0) nearest = std::min(nearest, sketch_distance(each, sketch));
  }
  if (nearest == 0) return 0;  // the same again: tried once more
  profile.sketches[profile.next_sketch] = sketch;
  profile.next_sketch = static_cast<std::uint8_t>((profile.next_sketch + 1) % Profile::kSketches);
  return nearest;
}

}  // namespace

void detect_probing(Context& context) {
  const Activity& activity = context.activity;
  if (activity.stage != record::Stage::kAdmission && activity.stage != record::Stage::kDenial) return;
  if (context.features == nullptr || !context.features->sketch || *context.features->sketch == 0) return;
  Profile& profile = context.profile();
  const int distance = take_sketch(profile, *context.features->sketch);
  if (distance == 0) return;
  const bool variant = distance <= kVariantBits;
  const bool refused = activity.reason == Reason::kContent || !activity.matches.empty();
  const float usual = profile.variant_share;
  if (profile.texts < 0xffff'ffff) ++profile.texts;
  const bool unusual = profile.texts < kTextsKnown || usual < kUsualShareMax;
  if (context.learns)
    profile.variant_share += ((variant ? 1.0F : 0.0F) - usual) / static_cast<float>(std::min(profile.texts, 200U));
  const float texts = profile.recent_texts.add(context.now_ms, kHalfLifeS);
  const float variants = profile.variants.add(context.now_ms, kHalfLifeS, variant ? 1 : 0);
  if (!variant) return;
  profile.note(context.index, Note::kVariant);
  profile.boundary_mix |= refused ? 2 : 1;
  const float crossed = profile.boundary.add(context.now_ms, kHalfLifeS, refused ? 1 : 0);
  const bool at_boundary = profile.boundary_mix == 3 && crossed >= std::max(2.0F, kLeastRefused * variants);
  // Of those whose texts are not known yet, variants alone say nothing: applications fill in forms.
  if (!at_boundary && profile.texts < kTextsKnown) return;
  const float bound = at_boundary ? kLeastVariants : kLeastVariantsAlone;
  if (variants < bound || variants < kLeastShare * texts || !unusual) return;
  context.raise(About::kPrincipal, *context.who,
                {.rule = Rule::kAdversarialProbing,
                 .ratio = static_cast<double>(variants / bound),
                 .message = shown(variants) + " variants of the same texts lately, of " + shown(texts) + "; " +
                            shown(crossed) + " of them refused or matched",
                 .rests_on = Note::kVariant,
                 .severity = at_boundary ? Severity::kHigh : Severity::kMedium,
                 .confidence = 0.9});
}

}  // namespace redoubt::behaviour
