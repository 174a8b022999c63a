// Has the keeper open dictionaries, one part after the other, while the thread goes on with other work.
//
//   DictionaryDesk desk(client);
//   desk.open(dictionaries, [](const Result<>& done) { … });
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "gateway/dictionaries.h"
#include "keys/keyed_records.h"
#include "ledger/client.h"

namespace redoubt::gateway {

// The client's thread, which calls its poll().
class DictionaryDesk {
 public:
  using Done = std::function<void(const Result<>& done)>;

  // `client` must outlive this.
  explicit DictionaryDesk(ledger::LedgerClient& client) : client_(client) {}
  DictionaryDesk(const DictionaryDesk&) = delete;
  DictionaryDesk& operator=(const DictionaryDesk&) = delete;
  ~DictionaryDesk() { client_.abandon(&question_); }

  // Opens those that have not been, and says so: at once when there are none (null, too), else from the client's
  // poll(), or from this call when nothing can be asked. Who asks while others are being opened comes after them.
  // Errors: as LedgerClient::submit_key_dictionary() has them, with the dictionary's file; kCorrupt when the keeper's
  // answers make no sense.
  void open(std::shared_ptr<SealedDictionaries> dictionaries, Done done);

 private:
  struct Job {
    std::shared_ptr<SealedDictionaries> dictionaries;
    Done done;
  };
  class Question final : public ledger::LedgerClient::OpenWaiter {
   public:
    explicit Question(DictionaryDesk& desk) : desk_(desk) {}
    void opened(Result<Bytes> answer) override { desk_.take(std::move(answer)); }

   private:
    DictionaryDesk& desk_;
  };

  void go_on();
  Result<> ask();
  void take(Result<Bytes> answer);
  Result<> add(Result<Bytes>& answer);
  void finish(const Result<>& done);

  ledger::LedgerClient& client_;
  Question question_{*this};
  std::deque<Job> jobs_;  // the first is under way
  bool asking_ = false;
  std::size_t part_ = 0;                                // that is asked for, of the first closed dictionary
  std::optional<keys::KeyedRecords::Builder> builder_;  // of what has come of that
};

// Whether the same question may be answered otherwise later.
bool may_open_later(const Error& error);

}  // namespace redoubt::gateway
