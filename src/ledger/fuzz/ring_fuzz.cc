// Anything that a gateway may do to the shared memory of its rings: the keeper serves it or ends its service, and the
// ledger verifies either way.
//
// The input is a sequence of steps: form u8, length u16 LE, then that many bytes. Forms:
//   0  the bytes are type u32 LE and payload
//   1  an entry that holds together: kind u8, exchange u8, admission index u8, leaf size u8, leaf and opening
//   2  a request to open values: decoded from the bytes
//   3  a request to open values, signed by the opener: index u8
//   4  a request for a TLS certificate: a good public key, its bytes XORed with those given
//   5  bytes anywhere in the ring of requests, positions included: offset u32 LE, the bytes
//   6  the same in the ring of answers
//   7  the keeper serves what there is so far
//   8  a request to open a fact: index u8
//   9  a part of a dictionary, as the bytes have it
//  10  a part of a good dictionary: which, u8; the rest is XORed with it
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "base/check.h"
#include "base/log.h"
#include "ledger/keeper.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include "tlog/log_verifier.h"

namespace redoubt::ledger {
namespace {

class FixedClock final : public Clock {
 public:
  UnixMillis now() const override { return {1'700'000'000'000}; }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::hours(1));
  }
};

keys::SealedDictionary two_parts(const crypto::X25519PublicKey& keeper) {
  std::vector<std::string> records;
  for (int i = 0; i < 300; ++i) records.push_back(std::to_string(i) + std::string(240, 'x'));
  return *keys::SealedDictionary::parse("patients", *keys::seal_dictionary(keeper, "patients", std::move(records)));
}

struct World {
  tlog::NoteSigner signer =
      *tlog::NoteSigner::create("example.org/log", *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{7})));
  crypto::Ed25519PrivateKey opener = *crypto::Ed25519PrivateKey::from_seed(Bytes(32, std::byte{8}));
  crypto::X25519KeyPair reader = *crypto::X25519KeyPair::from_private(Bytes(32, std::byte{9}));
  crypto::Secret wrapping_key = crypto::Secret::copy_of(Bytes(32, std::byte{10}));
  crypto::P256PrivateKey tls_key = *crypto::P256PrivateKey::from_scalar(Bytes(32, std::byte{11}));
  FixedClock clock;
  testing_support::TempDir tls_folder;
  PosixFileSystem tls_files;
  keys::DictionaryOpener dictionaries{*crypto::X25519KeyPair::from_private(Bytes(32, std::byte{12}))};
  keys::SealedDictionary dictionary = two_parts(dictionaries.public_key());
  UniqueFd wake{::eventfd(1, EFD_NONBLOCK)};
  UniqueFd stop{::eventfd(1, EFD_NONBLOCK)};  // readable from the beginning: the keeper serves what there is and ends
};

constexpr std::size_t kMaxMessage = 8 * 1024;
constexpr std::size_t kRingBytes = 256 * 1024;

Bytes make_entry(ByteView bytes) {
  const auto at = [&](std::size_t i) { return i < bytes.size() ? std::to_integer<std::uint8_t>(bytes[i]) : 0; };
  const ByteView body = bytes.subspan(std::min<std::size_t>(4, bytes.size()));
  EntryHeader header{.kind = static_cast<EntryKind>(at(0) % 4), .admission_index = static_cast<std::uint64_t>(at(2))};
  header.exchange.fill(static_cast<std::byte>(at(1) % 4));
  header.leaf_size = static_cast<std::uint32_t>(std::min<std::size_t>(static_cast<std::size_t>(at(3)), body.size()));
  header.opening_size = static_cast<std::uint32_t>(body.size()) - header.leaf_size;
  Bytes message(kTicketSize + kEntryHeaderSize);
  store_entry_header(MutableByteView(message).subspan(kTicketSize), header);
  append(message, body);
  return message;
}

Bytes dictionary_part(const World& world, ByteView bytes) {
  const std::size_t which = bytes.empty() ? 0 : std::to_integer<std::size_t>(bytes[0]);
  Bytes out = keys::encode_dictionary_part(world.dictionary.parts[which % world.dictionary.parts.size()]);
  for (std::size_t i = 1; i < bytes.size() && i <= out.size(); ++i) out[i - 1] ^= bytes[i];
  return out;
}

