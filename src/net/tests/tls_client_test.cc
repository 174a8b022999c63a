// What the client demands of a TLS upstream. Certificates are made here, anew in each run.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>

#include "net/internal/tls_client.h"
#include "net/tests/upstream.h"
#include "tests/support/temp_dir.h"

namespace redoubt::net::testing {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;

struct Identity {
  Key key;
  Certificate certificate;
};

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// `names` as in `subjectAltName`; a certification authority when null. Signed by `issuer`, or itself.
Identity make_identity(const char* common_name, const char* names, const Identity* issuer, long valid_s = 3600) {
  static long serial = 1;
  Identity out{Key(EVP_EC_gen("P-256")), Certificate(X509_new())};
  X509* raw = out.certificate.get();
  X509* signer = issuer != nullptr ? issuer->certificate.get() : raw;
  X509_set_version(raw, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(raw), -7200);
  X509_gmtime_adj(X509_getm_notAfter(raw), valid_s);
  X509_set_pubkey(raw, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  X509_set_issuer_name(raw, X509_get_subject_name(signer));
  add_extension(raw, signer, NID_basic_constraints, names == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (names != nullptr) add_extension(raw, signer, NID_subject_alt_name, names);
  EXPECT_GT(X509_sign(raw, issuer != nullptr ? issuer->key.get() : out.key.get(), EVP_sha256()), 0);
  return out;
}

// A TLS peer over an accepted socket, as far as these tests need one.
class TlsPeer {
 public:
  TlsPeer(UniqueFd fd, const Identity& identity, int max_version = 0) : fd_(std::move(fd)) {
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    if (max_version != 0 && max_version < TLS1_2_VERSION) {
      SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
      SSL_CTX_set_security_level(context_.get(), 0);
    }
    EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), identity.certificate.get()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), identity.key.get()), 1);
    ssl_.reset(SSL_new(context_.get()));
    const timeval limit{5, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL_set_fd(ssl_.get(), fd_.get());
  }
  bool accept() { return SSL_accept(ssl_.get()) == 1; }
  std::string take_head() {
    std::string head;
    char c = 0;
    while (head.find("\r\n\r\n") == std::string::npos && SSL_read(ssl_.get(), &c, 1) == 1) head += c;
    return head;
  }
  std::string take_bytes(std::size_t size) {
    std::string out(size, '\0');
    std::size_t at = 0;
    while (at < size) {
      const int n = SSL_read(ssl_.get(), out.data() + at, static_cast<int>(size - at));
      if (n <= 0) break;
      at += static_cast<std::size_t>(n);
    }
    out.resize(at);
    return out;
  }
  void send(std::string_view bytes) {
    EXPECT_GT(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())), 0);
  }
  void close_notify() { SSL_shutdown(ssl_.get()); }
  std::string server_name() const {
    const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
  }
  int version() const { return SSL_version(ssl_.get()); }

 private:
  UniqueFd fd_;
  std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freer<SSL_free>> ssl_;
};

class TlsClient : public ::testing::Test {
 protected:
  TlsClient() : ca_(make_identity("test authority", nullptr, nullptr)) {
    ca_file_ = write("ca.pem", ca_);
    // The test's own TLS peer writes without MSG_NOSIGNAL, and clients here leave in the middle of handshakes.
    ::signal(SIGPIPE, SIG_IGN);
  }
  ~TlsClient() override { ::signal(SIGPIPE, SIG_DFL); }
  std::string write(const char* name, const Identity& identity) {
    const std::string path = folder_ / name;
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, identity.certificate.get());
    std::fclose(file);
    return path;
  }
  static std::string url(const char* host, std::uint16_t port) {
    return std::string("https://") + host + ":" + std::to_string(port);
  }
  static ClientLimits trusting(const std::string& ca_file) {
    ClientLimits limits;
    limits.ca_file = ca_file;
    return limits;
  }
  // One request to a server with this identity, which answers when the handshake succeeds.
  Answer ask_server(const Identity& identity, const char* host, const std::string& ca_file, int max_version = 0) {
    handshake_ = false;
    Upstream upstream([&](Upstream& self) {
      TlsPeer peer(self.accept_fd(), identity, max_version);
      handshake_ = peer.accept();
      if (!handshake_) return;
      version_ = peer.version();
      server_name_ = peer.server_name();
      request_ = peer.take_head();
      if (!request_.empty()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
      peer.take_head();
    });
    TestClient client(url(host, upstream.port), trusting(ca_file));
    return client.get();
  }
  void expect_untrusted(const Answer& answer, const char* why) {
    EXPECT_EQ(answer.error, Errc::kUnavailable);
    EXPECT_NE(answer.message.find(why), std::string::npos) << answer.message;
    EXPECT_EQ(request_, "");  // not a byte of the request has left
  }

  Identity ca_;
  const testing_support::TempDir folder_;
  std::string ca_file_;
  bool handshake_ = false;
  int version_ = 0;
  std::string server_name_;
  std::string request_;
};

