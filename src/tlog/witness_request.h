// What is submitted to a witness, and what a witness answers to a stale submission (C2SP tlog-witness, add-checkpoint).
//
//   old 20852014
//   PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=     consistency proof, one hash a line
//
//   (a checkpoint, verbatim)
//
// All functions: any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tlog/hash.h"

namespace redoubt::tlog {

// Bytes of a whole request. The standard states no bound; this one has room for dozens of post-quantum signatures.
inline constexpr std::size_t kMaxWitnessRequestSize = 256 * 1024;
// "The client MUST NOT send more than 63 consistency proof lines": enough for trees of fewer than 2^62 entries.
inline constexpr std::size_t kMaxWitnessProofHashes = 63;

struct WitnessRequest {
  TreeSize old_size;        // of the checkpoint that the witness cosigned last, as the client believes; 0: none
  std::vector<Hash> proof;  // from old_size to the checkpoint's
  std::string checkpoint;   // the signed note

  friend bool operator==(const WitnessRequest&, const WitnessRequest&) = default;
};

// kInvalidArgument when a limit above or kMaxTreeSize is exceeded or the checkpoint is not a note.
Result<std::string> format_witness_request(const WitnessRequest& request);

// Takes the body apart; verifies nothing and does not look into the checkpoint. kMalformed for anything but the one
// form, more proof lines than allowed included; kTooLarge above kMaxWitnessRequestSize.
Result<WitnessRequest> parse_witness_request(std::string_view body);

// The body that answers a request with another old size than the witness's: that size, in decimal, and a newline.
inline constexpr std::string_view kWitnessSizeType = "text/x.tlog.size";  // its Content-Type, to the letter
std::string format_witness_size(TreeSize size);
// kMalformed for anything that format_witness_size would not give, sizes above kMaxTreeSize included.
Result<TreeSize> parse_witness_size(std::string_view body);

}  // namespace redoubt::tlog
