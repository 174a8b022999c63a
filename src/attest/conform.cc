#include "attest/conform.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "attest/internal/json_members.h"
#include "attest/policy.h"
#include "attest/verifier.h"
#include "base/timestamp.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace fs = std::filesystem;
using simdjson::dom::element;
using simdjson::dom::object;

namespace {

constexpr std::size_t kMaxFiles = 1024;
constexpr std::size_t kMaxBytes = 16 * 1024 * 1024;

Error malformed(std::string message) {
  return {Errc::kMalformed, std::move(message)};
}

Result<Bytes> read_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return Error(Errc::kNotFound, "`" + path.string() + "` cannot be read");
  if (size > kMaxBytes) return Error(Errc::kTooLarge, "`" + path.string() + "` is larger than 16 MiB");
  std::ifstream in(path, std::ios::binary);
  Bytes out(size);
  if (!in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(size))) {
    return Error(Errc::kIo, "`" + path.string() + "` cannot be read");
  }
  return out;
}

// One mutation of a file's bytes.
Result<> derive(JsonMembers& step, std::string_view operation, Bytes& bytes) {
  const auto overwrite = [&](std::uint64_t offset, ByteView with, auto combine) -> Result<> {
    if (offset > bytes.size() || with.size() > bytes.size() - offset) return malformed("a mutation is beyond the file");
    for (std::size_t i = 0; i < with.size(); ++i) bytes[offset + i] = combine(bytes[offset + i], with[i]);
    return {};
  };
  if (operation == "append") {
    const auto more = step.hex("hex");
    if (!more) return more.error();
    append(bytes, *more);
    return {};
  }
  if (operation == "truncate") {
    const auto length = step.number("length");
    if (!length) return length.error();
    if (*length > bytes.size()) return malformed("`truncate` is beyond the file");
    bytes.resize(*length);
    return {};
  }
  const auto offset = step.number("offset");
  if (!offset) return offset.error();
  if (operation == "xor") {
    const auto mask = step.number("byte");
    if (!mask) return mask.error();
    if (*mask == 0 || *mask > 255) return malformed("`xor` is with a byte that changes something");
    const std::array with{static_cast<std::byte>(*mask)};
    return overwrite(*offset, with, [](std::byte a, std::byte b) { return a ^ b; });
  }
  if (operation == "replace") {
    const auto with = step.hex("hex");
    if (!with) return with.error();
    return overwrite(*offset, *with, [](std::byte, std::byte b) { return b; });
  }
  if (operation == "slice") {
    const auto length = step.number("length");
    if (!length) return length.error();
    if (*offset > bytes.size() || *length > bytes.size() - *offset) return malformed("`slice` is beyond the file");
    bytes = Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(*offset),
                  bytes.begin() + static_cast<std::ptrdiff_t>(*offset + *length));
    return {};
  }
  return malformed("`" + std::string(operation) + "` is no known mutation");
}

// The files of a case in their roles, after its mutations. Notes in `used` which files there were.
Result<std::map<Role, Bytes>> read_inputs(JsonMembers& fields, const fs::path& folder, std::set<fs::path>& used) {
  std::map<Role, Bytes> out;
  const auto inputs = fields.get("inputs");
  object members;
  if (!inputs || inputs->get_object().get(members) != simdjson::SUCCESS) return malformed("`inputs` is no object");
  for (const auto& member : members) {
    const auto role = find_role(member.key);
    std::string_view name;
    if (!role) return malformed("`" + std::string(member.key) + "` is no role");
    if (member.value.get_string().get(name) != simdjson::SUCCESS || fs::path(name).is_absolute()) {
      return malformed("the file of `" + std::string(member.key) + "` is no relative path");
    }
    const fs::path path = folder / name;
    auto bytes = read_file(path);
    if (!bytes) return bytes.error();
    used.insert(fs::weakly_canonical(path));
    out.emplace(*role, *std::move(bytes));
  }
  const auto steps = fields.get("derive");
  if (!steps) return out;
  simdjson::dom::array list;
  if (steps->get_array().get(list) != simdjson::SUCCESS) return malformed("`derive` is no list");
  for (const element each : list) {
    auto step = JsonMembers::of(each, "a mutation");
    if (!step) return step.error();
    const auto input = step->text("input");
    const auto operation = step->text("op");
    if (!input || !operation) return (input ? operation : input).error();
    const auto role = find_role(*input);
    if (!role || !out.contains(*role)) return malformed("a mutation of `" + *input + "`, which is no input");
    if (auto done = derive(*step, *operation, out.at(*role)); !done) return done.error();
    if (auto all = step->check_all_read(); !all) return all.error();
  }
  return out;
}

