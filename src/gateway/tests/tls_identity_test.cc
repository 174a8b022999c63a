// The gateway's certificates, with a keeper that the test plays.
#include "gateway/internal/tls_identity.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/pass_file.h"
#include "crypto/certificate.h"
#include "gateway/tests/fake_hold_desk.h"
#include "ledger/wire.h"
#include "tests/support/temp_dir.h"

namespace redoubt::gateway::internal {
namespace {

using crypto::P256PublicKey;
using std::chrono::hours;
using std::chrono::milliseconds;

SharedRing again(const SharedRing& ring) {
  return *SharedRing::attach(UniqueFd(::dup(ring.fd())));
}

// What it was told.
class ToldAdministration final : public Administration {
 public:
  Result<> run(AccessPublisher& /*cores*/) override { return {}; }
  BehaviourGauges behaviour() override { return {}; }
  NoticeGauges notices() override { return {}; }
  HoldDesk& holds() override { return holds_; }
  void set_tls(std::shared_ptr<const net::TlsServerContext> context) override {
    contexts.push_back(std::move(context));
  }
  void reload() override {}
  void ledger_gone(const std::string& /*why*/) override {}
  void drain(std::function<void()> drained) override { drained(); }
  void stop() override {}

  std::vector<std::shared_ptr<const net::TlsServerContext>> contexts;

 private:
  test::FakeHoldDesk holds_;
};

class TlsIdentityTest : public ::testing::Test {
 protected:
  using Answer = std::function<Result<Bytes>(const P256PublicKey&)>;

  static void SetUpTestSuite() { log::set_level(log::Level::kError); }
  static void TearDownTestSuite() { log::set_level(log::Level::kInfo); }

  TlsIdentityTest() {
    settings_.upstream_url = *net::UpstreamUrl::parse("http://127.0.0.1:9");
    settings_.tls.on = true;
    settings_.drain_grace = milliseconds(100);
    CoreHandles handles{.listener = *net::bind_tcp("127.0.0.1:0"),
                        .request_ring = UniqueFd(::dup(requests_.fd())),
                        .answer_ring = UniqueFd(::dup(answers_.fd())),
                        .wake = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))};
    gateway_wake_ = UniqueFd(::dup(handles.wake.get()));
    cores_.push_back(
        *Core::create(settings_, 1, std::move(handles), keeper_wake_.get(), meters_, logs_, files_, holds_));
  }
  ~TlsIdentityTest() override {
    keeper_stopped_ = true;
    if (keeper_.joinable()) keeper_.join();
  }

  // A keeper that answers so, on a thread of its own.
  void start_keeper(Answer answer) {
    keeper_ = std::thread([this, answer = std::move(answer)] {
      RingConsumer requests(again(requests_));
      RingProducer answers(again(answers_));
      while (!keeper_stopped_) {
        const auto message = requests.peek(ledger::kMaxRequestBytes);
        if (!message || !*message) {
          std::this_thread::sleep_for(milliseconds(2));
          continue;
        }
        Bytes request((*message)->size);
        requests.take(request);
        requests.release();
        if ((*message)->type != static_cast<std::uint32_t>(ledger::MessageType::kCertify)) continue;
        P256PublicKey key;
        std::copy(request.begin() + ledger::kTicketSize, request.end(), key.begin());
        const auto given = answer(key);
        Bytes payload(request.begin(), request.begin() + ledger::kTicketSize);
        payload.push_back(given ? std::byte{ledger::kOpenedSuccess} : static_cast<std::byte>(given.error().code()));
        append(payload, given ? ByteView(*given) : as_bytes(given.error().message()));
        const auto space = answers.begin(static_cast<std::uint32_t>(ledger::MessageType::kCertified), payload.size());
        std::copy(payload.begin(), payload.end(), space->begin());
        answers.commit();
        answers.publish();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto n = ::write(gateway_wake_.get(), &one, sizeof one);
        const std::lock_guard lock(mutex_);
        asked_.push_back(key);
      }
    });
  }
  Result<Bytes> certify(const P256PublicKey& key, milliseconds life = hours(1)) {
    return authority_.issue(key, std::vector<std::string>{"localhost"}, clock_.now(), life);
  }
  std::vector<P256PublicKey> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  // Runs the core with this identity until `condition`, ten seconds at most, then drains it.
  bool run_until(TlsIdentity& identity, const std::function<bool()>& condition) {
    Core& core = *cores_.front();
    EXPECT_TRUE(core.start());
    boost::asio::co_spawn(core.io(), identity.keep_fresh(), boost::asio::detached);
    core.on_drained([&] { identity.stop(); });
    std::thread loop([&] { core.run(); });
    bool met = false;
    for (int i = 0; i < 1000 && !met; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
      met = condition();
    }
    core.drain();
    loop.join();
    return met;
  }

  const SystemClock clock_;
  const testing_support::TempDir folder_;
  PosixFileSystem fs_;
  limits::Meters meters_{{1, 2}, 16};
  test::FakeHoldDesk holds_;
  LedgerFiles files_{fs_, folder_.path()};
  const Logs logs_{"example.org/log"};
  const SharedRing requests_ = *SharedRing::create(ledger::kRequestRingBytes);
  const SharedRing answers_ = *SharedRing::create(ledger::kAnswerRingBytes);
  const UniqueFd keeper_wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  UniqueFd gateway_wake_;
  GatewaySettings settings_;
  std::vector<std::unique_ptr<Core>> cores_;
  ToldAdministration administration_;
  std::thread keeper_;
  std::atomic<bool> keeper_stopped_ = false;
  std::mutex mutex_;
  std::vector<P256PublicKey> asked_;
  crypto::P256PrivateKey ca_key_ = crypto::P256PrivateKey::generate();
  const std::string ca_pem_ = crypto::CertificateAuthority::make_certificate(ca_key_, "test", clock_.now());
  const crypto::CertificateAuthority authority_ =
      *crypto::CertificateAuthority::create(*crypto::P256PrivateKey::from_scalar(ca_key_.scalar().reveal()), ca_pem_);
};

