// A system log of many identities, made up as it is read, so that it takes no memory.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/usage.h"
#include "identity/proposals.h"
#include "state/engine.h"
#include "tlog/hash.h"

namespace redoubt::bench {

inline std::string digits(std::uint64_t number, std::size_t size) {
  std::string text = std::to_string(number);
  return std::string(size - text.size(), '0') + text;
}

struct IdentitySizes {
  std::uint64_t principals = 100'000;
  std::uint64_t keys = 1'000'000;
  std::uint64_t groups = 1000;
};

inline std::string key_id(std::uint64_t number) {
  return "k" + digits(number, identity::kKeyIdSize - 1);
}
inline std::string key_text(std::uint64_t number) {
  return std::string(identity::kKeyPrefix) + key_id(number) + "_" + digits(number, identity::kKeySecretSize);
}

// The first fact, groups each in an earlier one, principals in two groups each, keys by turns; then what was appended.
class MadeUpLog final : public state::FactSource, public state::FactSink {
 public:
  explicit MadeUpLog(const IdentitySizes& sizes) : sizes_(sizes) {}

  Result<std::uint64_t> size() override { return made_up() + appended_.size(); }
  Result<> read(std::uint64_t from, const std::function<Result<bool>(const Entry&)>& take_entry) override {
    std::string record;
    for (std::uint64_t index = from; index < made_up() + appended_.size(); ++index) {
      auto go_on = take_entry(entry(index, record));
      if (!go_on) return go_on.error();
      if (!*go_on) break;
    }
    return {};
  }
  Result<Entry> read_one(std::uint64_t index) override { return entry(index, record_); }
  Result<Bytes> open(std::uint64_t) override { return Error(Errc::kNotFound, "nothing is sealed"); }

  void append(std::string record, std::string, std::function<void(Result<std::uint64_t>)> done) override {
    appended_.push_back(std::move(record));
    waiting_ = std::move(done);
  }
  void deliver() {
    if (waiting_) std::exchange(waiting_, nullptr)(made_up() + appended_.size() - 1);
  }
  UnixMillis now() override { return {1'780'000'000'000}; }
  record::RecordSource source() const override { return {.log_origin = "bench", .product_version = "0"}; }
  // Alice, who makes all but the first fact.
  record::FactActor actor() const {
    return {.principal = "alice", .credential = key_id(sizes_.keys + 1), .method = "api_key", .strength = 1};
  }

 private:
  Entry entry(std::uint64_t index, std::string& record) const {
    record = index < made_up() ? record_of(index) : appended_.at(index - made_up());
    return {.index = index, .leaf_hash = tlog::leaf_hash(as_bytes(record)), .record = as_bytes(record)};
  }
  std::uint64_t made_up() const { return 1 + sizes_.groups + sizes_.principals + sizes_.keys; }

  state::Proposal proposal(std::uint64_t index) const {
    if (index == 0) {
      identity::Genesis genesis;
      for (const std::string id : {"alice", "bob"}) {
        const std::uint64_t number = sizes_.keys + (id == "alice" ? 1 : 2);
        genesis.first.push_back({.principal = id,
                                 .group = std::string(identity::kAdministrators),
                                 .key_id = key_id(number),
                                 .key_digest = crypto::sha256(as_bytes(key_text(number)))});
      }
      return take(identity::propose_genesis(genesis));
    }
    index -= 1;
    if (index < sizes_.groups) {
      identity::Group group{.id = "group-" + std::to_string(index)};
      if (index > 0) group.parents = {"group-" + std::to_string((index - 1) / 4)};
      return take(identity::propose_group(group));
    }
    index -= sizes_.groups;
    if (index < sizes_.principals) {
      identity::Principal principal;
      principal.id = "application-" + std::to_string(index);
      principal.groups = {std::string(identity::kCallers), "group-" + std::to_string(index % sizes_.groups)};
      return take(identity::propose_principal(principal));
    }
    index -= sizes_.principals;
    identity::Key key;
    key.id = key_id(index);
    key.principal = "application-" + std::to_string(index % sizes_.principals);
    key.digest = crypto::sha256(as_bytes(key_text(index)));
    return take(identity::propose_key(key));
  }
  std::string record_of(std::uint64_t index) const {
    state::Proposal wanted = proposal(index);
    record::Fact fact;
    fact.uid = digits(index, 32);
    fact.time = {1'780'000'000'000};
    if (index > 0) fact.previous = index - 1;
    fact.kind = std::move(wanted.kind);
    fact.verb = wanted.verb;
    fact.object = std::move(wanted.object);
    fact.body = std::move(wanted.body);
    fact.actor = index == 0 ? wanted.actor : actor();
    std::string out;
    if (auto done = record::append_fact(out, fact, source()); !done) stop(done.error().message());
    return out;
  }

  IdentitySizes sizes_;
  std::string record_;
  std::vector<std::string> appended_;
  std::function<void(Result<std::uint64_t>)> waiting_;
};

}  // namespace redoubt::bench