struct Expectation {
  bool accept = false;
  std::vector<Reason> reasons;  // any of them is right
  ClaimObject claims;
};

Result<Expectation> read_expectation(JsonMembers& fields) {
  Expectation out;
  const auto json = fields.get("expect");
  if (!json) return malformed("`expect` is missing");
  auto expect = JsonMembers::of(*json, "`expect`");
  if (!expect) return expect.error();
  const auto accept = expect->get("accept");
  if (!accept || accept->get_bool().get(out.accept) != simdjson::SUCCESS) return malformed("`accept` is no flag");
  const auto add = [&](std::string_view name) -> Result<> {
    const auto reason = find_reason(name);
    if (!reason) return malformed("`" + std::string(name) + "` is no reason");
    out.reasons.push_back(*reason);
    return {};
  };
  if (!out.accept) {
    const auto reason = expect->text("reason");
    if (!reason) return reason.error();
    if (auto added = add(*reason); !added) return added.error();
    if (const auto also = expect->get("also")) {
      simdjson::dom::array list;
      if (also->get_array().get(list) != simdjson::SUCCESS) return malformed("`also` is no list");
      for (const element each : list) {
        std::string_view name;
        if (each.get_string().get(name) != simdjson::SUCCESS) return malformed("`also` is a list of reasons");
        if (auto added = add(name); !added) return added.error();
      }
    }
  }
  if (const auto claims = expect->get("claims")) {
    auto claim = read_claim(*claims);
    if (!claim) return claim.error();
    if (claim->object() == nullptr) return malformed("`claims` is no object");
    out.claims = *claim->object();
  }
  if (auto all = expect->check_all_read(); !all) return all.error();
  return out;
}

// Nothing when the verdict is as expected.
std::optional<std::string> compare(const Verdict& verdict, const Expectation& expected) {
  const auto reason = verdict.reason();
  const std::string got = reason ? "refused for `" + std::string(to_string(*reason)) + "`" : "accepted";
  if (expected.accept != !reason) {
    std::string why;
    for (const Check& each : verdict.checks) {
      if (each.outcome == Check::Outcome::kFailed && each.about == reason) why = ": " + each.what;
    }
    return got + why +
           (expected.accept ? "; expected to be accepted"
                            : "; expected to be refused for `" + std::string(to_string(expected.reasons[0])) + "`");
  }
  if (reason && std::ranges::find(expected.reasons, *reason) == expected.reasons.end()) {
    return got + "; expected `" + std::string(to_string(expected.reasons[0])) + "`";
  }
  for (const auto& [name, value] : expected.claims) {
    const Claim* claim = find_claim(verdict.claims, name);
    if (claim == nullptr) return "`" + name + "` is not claimed";
    if (!claim->covers(value)) return "the claim `" + name + "` differs";
  }
  return std::nullopt;
}

// Runs one case. An error is what is wrong with the case or with the answer.
Result<> run_case(JsonMembers& fields, Kind kind, const fs::path& folder, std::set<fs::path>& used) {
  const auto files = read_inputs(fields, folder, used);
  if (!files) return files.error();
  const auto at_text = fields.text("at");
  if (!at_text) return at_text.error();
  const auto at = parse_timestamp(*at_text);
  if (!at) return malformed("`at` is no time");
  Policy policy;
  if (const auto json = fields.get("policy")) {
    auto read = read_policy(*json);
    if (!read) return read.error();
    policy = *std::move(read);
  }
  std::optional<Bytes> nonce;
  if (fields.get("nonce")) {
    auto bytes = fields.hex("nonce");
    if (!bytes) return bytes.error();
    if (bytes->empty()) return malformed("`nonce` is empty: it is left out where none is asked for");
    nonce = *std::move(bytes);
  }
  fields.get("note");
  const auto expected = read_expectation(fields);
  if (!expected) return expected.error();
  if (auto all = fields.check_all_read(); !all) return all.error();

  Evidence evidence{.kind = kind, .inputs = {}, .at = *at, .nonce = {}};
  for (const auto& [role, bytes] : *files) evidence.inputs.set(role, bytes);
  if (nonce) evidence.nonce = *nonce;
  Verifier verifier(Trust::kNobody);
  if (auto problem = compare(verifier.verify(evidence, policy), *expected)) {
    return Error(Errc::kVerifyFailed, *std::move(problem));
  }
  return {};
}