TEST_F(TlsIdentityTest, HasACertificateBeforeTheFirstConnection) {
  start_keeper([this](const P256PublicKey& key) { return certify(key); });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  const auto obtained = identity.obtain_first();
  EXPECT_TRUE(obtained) << obtained.error().message();
}

TEST_F(TlsIdentityTest, DoesNotBeginWithoutOne) {
  start_keeper([](const P256PublicKey&) -> Result<Bytes> { return Error(Errc::kUnsupported, "no TLS here"); });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  const auto obtained = identity.obtain_first();
  ASSERT_FALSE(obtained);
  EXPECT_EQ(obtained.error().code(), Errc::kUnsupported);
  EXPECT_NE(obtained.error().message().find("no TLS here"), std::string::npos);
}

TEST_F(TlsIdentityTest, TakesNoCertificateThatIsNotForItsKey) {
  start_keeper([this](const P256PublicKey&) { return certify(crypto::P256PrivateKey::generate().public_key()); });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  EXPECT_FALSE(identity.obtain_first());
}

TEST_F(TlsIdentityTest, TakesNothingThatIsNoCertificate) {
  start_keeper([](const P256PublicKey&) -> Result<Bytes> { return to_bytes(as_bytes("nonsense")); });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  EXPECT_FALSE(identity.obtain_first());
}

TEST_F(TlsIdentityTest, RenewsAtHalfOfALifeWithANewKeyEachTime) {
  start_keeper([this](const P256PublicKey& key) { return certify(key, milliseconds(1'000)); });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  ASSERT_TRUE(identity.obtain_first());
  EXPECT_TRUE(run_until(identity, [this] { return asked().size() >= 3; }));
  const auto keys = asked();
  EXPECT_EQ(std::set<P256PublicKey>(keys.begin(), keys.end()).size(), keys.size());
}

TEST_F(TlsIdentityTest, TriesAgainWhenItIsRefused) {
  std::atomic<int> count = 0;
  start_keeper([&](const P256PublicKey& key) -> Result<Bytes> {
    if (++count == 2) return Error(Errc::kResourceExhausted, "not now");
    return certify(key, count == 1 ? milliseconds(200) : milliseconds(hours(1)));
  });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  ASSERT_TRUE(identity.obtain_first());
  EXPECT_TRUE(run_until(identity, [&] { return count >= 3; }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(count, 3);  // an hour's certificate is enough for now
}

TEST_F(TlsIdentityTest, StopsWhileTheKeeperOwesAnAnswer) {
  std::atomic<bool> second = false;
  start_keeper([&](const P256PublicKey& key) -> Result<Bytes> {
    if (asked().empty()) return certify(key, milliseconds(200));
    second = true;
    while (!keeper_stopped_) std::this_thread::sleep_for(milliseconds(5));
    return Error(Errc::kUnavailable, "late");
  });
  TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
  ASSERT_TRUE(identity.obtain_first());
  EXPECT_TRUE(run_until(identity, [&] { return second.load(); }));
}

TEST_F(TlsIdentityTest, TakesFilesInPlaceOfTheKeeper) {
  int certificate[2];
  int private_key[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, certificate), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, private_key), 0);
  const UniqueFd ends[] = {UniqueFd(certificate[0]), UniqueFd(certificate[1]), UniqueFd(private_key[0]),
                           UniqueFd(private_key[1])};
  settings_.tls.certificate_path = folder_ / "server.pem";
  settings_.tls.certificate_socket = certificate[1];
  settings_.tls.key_socket = private_key[1];
  const auto send = [this](int socket, std::string_view content) {
    std::ofstream(folder_ / "sent") << content;
    EXPECT_TRUE(send_file(socket, folder_ / "sent"));
    ::unlink((folder_ / "sent").c_str());
  };
  const auto obtain = [this] {
    TlsIdentity identity(settings_.tls, clock_, cores_, administration_);
    return identity.obtain_first();
  };
  const auto key = crypto::P256PrivateKey::generate();
  const crypto::Secret key_pem = key.pem();
  const std::string chain = *crypto::certificate_to_pem(*certify(key.public_key()));
  EXPECT_EQ(obtain().error().code(), Errc::kNotFound);
  send(certificate[0], chain);
  EXPECT_EQ(obtain().error().code(), Errc::kNotFound);
  send(certificate[0], chain);
  send(private_key[0], as_chars(key_pem.reveal()));
  const auto obtained = obtain();
  EXPECT_TRUE(obtained) << obtained.error().message();
  send(certificate[0], chain);
  send(private_key[0], std::string(20'000, 'x'));
  EXPECT_EQ(obtain().error().code(), Errc::kTooLarge);
  const auto ended = authority_.issue(key.public_key(), std::vector<std::string>{"localhost"},
                                      {clock_.now().value - 100'000}, milliseconds(1'000));
  send(certificate[0], *crypto::certificate_to_pem(*ended));
  send(private_key[0], as_chars(key_pem.reveal()));
  EXPECT_EQ(obtain().error().code(), Errc::kInvalidArgument);
  EXPECT_TRUE(asked().empty());
}

}  // namespace
}  // namespace redoubt::gateway::internal
