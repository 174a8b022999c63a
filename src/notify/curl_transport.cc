#include "notify/curl_transport.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <string>

namespace redoubt::notify {
namespace {

constexpr long kMostWaitS = 3600;  // of what a receiver may ask for
constexpr std::array<std::byte, 12> kMapped = {std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                               std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                               std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};

unsigned at(ByteView bytes, std::size_t place) {
  return std::to_integer<unsigned>(bytes[place]);
}

// The IPv4 address that an IPv6 one holds: mapped (RFC 4291 §2.5.5.2) or translated (64:ff9b::/96, RFC 6052).
std::optional<ByteView> ipv4_in(ByteView address) {
  if (address.size() == 4) return address;
  if (address.size() != 16) return std::nullopt;
  const bool mapped = std::equal(kMapped.begin(), kMapped.end(), address.begin());
  const bool translated =
      at(address, 0) == 0 && at(address, 1) == 0x64 && at(address, 2) == 0xFF && at(address, 3) == 0x9B &&
      std::all_of(address.begin() + 4, address.begin() + 12, [](std::byte b) { return b == std::byte{0}; });
  if (mapped || translated) return address.subspan(12, 4);
  return std::nullopt;
}

bool is_public_ipv4(ByteView address) {
  const unsigned a = at(address, 0);
  const unsigned b = at(address, 1);
  const unsigned c = at(address, 2);
  if (a == 0 || a == 10 || a == 127 || a >= 224) return false;
  if ((a == 100 && b >= 64 && b < 128) || (a == 169 && b == 254) || (a == 172 && b >= 16 && b < 32)) return false;
  if (a == 192 && (b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99))) return false;
  return !((a == 198 && (b == 18 || b == 19 || (b == 51 && c == 100))) || (a == 203 && b == 0 && c == 113));
}

// What callbacks know of the attempt that they belong to.
struct Sending {
  const Endpoint* endpoint = nullptr;
  const Message* message = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::size_t answer_left = 0;
  std::size_t sent = 0;
  bool refused_address = false;
};

// ---- libcurl's callbacks. Each is called on the thread that sends.

std::size_t take_answer(char* /*data*/, std::size_t size, std::size_t count, void* user) {
  auto& sending = *static_cast<Sending*>(user);
  const std::size_t bytes = size * count;
  if (bytes > sending.answer_left) return 0;  // ends the transfer
  sending.answer_left -= bytes;
  return bytes;
}

std::size_t give_mail(char* out, std::size_t size, std::size_t count, void* user) {
  auto& sending = *static_cast<Sending*>(user);
  const std::string_view left = std::string_view(sending.message->body).substr(sending.sent);
  const std::size_t bytes = std::min(left.size(), size * count);
  std::memcpy(out, left.data(), bytes);
  sending.sent += bytes;
  return bytes;
}

int watch(void* user, curl_off_t /*expected*/, curl_off_t /*received*/, curl_off_t /*to_send*/, curl_off_t /*sent*/) {
  return static_cast<const Sending*>(user)->stop->load() ? 1 : 0;
}

curl_socket_t open_socket(void* user, curlsocktype /*purpose*/, struct curl_sockaddr* address) {
  auto& sending = *static_cast<Sending*>(user);
  ByteView bytes;
  if (address->family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address->addr);
    bytes = {reinterpret_cast<const std::byte*>(&in->sin_addr), 4};
  } else if (address->family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address->addr);
    bytes = {reinterpret_cast<const std::byte*>(&in->sin6_addr), 16};
  }
  const bool may =
      !bytes.empty() && !is_link_local(bytes) && (sending.endpoint->allow_private || is_public_address(bytes));
  if (!may) {
    sending.refused_address = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// A list of libcurl's that is freed with it.
class List {
 public:
  List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() { curl_slist_free_all(first_); }
  void add(const std::string& line) {
    if (curl_slist* const longer = curl_slist_append(first_, line.c_str())) first_ = longer;
  }
  curl_slist* get() const { return first_; }

 private:
  curl_slist* first_ = nullptr;
};

// Of what went wrong: worth another attempt, but for what the configuration must change.
Answer answer_of_failure(CURLcode code, const Sending& sending) {
  Answer out{.delivered = false, .again = true, .after = {}, .why = {}};
  if (sending.refused_address) {
    out.again = false;
    out.why = "the endpoint's name leads to an address where none may be";
    return out;
  }
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      out.why = "stopped";
      break;
    case CURLE_WRITE_ERROR:
      out.why = "the answer is too long";
      break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      out.why = "the endpoint's certificate does not prove that it is the one";
      break;
    case CURLE_USE_SSL_FAILED:
      out.again = false;
      out.why = "the mail server offers no TLS";
      break;
    case CURLE_LOGIN_DENIED:
      out.again = false;
      out.why = "the mail server does not accept the user or the password";
      break;
    default:
      out.why = curl_easy_strerror(code);
  }
  return out;
}

}  // namespace

Answer answer_of_status(long status, std::optional<std::chrono::milliseconds> after) {
  if (status >= 200 && status < 300) return {.delivered = true, .again = false, .after = {}, .why = {}};
  const bool again = status == 408 || status == 425 || status == 429 || status >= 500;
  return {.delivered = false, .again = again, .after = after, .why = "the endpoint answers " + std::to_string(status)};
}

