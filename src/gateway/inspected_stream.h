// A streamed answer on its way through inspection: events wait until it is certain what becomes of the texts in them,
// and leave with matches replaced and placeholders restored.
//
//   stream.feed(events);                       // whole ones
//   if (stream.found_new()) … ask the policies about stream.findings(), stream.set_actions(…) …
//   std::string_view passing = stream.take();  // until is_stopped()
//   …
//   stream.finish();
//
// What a model says comes in pieces: each text of a choice (`delta.content`, the arguments of a tool call, a legacy
// `text`) is one text however many events it is spread over, and is scanned as that. All other strings, names and long
// numbers of an event are texts of their own. So what is found does not depend on how the model server cut the answer,
// and an event waits no longer than the rules' widths ask for (inspect::Rules::hold_back_bytes()).
//
// Whether a text fits its contract is known when it has ended. So that can stop a stream only if that is buffered: then
// nothing of it leaves before all of it is there. Otherwise it is found, and no more.
//
// One thread, and one core's pool.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "encoding/json_reader.h"
#include "encoding/json_texts.h"
#include "gateway/answer_contracts.h"
#include "gateway/changed_text.h"
#include "gateway/findings.h"
#include "gateway/scanner_pool.h"
#include "gateway/text_places.h"

namespace redoubt::gateway {

class InspectedStream {
 public:
  static constexpr std::size_t kMaxTexts = 256;                   // of one answer, at once
  static constexpr std::size_t kMaxHeldBytes = 16 * 1024 * 1024;  // of events that wait

  // All must outlive it; `restore` and `contracts`, new for it, may be null. `reader` is used within calls only.
  InspectedStream(ScannerPool& pool, std::shared_ptr<const inspect::Rules> rules, encoding::JsonReader& reader,
                  const Placeholders* restore, AnswerContracts* contracts = nullptr, bool buffered = false)
      : pool_(pool),
        rules_(std::move(rules)),
        reader_(reader),
        restore_(restore),
        contracts_(contracts),
        buffered_(buffered) {}
  InspectedStream(const InspectedStream&) = delete;
  InspectedStream& operator=(const InspectedStream&) = delete;

  // Takes whole events, each with the empty line that ends it. Errors, after which nothing more may pass: kMalformed
  // for data that is no JSON; kTooLarge for more texts than kMaxTexts, or events than may wait; the scanner's.
  Result<> feed(std::string_view events);
  // The answer has ended: all that waits is decided. Errors: as feed().
  Result<> finish();

  // What was found so far, and whether a kind was among it for the first time since it was asked last.
  const Findings& findings() const { return findings_; }
  bool found_new() { return std::exchange(found_new_, false); }
  // As InspectedJson::names().
  const NamesTouched& names() const { return names_; }

  // What is due from now on; at first nothing is. With `wait` false events go at once, but for placeholders, and what
  // is found is only known: for when nothing that may be found has consequences.
  void set_actions(ContentActions actions, bool wait = true) {
    actions_ = std::move(actions);
    wait_ = wait;
  }
  const ContentActions& actions() const { return actions_; }

  // The events that may go, up to the first that has a part of a match that is to be held or blocked. Valid until the
  // next call.
  std::string_view take();
  bool is_stopped() const { return stopped_; }

  // Of the texts of choices: what was scanned, how much of it is in events that went (as changed), and in events that
  // wait.
  std::uint64_t scanned_bytes() const { return scanned_bytes_; }
  std::uint64_t released_bytes() const { return released_bytes_; }
  std::uint64_t withheld_bytes() const;
  // How much further text of a choice came, at most, before what an event has of it could go; and whether that is more
  // than the rules declare. A buffered stream declares nothing.
  std::uint64_t most_held_bytes() const { return most_held_bytes_; }
  bool held_beyond() const { return !buffered_ && most_held_bytes_ > rules_->hold_back_bytes(); }

 private:
  // One text of a choice.
  struct Text {
    Where where = Where::kAnswer;
    ScannerPool::Stream scanner;
    std::unique_ptr<Restorer> restorer;  // null: nothing is restored in it
    std::string text;                    // as restored, from `base` on
    std::uint64_t base = 0;
    std::uint64_t covered = 0;            // see append_changed()
    std::vector<inspect::Match> matches;  // of what is not gone yet
    std::vector<Restorer::Range> restored;
    std::deque<std::uint64_t> waiting;  // ends of the pieces that wait, in the text

    std::uint64_t end() const { return base + text.size(); }
  };
  // A piece of such a text in an event, or a text of an event's own that has matches.
  struct Piece {
    Text* text = nullptr;     // null: `own`
    std::uint64_t begin = 0;  // in the text
    std::uint64_t end = 0;
    std::size_t token_begin = 0;  // in the event's data
    std::size_t token_end = 0;
    std::string path;  // in the data
    bool is_name = false;
    bool restored = false;  // it is not what the event has
    std::string own;
    std::vector<inspect::Match> matches;  // in `own`
  };
  struct Event {
    std::string bytes;
    std::size_t data_begin = 0;  // of the JSON in it
    std::size_t data_end = 0;
    std::vector<Piece> pieces;
  };

  Result<> add(std::string_view bytes);
  Result<> read_data(Event& event);
  Result<> read_text(Event& event, const simdjson::dom::element& root, const encoding::JsonText& text);
  Result<> read_piece(Event& event, Text& text, std::string_view key, const encoding::JsonText& token);
  Result<bool> has_match(std::string_view line);
  Result<Text*> text_at(const std::string& key, std::string_view path);
  Result<> scan_whole(std::string_view text, Where where, std::vector<inspect::Match>& matches);
  void note(std::span<const inspect::Match> matches, std::span<const Restorer::Range> restored, Where where);
  void check_forms();
  void measure_wait();
  bool is_decided(const Event& event) const;
  bool is_to_stop(const Event& event) const;
  void release(const Event& event);
  static void forget_before(Text& text, std::uint64_t end);

  ScannerPool& pool_;
  const std::shared_ptr<const inspect::Rules> rules_;
  encoding::JsonReader& reader_;
  const Placeholders* const restore_;
  AnswerContracts* const contracts_;
  const bool buffered_;
  ContentActions actions_;
  bool wait_ = true;
  Findings findings_;
  NamesTouched names_;
  bool found_new_ = false;
  bool stopped_ = false;
  bool finished_ = false;
  std::map<std::string, Text, std::less<>> texts_;        // by their place; nodes stay where they are
  std::map<std::string, std::string, std::less<>> seen_;  // texts of their own that were scanned last, by their path
  std::deque<Event> held_;
  std::size_t held_bytes_ = 0;
  std::string passing_;
  std::uint64_t scanned_bytes_ = 0;
  std::uint64_t released_bytes_ = 0;
  std::uint64_t most_held_bytes_ = 0;
};

}  // namespace redoubt::gateway
