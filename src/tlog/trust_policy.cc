#include "tlog/trust_policy.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "tlog/internal/judged_note.h"
#include "tlog/internal/text.h"

namespace redoubt::tlog {
namespace {

constexpr std::string_view kNone = "none";

Error malformed_policy(std::string message) {
  return {Errc::kMalformed, std::move(message)};
}

std::string quoted(std::string_view name) {
  return "`" + std::string(name) + "`";
}

// "the allowed octet values are 0x09 (tab), 0x0A (newline), 0x20-0x7E, and 0x80-0xFF" (Character set).
bool is_allowed(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet == 0x09 || octet == 0x0a || (octet >= 0x20 && octet != 0x7f);
}

// "the items on each line are separated by 'whitespace', … sequences of ASCII space and tab characters only.
// Leading and trailing whitespace is allowed" (Structure).
std::vector<std::string_view> split_items(std::string_view line) {
  constexpr std::string_view kWhitespace = " \t";
  std::vector<std::string_view> items;
  std::size_t begin = line.find_first_not_of(kWhitespace);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(kWhitespace, begin), line.size());
    items.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kWhitespace, end);
  }
  return items;
}

bool same_public_key(const VerifierKey& a, const VerifierKey& b) {
  return std::ranges::equal(a.public_key(), b.public_key());
}

}  // namespace

