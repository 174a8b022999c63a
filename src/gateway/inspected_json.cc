#include "gateway/inspected_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "encoding/json_texts.h"
#include "gateway/answer_paths.h"
#include "gateway/clean_words.h"

namespace redoubt::gateway {

using encoding::JsonReplacement;
using encoding::JsonText;

namespace {

// The pointer without its last `count` parts.
std::string_view above(std::string_view path, int count) {
  for (; count > 0; --count) path = path.substr(0, std::min(path.rfind('/'), path.size()));
  return path;
}

// `/messages/3/content` of `/messages/3/content/0/text`; nothing for what is no part of a message's text.
std::optional<std::string_view> message_of_part(std::string_view path) {
  const std::string_view content = above(path, 2);
  if (!path.ends_with("/text") || !content.ends_with("/content")) return std::nullopt;
  return content;
}

}  // namespace

// One pass over a document.
class InspectedJson::Reading {
 public:
  // `roles`: of a request's messages; nothing: it is an answer.
  Reading(InspectedJson& out, inspect::Scanner& scanner, std::optional<std::span<const Where>> roles,
          const Placeholders* restore, AnswerContracts* contracts, const CleanWords* clean)
      : out_(out),
        scanner_(scanner),
        clean_(clean),
        roles_(roles),
        restore_(restore != nullptr && !restore->empty() ? restore : nullptr),
        contracts_(contracts) {}

  // As inspect_request().
  void note_question(std::string& to, std::size_t max) {
    if (roles_->empty()) return;
    const auto users = std::find(roles_->rbegin(), roles_->rend(), Where::kUser);
    const auto last = users != roles_->rend() ? static_cast<std::size_t>(roles_->rend() - users) : roles_->size();
    question_ = &to;
    question_max_ = max;
    question_path_ = "/messages/" + std::to_string(last - 1) + "/content";
  }

  Result<> all(std::string_view json) {
    encoding::each_json_text(json, [this](const JsonText& text) {
      if (!failed_) take(text);
    });
    if (!failed_) together();
    if (failed_) return *failed_;
    if (contracts_ != nullptr) check_forms();
    return {};
  }

 private:
  // A message in parts.
  struct Part {
    std::string path;
    std::string text;
    std::size_t begin, end;
    std::size_t at;  // in the text that the parts make together
  };

  void take(const JsonText& text) {
    std::string_view said = text.text;
    std::vector<Restorer::Range> restored;
    if (restore_ != nullptr && text.kind == JsonText::Kind::kString && is_restored(text.path, restore_->permits())) {
      Restorer restorer(*restore_, restored_form(text.path));
      restored_.clear();
      restorer.feed(said, restored_, restored);
      restorer.finish(restored_, restored);
      said = restored_;
    }
    matches_.clear();
    scan(said);
    if (failed_) return;
    if (text.kind == JsonText::Kind::kString && matches_.empty()) note_name(text.path, said);
    if (contracts_ != nullptr && text.kind == JsonText::Kind::kString &&
        contracts_->calls_undescribed(text.path, said)) {
      matches_.insert(matches_.begin(), whole_text_match(kUndescribedTool, said.size()));
    }
    if (text.kind == JsonText::Kind::kString && question_ != nullptr) take_question(text.path, said);
    if (!matches_.empty() || !restored.empty()) {
      keep({.path = std::string(text.path),
            .text = std::string(said),
            .begin = text.begin,
            .end = text.end,
            .is_name = text.kind == JsonText::Kind::kName,
            .matches = std::move(matches_),
            .restored = std::move(restored)});
    }
    if (text.kind != JsonText::Kind::kString) return;
    if (contracts_ != nullptr && contracts_->add(text.path, said)) {
      formed_.push_back(
          {.path = std::string(text.path), .text = std::string(said), .begin = text.begin, .end = text.end, .at = 0});
    }
    const auto message = message_of_part(text.path);
    if (!message) return;
    if (*message != message_) {
      together();
      message_ = *message;
    }
    parts_.push_back({.path = std::string(text.path),
                      .text = std::string(said),
                      .begin = text.begin,
                      .end = text.end,
                      .at = whole_.size()});
    whole_ += said;
  }

  void scan(std::string_view text) {
    out_.scanned_bytes_ += text.size();
    if (clean_ != nullptr && clean_->contains(text)) return;
    if (auto done = scanner_.scan(text, matches_); !done) failed_ = done.error();
  }

  void keep(Text text) {
    for (const inspect::Match& match : text.matches) {
      if (!is_own(match, text.restored)) out_.findings_.add(match, where(text.path));
    }
    out_.texts_.push_back(std::move(text));
  }

  Where where(std::string_view path) const { return roles_ ? where_in_request(path, *roles_) : where_in_answer(path); }

  void take_question(std::string_view path, std::string_view said) {
    if (!path.starts_with(question_path_) || question_->size() >= question_max_) return;
    if (path.size() != question_path_.size() && message_of_part(path) != question_path_) return;
    *question_ += said.substr(0, question_max_ - question_->size());
    *question_ += '\n';
  }

