// Collects what all cores have counted, for one answer to `/metrics`: by posting to each, so that nothing is shared
// while they count.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/administration.h"
#include "gateway/internal/core.h"
#include "gateway/logs.h"
#include "net/task.h"

namespace redoubt::gateway::internal {

class Scraper {
 public:
  // Longest time that a core is waited for: one that has drained never answers.
  static constexpr std::chrono::seconds kPatience{2};

  // All must outlive the scraper; the cores must outlive their loops' last run. `version`: of Redoubt.
  Scraper(const std::vector<std::unique_ptr<Core>>& cores, const Logs& logs, Administration& administration,
          std::string version);

  // The page. On the thread of one core, whose loop `io` is; different cores may scrape at once. kDeadlineExceeded.
  net::Task<Result<std::string>> scrape(boost::asio::io_context& io) const;

 private:
  const std::vector<std::unique_ptr<Core>>& cores_;
  const Logs& logs_;
  Administration& administration_;
  const std::string version_;
};

}  // namespace redoubt::gateway::internal