class PolicyParser {
 public:
  Result<TrustPolicy> run(std::string_view text) {
    if (text.size() > kMaxPolicySize) return Error(Errc::kTooLarge, "the policy is too long");
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::string where = "line " + std::to_string(number);
      const auto line = internal::take_line(text);
      if (!line) return malformed_policy("the line does not end in a newline").in(where);
      if (const Result<> read = read_line(*line); !read) return read.error().in(where);
    }
    if (policy_.quorum_name_.empty()) return malformed_policy("the policy has no quorum line");
    return std::move(policy_);
  }

 private:
  using Items = std::vector<std::string_view>;

  Result<> read_line(std::string_view line) {
    if (!std::all_of(line.begin(), line.end(), is_allowed))
      return malformed_policy("an octet is not allowed in a policy");
    const Items items = split_items(line);
    if (items.empty() || items[0].starts_with('#')) return {};
    if (items[0] == "log") return read_log(items);
    if (items[0] == "witness") return read_witness(items);
    if (items[0] == "group") return read_group(items);
    if (items[0] == "quorum") return read_quorum(items);
    return malformed_policy("a line defines a `log`, `witness`, `group` or `quorum`, not " + quoted(items[0]));
  }

  // log <vkey> [<url>]
  Result<> read_log(const Items& items) {
    if (items.size() < 2 || items.size() > 3) return malformed_policy("a log has a key and at most a URL");
    if (policy_.logs_.size() == kMaxPolicyLogs) return Error(Errc::kTooLarge, "the policy has too many logs");
    Result<VerifierKey> key = VerifierKey::parse(items[1]);
    if (!key) return key.error();
    if (key->type() == SignatureType::kEd25519Cosignature)
      return malformed_policy(require_log_key(*key).error().message());
    for (const TrustPolicy::Log& log : policy_.logs_) {
      if (same_public_key(log.key, *key)) return malformed_policy("another log has this public key");
    }
    if (const Result<> added = remember(*key); !added) return added;
    policy_.logs_.push_back({*std::move(key), std::string(items.size() == 3 ? items[2] : "")});
    return {};
  }

  // witness <name> <vkey> [<url>]
  Result<> read_witness(const Items& items) {
    if (items.size() < 3 || items.size() > 4) return malformed_policy("a witness has a name, a key and at most a URL");
    if (policy_.witnesses_.size() == kMaxPolicyWitnesses) {
      return Error(Errc::kTooLarge, "the policy has too many witnesses");
    }
    Result<VerifierKey> key = VerifierKey::parse(items[2]);
    if (!key) return key.error();
    if (!key->is_cosigner()) return malformed_policy("the key of " + quoted(items[1]) + " is a log's, not a witness's");
    for (const TrustPolicy::Witness& witness : policy_.witnesses_) {
      if (same_public_key(witness.key, *key))
        return malformed_policy("witness " + quoted(witness.name) + " has this public key");
    }
    if (const Result<> added = remember(*key); !added) return added;
    TrustPolicy::Node node;
    node.witness = policy_.witnesses_.size();
    if (const Result<> defined = define(items[1], std::move(node)); !defined) return defined;
    policy_.witnesses_.push_back(
        {std::string(items[1]), *std::move(key), std::string(items.size() == 4 ? items[3] : "")});
    return {};
  }

  // group <name> all|any|<k> <name>...
  Result<> read_group(const Items& items) {
    if (items.size() < 4) return malformed_policy("a group has a name, a threshold and at least one member");
    if (groups_ == kMaxPolicyGroups) return Error(Errc::kTooLarge, "the policy has too many groups");
    TrustPolicy::Node node;
    for (const std::string_view member : std::span(items).subspan(3)) {
      const Result<std::size_t> position = find(member);
      if (!position) return position.error();
      // "Each defined name can be listed as a group member at most once. This ensures that each witness can contribute
      // to a group, or to the quorum in particular, in only one way" (Defining a witness group).
      if (!members_.insert(*position).second) return malformed_policy(quoted(member) + " is member of a group already");
      node.members.push_back(*position);
    }
    if (items[2] == "any") {
      node.threshold = 1;
    } else if (items[2] == "all") {
      node.threshold = node.members.size();
    } else {
      const auto threshold = internal::parse_decimal(items[2]);
      if (!threshold || *threshold < 1 || *threshold > node.members.size()) {
        return malformed_policy("the threshold of a group is `any`, `all`, or a number from 1 to that of its members");
      }
      node.threshold = *threshold;
    }
    ++groups_;
    return define(items[1], std::move(node));
  }

  // quorum <name>
  Result<> read_quorum(const Items& items) {
    if (items.size() != 2) return malformed_policy("a quorum is one name");
    if (!policy_.quorum_name_.empty()) return malformed_policy("the policy has a quorum already");
    if (items[1] != kNone) {
      const Result<std::size_t> position = find(items[1]);
      if (!position) return position.error();
      policy_.quorum_ = *position;
    }
    policy_.quorum_name_ = items[1];
    return {};
  }

  Result<std::size_t> find(std::string_view name) const {
    if (name == kNone) return malformed_policy("`none` can only be the quorum");
    const auto found = names_.find(name);
    if (found == names_.end()) return malformed_policy(quoted(name) + " is not defined above");
    return found->second;
  }

  Result<> define(std::string_view name, TrustPolicy::Node node) {
    if (name == kNone) return malformed_policy("`none` has a meaning of its own");
    if (!names_.emplace(name, policy_.nodes_.size()).second)
      return malformed_policy(quoted(name) + " is defined already");
    policy_.nodes_.push_back(std::move(node));
    return {};
  }

  // Key ids have 32 bits: two keys of one name could be made to share one, and a line would then belong to both.
  Result<> remember(const VerifierKey& key) {
    if (keys_.emplace(key.name(), key.id()).second) return {};
    return malformed_policy("another key has the name " + quoted(key.name()) + " and this key id");
  }

  TrustPolicy policy_;
  std::map<std::string, std::size_t, std::less<>> names_;  // of nodes
  std::set<std::size_t> members_;                          // nodes in any group
  std::set<std::pair<std::string, KeyId>> keys_;
  std::size_t groups_ = 0;
};

Result<TrustPolicy> TrustPolicy::parse(std::string_view text) {
  return PolicyParser().run(text);
}

