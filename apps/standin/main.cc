// redoubt-standin: reads the command line and runs the server until SIGTERM or SIGINT.
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/unique_fd.h"
#include "standin/server.h"

namespace {

constexpr int kExitUsage = 2;
constexpr int kExitFailure = 3;

// As many descriptors as the system allows without privilege: one a connection.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  using redoubt::standin::Options;
  using redoubt::standin::Server;

  CLI::App app(
      "A stand-in for a model server. It is not a model: it speaks the OpenAI chat API and answers with text made from "
      "a\n"
      "hash of the request, so that Redoubt can be shown, tested and measured without one.",
      "redoubt-standin");
  std::string listen = "127.0.0.1:0";
  Options options;
  std::int64_t delay_ms = 0;
  std::int64_t token_delay_ms = 0;
  const CLI::Range delays(0, 3'600'000);
  app.add_option("--listen", listen, "numeric address and port; port 0 takes a free one")->capture_default_str();
  app.add_option("--models", options.models, "names of the models it pretends to have, separated by commas")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--tokens", options.shape.tokens, "words in an answer")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.add_option("--size", options.shape.size, "bytes of content in an answer, in place of --tokens")
      ->check(CLI::Range(0, 64 * 1024 * 1024));
  app.add_option("--delay-ms", delay_ms, "wait before the first byte of a chat reply")->check(delays);
  app.add_option("--token-delay-ms", token_delay_ms, "wait before each word of a stream")->check(delays);
  app.add_option("--fail-status", options.fail_status, "fault: answer chat requests with this status")
      ->check(CLI::Range(400, 599));
  app.add_option("--reset-after-chunks", options.reset_after_chunks,
                 "fault: reset the connection after so many events of a stream, or halfway through a whole reply");
  app.add_option("--close-after-chunks", options.close_after_chunks, "fault: the same with an orderly close");
  app.add_flag("--nonsense", options.nonsense, "fault: answer with bytes that are not HTTP");
  app.add_flag("--hang", options.hang, "fault: accept and read, never answer");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  options.delay = std::chrono::milliseconds(delay_ms);
  options.token_delay = std::chrono::milliseconds(token_delay_ms);

  raise_descriptor_limit();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const redoubt::UniqueFd stop(::signalfd(-1, &signals, SFD_CLOEXEC));

  auto server = Server::create(listen, std::move(options));
  if (!server) {
    std::fprintf(stderr, "redoubt-standin: %s\n", server.error().message().c_str());
    return server.error().code() == redoubt::Errc::kInvalidArgument ? kExitUsage : kExitFailure;
  }
  std::printf("listening on %s\n", (*server)->url().c_str());
  std::fflush(stdout);
  if (const auto ended = (*server)->run(stop.get()); !ended) {
    std::fprintf(stderr, "redoubt-standin: %s\n", ended.error().message().c_str());
    return kExitFailure;
  }
  return 0;
}
