// The correlator's state as bytes: docs/formats/correlator.md.
#include <algorithm>
#include <bit>
#include <cstring>

#include "sigma/internal/correlation_engine.h"

namespace redoubt::sigma {
namespace {

constexpr std::string_view kMagic = "RDBTCORR";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kLeastGroupBytes = 16 + 3 * 8 + 1 + 4 + 1;
constexpr std::size_t kEntryBytes = 3 * 8 + 4;

enum Flag : std::uint8_t { kHolding = 1, kCoarse = 2, kAgain = 4 };

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  template <class T>
  void put(T value) {
    std::array<std::byte, sizeof(T)> bytes{};
    store_le<std::make_unsigned_t<T>>(bytes, static_cast<std::make_unsigned_t<T>>(value));
    out_.append(as_chars(bytes));
  }
  void put(const internal::Hash128& hash) {
    put(hash.low);
    put(hash.high);
  }
  void text(std::string_view value) {
    put(static_cast<std::uint32_t>(value.size()));
    out_.append(value);
  }

 private:
  std::string& out_;
};

// Each call says whether there was enough; what it read is of no use otherwise.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  bool get(T& value) {
    if (rest_.size() < sizeof(T)) return false;
    value = static_cast<T>(load_le<std::make_unsigned_t<T>>(as_bytes(rest_)));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  bool get(internal::Hash128& hash) { return get(hash.low) && get(hash.high); }
  bool text(std::string_view& value) {
    std::uint32_t size = 0;
    return get(size) && raw(size, value);
  }
  bool raw(std::size_t size, std::string_view& value) {
    if (rest_.size() < size) return false;
    value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

Error corrupt(std::string_view what) {
  return {Errc::kCorrupt, "the correlator's state is damaged: " + std::string(what)};
}

void write_group(Writer& out, const internal::Group& group) {
  out.put(group.key);
  out.put(group.newest_ms);
  out.put(group.fired_ms);
  out.put(group.first_ms);
  out.put(static_cast<std::uint8_t>((group.holding ? kHolding : 0) | (group.coarse ? kCoarse : 0) |
                                    (group.again ? kAgain : 0)));
  out.put(static_cast<std::uint32_t>(group.size()));
  for (const internal::Entry& entry : group) {
    if (entry.count == 0) continue;
    out.put(entry.time_ms);
    out.put(entry.id);
    out.put(entry.value);
    out.put(entry.count);
  }
  out.put(static_cast<std::uint8_t>(std::min<std::size_t>(group.chains.size(), 255)));
  for (const internal::Chain& chain : group.chains) {
    out.put(static_cast<std::uint8_t>(chain.member));
    out.put(chain.start_ms);
    out.put(chain.last_ms);
    out.put(static_cast<std::uint8_t>(chain.ids.size()));
    for (const std::uint64_t id : chain.ids) out.put(id);
  }
}

bool read_group(Reader& in, internal::Group& group, bool& again) {
  std::uint8_t flags = 0;
  std::uint32_t entries = 0;
  std::uint8_t chains = 0;
  if (!in.get(group.key) || !in.get(group.newest_ms) || !in.get(group.fired_ms) || !in.get(group.first_ms) ||
      !in.get(flags) || flags > 7 || !in.get(entries) || entries > in.left() / kEntryBytes)
    return false;
  group.holding = (flags & kHolding) != 0;
  group.coarse = (flags & kCoarse) != 0;
  again = (flags & kAgain) != 0;
  std::vector<internal::Entry> list(entries);
  for (internal::Entry& entry : list) {
    if (!in.get(entry.time_ms) || !in.get(entry.id) || !in.get(entry.value) || !in.get(entry.count)) return false;
  }
  group.entries.assign(list);
  if (!in.get(chains)) return false;
  group.chains.resize(chains);
  for (internal::Chain& chain : group.chains) {
    std::uint8_t member = 0;
    std::uint8_t ids = 0;
    if (!in.get(member) || !in.get(chain.start_ms) || !in.get(chain.last_ms) || !in.get(ids)) return false;
    chain.member = member;
    chain.ids.resize(ids);
    for (std::uint64_t& id : chain.ids) {
      if (!in.get(id)) return false;
    }
  }
  return true;
}

}  // namespace

std::string Correlator::Engine::save() const {
  std::string out(kMagic);
  Writer writer(out);
  writer.put(kVersion);
  writer.put(hash_("redoubt correlator").low);  // which key the groups are known by
  writer.put(static_cast<std::uint32_t>(parts_.size()));
  for (const Part& part : parts_) {
    std::string body;
    Writer inner(body);
    for (const std::uint64_t count : {part.stats.counted, part.stats.too_late, part.stats.without_group,
                                      part.stats.groups_cut, part.stats.evicted, part.stats.evicted_terms})
      inner.put(count);
    inner.put(part.newest_ms);
    inner.put(static_cast<std::uint32_t>(part.table.size()));
    part.table.each([&](const internal::Group& group) { write_group(inner, group); });
    writer.put(part.rule->identity);
    writer.text(rules_.infos[part.rule->rule].key());
    writer.put(static_cast<std::uint64_t>(body.size()));
    out += body;
  }
  const internal::Hash128 digest = internal::SipHash(internal::HashKey{})(out);
  writer.put(digest);
  return out;
}

Result<RestoreReport> Correlator::Engine::restore(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kDigestBytes)
    return corrupt("it does not begin as one");
  Reader in(bytes.substr(0, bytes.size() - kDigestBytes));
  std::string_view magic;
  std::uint16_t version = 0;
  in.raw(kMagic.size(), magic);
  if (!in.get(version)) return corrupt("it is cut short");
  if (version != kVersion)
    return Error(Errc::kUnsupported, "the correlator's state is of version " + std::to_string(version));
  internal::Hash128 digest;
  Reader tail(bytes.substr(bytes.size() - kDigestBytes));
  tail.get(digest);
  if (digest != internal::SipHash(internal::HashKey{})(bytes.substr(0, bytes.size() - kDigestBytes)))
    return corrupt("its digest does not hold");
  std::uint64_t key = 0;
  std::uint32_t count = 0;
  if (!in.get(key) || !in.get(count)) return corrupt("it is cut short");
  if (key != hash_("redoubt correlator").low)
    return Error(Errc::kInvalidArgument, "the correlator's state was saved with another hash key");

