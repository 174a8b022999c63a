#include "gateway/inspected_stream.h"

#include <algorithm>
#include <optional>

#include "gateway/answer_paths.h"
#include "gateway/internal/forget_at_end.h"
#include "gateway/sse_relay.h"

namespace redoubt::gateway {

using encoding::JsonReplacement;
using encoding::JsonText;

namespace {

// Text that went is dropped when there is so much of it, since dropping moves what is left.
constexpr std::size_t kDropBytes = 4096;
// Texts that come again in each event, a model's name say, are scanned once, up to this size.
constexpr std::size_t kSeenBytes = 256;

bool is_piece_path(std::string_view path) {
  if (!path.starts_with("/choices/")) return false;
  if (path.find("/delta/") == std::string_view::npos && !path.ends_with("/text")) return false;
  // Said once, and by some servers with every event.
  for (const std::string_view once : {"/role", "/type", "/id", "/name"}) {
    if (path.ends_with(once)) return false;
  }
  return path.find("/logprobs/") == std::string_view::npos;
}

// The path with elements of arrays called by the `index` that they say: a choice has it, and a tool call. So a text has
// one key in all events.
std::string key_of(const simdjson::dom::element& root, std::string_view path) {
  std::string key;
  simdjson::dom::element at = root;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    const bool in_array = at.is_array();
    if (at.at_pointer("/" + std::string(part)).get(at) != simdjson::SUCCESS) return key + "/" + std::string(part);
    std::uint64_t index = 0;
    key += '/';
    if (in_array && at["index"].get(index) == simdjson::SUCCESS) {
      key += std::to_string(index);
    } else {
      key += part;
    }
  }
  return key;
}

}  // namespace

Result<> InspectedStream::feed(std::string_view events) {
  while (!events.empty()) {
    const std::string_view event = first_event(events);
    events.remove_prefix(event.size());
    if (auto done = add(event); !done) return done;
  }
  if (held_bytes_ > kMaxHeldBytes) return Error(Errc::kTooLarge, "too much of the answer waits to be inspected");
  return {};
}

Result<> InspectedStream::add(std::string_view bytes) {
  std::string_view data;
  std::string others;
  std::size_t data_lines = 0;
  bool changed = false;
  std::string joined;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto [line, next] = line_at(bytes, at);
    at = next;
    if (line.empty()) continue;
    if (line.starts_with("data:")) {
      if (data_lines++ == 1) joined = data;
      data = line.substr(5);
      if (data_lines > 1) (joined += ' ') += data;
      continue;
    }
    auto found = has_match(line);
    if (!found) return found.error();
    changed |= *found;
    if (!*found) (others += line) += '\n';
  }
  Event event;
  if (data_lines <= 1 && !changed) {
    event.bytes = bytes;
    if (data_lines == 1) event.data_begin = static_cast<std::size_t>(data.data() - bytes.data());
  } else {
    if (data_lines == 1) joined = data;
    event.bytes = std::move(others);
    if (data_lines > 0) event.bytes += "data:";
    event.data_begin = event.bytes.size();
    event.bytes += joined;
    if (event.bytes.empty()) return {};  // nothing is left of it
    event.bytes += data_lines > 0 ? "\n\n" : "\n";
  }
  event.data_end = event.data_begin + (data_lines == 1 ? data.size() : joined.size());
  if (auto done = read_data(event); !done) return done;
  held_bytes_ += event.bytes.size();
  held_.push_back(std::move(event));
  return {};
}

Result<> InspectedStream::read_data(Event& event) {
  const std::string_view data =
      std::string_view(event.bytes).substr(event.data_begin, event.data_end - event.data_begin);
  if (data.find_first_not_of(" \t") == std::string_view::npos) return {};
  const internal::ForgetAtEnd forget{reader_};
  const auto root = reader_.parse(data);
  if (!root) return Error(Errc::kMalformed, "an event's data is no JSON");
  Result<> done;
  encoding::each_json_text(data, [&](const JsonText& text) {
    if (done) done = read_text(event, *root, text);
  });
  return done;
}

