#include "attest/internal/dstack_log.h"

#include <algorithm>
#include <array>
#include <string>

#include "attest/internal/json_members.h"
#include "encoding/json_reader.h"

namespace redoubt::attest {

namespace {

using crypto::HashAlgorithm;

constexpr std::uint32_t kRuntimeEvent = 0x0800'0001;
constexpr std::uint64_t kRuntimeRegister = 3;

Error no_such_log(std::string message) {
  return {Errc::kMalformed, "the dstack log: " + std::move(message)};
}

// What an event that means something here claims, and the sizes of its payload.
struct Meaning {
  std::string_view event;
  const char* claim;
  std::size_t size_min;
  std::size_t size_max;
  bool is_text;
};
constexpr std::array<Meaning, 4> kMeanings{{
    {"app-id", "app_id", 20, 20, false},
    {"compose-hash", "compose_hash", 32, 32, false},
    {"instance-id", "instance_id", 0, 20, false},
    {"key-provider", "key_provider", 1, DstackLog::kMaxKeyProvider, true},
}};

struct Event {
  std::uint64_t index = 0;
  std::uint64_t type = 0;
  Bytes digest;  // empty: it was left out
  std::string name;
  Bytes payload;
};

Result<Event> read_event(const simdjson::dom::element& json) {
  auto members = JsonMembers::of(json, "an event of the dstack log");
  if (!members) return members.error();
  if (const auto version = members->get("version")) {
    std::uint64_t number = 0;
    if (version->get_uint64().get(number) != simdjson::SUCCESS || number != 1) {
      return Error(Errc::kUnsupported, "the dstack log has events of another version than 1, which are not read");
    }
  }
  const auto index = members->number("imr");
  const auto type = members->number("event_type");
  auto name = members->text("event");
  auto payload = members->hex("event_payload");
  auto digest = members->get("digest") ? members->hex("digest") : Result<Bytes>(Bytes());
  const auto done = members->check_all_read();
  if (!index) return index.error();
  if (!type) return type.error();
  if (!name) return name.error();
  if (!payload) return payload.error();
  if (!digest) return digest.error();
  if (!done) return done.error();
  return Event{*index, *type, *std::move(digest), *std::move(name), *std::move(payload)};
}

// INVARIANT: no name has a `:`. The digest does not say where name and payload meet, so whoever passes a log on could
// move the border, and hide an event that was measured behind another name.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= DstackLog::kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

crypto::Digest digest_of(const Event& event) {
  std::array<std::byte, 4> type{};
  store_le<std::uint32_t>(type, kRuntimeEvent);
  const ByteView colon = as_bytes(":");
  return crypto::digest(HashAlgorithm::kSha384, {type, colon, as_bytes(event.name), colon, event.payload});
}

Result<> note_meaning(ClaimObject& claims, const Event& event) {
  const auto* const found = std::ranges::find(kMeanings, event.name, &Meaning::event);
  if (found == kMeanings.end()) return {};
  if (find_claim(claims, found->claim) != nullptr) return no_such_log("`" + event.name + "` stands twice");
  const std::string_view text = as_chars(event.payload);
  const bool is_readable = !found->is_text || std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (event.payload.size() < found->size_min || event.payload.size() > found->size_max || !is_readable) {
    return no_such_log("the payload of `" + event.name + "` is none");
  }
  claims.emplace_back(found->claim, found->is_text ? Claim(std::string(text)) : Claim(ByteView(event.payload)));
  return {};
}

}  // namespace

bool looks_like_dstack_log(ByteView bytes) {
  return !bytes.empty() && bytes[0] == std::byte{'['};
}

Result<DstackLog> replay_dstack_log(std::string_view json) {
  encoding::JsonReader reader({.max_bytes = DstackLog::kMaxBytes, .max_depth = 4});
  const auto root = reader.parse(json);
  if (!root) return root.error().in("the dstack log");
  simdjson::dom::array events;
  if (root->get_array().get(events) != simdjson::SUCCESS) return no_such_log("it is no list");
  if (events.size() > DstackLog::kMaxEvents) return Error(Errc::kTooLarge, "the dstack log has more than 4,096 events");
  DstackLog out{.rtmr3 = crypto::Digest(std::array<std::byte, 48>{}), .claims = {}};
  for (const simdjson::dom::element each : events) {
    const auto event = read_event(each);
    if (!event) return event.error();
    if (event->index > kRuntimeRegister) return no_such_log("an event of a register that there is not");
    if ((event->type == kRuntimeEvent) != (event->index == kRuntimeRegister)) {
      return no_such_log("an event of dstack's outside of RTMR 3, or another one in it");
    }
    if (event->index != kRuntimeRegister) continue;
    if (!is_name(event->name)) return no_such_log("the name of an event has characters that are not read");
    const crypto::Digest digest = digest_of(*event);
    if (!event->digest.empty() && !std::ranges::equal(digest.view(), event->digest)) {
      return no_such_log("a digest is not of its event");
    }
    out.rtmr3 = crypto::digest(HashAlgorithm::kSha384, {out.rtmr3.view(), digest.view()});
    if (auto noted = note_meaning(out.claims, *event); !noted) return noted.error();
  }
  return out;
}

}  // namespace redoubt::attest
