#include "redoubt/behaviour/detection.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "behaviour/interaction.h"
#include "record/fact_record.h"
#include "state/bundle.h"

namespace redoubt::app {
namespace {

constexpr double kScorePerRisk = 50;  // a signal of a rule that begins to tell weighs 1
constexpr std::size_t kDigestMax = 128;

behaviour::Mesh make_mesh(const behaviour::MeshOptions& options) {
  auto made = behaviour::Mesh::create(options);
  REDOUBT_CHECK(made.has_value());  // the caller's options are in their ranges
  return *std::move(made);
}

// Whom a signal is about, as the mesh names it; nothing for what it has no nodes of.
std::optional<behaviour::NodeName> node_of(std::string_view key) {
  using enum behaviour::NodeType;
  struct Prefix {
    std::string_view text;
    behaviour::NodeType type;
  };
  constexpr std::array<Prefix, 7> kPrefixes = {{{"principal/", kPrincipal},
                                                {"tenant/", kTenant},
                                                {"model/", kModel},
                                                {"tool/", kTool},
                                                {"data_set/", kDataSet},
                                                {"network/", kNetwork},
                                                {"actor.user.uid=", kPrincipal}}};
  for (const Prefix& prefix : kPrefixes) {
    if (!key.starts_with(prefix.text)) continue;
    key.remove_prefix(prefix.text.size());
    return behaviour::NodeName{prefix.type, key.substr(0, key.find(','))};
  }
  return std::nullopt;
}

// Passes signals on, and lets them weigh in the mesh.
class Weighing final : public behaviour::SignalSink {
 public:
  Weighing(behaviour::Mesh& mesh, behaviour::SignalSink& next) : mesh_(mesh), next_(next) {}
  void take(behaviour::Signal signal) override {
    if (const auto node = node_of(signal.key)) {
      // Whom the mesh does not know, or has forgotten, has no risk.
      (void)mesh_.raise(
          *node,
          {.rule = signal.rule, .weight = signal.score / kScorePerRisk, .time = signal.time, .index = signal.index});
    }
    next_.take(std::move(signal));
  }

 private:
  behaviour::Mesh& mesh_;
  behaviour::SignalSink& next_;
};

void append_section(Bytes& out, ByteView section) {
  std::array<std::byte, 8> size{};
  store_le(MutableByteView(size), std::uint64_t{section.size()});
  out.insert(out.end(), size.begin(), size.end());
  out.insert(out.end(), section.begin(), section.end());
}

Result<ByteView> take_section(ByteView& rest) {
  if (rest.size() < 8) return Error(Errc::kCorrupt, "the state is cut off");
  const auto size = load_le<std::uint64_t>(rest.first(8));
  rest = rest.subspan(8);
  if (size > rest.size()) return Error(Errc::kCorrupt, "the state is cut off");
  const ByteView out = rest.first(size);
  rest = rest.subspan(size);
  return out;
}

}  // namespace

struct Detection::Impl {
  explicit Impl(const Options& wanted) : options(wanted), engine(wanted.engine) {
    if (options.mesh) mesh = make_mesh(*options.mesh);
  }

  void use_rules(std::string_view digest);
  void change_rules(ByteView record);
  // `activity`: of the record; null when it could not be read.
  void learn(std::uint64_t index, ByteView record, const behaviour::Activity* activity,
             const behaviour::Features* features);

