#include "ledger/fsck.h"

#include <algorithm>
#include <array>
#include <set>

#include "ledger/internal/findings.h"
#include "ledger/internal/log_check.h"
#include "ledger/internal/pair_check.h"
#include "ledger/segment.h"

namespace redoubt::ledger {
namespace {

using internal::Findings;
using internal::kRestoreSegment;
using internal::kStartKeeper;
using internal::LogCheck;
using internal::PairCheck;

constexpr std::uint64_t kMaxSignersBytes = 1024 * 1024;
constexpr std::uint64_t kProgressBytes = 16 * 1024 * 1024;

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

std::string segment_file(SegmentNumber segment) {
  return "segments/" + segment_name(segment);
}

class Check {
 public:
  Check(FileSystem& fs, std::string directory, std::span<const tlog::VerifierKey> keys, const CheckProgress& progress)
      : fs_(fs), directory_(std::move(directory)), keys_(keys), progress_(progress) {}

  Result<LedgerCheck> run() {
    if (auto opened = open(); !opened) return opened.error();
    check_segments();
    for (LogCheck& log : logs_) log.finish();
    summarize();
    return std::move(report_);
  }

 private:
  Result<> open();
  Result<> open_logs();
  void list_unknown();
  void list_unknown_of_log(const std::string& prefix, const std::set<std::string>& further);
  void check_signers();

  // The highest number of a segment that is there now, and one more; 0 when there is none.
  SegmentNumber segments_end();
  void check_segments();
  void check_segment(SegmentNumber segment);
  // What lies behind the last whole commit. True when reading goes on.
  bool go_on_behind(SegmentScanner& scanner, SegmentNumber segment);
  void check_commit(const SegmentScanner::Commit& commit, SegmentNumber segment);
  void check_commit_header(const CommitHeader& header, const Finding& place);
  void take_entry_of(const EntryView& entry, const LogCheck::Place& place);
  void gap() { pairs_.gap(); }
  void show_progress(std::uint64_t bytes);
  void summarize();

  static Finding at(SegmentNumber segment, std::uint64_t offset) {
    Finding finding;
    finding.file = segment_file(segment);
    finding.offset = offset;
    finding.remedy = kRestoreSegment;
    return finding;
  }
  void problem(Finding place, std::string what) {
    place.what = std::move(what);
    findings_.problem(std::move(place));
  }