bool submit(const World& world, RingProducer& ring, unsigned form, ByteView bytes) {
  std::uint32_t type = 0;
  Bytes message;
  switch (form) {
    case 0:
      if (bytes.size() < 4) return true;
      type = load_le<std::uint32_t>(bytes);
      message = to_bytes(bytes.subspan(4));
      break;
    case 1:
      type = static_cast<std::uint32_t>(MessageType::kAppend);
      message = make_entry(bytes);
      break;
    case 2:
      type = static_cast<std::uint32_t>(MessageType::kOpen);
      message.resize(kTicketSize);
      append(message, bytes);
      break;
    case 3: {
      const std::uint64_t index = bytes.empty() ? 0 : std::to_integer<std::uint64_t>(bytes[0]);
      type = static_cast<std::uint32_t>(MessageType::kOpen);
      message.resize(kTicketSize + sizeof(LogNumber));
      append(message, encode_open_request(*sign_open_request(world.opener, world.signer.name(), {index},
                                                             world.clock.now(), world.reader.public_key, "fuzzing")));
      break;
    }
    case 9:
    case 10:
      type = static_cast<std::uint32_t>(MessageType::kKeyDictionary);
      message.resize(kTicketSize);
      append(message, form == 9 ? to_bytes(bytes) : dictionary_part(world, bytes));
      break;
    case 8:
      type = static_cast<std::uint32_t>(MessageType::kOpenFact);
      message.resize(kOpenFactSize);
      if (!bytes.empty()) message[kTicketSize + sizeof(LogNumber)] = bytes[0];
      break;
    default: {
      type = static_cast<std::uint32_t>(MessageType::kCertify);
      message.resize(kTicketSize);
      append(message, world.tls_key.public_key());
      for (std::size_t i = 0; i < bytes.size() && kTicketSize + i < message.size(); ++i) {
        message[kTicketSize + i] ^= bytes[i];
      }
    }
  }
  auto space = ring.begin(type, message.size());
  if (!space) return false;
  std::copy(message.begin(), message.end(), space->begin());
  ring.commit();
  return true;
}

// Past the producer's checks, as code that has taken over the gateway writes.
void overwrite(const SharedRing& ring, ByteView bytes) {
  constexpr std::size_t kMemoryBytes = 4096 + kRingBytes;
  if (bytes.size() < 4) return;
  const std::size_t at = load_le<std::uint32_t>(bytes) % kMemoryBytes;
  bytes = bytes.subspan(4, std::min(bytes.size() - 4, kMemoryBytes - at));
  const ssize_t n = ::pwrite(ring.fd(), bytes.data(), bytes.size(), static_cast<off_t>(at));
  REDOUBT_CHECK(n == static_cast<ssize_t>(bytes.size()));
}

SharedRing attach(const SharedRing& ring) {
  return *SharedRing::attach(UniqueFd(::dup(ring.fd())));
}

void serve(World& world, ByteView input) {
  testing_support::FaultFileSystem fs;
  const LedgerOptions options{.segment_bytes = 64 * 1024, .max_commit_bytes_for_test = 32 * 1024};
  {
    auto ledger = *Ledger::open(fs, "/l", world.signer, world.clock, options);
    keys::KeyWrapper wrapper(world.wrapping_key);
    KeeperOptions keeper_options;
    keeper_options.openers = {world.opener.public_key()};
    keeper_options.product_version = "0";
    auto tls_authority = *keys::TlsAuthority::open(world.tls_files, keys::KeyStore::plain(), world.tls_folder.path(),
                                                   {.names = {"localhost"}}, world.clock);
    keeper_options.tls_authority = &tls_authority;
    keeper_options.dictionaries = &world.dictionaries;
    Keeper keeper(*ledger, wrapper, world.clock, keeper_options);
    const SharedRing requests = *SharedRing::create(kRingBytes);
    const SharedRing answers = *SharedRing::create(kRingBytes);
    RingProducer producer(attach(requests));
    keeper.add_ring(RingConsumer(attach(requests)), RingProducer(attach(answers)), world.wake.get());
    Result<> ended;
    const auto keeper_serves = [&] {
      producer.publish();
      ended = keeper.run(world.wake.get(), world.stop.get());
      REDOUBT_CHECK(ended.has_value() || ended.error().code() == Errc::kCorrupt);
      REDOUBT_CHECK(!ended.has_value() || ledger->published() == ledger->committed());
    };
    while (input.size() >= 3 && ended) {
      const unsigned form = std::to_integer<unsigned>(input[0]) % 11;
      const std::size_t wanted = std::min<std::size_t>(load_le<std::uint16_t>(input.subspan(1, 2)), kMaxMessage);
      input = input.subspan(3);
      const ByteView bytes = input.first(std::min(wanted, input.size()));
      input = input.subspan(bytes.size());
      if (form == 5 || form == 6) {
        producer.publish();  // so that this position is not written over
        overwrite(form == 5 ? requests : answers, bytes);
      } else if (form == 7) {
        keeper_serves();
      } else if (!submit(world, producer, form, bytes)) {
        break;
      }
    }
    if (ended) keeper_serves();
  }
  fs.lose_power_and_all_unsynced();
  auto ledger = *Ledger::open(fs, "/l", world.signer, world.clock, options);
  LedgerReader reader(fs, "/l");
  keys::KeyWrapper wrapper(world.wrapping_key);
  KeeperOptions keeper_options;
  keeper_options.product_version = "0";
  const std::size_t open_after = ledger->open_admissions().size();
  Keeper keeper(*ledger, wrapper, world.clock, keeper_options);
  const auto closed = keeper.close_interrupted();
  REDOUBT_CHECK(closed.has_value() && *closed == open_after && ledger->open_admissions().empty());
  if (ledger->committed().value == 0) return;
  const auto report = tlog::verify_log(reader, world.signer.verifier_key());
  REDOUBT_CHECK(report.has_value() && report->checkpoint.size == ledger->committed());
}

}  // namespace
}  // namespace redoubt::ledger

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redoubt;
  static ledger::World world;
  static const bool quiet = (log::set_level(log::Level::kError), true);
  if (quiet) ledger::serve(world, {reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
