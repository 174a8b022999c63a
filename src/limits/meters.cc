#include "limits/meters.h"

#include "limits/internal/meter_table.h"

namespace redoubt::limits {

Meters::Meters(const HashKey& hash_key, std::size_t capacity)
    : table_(std::make_unique<MeterTable>(hash_key, capacity)) {}

Meters::~Meters() = default;

Admission Meters::admit(const Limits& limits, const Subjects& subjects, const Use& estimate, UnixMillis now) {
  Admission admission;
  admission.meters_ = table_.get();
  admission.last_ = now;
  const MeterTable::Call call(*table_);
  now = table_->not_before_sweep(now);
  if (!admission.collect(limits, subjects)) {
    admission.refused_ = true;
    admission.refusal_ = {.why = Refusal::Why::kTooManyLimits};
  } else if (admission.charge(estimate, now, true)) {
    admission.charged_ = estimate;
    admission.used_.requests = estimate.requests;
  }
  return admission;
}

Standing Meters::standing(const Limit& limit, std::string_view subject, UnixMillis now) const {
  const Rule rule = make_rule(limit);
  const SubjectHash& hash = table_->hash();
  const MeterTable::Call call(*table_);
  now = table_->not_before_sweep(now);
  const MeterTable::Place place = table_->find(SubjectHash::meter(hash.subject(limit.subject_type, subject), rule));
  MeterState state = place == MeterTable::kNone ? kForgotten : table_->state(place).load();
  if (state == kForgotten) state = fresh(rule.kind, now);
  return {&limit, remaining(rule, state, now), reset_ms(rule, state, now)};
}

void Meters::sweep(UnixMillis now) {
  table_->sweep(next_part_, kSweepCalls, now);
  next_part_ = (next_part_ + 1) % kSweepCalls;
}

std::size_t Meters::in_use() const {
  return table_->in_use();
}

std::size_t Meters::capacity() const {
  return table_->capacity();
}

std::size_t Meters::places() const {
  return table_->last_used();
}

std::optional<Meters::Saved> Meters::at(std::size_t place) const {
  // The state first: a place that is taken anew gets its key before its state. Only the sweeping thread, which this is,
  // takes places away.
  const auto table_place = static_cast<MeterTable::Place>(place + 1);
  const MeterState state = table_->state(table_place).load();
  if (state == kForgotten) return std::nullopt;
  return Saved{table_->key(table_place), state};
}

Meters::Restoring Meters::restore(const Saved& saved, UnixMillis saved_at, UnixMillis now) {
  if (!SubjectHash::is_meter(saved.key) || saved.state == kForgotten) return Restoring::kUnknown;
  const MeterKind kind = kind_of(SubjectHash::shape(saved.key));
  const std::optional<MeterState> state = revived(kind, saved.state, saved_at, now);
  if (!state) return Restoring::kPast;
  const MeterTable::Call call(*table_);
  while (true) {
    const MeterTable::Place place = table_->find_or_make(saved.key, *state);
    if (place == MeterTable::kNone) return Restoring::kNoRoom;
    MeterState there = table_->state(place).load();
    while (there != kForgotten) {
      if (table_->state(place).compare_exchange_weak(there, fuller(kind, there, *state))) return Restoring::kTaken;
    }
  }
}

}  // namespace redoubt::limits