TEST_F(TlsClient, TalksToAnUpstreamThatProvesItsName) {
  const Identity server = make_identity("x", "DNS:localhost", &ca_);
  const Answer answer = ask_server(server, "localhost", ca_file_);
  EXPECT_EQ(answer.body, "fine") << answer.message;
  EXPECT_EQ(server_name_, "localhost");
  EXPECT_EQ(version_, TLS1_3_VERSION);
}

TEST_F(TlsClient, TalksTls12WhereThereIsNoMore) {
  const Identity server = make_identity("x", "DNS:localhost", &ca_);
  EXPECT_EQ(ask_server(server, "localhost", ca_file_, TLS1_2_VERSION).body, "fine");
  EXPECT_EQ(version_, TLS1_2_VERSION);
}

TEST_F(TlsClient, RefusesTls11) {
  const Identity server = make_identity("x", "DNS:localhost", &ca_);
  expect_untrusted(ask_server(server, "localhost", ca_file_, TLS1_1_VERSION), "TLS");
}

TEST_F(TlsClient, AcceptsANumericAddressInTheCertificate) {
  const Identity server = make_identity("x", "IP:127.0.0.1", &ca_);
  EXPECT_EQ(ask_server(server, "127.0.0.1", ca_file_).body, "fine");
  EXPECT_EQ(server_name_, "");
}

TEST_F(TlsClient, RefusesAnotherName) {
  const Identity server = make_identity("localhost", "DNS:other.example", &ca_);
  expect_untrusted(ask_server(server, "localhost", ca_file_), "hostname mismatch");
}

TEST_F(TlsClient, RefusesANameThatOnlyTheSubjectHas) {
  const Identity server = make_identity("localhost", "IP:127.0.0.1", &ca_);
  expect_untrusted(ask_server(server, "localhost", ca_file_), "hostname mismatch");
}

TEST_F(TlsClient, RefusesAnotherAddress) {
  const Identity server = make_identity("127.0.0.1", "DNS:localhost", &ca_);
  expect_untrusted(ask_server(server, "127.0.0.1", ca_file_), "IP address mismatch");
}

TEST_F(TlsClient, RefusesAnUnknownAuthority) {
  const Identity other = make_identity("test authority", nullptr, nullptr);
  const Identity server = make_identity("x", "DNS:localhost", &other);
  expect_untrusted(ask_server(server, "localhost", ca_file_), "certificate");
  expect_untrusted(ask_server(make_identity("x", "DNS:localhost", &ca_), "localhost", ""), "certificate");
}

TEST_F(TlsClient, RefusesAnExpiredCertificate) {
  const Identity server = make_identity("x", "DNS:localhost", &ca_, -60);
  expect_untrusted(ask_server(server, "localhost", ca_file_), "expired");
}

TEST_F(TlsClient, RefusesASelfSignedCertificate) {
  const Identity server = make_identity("x", "DNS:localhost", nullptr);
  expect_untrusted(ask_server(server, "localhost", ca_file_), "certificate");
}

TEST_F(TlsClient, SaysThatItsAnchorsCannotBeRead) {
  TestClient client(url("localhost", 9), trusting(folder_ / "absent.pem"));
  EXPECT_EQ(client.get().error, Errc::kInvalidArgument);
}

TEST_F(TlsClient, SaysThatTheUpstreamSpeaksNoTls) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    peer.receive();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.take_to_end();
  });
  TestClient client(url("127.0.0.1", upstream.port), trusting(ca_file_));
  EXPECT_EQ(client.get().error, Errc::kUnavailable);
}

TEST_F(TlsClient, GivesUpOnAHandshakeThatStops) {
  Upstream upstream([](Upstream& self) {
    Peer peer = self.accept();
    peer.take_to_end();
  });
  ClientLimits limits = trusting(ca_file_);
  limits.connect_timeout = 150ms;
  TestClient client(url("127.0.0.1", upstream.port), limits);
  EXPECT_EQ(client.get().error, Errc::kDeadlineExceeded);
}

TEST_F(TlsClient, KeepsItsConnectionThoughTicketsArrive) {
  const Identity server = make_identity("x", "IP:127.0.0.1", &ca_);
  Upstream upstream([&](Upstream& self) {
    TlsPeer peer(self.accept_fd(), server);
    EXPECT_TRUE(peer.accept());
    for (int i = 0; i < 3; ++i) {
      EXPECT_NE(peer.take_head(), "");
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
    }
    peer.take_head();
  });
  TestClient client(url("127.0.0.1", upstream.port), trusting(ca_file_));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.get().body, "fine");
    std::this_thread::sleep_for(20ms);
  }
}

