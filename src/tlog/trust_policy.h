// Trust policies: which logs and witnesses to believe, and how many witnesses together (C2SP tlog-policy).
//
//   log <vkey>
//
//   witness X1 <vkey>
//   witness X2 <vkey>
//   witness Y <vkey> https://y.example/
//   group X any X1 X2
//   group X-and-Y all X Y
//   quorum X-and-Y
//
// A policy and a checkpoint's note decide offline whether to believe the checkpoint. `quorum none` asks for no witness:
// then a single signer vouches, and nothing shows that others see the same log, or that the checkpoint is recent.
//
// All functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tlog/checkpoint.h"
#include "tlog/cosignature.h"
#include "tlog/note.h"

namespace redoubt::tlog {

inline constexpr std::size_t kMaxPolicySize = 2 * 1024 * 1024;  // bytes
inline constexpr std::size_t kMaxPolicyLogs = 256;              // the standard recommends at least 32 of each
inline constexpr std::size_t kMaxPolicyWitnesses = 256;
inline constexpr std::size_t kMaxPolicyGroups = 256;

// A value.
class TrustPolicy {
 public:
  struct Log {
    VerifierKey key;  // its name is the log's origin
    std::string url;  // empty: none given
  };
  struct Witness {
    std::string name;  // within the policy; opaque bytes
    VerifierKey key;
    std::string url;
  };

  // Reads a policy file. The form is exactly the standard's; in particular each line ends in a newline, and a last line
  // that lacks it, as a file cut short has, is refused. Errors begin with `line N:` where there is one.
  //   kMalformed: another form; an octet that is not allowed; a name that is not defined before, defined twice, `none`,
  //     or member of a group twice (of one or two); a threshold not in [1, members]; no quorum line or two; a log's key
  //     that is an Ed25519 witness's or the other way round; a public key given to two logs or two witnesses.
  //   kUnsupported: a key of a type that VerifierKey does not read.
  //   kTooLarge: a limit above exceeded.
  // Keys that this build cannot verify (ML-DSA-44) are part of a policy like others; they prove nothing.
  static Result<TrustPolicy> parse(std::string_view text);

  const std::vector<Log>& logs() const { return logs_; }                // in the file's order
  const std::vector<Witness>& witnesses() const { return witnesses_; }  // likewise
  const std::string& quorum() const { return quorum_name_; }            // a witness's or group's name, or `none`
  bool needs_witnesses() const { return quorum_.has_value(); }          // the quorum is not `none`

  // The same policy for one log only. kInvalidArgument when the policy lists logs and this key is not among them, and
  // for a key that require_log_key refuses. (A policy may list no logs, where they are known from elsewhere.)
  Result<TrustPolicy> for_log(const VerifierKey& log_key) const;

  // Whether these witnesses, by position, make the quorum. Positions may repeat; others than [0, witnesses().size())
  // are ignored.
  bool satisfied_by(std::span<const std::size_t> witnesses) const;

 private:
  friend class PolicyParser;

  // A witness or a group. INVARIANT: the members of a group stand before it in nodes_.
  struct Node {
    std::optional<std::size_t> witness;  // position, or
    std::size_t threshold = 0;           // how many
    std::vector<std::size_t> members;    // of these nodes
  };

  TrustPolicy() = default;

  std::vector<Log> logs_;
  std::vector<Witness> witnesses_;
  std::vector<Node> nodes_;
  std::string quorum_name_;
  std::optional<std::size_t> quorum_;  // a node; nothing: none
};

enum class Quorum : std::uint8_t {
  kMet,
  kNotMet,
  kNotRequired,  // the policy says `quorum none`: a single signer, freshness unproven
};

// What a policy has to say about a checkpoint that one of its logs signed. Not yet a yes: see accepted().
struct CheckedCheckpoint {
  Checkpoint checkpoint;
  std::size_t log = 0;                             // position in the policy's logs: signed, and named like the origin
  std::vector<Cosignature> cosignatures;           // as Cosignatures::verified; `witness` is a position in the policy
  std::vector<std::size_t> witnesses_not_checked;  // with a line of a type that this build cannot verify
  std::vector<std::size_t> logs_not_checked;       // likewise
  std::size_t unknown_signatures = 0;              // lines of keys that the policy does not have
  Quorum quorum = Quorum::kNotMet;
  // Of kMet, as of when: the latest second that a whole quorum of witnesses states or is later than. Their clocks'
  // word; may lie in the future. Else 0.
  std::uint64_t quorum_unix_seconds = 0;

  // kVerifyFailed when the quorum is not met.
  Result<> accepted() const;
};

// Checks a checkpoint under a policy. Errors: parse_note's and parse_checkpoint's; kVerifyFailed when no log of the
// policy with the origin as its name verifiably signed, or a line of a log or witness of the policy does not hold.
// A quorum that is not met is no error here, so that one can say who cosigned.
Result<CheckedCheckpoint> check_checkpoint(std::string_view note, const TrustPolicy& policy);

}  // namespace redoubt::tlog
