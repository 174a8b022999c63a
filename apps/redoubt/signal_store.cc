#include "redoubt/signal_store.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "behaviour/signal_reader.h"

namespace redoubt::app {
namespace {

constexpr std::string_view kEnding = ".jsonl";
constexpr std::size_t kDigits = 20;
constexpr std::uint64_t kReadMax = std::uint64_t{1} << 30;  // a segment ends with the commit that fills it

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (name.size() != kDigits + kEnding.size() || !name.ends_with(kEnding)) return std::nullopt;
  std::uint64_t out = 0;
  const auto read = std::from_chars(name.data(), name.data() + kDigits, out);
  if (read.ec != std::errc() || read.ptr != name.data() + kDigits) return std::nullopt;
  return out;
}

}  // namespace

std::string SignalStore::path(std::uint64_t first) const {
  std::array<char, kDigits + 1> digits{};
  std::snprintf(digits.data(), digits.size(), "%020llu", static_cast<unsigned long long>(first));
  return folder_ + "/" + digits.data() + std::string(kEnding);
}

Result<std::vector<std::uint64_t>> SignalStore::list() const {
  auto names = fs_.list(folder_);
  if (!names) return names.error();
  std::vector<std::uint64_t> out;
  for (const std::string& name : *names) {
    if (const auto number = number_of(name)) out.push_back(*number);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<> SignalStore::open(const Place& place) {
  if (auto done = fs_.make_directory(folder_); !done) return done;
  auto found = list();
  if (!found) return found.error();
  segments_.clear();
  for (const std::uint64_t first : *found) {
    if (first <= place.segment) segments_.push_back({.first = first, .begun = {}});
  }
  if (segments_.empty() || segments_.back().first != place.segment) {
    return Error(Errc::kCorrupt, "signals are missing");
  }
  auto file = fs_.open(path(place.segment), OpenMode::kReadWrite);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size < place.size) return Error(Errc::kCorrupt, "signals are missing");
  if (auto done = (*file)->truncate(place.size); !done) return done;
  for (const std::uint64_t first : *found) {
    if (first <= place.segment) continue;
    if (auto done = fs_.remove(path(first)); !done) return done;
  }
  file_ = *std::move(file);
  place_ = place;
  lines_.clear();
  waiting_ = 0;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    // The first line tells when it began; an empty one has not.
    auto one = fs_.open(path(segments_[i].first), OpenMode::kReadOnly);
    if (!one) return one.error();
    Bytes begin(behaviour::kSignalLineMax);
    const auto n = (*one)->read_at(0, begin);
    if (!n) return n.error();
    const std::string_view text = as_chars(ByteView(begin).first(*n));
    const auto signal = behaviour::read_signal(text.substr(0, text.find('\n')));
    if (signal) segments_[i].begun = signal->time;
    if (!signal && i + 1 < segments_.size()) return Error(Errc::kCorrupt, "a segment of signals is damaged");
  }
  return {};
}

Result<> SignalStore::clear() {
  if (auto done = fs_.make_directory(folder_); !done) return done;
  auto found = list();
  if (!found) return found.error();
  for (const std::uint64_t first : *found) {
    if (auto done = fs_.remove(path(first)); !done) return done;
  }
  segments_.clear();
  lines_.clear();
  waiting_ = 0;
  place_ = {};
  return begin_segment(0);
}

Result<> SignalStore::begin_segment(std::uint64_t first) {
  // The one before must outlive a power cut whole, since nothing looks at it again.
  if (file_ != nullptr && !segments_.empty()) {
    if (auto done = file_->sync_data(); !done) return done;
  }
  auto file = fs_.open(path(first), OpenMode::kCreateReadWrite);
  if (!file) return file.error();
  if (auto done = (*file)->truncate(0); !done) return done;
  if (auto done = fs_.sync_directory(folder_); !done) return done;
  file_ = *std::move(file);
  segments_.push_back({.first = first, .begun = {}});
  place_.segment = first;
  place_.size = 0;
  begun_ = true;
  return {};
}

void SignalStore::add(const behaviour::Signal& signal) {
  if (waiting_ == 0) first_waiting_ = signal.time;
  behaviour::append_signal(lines_, signal);
  lines_ += '\n';
  ++waiting_;
}

Result<> SignalStore::flush() {
  if (waiting_ == 0) return {};
  if (place_.size >= limits_.segment_bytes) {
    if (auto done = begin_segment(place_.count); !done) return done;
  }
  if (auto done = file_->write_at(place_.size, as_bytes(lines_)); !done) return done;
  if (place_.size == 0) segments_.back().begun = first_waiting_;
  place_.size += lines_.size();
  place_.count += waiting_;
  lines_.clear();
  waiting_ = 0;
  return {};
}

Result<> SignalStore::sync() {
  if (auto done = file_->sync_data(); !done) return done;
  begun_ = false;
  return {};
}

Result<> SignalStore::forget_old(UnixMillis now) {
  // The next segment's beginning is this one's end.
  while (segments_.size() > 1 &&
         (segments_.size() > limits_.segments || now.value - segments_[1].begun.value > limits_.age_ms)) {
    if (auto done = fs_.remove(path(segments_.front().first)); !done) return done;
    segments_.erase(segments_.begin());
  }
  return {};
}

Result<SignalStore::Lines> SignalStore::lines_of(std::size_t segment) const {
  auto bytes = read_file(fs_, path(segments_[segment].first), kReadMax);
  if (!bytes) return bytes.error();
  Lines out{.bytes = *std::move(bytes), .all = {}};
  std::string_view text = as_chars(out.bytes);
  if (segment + 1 == segments_.size()) text = text.substr(0, place_.size);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.all.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

Result<admin::SignalPage> SignalStore::read(const admin::SignalFilter& filter, std::uint64_t before,
                                            std::size_t limit) {
  admin::SignalPage out;
  if (before > 0 && before - 1 < oldest()) {
    return Error(Errc::kNotFound, "signals below number " + std::to_string(before) + " are no longer kept");
  }
  std::size_t examined = 0;
  for (std::size_t i = segments_.size(); i-- > 0;) {
    if (segments_[i].first >= before) continue;
    const auto lines = lines_of(i);
    if (!lines) return lines.error();
    if (i + 1 < segments_.size() && segments_[i].first + lines->all.size() != segments_[i + 1].first) {
      return Error(Errc::kCorrupt, "signals are missing from number " + std::to_string(segments_[i].first) + " on");
    }
    const std::uint64_t end = std::min<std::uint64_t>(before, segments_[i].first + lines->all.size());
    for (std::uint64_t number = end; number-- > segments_[i].first;) {
      if (out.signals.size() == limit || examined == kExamineMax) {
        out.next = number + 1;
        return out;
      }
      ++examined;
      auto signal = behaviour::read_signal(lines->all[number - segments_[i].first]);
      if (!signal) return Error(Errc::kCorrupt, "signal " + std::to_string(number) + " is damaged");
      if (filter.matches(*signal)) out.signals.push_back({.number = number, .signal = *std::move(signal)});
    }
  }
  return out;
}

}  // namespace redoubt::app