TEST_F(TlsClient, OneReadTakesAllRecordsThatHaveComeFromTheSocket) {
  const Identity server = make_identity("x", "IP:127.0.0.1", &ca_);
  auto listener = bind_tcp("127.0.0.1:0");
  ASSERT_TRUE(listener);
  ASSERT_EQ(::listen(listener->get(), 1), 0);
  const Peer raw = Peer::connect(bound_port(listener->get()));
  const auto context = internal::TlsContext::create(ca_file_);
  ASSERT_TRUE(context);
  auto session = (*context)->connect(raw.fd(), "127.0.0.1");
  ASSERT_TRUE(session);
  TlsPeer peer(UniqueFd(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC)), server);
  bool accepted = false;
  std::thread sending([&] {
    accepted = peer.accept();
    for (const char* record : {"one", "two", "three"}) peer.send(record);
  });
  while ((*session)->handshake() == internal::TlsIo::kWantRead) {
    pollfd ready{raw.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 5000), 1);
  }
  sending.join();
  ASSERT_TRUE(accepted);

  // Tickets come before what was sent. Then nothing is left for a further call.
  std::array<char, 16> space;
  std::size_t received = 0;
  internal::TlsIo state = internal::TlsIo::kWantRead;
  for (int calls = 0; state == internal::TlsIo::kWantRead && calls < 10; ++calls) {
    state = (*session)->read(space.data(), space.size(), received);
  }
  EXPECT_EQ(std::string_view(space.data(), received), "one");
  int left = -1;
  ASSERT_EQ(::ioctl(raw.fd(), FIONREAD, &left), 0);
  EXPECT_EQ(left, 0);
  for (const std::string_view record : {"two", "three"}) {
    ASSERT_EQ((*session)->read(space.data(), space.size(), received), internal::TlsIo::kDone);
    EXPECT_EQ(std::string_view(space.data(), received), record);
  }
  EXPECT_EQ((*session)->read(space.data(), space.size(), received), internal::TlsIo::kWantRead);
}

// Of the answer's head and its body, each in records of its own, more is behind the one that is asked for.
TEST_F(TlsClient, GetsToTheEndOfWhatCameTogether) {
  const Identity server = make_identity("x", "IP:127.0.0.1", &ca_);
  Upstream upstream([&](Upstream& self) {
    TlsPeer peer(self.accept_fd(), server);
    EXPECT_TRUE(peer.accept());
    for (int i = 0; i < 3; ++i) {
      EXPECT_NE(peer.take_head(), "");
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
      for (const char* record : {"in", "four", "re"}) peer.send(record);
    }
    peer.take_head();
  });
  TestClient client(url("127.0.0.1", upstream.port), trusting(ca_file_));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get().body, "infourre");
}

TEST_F(TlsClient, TellsACutConnectionFromAnEndedBody) {
  const Identity server = make_identity("x", "IP:127.0.0.1", &ca_);
  for (const bool orderly : {true, false}) {
    Upstream upstream([&](Upstream& self) {
      TlsPeer peer(self.accept_fd(), server);
      EXPECT_TRUE(peer.accept());
      peer.take_head();
      peer.send("HTTP/1.1 200 OK\r\n\r\nbody");
      if (orderly) peer.close_notify();
    });
    TestClient client(url("127.0.0.1", upstream.port), trusting(ca_file_));
    const Answer answer = client.get();
    EXPECT_EQ(answer.body, "body");
    EXPECT_EQ(answer.complete, orderly);
    if (!orderly) {
      EXPECT_EQ(answer.error, Errc::kUnavailable);
    }
  }
}

TEST_F(TlsClient, CarriesLargeBodiesBothWays) {
  const Identity server = make_identity("x", "IP:127.0.0.1", &ca_);
  const std::string big(2'000'000, 'z');
  std::size_t arrived = 0;
  Upstream upstream([&](Upstream& self) {
    TlsPeer peer(self.accept_fd(), server);
    EXPECT_TRUE(peer.accept());
    peer.take_head();
    arrived = peer.take_bytes(big.size()).size();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + big);
    peer.take_head();
  });
  {
    TestClient client(url("127.0.0.1", upstream.port), trusting(ca_file_));
    EXPECT_EQ(client.post(big).body, big);
  }
  EXPECT_EQ(arrived, big.size());
}

}  // namespace
}  // namespace redoubt::net::testing