Result<> InspectedStream::read_text(Event& event, const simdjson::dom::element& root, const JsonText& token) {
  if (token.kind == JsonText::Kind::kString && is_piece_path(token.path)) {
    const std::string key = key_of(root, token.path);
    auto text = text_at(key, token.path);
    if (!text) return text.error();
    return read_piece(event, **text, key, token);
  }
  bool undescribed = false;
  if (contracts_ != nullptr && token.kind == JsonText::Kind::kString && token.path.ends_with("/name")) {
    contracts_->add(key_of(root, token.path), token.text);
    undescribed = contracts_->calls_undescribed(token.path, token.text);
  }
  if (!undescribed && token.text.size() <= kSeenBytes) {
    std::string place(token.path);
    if (token.kind == JsonText::Kind::kName) place += '\n';
    const auto seen = seen_.find(place);
    if (seen != seen_.end() && seen->second == token.text) return {};
    if (seen != seen_.end()) {
      seen->second = token.text;
    } else if (seen_.size() < kMaxTexts) {
      seen_.emplace(std::move(place), token.text);
    }
  }
  std::vector<inspect::Match> matches;
  const Where where = where_in_answer(token.path);
  if (auto done = scan_whole(token.text, where, matches); !done) return done;
  if (matches.empty() && token.kind == JsonText::Kind::kString) names_.add_of_answer(token.path, token.text);
  if (undescribed) {
    matches.insert(matches.begin(), whole_text_match(kUndescribedTool, token.text.size()));
    note(std::span(matches).first(1), {}, where);
  }
  if (matches.empty()) return {};
  // Were it taken for seen, the next event would pass with it.
  std::erase_if(seen_, [&](const auto& entry) { return entry.second == token.text; });
  event.pieces.push_back({.end = token.text.size(),
                          .token_begin = token.begin,
                          .token_end = token.end,
                          .path = std::string(token.path),
                          .is_name = token.kind == JsonText::Kind::kName,
                          .own = std::string(token.text),
                          .matches = std::move(matches)});
  return {};
}

Result<> InspectedStream::read_piece(Event& event, Text& text, std::string_view key, const JsonText& token) {
  const std::uint64_t begin = text.end();
  if (text.restorer != nullptr) {
    text.restorer->feed(token.text, text.text, text.restored);
  } else {
    text.text += token.text;
  }
  const std::string_view now = std::string_view(text.text).substr(begin - text.base);
  const std::size_t had = text.matches.size();
  scanned_bytes_ += now.size();
  if (auto done = text.scanner->feed(now, text.matches); !done) return done;
  note(std::span(text.matches).subspan(had), text.restored, text.where);
  if (contracts_ != nullptr) contracts_->add(key, now);
  text.waiting.push_back(text.end());
  event.pieces.push_back({.text = &text,
                          .begin = begin,
                          .end = text.end(),
                          .token_begin = token.begin,
                          .token_end = token.end,
                          .path = std::string(token.path),
                          .restored = now != token.text});
  return {};
}

Result<InspectedStream::Text*> InspectedStream::text_at(const std::string& key, std::string_view path) {
  const auto known = texts_.find(key);
  if (known != texts_.end()) return &known->second;
  if (texts_.size() >= kMaxTexts) return Error(Errc::kTooLarge, "the answer has too many texts");
  auto scanner = pool_.stream(rules_);
  if (!scanner) return scanner.error();
  Text text;
  text.where = where_in_answer(path);
  text.scanner = *std::move(scanner);
  if (restore_ != nullptr && !restore_->empty() && is_restored(path, restore_->permits())) {
    text.restorer = std::make_unique<Restorer>(*restore_, restored_form(path));
  }
  return &texts_.emplace(key, std::move(text)).first->second;
}

Result<> InspectedStream::scan_whole(std::string_view text, Where where, std::vector<inspect::Match>& matches) {
  auto scanner = pool_.whole(rules_);
  if (!scanner) return scanner.error();
  auto done = (*scanner)->scan(text, matches);
  note(matches, {}, where);
  return done;
}

Result<bool> InspectedStream::has_match(std::string_view line) {
  std::vector<inspect::Match> matches;
  if (auto done = scan_whole(line, Where::kAnswer, matches); !done) return done.error();
  return !matches.empty();
}

void InspectedStream::note(std::span<const inspect::Match> matches, std::span<const Restorer::Range> restored,
                           Where where) {
  for (const inspect::Match& match : matches) {
    if (!is_own(match, restored)) found_new_ |= findings_.add(match, where);
  }
}

// The last event with a piece of a text gets what was still waiting to be restored: an event without it may have gone.
Result<> InspectedStream::finish() {
  if (finished_) return {};
  finished_ = true;
  for (auto& [key, text] : texts_) {
    const std::uint64_t begin = text.end();
    if (text.restorer != nullptr) text.restorer->finish(text.text, text.restored);
    const std::size_t had = text.matches.size();
    const std::string_view rest = std::string_view(text.text).substr(begin - text.base);
    scanned_bytes_ += rest.size();
    auto done = text.scanner->feed(rest, text.matches);
    if (done) done = text.scanner->finish(text.matches);
    if (!done) return done;
    note(std::span(text.matches).subspan(had), text.restored, text.where);
    if (contracts_ != nullptr && !rest.empty()) contracts_->add(key, rest);
    if (rest.empty()) continue;
    for (auto event = held_.rbegin(); event != held_.rend(); ++event) {
      const auto piece = std::ranges::find(event->pieces, &text, &Piece::text);
      if (piece == event->pieces.end()) continue;
      piece->end = text.end();
      piece->restored = true;
      break;
    }
  }
  if (contracts_ != nullptr) check_forms();
  return {};
}

