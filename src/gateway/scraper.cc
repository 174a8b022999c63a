#include "gateway/internal/scraper.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace redoubt::gateway::internal {
namespace {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, net::Executor>;

// One collection. Used on the asking core's thread alone; it ends with the coroutine, so what comes later finds it
// gone.
struct Round {
  Round(boost::asio::io_context& io, std::size_t cores) : all_there(io), parts(cores), missing(cores) {}

  Timer all_there;
  std::vector<MetricsSnapshot> parts;  // by core
  std::size_t missing;
};

// On the counting core's thread: takes a copy, and brings it to the asking one.
void send_part(Core& core, std::size_t index, boost::asio::io_context& asker, std::weak_ptr<Round> round) {
  boost::asio::post(asker, [index, round = std::move(round), part = core.snapshot()]() mutable {
    const auto open = round.lock();
    if (!open) return;
    open->parts[index] = std::move(part);
    if (--open->missing == 0) open->all_there.cancel();
  });
}

}  // namespace

Scraper::Scraper(const std::vector<std::unique_ptr<Core>>& cores, const Logs& logs, Administration& administration,
                 std::string version)
    : cores_(cores), logs_(logs), administration_(administration), version_(std::move(version)) {}

net::Task<Result<std::string>> Scraper::scrape(boost::asio::io_context& io) const {
  const auto round = std::make_shared<Round>(io, cores_.size());
  round->all_there.expires_after(kPatience);
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    boost::asio::post(cores_[i]->io(), [core = cores_[i].get(), i, &io, weak = std::weak_ptr<Round>(round)] {
      send_part(*core, i, io, weak);
    });
  }
  // The parts come in turns of this loop, hence after the wait has begun.
  co_await round->all_there.async_wait(net::use_task);
  if (round->missing > 0) co_return Error(Errc::kDeadlineExceeded, "a core does not answer");
  round->parts.front().behaviour = administration_.behaviour();
  round->parts.front().notices = administration_.notices();
  co_return metrics_page(round->parts, logs_, version_);
}

}  // namespace redoubt::gateway::internal
