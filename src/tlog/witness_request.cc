#include "tlog/witness_request.h"

#include "encoding/base64.h"
#include "tlog/internal/text.h"
#include "tlog/note.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kOldPrefix = "old ";

Error malformed(const char* message) {
  return {Errc::kMalformed, message};
}

}  // namespace

Result<std::string> format_witness_request(const WitnessRequest& request) {
  if (request.old_size > kMaxTreeSize) return Error(Errc::kInvalidArgument, "the old size is too large");
  if (request.proof.size() > kMaxWitnessProofHashes) {
    return Error(Errc::kInvalidArgument, "the consistency proof is too long for a witness");
  }
  if (!parse_note(request.checkpoint)) return Error(Errc::kInvalidArgument, "the checkpoint is not a signed note");
  std::string body(kOldPrefix);
  body.append(std::to_string(request.old_size.value)).append(1, '\n');
  for (const Hash& hash : request.proof) body.append(encoding::base64(hash)).append(1, '\n');
  body.append(1, '\n').append(request.checkpoint);
  if (body.size() > kMaxWitnessRequestSize) {
    return Error(Errc::kInvalidArgument, "the checkpoint is too long for a witness");
  }
  return body;
}

Result<WitnessRequest> parse_witness_request(std::string_view body) {
  if (body.size() > kMaxWitnessRequestSize) return Error(Errc::kTooLarge, "the request is too long");
  auto line = internal::take_line(body);
  if (!line || !line->starts_with(kOldPrefix)) return malformed("the request does not begin with its old size");
  const auto old_size = internal::parse_decimal(line->substr(kOldPrefix.size()));
  if (!old_size || TreeSize{*old_size} > kMaxTreeSize) return malformed("the request's old size is not a tree size");
  WitnessRequest request;
  request.old_size = {*old_size};
  for (;;) {
    line = internal::take_line(body);
    if (!line) return malformed("the request has no empty line before its checkpoint");
    if (line->empty()) break;
    if (request.proof.size() == kMaxWitnessProofHashes) return malformed("the request has more than 63 proof lines");
    const auto hash = internal::parse_hash(*line);
    if (!hash) return malformed("a line of the consistency proof is not a hash");
    request.proof.push_back(*hash);
  }
  if (body.empty()) return malformed("the request has no checkpoint");
  request.checkpoint = body;
  return request;
}

std::string format_witness_size(TreeSize size) {
  std::string body = std::to_string(size.value);
  body += '\n';
  return body;
}

Result<TreeSize> parse_witness_size(std::string_view body) {
  const auto line = internal::take_line(body);
  const auto size = line && body.empty() ? internal::parse_decimal(*line) : std::nullopt;
  if (!size || TreeSize{*size} > kMaxTreeSize) return malformed("the witness's answer is not a tree size");
  return TreeSize{*size};
}

}  // namespace redoubt::tlog