// What has not the form that it must have is a match from its beginning to its end, of which something has gone unless
// the stream is buffered.
void InspectedStream::check_forms() {
  for (const AnswerContracts::Fault& fault : contracts_->faults()) {
    const auto text = texts_.find(fault.path);
    if (text == texts_.end()) continue;
    inspect::Match match = whole_text_match(fault.kind, text->second.end());
    match.flag_only = !buffered_;
    found_new_ |= findings_.add(match, text->second.where);
    if (buffered_) text->second.matches.insert(text->second.matches.begin(), match);
  }
}

bool InspectedStream::is_decided(const Event& event) const {
  if (buffered_ && wait_ && !finished_) return false;
  return std::ranges::all_of(event.pieces, [this](const Piece& piece) {
    if (piece.text == nullptr || finished_) return true;
    const Text& text = *piece.text;
    // What waits to be restored goes with the last event that has some of the text.
    const bool waits = text.restorer != nullptr && text.restorer->waits() && piece.end == text.end();
    return !waits && (!wait_ || text.scanner->decided_bytes() >= piece.end);
  });
}

bool InspectedStream::is_to_stop(const Event& event) const {
  return std::ranges::any_of(event.pieces, [this](const Piece& piece) {
    const auto& matches = piece.text != nullptr ? piece.text->matches : piece.matches;
    return std::ranges::any_of(matches, [&](const inspect::Match& match) {
      const bool touches = match.span.begin_bytes < piece.end && match.span.end_bytes > piece.begin;
      const bool own = piece.text != nullptr && is_own(match, piece.text->restored);
      // No name can be replaced.
      const ContentAction least = piece.is_name ? ContentAction::kTokenise : ContentAction::kHold;
      return touches && !own && !match.flag_only && actions_.of(match) >= least;
    });
  });
}

std::uint64_t InspectedStream::withheld_bytes() const {
  std::uint64_t sum = 0;
  for (const Event& event : held_) {
    for (const Piece& piece : event.pieces) {
      if (piece.text != nullptr) sum += piece.end - piece.begin;
    }
  }
  return sum;
}

std::string_view InspectedStream::take() {
  passing_.clear();
  while (!stopped_ && !held_.empty() && is_decided(held_.front())) {
    if (is_to_stop(held_.front())) {
      stopped_ = true;
      break;
    }
    held_bytes_ -= held_.front().bytes.size();
    release(held_.front());
    held_.pop_front();
  }
  measure_wait();
  return passing_;
}

void InspectedStream::measure_wait() {
  for (const auto& [key, text] : texts_) {
    if (!text.waiting.empty()) most_held_bytes_ = std::max(most_held_bytes_, text.end() - text.waiting.front());
  }
}

void InspectedStream::release(const Event& event) {
  const std::string_view bytes = event.bytes;
  const std::string_view data = bytes.substr(event.data_begin, event.data_end - event.data_begin);
  std::vector<JsonReplacement> replacements;
  std::vector<std::string_view> choices;  // in which something is taken out
  for (const Piece& piece : event.pieces) {
    std::string now;
    std::uint64_t own_covered = 0;
    const FoundInText found = piece.text != nullptr ? FoundInText{piece.text->text, piece.text->base,
                                                                  piece.text->matches, piece.text->restored}
                                                    : FoundInText{piece.own, 0, piece.matches, {}};
    std::uint64_t& covered = piece.text != nullptr ? piece.text->covered : own_covered;
    const bool changed = append_changed(now, found, actions_, nullptr, piece.begin, piece.end, covered);
    if (piece.text != nullptr) {
      released_bytes_ += now.size();
      piece.text->waiting.pop_front();
      forget_before(*piece.text, piece.end);
    }
    if (!changed && !piece.restored) continue;
    replacements.push_back({piece.token_begin, piece.token_end, std::move(now)});
    if (changed && !choice_of(piece.path).empty()) choices.push_back(choice_of(piece.path));
  }
  drop_tokens(data, choices, replacements);
  passing_ += bytes.substr(0, event.data_begin);
  passing_ += encoding::replace_json_texts(data, replacements);
  passing_ += bytes.substr(event.data_end);
}

// What was said up to `end` has gone, or been replaced.
void InspectedStream::forget_before(Text& text, std::uint64_t end) {
  std::erase_if(text.matches, [&](const inspect::Match& match) { return match.span.begin_bytes < end; });
  std::erase_if(text.restored, [&](const Restorer::Range& range) { return range.end <= end; });
  if (end - text.base < kDropBytes) return;
  text.text.erase(0, end - text.base);
  text.base = end;
}

}  // namespace redoubt::gateway
