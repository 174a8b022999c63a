#include "tpm/history_log.h"

#include <array>
#include <string_view>

#include "tpm/internal/blob.h"

namespace redoubt::tpm {

namespace {

constexpr std::string_view kLabel = "redoubt history v1";

crypto::Sha256Digest digest_of(const HistoryEvent& event) {
  std::array<std::byte, 8> index;
  store_le(MutableByteView(index), event.index);
  return crypto::sha256({as_bytes(kLabel), event.digest, index});
}

// TPM2_NV_Extend (Part 3 §31.9).
crypto::Sha256Digest extended(const crypto::Sha256Digest& before, const HistoryEvent& event) {
  return crypto::sha256({before, digest_of(event)});
}

}  // namespace

HistoryLog::HistoryLog(NvHandle handle) : handle_(handle), start_(crypto::sha256(Bytes(64))) {}

Result<HistoryLog> HistoryLog::decode(ByteView bytes) {
  auto in = internal::BlobReader::open(bytes, internal::BlobKind::kHistory, kMaxBytes);
  if (!in) return in.error();
  const ByteView handle = in->exactly(sizeof(NvHandle));
  const ByteView start = in->exactly(crypto::Sha256Digest().size());
  ByteView events = in->field(kMaxEvents * kEventBytes);
  const Error malformed(Errc::kMalformed, "the history's log is not in its form");
  if (!in->finished() || events.size() % kEventBytes != 0) return malformed;
  HistoryLog out(load_le<NvHandle>(handle));
  std::copy(start.begin(), start.end(), out.start_.begin());
  for (; !events.empty(); events = events.subspan(kEventBytes)) {
    HistoryEvent event{.digest = {}, .index = load_le<std::uint64_t>(events.subspan(32, 8))};
    std::copy_n(events.begin(), event.digest.size(), event.digest.begin());
    if (!out.add(event)) return malformed;
  }
  return out;
}

Bytes HistoryLog::encode() const {
  std::array<std::byte, sizeof(NvHandle)> handle;
  store_le(MutableByteView(handle), handle_);
  Bytes events;
  for (const HistoryEvent& each : events_) {
    std::array<std::byte, 8> index;
    store_le(MutableByteView(index), each.index);
    append(events, each.digest);
    append(events, index);
  }
  return internal::BlobWriter(internal::BlobKind::kHistory).field(handle).field(start_).field(events).finish();
}

crypto::Sha256Digest HistoryLog::value() const {
  crypto::Sha256Digest out = start_;
  for (const HistoryEvent& each : events_) out = extended(out, each);
  return out;
}

Result<> HistoryLog::add(const HistoryEvent& event) {
  if (!events_.empty() && event.index <= events_.back().index) {
    return Error(Errc::kInvalidArgument, "what happens later is written down later");
  }
  if (events_.size() == kMaxEvents) {
    start_ = extended(start_, events_.front());
    events_.erase(events_.begin());
  }
  events_.push_back(event);
  return {};
}

Result<> catch_up(Tpm& tpm, const HistoryLog& log, const crypto::Secret& authorisation) {
  const auto now = read_history(tpm, log.handle(), authorisation);
  if (!now) return now.error();
  crypto::Sha256Digest value = log.start_;
  auto missing = log.events_.begin();
  while (value != *now) {
    if (missing == log.events_.end()) {
      return Error(Errc::kVerifyFailed, "the TPM's history is not that of its log: one of them was put back");
    }
    value = extended(value, *missing++);
  }
  for (; missing != log.events_.end(); ++missing) {
    if (auto done = extend_history(tpm, log.handle(), authorisation, digest_of(*missing)); !done) return done;
  }
  return {};
}

}  // namespace redoubt::tpm
