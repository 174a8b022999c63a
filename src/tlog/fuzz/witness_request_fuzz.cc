// Requests to a witness and its sizes: what is read is written back as it was, where the checkpoint is a note.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "tlog/note.h"
#include "tlog/witness_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto request = tlog::parse_witness_request(input)) {
    REDOUBT_CHECK(request->proof.size() <= tlog::kMaxWitnessProofHashes);
    if (tlog::parse_note(request->checkpoint)) {
      const auto written = tlog::format_witness_request(*request);
      REDOUBT_CHECK(written && *written == input);
    }
  }
  if (const auto tree_size = tlog::parse_witness_size(input)) {
    REDOUBT_CHECK(tlog::format_witness_size(*tree_size) == input);
  }
  return 0;
}