  FileSystem& fs_;
  const std::string directory_;
  const std::span<const tlog::VerifierKey> keys_;
  const CheckProgress& progress_;
  LedgerCheck report_;
  Findings findings_{report_};
  std::vector<std::string> tenants_;
  std::vector<LogCheck> logs_;  // by number
  PairCheck pairs_{kMaxOpenAdmissions};
  bool further_ = false;  // whether there is a segment behind the one being read
  Sequence next_ = 0;     // of the next entry
  std::int64_t last_time_ms_ = INT64_MIN;
  Sequence last_uncovered_ = 0;      // as the last commit says
  std::set<LogNumber> not_covered_;  // logs of which it was said that their checkpoint covers too little
  std::uint64_t unnumbered_ = 0;     // entries that name no log
  std::uint64_t bytes_done_ = 0;     // of segments before the one being read
  std::uint64_t bytes_shown_ = 0;
};

Result<> Check::open() {
  auto segments = fs_.list(directory_ + "/segments");
  if (!segments) return segments.error().in("no ledger in `" + directory_ + "`");
  if (auto done = open_logs(); !done) return done;
  check_signers();
  list_unknown();
  return {};
}

// A tenant's log has the ledger's key under its own origin (docs/formats/hashes.md).
Result<> Check::open_logs() {
  auto tenants = read_tenants(fs_, directory_);
  if (!tenants) {
    Finding finding;
    finding.file = "tenants";
    finding.what = tenants.error().message() + ": which log an entry belongs to is not known";
    finding.remedy = "restore this file from a copy; lines are only ever added to it";
    findings_.problem(std::move(finding));
  } else {
    tenants_ = *std::move(tenants);
  }
  for (LogNumber number = 0; number <= tenants_.size(); ++number) {
    const std::string tenant = number == kSystemLog ? std::string() : tenants_[number - 1];
    std::vector<tlog::VerifierKey> keys;
    for (const tlog::VerifierKey& key : keys_) {
      crypto::Ed25519PublicKey public_key;
      std::copy_n(key.public_key().begin(), public_key.size(), public_key.begin());
      auto own = tlog::VerifierKey::ed25519(log_origin(key.name(), tenant), public_key);
      if (!own) return own.error();
      keys.push_back(*std::move(own));
    }
    logs_.emplace_back(fs_, directory_, tenant, std::move(keys), findings_);
  }
  for (LogCheck& log : logs_) log.open();
  return {};
}

void Check::check_signers() {
  const auto signers = read_file(fs_, directory_ + "/signers", kMaxSignersBytes);
  if (signers || signers.error().code() == Errc::kNotFound) return;
  Finding finding;
  finding.file = "signers";
  finding.what = "cannot be read: " + signers.error().message();
  finding.remedy = "restore this file from a copy";
  findings_.problem(std::move(finding));
}

void Check::list_unknown() {
  list_unknown_of_log("", {"segments", "spare.seg", "tenants", "tenants.new", "signers", "signers.new",
                           "signer-evidence", "signer-evidence.new", "t"});
  if (const auto names = fs_.list(directory_ + "/segments")) {
    for (const std::string& name : *names) {
      if (!parse_segment_name(name)) findings_.unknown("segments/" + name);
    }
  }
  const auto folders = fs_.list(directory_ + "/t");
  for (const std::string& name : folders ? *folders : std::vector<std::string>()) {
    if (std::find(tenants_.begin(), tenants_.end(), name) != tenants_.end()) {
      list_unknown_of_log("t/" + name + "/", {});
    } else if (fs_.open(directory_ + "/t/" + name + "/checkpoint", OpenMode::kReadOnly)) {
      Finding finding;
      finding.file = "t/" + name;
      finding.what = "a log that `tenants` does not name";
      finding.remedy = "restore `tenants` from a copy; lines are only ever added to it";
      findings_.problem(std::move(finding));
    } else {
      findings_.unknown("t/" + name);
    }
  }
}

void Check::list_unknown_of_log(const std::string& prefix, const std::set<std::string>& further) {
  static const std::set<std::string> kKnown = {"hashes",   "positions", "checkpoint",  "checkpoint.new",
                                               "cosigned", "pending",   "pending.new", "cosigned.new"};
  const auto names = fs_.list(directory_ + "/" + prefix);
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    if (!kKnown.contains(name) && !further.contains(name)) findings_.unknown(prefix + name);
  }
  const auto hashes = fs_.list(directory_ + "/" + prefix + "hashes");
  for (const std::string& name : hashes ? *hashes : std::vector<std::string>()) {
    if (name.size() != 1 || name[0] < '0' || name[0] > '7') findings_.unknown(prefix + "hashes/" + name);
  }
}

SegmentNumber Check::segments_end() {
  SegmentNumber end = 0;
  const auto names = fs_.list(directory_ + "/segments");
  for (const std::string& name : names ? *names : std::vector<std::string>()) {
    if (const auto segment = parse_segment_name(name)) end = std::max(end, *segment + 1);
  }
  return end;
}

void Check::check_segments() {
  const SegmentNumber end = segments_end();
  for (SegmentNumber segment = 0; segment < end; ++segment) {
    const auto file = fs_.open(directory_ + "/" + segment_file(segment), OpenMode::kReadOnly);
    const auto size = file ? (*file)->size() : Result<std::uint64_t>(file.error());
    if (size) {
      report_.segment_bytes += *size;
    } else if (size.error().code() != Errc::kNotFound) {  // a missing one is a problem of check_segment
      Finding place = at(segment, 0);
      place.offset.reset();
      problem(std::move(place), "its size cannot be read: " + size.error().message());
    }
  }
  further_ = end > 0;
  for (SegmentNumber segment = 0; further_ && !report_.growing; ++segment) check_segment(segment);
}

void Check::check_segment(SegmentNumber segment) {
  further_ = segment + 1 < segments_end();
  auto file = fs_.open(directory_ + "/" + segment_file(segment), OpenMode::kReadOnly);
  auto opened = file ? SegmentScanner::open(*std::move(file), segment) : Result<SegmentScanner>(file.error());
  if (!opened) {
    Finding place = at(segment, 0);
    place.offset.reset();
    problem(std::move(place), opened.error().code() == Errc::kNotFound
                                  ? "the segment is missing: so are all its entries"
                                  : "its entries cannot be read: " + opened.error().message());
    gap();
    return;
  }
  SegmentScanner& scanner = *opened;
  ++report_.segments;
  if (scanner.header().first != next_) {
    problem(at(segment, 8), "the segment begins with the entry of sequence " + number(scanner.header().first) +
                                ", the ones before end at " + number(next_));
    next_ = scanner.header().first;
    gap();
  }
  if (scanner.file_size() % kDirectBlockSize != 0) {
    problem(at(segment, scanner.file_size()), "the file does not end with a whole block: it was cut");
  }
  do {
    while (true) {
      const auto commit = scanner.next();
      if (!commit) {
        problem(at(segment, scanner.offset()), "cannot be read: " + commit.error().message());
        gap();
        return;
      }
      if (!*commit) break;
      check_commit(**commit, segment);
      show_progress(scanner.offset());
    }
  } while (go_on_behind(scanner, segment));
  bytes_done_ += scanner.file_size();
}

bool Check::go_on_behind(SegmentScanner& scanner, SegmentNumber segment) {
  const std::uint64_t offset = scanner.offset();
  // In this order: what a segment holds is complete once there is a further one.
  further_ = segment + 1 < segments_end();
  const bool last = !further_;
  const auto behind = scanner.look_behind();
  if (!behind) {
    problem(at(segment, offset), "cannot be read: " + behind.error().message());
    gap();
    return false;
  }
  const std::string after = "after the commit that ends before sequence " + number(next_);
  switch (*behind) {
    case SegmentScanner::Behind::kZeros:
      return false;
    case SegmentScanner::Behind::kGrowing:
      report_.growing = last;
      return !last;
    case SegmentScanner::Behind::kCommit:
      problem(at(segment, offset), "damaged " + after + ", up to offset " + number(scanner.offset()) +
                                       ", where a whole commit of sequence " + number(scanner.next_sequence()) +
                                       " follows: what is damaged was acknowledged");
      next_ = scanner.next_sequence();
      gap();
      return true;
    case SegmentScanner::Behind::kTorn:
      if (last) {
        report_.torn = true;
        Finding place = at(segment, offset);
        place.what = "bytes " + after +
                     " that are no whole commit: one that a crash cut short and that was never acknowledged, or one "
                     "that is being written";
        place.remedy = kStartKeeper;
        findings_.note(std::move(place));
        return false;
      }
      [[fallthrough]];
    case SegmentScanner::Behind::kStray:
      problem(at(segment, offset), "bytes other than zero " + after +
                                       (last ? ", farther than a commit reaches" : ", where the segment ends") +
                                       ": a damaged commit, or what somebody else wrote");
      if (!last) gap();
      return false;
  }
  return false;
}

void Check::check_commit(const SegmentScanner::Commit& commit, SegmentNumber segment) {
  ++report_.commits;
  ByteView rest = commit.payload;
  for (std::uint32_t i = 0; i < commit.header.entry_count; ++i) {
    const std::uint64_t offset = commit.offset + kCommitHeaderSize + (commit.payload.size() - rest.size());
    const auto entry = take_entry(rest);
    if (!entry) {
      problem(at(segment, offset), entry.error().message());
      gap();
      rest = {};
      break;
    }
    take_entry_of(*entry, {.position = {segment, static_cast<std::uint32_t>(offset)}, .sequence = next_ + i});
  }
  if (!rest.empty()) {
    problem(at(segment, commit.offset + commit.bytes.size() - rest.size()), "a commit is longer than its entries");
  }
  next_ = commit.header.next();
  check_commit_header(commit.header, at(segment, commit.offset));
}

void Check::take_entry_of(const EntryView& entry, const LogCheck::Place& place) {
  ++report_.entries;
  report_.openings += entry.sealed_opening.empty() ? 0 : 1;
  report_.opening_bytes += entry.sealed_opening.size();
  Finding where = at(place.position.segment, place.position.offset);
  where.entry = entry.header.index;
  if (entry.header.log >= logs_.size()) {
    if (unnumbered_++ == 0) {
      where.remedy = "restore `tenants` from a copy; lines are only ever added to it";
      problem(std::move(where), "the entry is of log " + number(entry.header.log) + ", which `tenants` does not name");
    }
    return;
  }
  logs_[entry.header.log].take(entry, place);
  const bool followed = !pairs_.overflowed();
  if (!pairs_.take(entry.header, place.sequence)) {
    const std::string& tenant = logs_[entry.header.log].summary().tenant;
    where.log = tenant.empty() ? std::string(kSystemLogName) : tenant;
    problem(std::move(where), "an outcome closes entry " + number(entry.header.admission_index) +
                                  ", which is no open admission of its exchange");
  } else if (followed && pairs_.overflowed()) {
    problem(std::move(where),
            "more than " + number(kMaxOpenAdmissions) +
                " admissions have no outcome, more than a keeper lets in; pairs behind are not checked");
  }
}

void Check::check_commit_header(const CommitHeader& header, const Finding& place) {
  if (header.time_ms < last_time_ms_) problem(place, "the commit's time is before that of the commit before");
  last_time_ms_ = std::max(last_time_ms_, header.time_ms);
  const Sequence oldest = pairs_.oldest().value_or(header.next());
  if (pairs_.exact() && header.oldest_open != oldest) {
    problem(place, "the commit says that the oldest open admission is of sequence " + number(header.oldest_open) +
                       "; it is of " + number(oldest));
  }
  if (header.oldest_uncovered > header.first || header.oldest_uncovered < last_uncovered_) {
    problem(place, "the commit says that no checkpoint covered sequence " + number(header.oldest_uncovered) +
                       ", which cannot be");
  }
  if (header.oldest_uncovered <= last_uncovered_) return;
  last_uncovered_ = header.oldest_uncovered;
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    if (logs_[log].covered_before(last_uncovered_) || !not_covered_.insert(log).second) continue;
    const CheckedLog& summary = logs_[log].summary();
    Finding finding;
    finding.file = (summary.tenant.empty() ? "" : "t/" + summary.tenant + "/") + std::string("checkpoint");
    finding.log = summary.tenant.empty() ? std::string(kSystemLogName) : summary.tenant;
    finding.what = "covers " + number(summary.published) + " entries, fewer than when `" + place.file +
                   "` was written: it is missing, or older than it was";
    finding.remedy = "restore this file from the latest copy";
    findings_.problem(std::move(finding));
  }
}

void Check::show_progress(std::uint64_t bytes) {
  const std::uint64_t done = bytes_done_ + bytes;
  if (!progress_ || done < bytes_shown_ + kProgressBytes) return;
  bytes_shown_ = done;
  progress_(std::min(done, report_.segment_bytes), report_.segment_bytes);
}

void Check::summarize() {
  if (progress_) progress_(report_.segment_bytes, report_.segment_bytes);
  for (LogNumber log = 0; log < logs_.size(); ++log) {
    report_.logs.push_back(logs_[log].summary());
    report_.logs.back().open_admissions = pairs_.open_count(log);
  }
  report_.open = pairs_.open(kMaxFindings);
  report_.open_count = pairs_.open_count();
}

}  // namespace

Result<LedgerCheck> check_ledger(FileSystem& fs, const std::string& directory, std::span<const tlog::VerifierKey> keys,
                                 const CheckProgress& progress) {
  return Check(fs, directory, keys, progress).run();
}

}  // namespace redoubt::ledger
