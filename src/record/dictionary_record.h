// The record of a dictionary that the keeper keyed for the gateway: what it may recognise from then on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "record/exchange_record.h"

namespace redoubt::record {

struct DictionaryKeyed {
  std::string_view request_uid;  // of this, 32 lower-case hexadecimal characters
  UnixMillis time;
  RecordSource source;
  std::string_view dictionary;  // its name
  std::uint64_t records = 0;    // how many it has
};

// Stage kOpened, as values that are opened; done by the gateway, for inspection. Recorded before it is answered.
void append_dictionary_keyed(std::string& out, const DictionaryKeyed& keyed);

}  // namespace redoubt::record