bool is_link_local(ByteView address) {
  if (const auto inner = ipv4_in(address)) return at(*inner, 0) == 169 && at(*inner, 1) == 254;
  return address.size() == 16 && at(address, 0) == 0xFE && (at(address, 1) & 0xC0U) == 0x80;
}

bool is_public_address(ByteView address) {
  if (const auto inner = ipv4_in(address)) return is_public_ipv4(*inner);
  if (address.size() != 16) return false;
  // 2000::/3 is what is given out; within it 2001:db8::/32 is for examples, 2002::/16 and 2001::/32 hold IPv4.
  if ((at(address, 0) & 0xE0U) != 0x20) return false;
  const unsigned first = at(address, 0) << 8 | at(address, 1);
  const unsigned second = at(address, 2) << 8 | at(address, 3);
  return first != 0x2002 && !(first == 0x2001 && (second == 0xDB8 || second == 0));
}

struct CurlTransport::Impl {
  CURL* handle = nullptr;
  CurlLimits limits;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (handle != nullptr) curl_easy_cleanup(handle);
  }

  template <class T>
  void set(CURLoption option, T value) {
    failed = failed || curl_easy_setopt(handle, option, value) != CURLE_OK;
  }
  bool failed = false;

  void set_common(Sending& sending) {
    curl_easy_reset(handle);
    failed = false;
    set(CURLOPT_URL, sending.message->url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (const std::string& pem = sending.endpoint->ca_pem; !pem.empty()) {
      const curl_blob authorities{.data = const_cast<char*>(pem.data()), .len = pem.size(), .flags = CURL_BLOB_NOCOPY};
      set(CURLOPT_CAINFO_BLOB, &authorities);
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.whole.count()));
    // A connection kept for the next notice would have been checked for another endpoint.
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &watch);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&sending));
    set(CURLOPT_WRITEFUNCTION, &take_answer);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&sending));
    set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&sending));
  }
  void set_http(const Sending& sending, List& headers) {
    set(CURLOPT_PROTOCOLS_STR, sending.endpoint->allow_plain ? "https,http" : "https");
    for (const auto& [name, value] : sending.message->headers) headers.add(name + ": " + value);
    headers.add("Expect:");
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_USERAGENT, "redoubt");
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, sending.message->body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sending.message->body.size()));
  }
  void set_mail(Sending& sending, List& receivers) {
    set(CURLOPT_PROTOCOLS_STR, "smtps,smtp");
    // INVARIANT: without TLS no mail, and no password, is sent, but where the endpoint may be plain.
    set(CURLOPT_USE_SSL, static_cast<long>(sending.endpoint->allow_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    set(CURLOPT_MAIL_FROM, sending.endpoint->from.c_str());
    for (const std::string& each : sending.endpoint->to) receivers.add(each);
    set(CURLOPT_MAIL_RCPT, receivers.get());
    if (!sending.message->user.empty()) {
      set(CURLOPT_USERNAME, sending.message->user.c_str());
      set(CURLOPT_PASSWORD, sending.message->password.c_str());
    }
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &give_mail);
    set(CURLOPT_READDATA, static_cast<void*>(&sending));
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(sending.message->body.size()));
  }
};

CurlTransport::CurlTransport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CurlTransport::~CurlTransport() = default;

Result<std::unique_ptr<CurlTransport>> CurlTransport::create(const CurlLimits& limits) {
  static std::once_flag once;
  static CURLcode ready = CURLE_OK;
  std::call_once(once, [] { ready = curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto impl = std::make_unique<Impl>();
  impl->limits = limits;
  if (ready == CURLE_OK) impl->handle = curl_easy_init();
  if (impl->handle == nullptr) return Error(Errc::kUnavailable, "libcurl cannot be set up");
  return std::unique_ptr<CurlTransport>(new CurlTransport(std::move(impl)));
}

Answer CurlTransport::send(const Endpoint& endpoint, const Message& message, const std::atomic<bool>& stop) {
  Sending sending{.endpoint = &endpoint,
                  .message = &message,
                  .stop = &stop,
                  .answer_left = impl_->limits.answer_bytes,
                  .sent = 0,
                  .refused_address = false};
  List lines;
  const bool mail = endpoint.type == EndpointType::kSmtp;
  impl_->set_common(sending);
  if (mail) {
    impl_->set_mail(sending, lines);
  } else {
    impl_->set_http(sending, lines);
  }
  Answer out;
  if (impl_->failed) {
    out.why = "libcurl does not take the request";
    return out;
  }
  const CURLcode code = curl_easy_perform(impl_->handle);
  long status = 0;
  curl_off_t after_s = 0;
  curl_easy_getinfo(impl_->handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(impl_->handle, CURLINFO_RETRY_AFTER, &after_s);
  // No pointer into the message, or to this call's locals, is left behind.
  curl_easy_reset(impl_->handle);
  if (mail) {
    if (code == CURLE_OK) {
      out.delivered = true;
      return out;
    }
    out = answer_of_failure(code, sending);
    // RFC 5321 §4.2.1: 5yz will be answered the same the next time.
    if (status >= 500 && status < 600) {
      out.again = false;
      out.why = "the mail server answers " + std::to_string(status);
    }
    return out;
  }
  if (code != CURLE_OK) return answer_of_failure(code, sending);
  std::optional<std::chrono::milliseconds> after;
  if (after_s > 0) after = std::chrono::seconds(std::min<curl_off_t>(after_s, kMostWaitS));
  return answer_of_status(status, after);
}

}  // namespace redoubt::notify
