#include "redoubt/genesis.h"

#include <algorithm>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/scratch_folder.h"
#include "crypto/secret.h"
#include "identity/approvals.h"
#include "identity/identity_projection.h"
#include "state/engine.h"

namespace redoubt::app {
namespace {

// NAME[:GROUP[:TENANT[:MODEL,…]]]; names of models may hold colons.
Result<identity::Genesis::First> parse_application(std::string_view text, const std::vector<std::string>& tenants) {
  identity::Genesis::First out{.type = identity::PrincipalType::kApplication};
  std::string_view rest = text;
  const auto next = [&rest](char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    std::string part(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  out.principal = next(':');
  out.group = rest.empty() ? std::string(identity::kCallers) : next(':');
  out.tenant = next(':');
  while (!rest.empty()) out.models.push_back(next(','));
  if (!out.tenant.empty() && std::find(tenants.begin(), tenants.end(), out.tenant) == tenants.end()) {
    return Error(Errc::kInvalidArgument, "`" + std::string(text) + "` needs `--tenant " + out.tenant + "`");
  }
  return out;
}

void add(Beginning& beginning, identity::Genesis::First first) {
  const identity::NewKey& key = beginning.keys.emplace_back(identity::make_key());
  first.key_id = key.id;
  first.key_digest = key.digest;
  beginning.genesis.first.push_back(std::move(first));
}

// A ledger that is still to be: it takes one fact, its first.
class FirstEntry final : public state::FactSink, public state::FactSource {
 public:
  explicit FirstEntry(std::string origin) : origin_(std::move(origin)) {}

  void append(std::string record, std::string /*opening*/, std::function<void(Result<std::uint64_t>)> done) override {
    record_ = std::move(record);
    answer_ = [done = std::move(done)] { done(std::uint64_t{0}); };
  }
  UnixMillis now() override { return SystemClock().now(); }
  record::RecordSource source() const override {
    return {.log_origin = origin_, .tenant = {}, .product_version = REDOUBT_VERSION};
  }
  Result<std::uint64_t> size() override { return std::uint64_t{0}; }
  Result<> read(std::uint64_t /*from*/, const std::function<Result<bool>(const Entry&)>& /*take*/) override {
    return {};
  }
  Result<Entry> read_one(std::uint64_t /*index*/) override { return Error(Errc::kNotFound, "the ledger is new"); }
  Result<Bytes> open(std::uint64_t /*index*/) override { return Error(Errc::kNotFound, "the ledger is new"); }

  void answer() {
    if (answer_) std::exchange(answer_, nullptr)();
  }
  const std::string& record() const { return record_; }

 private:
  const std::string origin_;
  std::string record_;
  std::function<void()> answer_;
};

struct Nobody final : state::Publisher {
  void publish(std::function<void()> everywhere) override { everywhere(); }
};

}  // namespace

Beginning::~Beginning() {
  for (identity::NewKey& key : keys) crypto::wipe(std::as_writable_bytes(std::span(key.secret)));
}

Result<Beginning> make_beginning(const std::vector<std::string>& administrators,
                                 const std::vector<std::string>& applications,
                                 const std::vector<std::string>& tenants) {
  if (administrators.size() < 2) {
    return Error(Errc::kInvalidArgument, "there are two administrators or more: what one asks for, another approves");
  }
  Beginning out;
  out.keys.reserve(administrators.size() + applications.size());  // a key that moved would leave its secret behind
  for (const std::string& name : administrators) {
    add(out, {.principal = name, .group = std::string(identity::kAdministrators)});
  }
  for (const std::string& text : applications) {
    auto application = parse_application(text, tenants);
    if (!application) return application.error();
    add(out, *std::move(application));
  }
  return out;
}

// By the engine, as every later fact, so that what the fold would refuse is refused here.
Result<std::string> make_first_record(const std::string& origin, const identity::Genesis& genesis) {
  auto proposal = identity::propose_genesis(genesis);
  if (!proposal) return proposal.error();
  proposal->actor.principal = "init";
  FirstEntry entry(origin);
  Nobody nobody;
  identity::IdentityProjection identities;
  identity::ApprovalsProjection approvals;
  auto scratch = ScratchFolder::make();  // the tables are made anew where they are to be
  if (!scratch) return scratch.error();
  auto engine =
      state::Engine::open({.path = scratch->path() + "/state.db"}, {&identities, &approvals}, entry, entry, nobody);
  if (!engine) return engine.error();
  Result<> begun = Error(Errc::kCancelled, "the first fact was not made");
  (*engine)->propose(*std::move(proposal), [&begun](const Result<state::Applied>& done) {
    begun = done ? Result<>() : Result<>(done.error());
  });
  entry.answer();
  if (!begun) return begun.error();
  return entry.record();
}

}  // namespace redoubt::app
