#include "gateway/dictionary_desk.h"

#include <utility>

#include "base/log.h"
#include "crypto/secret.h"

namespace redoubt::gateway {

bool may_open_later(const Error& error) {
  return error.code() == Errc::kUnavailable || error.code() == Errc::kResourceExhausted;
}

void DictionaryDesk::open(std::shared_ptr<SealedDictionaries> dictionaries, Done done) {
  if (dictionaries == nullptr || dictionaries->are_open()) return done(Result<>());
  jobs_.push_back({std::move(dictionaries), std::move(done)});
  go_on();
}

// Until a question is under way, or nothing is left to do.
void DictionaryDesk::go_on() {
  while (!asking_ && !jobs_.empty()) {
    if (jobs_.front().dictionaries->closed() == nullptr) {
      finish(Result<>());
    } else if (auto asked = ask(); !asked) {
      finish(asked);
    }
  }
}

Result<> DictionaryDesk::ask() {
  const keys::SealedDictionary& dictionary = *jobs_.front().dictionaries->closed();
  if (part_ == 0) builder_.emplace(dictionary.records());
  if (auto done = client_.submit_key_dictionary(dictionary.parts[part_], &question_); !done) return done;
  asking_ = true;
  client_.flush();
  return {};
}

void DictionaryDesk::take(Result<Bytes> answer) {
  asking_ = false;
  const auto added = add(answer);
  if (answer) crypto::wipe(*answer);
  if (!added) finish(added);
  go_on();
}

Result<> DictionaryDesk::add(Result<Bytes>& answer) {
  if (!answer) return answer.error();
  SealedDictionaries& dictionaries = *jobs_.front().dictionaries;
  const keys::SealedDictionary& dictionary = *dictionaries.closed();
  if (auto done = builder_->add(*answer); !done) return done;
  if (++part_ < dictionary.parts.size()) return {};
  auto records = builder_->finish();
  if (!records) return records.error();
  log::info("gateway", "a dictionary has been opened",
            {{"dictionary", dictionary.name()}, {"records", static_cast<std::uint64_t>(records->size())}});
  dictionaries.open(*std::move(records));
  part_ = 0;
  builder_.reset();
  return {};
}

// `done` may ask for more.
void DictionaryDesk::finish(const Result<>& done) {
  const Job job = std::move(jobs_.front());
  jobs_.pop_front();
  part_ = 0;
  builder_.reset();
  const keys::SealedDictionary* const closed = job.dictionaries->closed();
  if (done || closed == nullptr) return job.done(done);
  job.done(done.error().in("dictionaries/" + closed->name() + ".sealed"));
}

}  // namespace redoubt::gateway