  void note_name(std::string_view path, std::string_view text) {
    if (roles_) {
      out_.names_.add_of_request(path, text);
    } else {
      out_.names_.add_of_answer(path, text);
    }
  }

  // What the parts of a message say together, where it goes over the end of one of them.
  void together() {
    if (parts_.size() > 1 && !failed_) {
      matches_.clear();
      scan(whole_);
      if (failed_) return;
      for (const inspect::Match& match : matches_) spread(match);
    }
    message_.clear();
    parts_.clear();
    whole_.clear();
  }

  // What has not the form that it must have is a match from its beginning to its end.
  void check_forms() {
    for (const AnswerContracts::Fault& fault : contracts_->faults()) {
      const auto part = std::ranges::find(formed_, fault.path, &Part::path);
      const inspect::Match match = whole_text_match(fault.kind, part->text.size());
      auto& matches = matches_of(*part);
      matches.insert(matches.begin(), match);
      out_.findings_.add(match, where(fault.path));
    }
  }

  // In each part that the match has bytes of, that much is a match; but for what was found there by itself.
  void spread(const inspect::Match& match) {
    bool counted = false;
    for (const Part& part : parts_) {
      const std::uint64_t from = std::max<std::uint64_t>(match.span.begin_bytes, part.at);
      const std::uint64_t to = std::min<std::uint64_t>(match.span.end_bytes, part.at + part.text.size());
      if (from >= to) continue;
      auto& matches = matches_of(part);
      const auto is_same = [&](const inspect::Match& known) {
        return known.why.rule == match.why.rule && known.span.begin_bytes == from - part.at &&
               known.span.end_bytes == to - part.at;
      };
      if (std::ranges::any_of(matches, is_same)) continue;
      inspect::Match here = match;
      here.span = {from - part.at, to - part.at, 0, 0};
      const auto begin = [](const inspect::Match& known) { return known.span.begin_bytes; };
      matches.insert(std::ranges::upper_bound(matches, here.span.begin_bytes, {}, begin), here);
      if (!std::exchange(counted, true)) out_.findings_.add(match, where(part.path));
    }
  }

  std::vector<inspect::Match>& matches_of(const Part& part) {
    const auto after = std::ranges::lower_bound(out_.texts_, part.begin, {}, &Text::begin);
    if (after != out_.texts_.end() && after->begin == part.begin) return after->matches;
    Text text{
        .path = part.path, .text = part.text, .begin = part.begin, .end = part.end, .matches = {}, .restored = {}};
    return out_.texts_.insert(after, std::move(text))->matches;
  }

  InspectedJson& out_;
  inspect::Scanner& scanner_;
  const CleanWords* clean_;
  const std::optional<std::span<const Where>> roles_;
  std::string* question_ = nullptr;
  std::size_t question_max_ = 0;
  std::string question_path_;
  const Placeholders* restore_;
  AnswerContracts* contracts_;
  std::vector<Part> formed_;  // what has to fit a contract
  std::optional<Error> failed_;
  std::vector<inspect::Match> matches_;
  std::string restored_;
  std::string message_;
  std::vector<Part> parts_;
  std::string whole_;
};

Result<InspectedJson> InspectedJson::inspect(std::string_view json, inspect::Scanner& scanner,
                                             const Placeholders* restore, AnswerContracts* contracts,
                                             const CleanWords* clean) {
  InspectedJson out;
  out.json_ = json;
  if (auto done = Reading(out, scanner, std::nullopt, restore, contracts, clean).all(json); !done) return done.error();
  return out;
}

Result<InspectedJson> InspectedJson::inspect_request(std::string_view json, inspect::Scanner& scanner,
                                                     std::span<const Where> roles, std::string* question,
                                                     std::size_t question_max, const CleanWords* clean) {
  InspectedJson out;
  out.json_ = json;
  Reading reading(out, scanner, roles, nullptr, nullptr, clean);
  if (question != nullptr) reading.note_question(*question, question_max);
  if (auto done = reading.all(json); !done) return done.error();
  return out;
}

Result<std::string> InspectedJson::changed(const ContentActions& actions, Placeholders* placeholders) const {
  std::vector<JsonReplacement> replacements;
  std::vector<std::string_view> choices;  // in which something is taken out
  for (const Text& text : texts_) {
    std::string now;
    std::uint64_t covered = 0;
    const bool changed = append_changed(now, {text.text, 0, text.matches, text.restored}, actions, placeholders, 0,
                                        text.text.size(), covered);
    if (!changed && text.restored.empty()) continue;
    if (text.is_name) return Error(Errc::kUnsupported, "what is found in the name of a member cannot be replaced");
    if (changed && !choice_of(text.path).empty()) choices.push_back(choice_of(text.path));
    replacements.push_back({text.begin, text.end, std::move(now)});
  }
  drop_tokens(json_, choices, replacements);
  if (replacements.empty()) return std::string();
  return encoding::replace_json_texts(json_, replacements);
}

}  // namespace redoubt::gateway