  Options options;
  behaviour::Engine engine;
  std::optional<behaviour::Mesh> mesh;
  std::optional<SigmaSignals> sigma;
  std::string bundle;  // digest; empty: none has come into force
  std::string problem;
  std::uint64_t next = 0;
  std::uint64_t entries = 0;
  behaviour::ActivityReader activities;
  behaviour::InteractionReader interactions;
  record::FactReader facts;
};

void Detection::Impl::use_rules(std::string_view digest) {
  if (options.rules == nullptr) return;
  auto rules = options.rules->in_bundle(digest);
  problem = rules ? std::string() : rules.error().message();
  SigmaSignals made(rules ? *std::move(rules) : compile_shipped_rules(), options.engine.hash_key);
  // Only another version or key could keep all of it from going on, and both are this program's own.
  if (sigma) (void)made.restore(sigma->save());
  sigma = std::move(made);
}

// A bundle that comes into force is a fact like any other: what follows it is of its rules.
void Detection::Impl::change_rules(ByteView record) {
  if (options.rules == nullptr || !record::begins_as_fact(record)) return;
  const auto fact = facts.read(record);
  if (!fact || *fact == nullptr || (*fact)->object != state::kBundleObject) return;
  const std::string digest = state::wanted_digest((*fact)->body);
  if (digest.empty() || digest == bundle) return;
  bundle = digest;
  use_rules(bundle);
}

void Detection::Impl::learn(std::uint64_t index, ByteView record, const behaviour::Activity* activity,
                            const behaviour::Features* features) {
  if (!mesh) return;
  // Of a fact the mesh wants more than the detectors, and it draws what it can of records that they refuse.
  const bool is_enough = activity != nullptr && activity->stage != record::Stage::kFact;
  const auto interaction =
      is_enough ? interactions.read(*activity, index, features) : interactions.read(as_chars(record), index, features);
  if (interaction && *interaction) mesh->apply(**interaction);
}

Detection::Detection(const Options& options) : impl_(std::make_unique<Impl>(options)) {
  impl_->use_rules({});
}
Detection::Detection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Detection::Detection(Detection&&) noexcept = default;
Detection& Detection::operator=(Detection&&) noexcept = default;
Detection::~Detection() = default;

Result<> Detection::consume(std::uint64_t index, ByteView record, const behaviour::Features* features,
                            behaviour::SignalSink& sink) {
  Impl& self = *impl_;
  if (index < self.next) {
    return Error(Errc::kInvalidArgument, "entry " + std::to_string(index) + " is not behind the one before");
  }
  self.next = index + 1;
  ++self.entries;
  const auto activity = self.activities.read(record);
  self.learn(index, record, activity ? *activity : nullptr, features);
  std::optional<Weighing> weighing;
  if (self.mesh) weighing.emplace(*self.mesh, sink);
  behaviour::SignalSink& told = weighing ? static_cast<behaviour::SignalSink&>(*weighing) : sink;

  if (activity && self.options.observer != nullptr) self.options.observer->seen(**activity, features);
  if (!self.options.detectors) {
    // The rules alone.
  } else if (activity) {
    (void)self.engine.apply(index, **activity, features, told);
  } else {
    (void)self.engine.consume(index, record, features, told);  // counts it as unread
  }
  if (self.sigma) {
    self.sigma->consume(index, record, self.activities.items(), activity ? *activity : nullptr, told);
  }
  self.change_rules(record);
  return {};
}

std::uint64_t Detection::next_index() const {
  return impl_->next;
}
std::uint64_t Detection::entries() const {
  return impl_->entries;
}
const behaviour::Engine& Detection::engine() const {
  return impl_->engine;
}
const behaviour::Mesh* Detection::mesh() const {
  return impl_->mesh ? &*impl_->mesh : nullptr;
}
const SigmaSignals* Detection::rules() const {
  return impl_->sigma ? &*impl_->sigma : nullptr;
}
const std::string& Detection::rules_problem() const {
  return impl_->problem;
}

Bytes Detection::save() const {
  const Impl& self = *impl_;
  Bytes out(16);
  store_le(MutableByteView(out).first(8), self.next);
  store_le(MutableByteView(out).subspan(8, 8), self.entries);
  append_section(out, self.engine.save());
  append_section(out, as_bytes(self.bundle));
  append_section(out, self.sigma ? as_bytes(self.sigma->save()) : ByteView());
  if (!self.mesh) {
    append_section(out, {});
    return out;
  }
  // In pieces: it is too large to be twice in memory.
  const std::size_t at = out.size();
  out.resize(at + 8);
  const auto done = self.mesh->save([&](ByteView piece) -> Result<> {
    out.insert(out.end(), piece.begin(), piece.end());
    return {};
  });
  REDOUBT_CHECK(done.has_value());
  store_le(MutableByteView(out).subspan(at, 8), std::uint64_t{out.size() - at - 8});
  return out;
}

Result<Detection> Detection::restore(ByteView state, const Options& options) {
  if (state.size() < 16) return Error(Errc::kCorrupt, "the state is cut off");
  auto impl = std::make_unique<Impl>(options);
  impl->next = load_le<std::uint64_t>(state.first(8));
  impl->entries = load_le<std::uint64_t>(state.subspan(8, 8));
  ByteView rest = state.subspan(16);
  std::array<ByteView, 4> sections;
  for (ByteView& section : sections) {
    auto taken = take_section(rest);
    if (!taken) return taken.error();
    section = *taken;
  }
  if (!rest.empty()) return Error(Errc::kCorrupt, "the state is longer than it says");
  const auto [engine, bundle, rules, mesh] = sections;
  if (bundle.size() > kDigestMax) return Error(Errc::kCorrupt, "a digest is too long");
  auto restored = behaviour::Engine::restore(engine, options.engine);
  if (!restored) return restored.error();
  impl->engine = *std::move(restored);
  if (options.detectors && impl->engine.next_index() != impl->next) {
    return Error(Errc::kCorrupt, "its parts are of different entries");
  }
  impl->bundle = std::string(as_chars(bundle));
  impl->use_rules(impl->bundle);
  if (impl->sigma && !rules.empty()) {
    if (auto done = impl->sigma->restore(as_chars(rules)); !done) return done.error();
  }
  if (impl->mesh) {
    auto whole = behaviour::Mesh::restore(mesh, *options.mesh);
    if (!whole) return whole.error();
    impl->mesh = *std::move(whole);
  }
  return Detection(std::move(impl));
}

}  // namespace redoubt::app
