// Committed records as behaviour reads them, and what it keeps of them in a folder: one attempt, from the opening of
// the files to the first failure.
//
//   engine      a snapshot of what was learnt (Detection::save()), and where it stood
//   signals/    all signals, a line each (signal_store.h)
//
// INVARIANT: a snapshot says how far the signals had come. open() takes up the snapshot, cuts signals back to that, and
// reads on: no signal is lost, none comes twice. A snapshot that is damaged, of another version or of other entries
// than the ledger has is thrown away, and all is read again, with the same signals.
//
// It waits for whoever answers signals (signal_feed.h). INVARIANT: a snapshot is of a place up to which all signals
// were answered on record; the others are told again after a start.
//
// One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "admin/signal_desk.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "behaviour/feature_seal.h"
#include "ledger/commit_tail.h"
#include "redoubt/behaviour/detection.h"
#include "redoubt/signal_feed.h"
#include "redoubt/signal_store.h"
#include "tlog/hash.h"

namespace redoubt::app {

class BehaviourReading final : public behaviour::SignalSink {
 public:
  struct Settings {
    std::string ledger_directory;
    std::string folder;                  // is made when it is not there
    std::string features;                // the folder of their keys (behaviour/feature_seal.h)
    std::string bundles;                 // of those that were in force: whose rules run
    SignalFeed* feed = nullptr;          // to whoever answers signals; null: nobody. Must outlive it
    std::uint32_t max_nodes = 1U << 18;  // of the mesh
    std::uint32_t max_edges = 2U << 20;  // likewise: about 300 MB
    SignalStore::Limits signals;
  };
  static constexpr std::size_t kLoggedAMinute = 60;  // signals of high severity that are lines of the log, too

  // `fs` and `clock` must outlive it.
  BehaviourReading(FileSystem& fs, const Clock& clock, const Settings& settings);

  // Anything but kNotFound (there is no ledger yet) is a failure of the disk.
  Result<> open();
  struct Commit {
    UnixMillis time;  // when it was made
    std::uint64_t entries = 0;
  };
  // Reads a commit; nothing when there is none yet.
  Result<std::optional<Commit>> step();
  Result<> save();

  bool has_more_than_saved() const { return detection_ && detection_->next_index() > saved_; }
  // Signals filled a segment since the last snapshot: old ones go with the next.
  bool wants_to_save() const { return store_.begun_since_sync(); }

  Result<admin::SignalPage> signals(const admin::SignalFilter& filter, std::uint64_t before, std::size_t limit) {
    return store_.read(filter, before, limit);
  }
  const behaviour::Mesh& mesh() const { return *detection_->mesh(); }  // once open
  // All but how late it is.
  admin::BehaviourProgress progress() const;

  void take(behaviour::Signal signal) override;

 private:
  // What stands before the detection's bytes in a snapshot.
  struct Head {
    std::uint64_t next = 0;  // sequence of the entry that comes next; above 0
    tlog::Hash last{};       // leaf hash of the one before
    SignalStore::Place signals;
    std::array<std::uint64_t, 2> hash_key{};
  };
  static void store_head(MutableByteView out, const Head& head);
  static Result<Head> load_head(ByteView bytes);

  Detection::Options options();
  Result<> take_up();
  Result<> begin_anew();
  Result<> consume(const ledger::CommitTail::Commit& commit);
  void log_signal(const behaviour::Signal& signal);
  std::string path(const char* name) const { return settings_.folder + "/" + name; }

  FileSystem& fs_;
  const Clock& clock_;
  const Settings settings_;
  behaviour::FeatureOpener features_;
  KeptRules rules_;
  SignalStore store_;
  std::optional<Detection> detection_;
  std::optional<ledger::CommitTail> tail_;
  Head head_;  // as it would be saved now, but for `signals`
  std::uint64_t saved_ = 0;
  std::string rules_problem_;  // told last
  std::chrono::steady_clock::time_point minute_{};
  std::size_t logged_ = 0;  // in this minute
};

}  // namespace redoubt::app
