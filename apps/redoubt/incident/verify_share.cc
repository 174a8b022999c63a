// `redoubt incident verify-share`: an incident as somebody was given it, verified offline.
#include "redoubt/incident/verify_share.h"

#include <cstdio>
#include <optional>
#include <string>

#include "base/file.h"
#include "encoding/base64.h"
#include "encoding/json_reader.h"
#include "record/fact_record.h"
#include "record/terminal_text.h"
#include "redoubt/verify_proof.h"

namespace redoubt::app {
namespace {

constexpr std::uint64_t kShareMax = 256 * 1024 * 1024;  // bytes

struct Verified {
  std::uint64_t proven = 0;
  std::uint64_t unproven = 0;         // no checkpoint covered them yet
  bool accepted = true;               // the policy's quorum is met for all
  std::optional<ProvenEntry> newest;  // whose checkpoint is the largest
};

// One fact: that the proof is of this very record, at this place of this log.
Result<> verify_fact(const Common& common, const LedgerAccess& access, std::string_view origin,
                     const simdjson::dom::object& item, Verified& out) {
  std::uint64_t index = 0;
  std::string_view record;
  if (item["index"].get(index) != simdjson::SUCCESS) return Error(Errc::kMalformed, "a fact has no index");
  const std::string name = "fact " + std::to_string(index);
  // The log had the entry no more.
  if (item["record"].get(record) != simdjson::SUCCESS) {
    ++out.unproven;
    return {};
  }
  const tlog::Hash leaf = tlog::leaf_hash(as_bytes(record));
  if (encoding::string_member(item, "leaf") != encoding::base64(leaf)) {
    return Error(Errc::kVerifyFailed, name + ": the record is not the one that the leaf is of");
  }
  const std::string_view proof = encoding::string_member(item, "proof");
  if (proof.empty()) {
    ++out.unproven;
    return {};
  }
  auto proven = verify_entry(common, access, leaf, proof, name);
  if (!proven) return proven.error();
  if (proven->index.value != index || proven->checkpoint.origin != origin) {
    return Error(Errc::kVerifyFailed, name + ": the proof is of another place");
  }
  ++out.proven;
  out.accepted = out.accepted && exit_status(proven->standing) == kSuccess;
  if (!out.newest || out.newest->checkpoint.size.value < proven->checkpoint.size.value) {
    out.newest = *std::move(proven);
  }
  return {};
}

void print_fact(record::FactReader& reader, const simdjson::dom::object& item) {
  const auto fact = reader.read(as_bytes(encoding::string_member(item, "record")));
  if (!fact || *fact == nullptr) return;
  std::string line;
  record::append_terminal_text(line, (*fact)->kind + "  " + (*fact)->object + "  " + (*fact)->actor.principal);
  std::uint64_t index = 0;
  if (item["index"].get(index) != simdjson::SUCCESS) return;
  const bool proven = !encoding::string_member(item, "proof").empty();
  std::printf("%-10s  %llu  %s\n", proven ? "included" : "unproven", static_cast<unsigned long long>(index),
              line.c_str());
}

Result<Verified> verify(const Common& common, const LedgerAccess& access, const std::string& file) {
  PosixFileSystem fs;
  const auto bytes = read_file(fs, file, kShareMax);
  if (!bytes) return bytes.error();
  encoding::JsonReader reader({.max_bytes = kShareMax, .max_depth = 8});
  auto root = reader.parse(as_chars(*bytes));
  if (!root) return root.error().in(file);
  simdjson::dom::object share;
  simdjson::dom::array items;
  if (root->get(share) != simdjson::SUCCESS || share["items"].get(items) != simdjson::SUCCESS) {
    return Error(Errc::kMalformed, file + ": this is no shared incident");
  }
  const std::string_view origin = encoding::string_member(share, "origin");
  Verified out;
  record::FactReader facts;
  for (const simdjson::dom::element element : items) {
    simdjson::dom::object item;
    if (element.get(item) != simdjson::SUCCESS) return Error(Errc::kMalformed, file + ": a fact is no object");
    if (auto done = verify_fact(common, access, origin, item, out); !done) return done.error().in(file);
    if (!common.json) print_fact(facts, item);
  }
  return out;
}

}  // namespace

int run_verify_share(const Common& common, const LedgerAccess& access, const std::string& file) {
  const auto verified = verify(common, access, file);
  if (!verified) return report(verified.error(), common.json);
  const bool all = verified->proven > 0 && verified->unproven == 0 && verified->accepted;
  if (common.json) {
    std::string out;
    encoding::JsonWriter json(out);
    json.begin_object();
    json.member("included", verified->proven);
    json.member("unproven", verified->unproven);
    if (verified->newest) {
      json.member("origin", verified->newest->checkpoint.origin);
      json.member("tree_size", verified->newest->checkpoint.size.value);
      write_signer(json, verified->newest->signer);
      write_standing(json, verified->newest->standing);
    }
    json.end_object();
    std::printf("%s\n", out.c_str());
    return all ? kSuccess : kAnswerIsNo;
  }
  std::printf("included    %llu, unproven %llu\n", static_cast<unsigned long long>(verified->proven),
              static_cast<unsigned long long>(verified->unproven));
  if (verified->newest) {
    std::printf("log         %s\n", verified->newest->checkpoint.origin.c_str());
    print_signer(verified->newest->signer);
    print_standing(verified->newest->standing);
  }
  return all ? kSuccess : kAnswerIsNo;
}

}  // namespace redoubt::app