Result<TrustPolicy> TrustPolicy::for_log(const VerifierKey& log_key) const {
  if (const Result<> usable = require_log_key(log_key); !usable) return usable.error();
  const auto listed = std::find_if(logs_.begin(), logs_.end(), [&](const Log& log) { return log.key == log_key; });
  if (!logs_.empty() && listed == logs_.end()) {
    return Error(Errc::kInvalidArgument, "the policy does not list the log " + quoted(log_key.name()));
  }
  TrustPolicy policy = *this;
  policy.logs_ = {logs_.empty() ? Log{log_key, ""} : *listed};
  return policy;
}

bool TrustPolicy::satisfied_by(std::span<const std::size_t> witnesses) const {
  if (!quorum_) return true;
  std::vector<bool> cosigned(witnesses_.size());
  for (const std::size_t witness : witnesses) {
    if (witness < cosigned.size()) cosigned[witness] = true;
  }
  std::vector<bool> holds;  // for each node; a group's members have been answered before it
  for (const Node& node : nodes_) {
    const auto count =
        std::count_if(node.members.begin(), node.members.end(), [&](std::size_t member) { return holds[member]; });
    holds.push_back(node.witness ? cosigned[*node.witness] : static_cast<std::size_t>(count) >= node.threshold);
  }
  return holds[*quorum_];
}

Result<> CheckedCheckpoint::accepted() const {
  if (quorum != Quorum::kNotMet) return {};
  return Error(Errc::kVerifyFailed, "the policy's quorum of witnesses is not met");
}

Result<CheckedCheckpoint> check_checkpoint(std::string_view note, const TrustPolicy& policy) {
  const Result<Note> parsed = parse_note(note);
  if (!parsed) return parsed.error();
  Result<Checkpoint> checkpoint = parse_checkpoint(parsed->text);
  if (!checkpoint) return checkpoint.error();

  std::vector<VerifierKey> log_keys;
  for (const TrustPolicy::Log& log : policy.logs()) log_keys.push_back(log.key);
  std::vector<VerifierKey> witness_keys;
  for (const TrustPolicy::Witness& witness : policy.witnesses()) witness_keys.push_back(witness.key);
  const Result<internal::JudgedNote> by_logs = internal::judge_signatures(*parsed, log_keys);
  if (!by_logs) return by_logs.error();
  Result<Cosignatures> cosignatures = check_cosignatures(*parsed, witness_keys);
  if (!cosignatures) return cosignatures.error();

  // "This name MUST correspond to the log's origin line" (Defining a log).
  const std::vector<std::size_t> signers = internal::keys_of_lines(*by_logs, true);
  const auto log = std::find_if(signers.begin(), signers.end(),
                                [&](std::size_t i) { return log_keys[i].name() == checkpoint->origin; });
  if (log == signers.end()) {
    return Error(Errc::kVerifyFailed,
                 "no log of the policy verifiably signed the checkpoint of " + quoted(checkpoint->origin));
  }

  CheckedCheckpoint checked;
  checked.log = *log;
  checked.checkpoint = *std::move(checkpoint);
  checked.cosignatures = std::move(cosignatures->verified);
  checked.witnesses_not_checked = std::move(cosignatures->not_checked);
  checked.logs_not_checked = internal::keys_of_lines(*by_logs, false);
  // Keys of a policy are distinct, so each line is a log's, a witness's or nobody's.
  checked.unknown_signatures = cosignatures->other_signatures - by_logs->lines.size();
  if (!policy.needs_witnesses()) {
    checked.quorum = Quorum::kNotRequired;
    return checked;
  }
  // The latest first, until they make the quorum.
  std::vector<Cosignature> latest_first = checked.cosignatures;
  std::ranges::stable_sort(latest_first, std::ranges::greater(), &Cosignature::unix_seconds);
  std::vector<std::size_t> witnesses;
  for (const Cosignature& cosignature : latest_first) {
    witnesses.push_back(cosignature.witness);
    if (!policy.satisfied_by(witnesses)) continue;
    checked.quorum = Quorum::kMet;
    checked.quorum_unix_seconds = cosignature.unix_seconds;
    break;
  }
  return checked;
}

}  // namespace redoubt::tlog