  RestoreReport report;
  std::vector<Part> fresh = Engine(keep_, options_).parts_;
  std::vector<bool> restored(fresh.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t identity = 0;
    std::string_view name;
    std::uint64_t size = 0;
    std::string_view body;
    if (!in.get(identity) || !in.text(name) || !in.get(size) || !in.raw(size, body)) return corrupt("it is cut short");
    Part* target = nullptr;
    for (std::size_t place = 0; place < fresh.size(); ++place) {
      if (restored[place] || fresh[place].rule->identity != identity ||
          rules_.infos[fresh[place].rule->rule].key() != name)
        continue;
      target = &fresh[place];
      restored[place] = true;
      break;
    }
    if (target == nullptr) {
      ++report.dropped;
      continue;
    }
    Reader inner(body);
    CorrelationStats& stats = target->stats;
    std::uint32_t groups = 0;
    for (std::uint64_t* const number : {&stats.counted, &stats.too_late, &stats.without_group, &stats.groups_cut,
                                        &stats.evicted, &stats.evicted_terms}) {
      if (!inner.get(*number)) return corrupt("it is cut short");
    }
    if (!inner.get(target->newest_ms) || !inner.get(groups) || groups > inner.left() / kLeastGroupBytes)
      return corrupt("it is cut short");
    if (groups > options_.max_groups)
      return Error(Errc::kTooLarge, "the correlator's state has more groups than are allowed now");
    bool seen_again = false;
    for (std::uint32_t at = 0; at < groups; ++at) {
      internal::Group group;
      bool again = false;
      if (!read_group(inner, group, again)) return corrupt("a group is cut short");
      if (!target->window.plausible(group) || group.newest_ms > target->newest_ms || (seen_again && !again) ||
          target->table.find(group.key) != nullptr)
        return corrupt("a group cannot be as it is");
      seen_again = again;
      internal::Group& own = target->table.insert(group.key);
      own.distinct = target->window.distinct();
      own.ranked = target->window.ranked();
      const std::size_t before = own.bytes();
      own.newest_ms = group.newest_ms;
      own.fired_ms = group.fired_ms;
      own.first_ms = group.first_ms;
      own.holding = group.holding;
      own.coarse = group.coarse;
      own.entries = std::move(group.entries);
      own.chains = std::move(group.chains);
      target->table.resized(before, own.bytes());
      if (again) target->table.touch(own);
    }
    if (inner.left() != 0) return corrupt("a correlation has bytes too many");
    ++report.restored;
  }
  if (in.left() != 0) return corrupt("it has bytes too many");
  report.fresh = fresh.size() - report.restored;
  parts_ = std::move(fresh);
  bytes_ = 0;
  for (const Part& part : parts_) bytes_ += part.table.bytes();
  return report;
}

}  // namespace redoubt::sigma