struct Run {
  const fs::path& folder;
  ConformReport report;
  std::set<fs::path> used;
  std::map<fs::path, std::set<fs::path>> unused;  // by the folder that says so

  Result<> run_file(const fs::path& path);
  void check_files();
};

Result<> Run::run_file(const fs::path& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  encoding::JsonReader reader({.max_bytes = kMaxBytes, .max_depth = 16});
  const auto root = reader.parse(as_chars(*text));
  if (!root) return root.error();
  auto file = JsonMembers::of(*root, "the file");
  if (!file) return file.error();
  const auto kind_name = file->text("kind");
  const auto format = file->number("format");
  if (!kind_name || !format) return kind_name ? format.error() : kind_name.error();
  const auto kind = find_kind(*kind_name);
  if (!kind) return malformed("`" + *kind_name + "` is no kind of evidence");
  if (*format != 1) return malformed("this reads format 1");
  const fs::path folder_of = path.parent_path();
  if (const auto list = file->get("unused")) {
    object members;
    if (list->get_object().get(members) != simdjson::SUCCESS) return malformed("`unused` is no object");
    for (const auto& member : members) unused[folder_of].insert(fs::weakly_canonical(folder_of / member.key));
  }
  const auto cases = file->get("cases");
  simdjson::dom::array list;
  if (!cases || cases->get_array().get(list) != simdjson::SUCCESS) return malformed("`cases` is no list");
  if (auto all = file->check_all_read(); !all) return all.error();

  const std::string name = fs::relative(path, folder).string();
  std::set<std::string> ids;
  for (const element each : list) {
    auto fields = JsonMembers::of(each, "a case");
    if (!fields) return fields.error();
    auto id = fields->text("id");
    if (!id) return id.error();
    if (!ids.insert(*id).second) return malformed("the id `" + *id + "` stands twice");
    const auto done = run_case(*fields, *kind, folder_of, used);
    report.cases.push_back({name, *id, done.has_value(), done ? "" : done.error().message()});
  }
  return {};
}

// Every file beside the cases is an input of one, said not to be, or prose.
void Run::check_files() {
  for (const auto& [folder_of, exceptions] : unused) {
    for (const fs::directory_entry& each : fs::directory_iterator(folder_of)) {
      const fs::path path = fs::weakly_canonical(each.path());
      if (!each.is_regular_file() || path.filename() == "cases.json" || path.extension() == ".md") continue;
      if (used.contains(path) == exceptions.contains(path)) {
        report.problems.push_back("`" + fs::relative(path, folder).string() +
                                  (used.contains(path) ? "` is said to be unused and is not" : "` is used by no case"));
      }
    }
    for (const fs::path& each : exceptions) {
      if (!fs::exists(each)) report.problems.push_back("`" + each.filename().string() + "` is not there to be unused");
    }
  }
}

}  // namespace

std::size_t ConformReport::passed() const {
  return static_cast<std::size_t>(std::ranges::count_if(cases, &CaseResult::passed));
}
std::size_t ConformReport::failed() const {
  return cases.size() - passed() + problems.size();
}

Result<ConformReport> run_cases(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() == "cases.json") files.push_back(at->path());
    if (files.size() > kMaxFiles) return Error(Errc::kTooLarge, "more than 1,024 files of cases");
  }
  if (error) return Error(Errc::kIo, "`" + folder.string() + "`: " + error.message());
  if (files.empty()) return Error(Errc::kNotFound, "there is no cases.json below `" + folder.string() + "`");
  std::ranges::sort(files);
  Run run{.folder = folder, .report = {}, .used = {}, .unused = {}};
  for (const fs::path& path : files) {
    run.unused.try_emplace(path.parent_path());
    if (auto done = run.run_file(path); !done) {
      run.report.problems.push_back(fs::relative(path, folder).string() + ": " + done.error().message());
    }
  }
  run.check_files();
  return std::move(run.report);
}

}  // namespace redoubt::attest
