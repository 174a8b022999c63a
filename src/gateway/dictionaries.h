// Dictionaries of the operator's own records that rules look texts up in: as the bundle has them, sealed to the keeper,
// and, once it has keyed them for this process, as tags (keys/keyed_records.h).
//
//   SealedDictionaries dictionaries(parsed);       // with the bundle, on any machine
//   desk.open(dictionaries, …);                    // dictionary_desk.h, in the server, before the bundle is in force
//   dictionaries->contains("patients", "10203040") // while texts are scanned
//
// Until one has been opened, what may be one of its records cannot be inspected, and so does not pass.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inspect/dictionary.h"
#include "keys/keyed_records.h"
#include "keys/sealed_dictionary.h"

namespace redoubt::gateway {

class SealedDictionaries final : public inspect::Dictionaries {
 public:
  // Their names differ.
  explicit SealedDictionaries(std::vector<keys::SealedDictionary> sealed);
  ~SealedDictionaries() override;

  // Any thread. kUnavailable while the dictionary has not been opened, and for one that there is not.
  Result<bool> contains(std::string_view dictionary, std::string_view record) const override;
  // Whether all have been opened. Any thread.
  bool are_open() const;

  // One thread, and at most one at a time. The first that has not been opened; null when all have. Valid until it is.
  const keys::SealedDictionary* closed() const;
  // Opens the one that closed() gives. What is sealed is let go.
  void open(keys::KeyedRecords records);

 private:
  struct Entry {
    std::string name;
    keys::SealedDictionary sealed;                         // of the thread that opens
    std::unique_ptr<const keys::KeyedRecords> records;     // likewise
    std::atomic<const keys::KeyedRecords*> open{nullptr};  // the same, for any thread; never changed again
  };
  Entry* first_closed() const;

  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace redoubt::gateway
