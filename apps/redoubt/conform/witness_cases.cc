#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/clock.h"
#include "encoding/base64.h"
#include "redoubt/conform/checks.h"
#include "redoubt/conform/fields.h"
#include "tlog/cosignature.h"
#include "tlog/witness.h"
#include "tlog/witness_request.h"

namespace redoubt::app::conform {
namespace {

constexpr std::string_view kContains = "body contains \"";
constexpr std::string_view kEquals = "body == \"";

struct Case {
  std::uint64_t number = 0;  // its place among all cases: gaps are cases left out
  std::string session;       // cases of one session were put to one witness
  std::string body;
  std::uint64_t status = 0;
  std::string asserts;
};

// `asserts` of the form PREFIX…": what stands between the quotes.
std::optional<std::string> quoted(const Case& test, std::string_view prefix) {
  if (!test.asserts.starts_with(prefix) || !test.asserts.ends_with('"') || test.asserts.size() <= prefix.size()) {
    return std::nullopt;
  }
  return test.asserts.substr(prefix.size(), test.asserts.size() - prefix.size() - 1);
}

// The tree size that the case's reply tells, where it must tell one.
std::optional<std::uint64_t> size_told(const Case& test) {
  const std::optional<std::string> text = quoted(test, kEquals);
  std::uint64_t size = 0;
  if (!text || !text->ends_with("\\n") || !parse_number(std::string_view(*text).substr(0, text->size() - 2), size)) {
    return std::nullopt;
  }
  return size;
}

// A request in parts, for those that can be taken apart.
struct Parts {
  tlog::WitnessRequest request;
  tlog::Checkpoint checkpoint;
};

std::optional<Parts> parts_of(const Case& test) {
  auto request = tlog::parse_witness_request(test.body);
  if (!request) return std::nullopt;
  const auto note = tlog::parse_note(request->checkpoint);
  auto checkpoint = note ? tlog::parse_checkpoint(note->text) : Result<tlog::Checkpoint>(note.error());
  if (!checkpoint) return std::nullopt;
  return Parts{*std::move(request), *std::move(checkpoint)};
}

// A folder for a witness's state, for as long as it lives.
class StateFolder {
 public:
  StateFolder() : path_((std::filesystem::temp_directory_path() / "redoubt-conform-XXXXXX").string()) {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  ~StateFolder() {
    std::error_code ignored;
    if (made_) std::filesystem::remove_all(path_, ignored);
  }

  bool made() const { return made_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_;
};

// One witness, and the cases put to it.
class Session {
 public:
  Session(tlog::Witness witness, const std::vector<Case>& cases) : witness_(std::move(witness)), cases_(cases) {}

  // Brings the witness to where a case that was left out had brought it. Whether it was elsewhere before.
  bool catch_up(const Case& test) {
    const std::optional<std::uint64_t> size = size_needed(test);
    return size && catch_up(test, *size);
  }

  Result<> check(const Case& test) {
    const tlog::WitnessReply reply = witness_.add_checkpoint(test.body);
    if (static_cast<std::uint64_t>(reply.status) != test.status) {
      return Error(Errc::kVerifyFailed, "answered with " + std::to_string(reply.status) + " instead of " +
                                            std::to_string(test.status) + ": " + reply.body);
    }
    if (test.status == 200) return check_cosignature(test, reply.body);
    if (const std::optional<std::uint64_t> size = size_told(test)) {
      if (reply.body == std::to_string(*size) + "\n" && reply.content_type == "text/x.tlog.size") return {};
      return Error(Errc::kVerifyFailed, "told another size: " + reply.body);
    }
    // The words of a refusal are each implementation's own.
    if (test.asserts.empty() || quoted(test, kContains)) return {};
    return Error(Errc::kUnsupported, "not understood: `" + test.asserts + "`");
  }

 private:
  // The size that the witness must have cosigned last, for the case to be answered as it says.
  static std::optional<std::uint64_t> size_needed(const Case& test) {
    if (const std::optional<std::uint64_t> size = size_told(test)) return size;
    const std::optional<Parts> parts = parts_of(test);
    if (!parts || (test.status != 200 && test.status != 409 && test.status != 422)) return std::nullopt;
    return parts->request.old_size.value;
  }

  // Proofs and checkpoints out of the other cases are put together until a pair fits; one that does not changes
  // nothing.
  bool catch_up(const Case& test, std::uint64_t size) {
    const std::optional<Parts> target = parts_of(test);
    if (!target) return false;
    const std::uint64_t known = size_known(target->checkpoint.origin);
    if (known >= size) return false;
    for (const Case& of_checkpoint : cases_) {
      const std::optional<Parts> to = parts_of(of_checkpoint);
      if (!to || to->checkpoint.size.value != size || to->checkpoint.origin != target->checkpoint.origin) continue;
      for (const Case& of_proof : cases_) {
        const auto proof = tlog::parse_witness_request(of_proof.body);
        if (!proof || proof->old_size.value != known) continue;
        const std::string body = of_proof.body.substr(0, of_proof.body.find("\n\n") + 2) + to->request.checkpoint;
        if (witness_.add_checkpoint(body).status == 200) return true;
      }
    }
    return false;
  }

  std::uint64_t size_known(const std::string& origin) const {
    const tlog::WitnessReply reply = witness_.checkpoint(encoding::hex(crypto::sha256(as_bytes(origin))));
    const auto note = tlog::parse_note(reply.body);
    const auto checkpoint = note ? tlog::parse_checkpoint(note->text) : Result<tlog::Checkpoint>(note.error());
    return reply.status == 200 && checkpoint ? checkpoint->size.value : 0;
  }

  Result<> check_cosignature(const Case& test, const std::string& lines) const {
    const std::optional<std::string> part = quoted(test, kContains);
    if (!part) return Error(Errc::kUnsupported, "not understood: `" + test.asserts + "`");
    if (lines.find(*part) == std::string::npos) return Error(Errc::kVerifyFailed, "no `" + *part + "` in " + lines);
    const tlog::VerifierKey key = witness_.verifier_key();
    const auto cosignatures = tlog::check_cosignatures(test.body.substr(test.body.find("\n\n") + 2) + lines, {&key, 1});
    if (!cosignatures) return cosignatures.error();
    if (cosignatures->verified.empty()) return Error(Errc::kVerifyFailed, "the reply holds no cosignature");
    return {};
  }

  tlog::Witness witness_;
  const std::vector<Case>& cases_;
};

// The witness's name, as the cases spell it: a signature line of it must be in the reply.
std::string witness_name(const std::vector<Case>& cases) {
  constexpr std::string_view kSignatureStart = "\u2014 ";
  for (const Case& test : cases) {
    const std::optional<std::string> part = quoted(test, kContains);
    if (part && part->starts_with(kSignatureStart)) return part->substr(kSignatureStart.size());
  }
  return "witness.example";
}

// The two logs whose checkpoints the cases submit.
Result<std::vector<tlog::WitnessLog>> logs_of(std::string_view sigsum_key_hex, std::string_view sumdb_vkey) {
  const auto bytes = encoding::hex_decode(sigsum_key_hex);
  crypto::Ed25519PublicKey public_key;
  if (!bytes || bytes->size() != public_key.size())
    return Error(Errc::kMalformed, "not understood: the Sigsum log's key");
  std::copy(bytes->begin(), bytes->end(), public_key.begin());
  const std::string origin = "sigsum.org/v1/tree/" + encoding::hex(crypto::sha256(*bytes));
  auto sigsum = tlog::VerifierKey::ed25519(origin, public_key);
  if (!sigsum) return sigsum.error();
  auto sumdb = tlog::VerifierKey::parse(sumdb_vkey);
  if (!sumdb) return sumdb.error();
  return std::vector<tlog::WitnessLog>{{origin, {*sigsum}}, {"go.sum database tree", {*sumdb}}};
}

Result<> check_file(DataSet& set, const std::string& path) {
  const Result<std::string> json = set.text(path);
  if (!json) return json.error();
  encoding::JsonReader reader;
  const auto root = reader.parse(*json);
  if (!root) return root.error();
  Fields file(*root);
  const auto logs = logs_of(file.text("sigsum_log_key_hex"), file.text("sumdb_vkey"));
  file.ignore("note");
  std::vector<Case> cases;
  for (const simdjson::dom::element item : file.items("cases")) {
    Fields fields(item);
    cases.push_back({fields.number("n"), std::string(fields.text("file")), std::string(fields.text("request_body")),
                     fields.number("expect_status"), std::string(fields.text("asserts"))});
    if (const Result<> read = fields.done(); !read) return read.error();
  }
  if (const Result<> read = file.done(); !read) return read.error();
  if (!logs) return logs.error();

  std::ranges::stable_sort(cases, {}, &Case::number);
  StateFolder state;
  if (!state.made()) return Error(Errc::kIo, "no folder for the witness's state");
  PosixFileSystem fs;
  const SystemClock clock;
  std::map<std::string, Session> sessions;
  std::uint64_t next = 0;
  for (const Case& test : cases) {
    if (!sessions.contains(test.session)) {
      const std::string folder = state.path() + "/" + std::to_string(sessions.size());
      if (const Result<> made = fs.make_directory(folder); !made) return made.error();
      auto cosigner = tlog::Cosigner::create(witness_name(cases), crypto::Ed25519PrivateKey::generate());
      if (!cosigner) return cosigner.error();
      auto witness = tlog::Witness::open(fs, folder, *std::move(cosigner), *logs, clock);
      if (!witness) return witness.error();
      sessions.emplace(test.session, Session(*std::move(witness), cases));
    }
    const std::string what = path + " n " + std::to_string(test.number);
    Session& session = sessions.at(test.session);
    if (test.number > next && session.catch_up(test)) {
      set.note(what, "what a case left out before it did is made up for");
    }
    set.record(what, session.check(test));
    next = test.number + 1;
  }
  return {};
}

}  // namespace

void check_witness_cases(DataSet& set) {
  for (const std::string& path : set.files()) {
    if (!path.ends_with(".json")) continue;
    if (const Result<> checked = check_file(set, path); !checked) set.record(path, checked);
  }
}

}  // namespace redoubt::app::conform
