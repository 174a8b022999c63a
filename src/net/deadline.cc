#include "net/deadline.h"

#include <algorithm>
#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <cstdio>
#include <ctime>
#include <utility>
#include <vector>

namespace redoubt::net {

using std::chrono::steady_clock;

namespace {
using Timer = boost::asio::basic_waitable_timer<steady_clock, boost::asio::wait_traits<steady_clock>, Executor>;

constexpr std::uint64_t kSlots = 1024;  // one turn is 51 s; longer deadlines are met early and linked again
}  // namespace

struct Deadline::Wheel {
  Wheel() : slots(kSlots) {
    for (Link& head : slots) head.previous = head.next = &head;
  }
  // Deadlines hold the wheel alive, so every slot is empty by now.
  ~Wheel() = default;

  static void unlink(Link& link) {
    if (link.next == nullptr) return;
    link.previous->next = link.next;
    link.next->previous = link.previous;
    link.previous = link.next = nullptr;
  }
  static void push(Link& head, Link& link) {
    link.previous = head.previous;
    link.next = &head;
    head.previous->next = &link;
    head.previous = &link;
  }
  void link(Deadline& deadline) {
    deadline.linked_tick_ = std::clamp(deadline.at_tick_, tick + 1, tick + kSlots - 1);
    push(slots[deadline.linked_tick_ % kSlots], deadline.link_);
  }

  // Expires what is due in one slot. Callbacks may change any list, so entries are taken one by one from a list of
  // their own.
  void visit(Link& head) {
    if (head.next == &head) return;
    Link due;
    due.next = head.next;
    due.previous = head.previous;
    due.next->previous = &due;
    due.previous->next = &due;
    head.next = head.previous = &head;
    while (due.next != &due) {
      Deadline& deadline = *due.next->owner;
      unlink(deadline.link_);
      if (!deadline.armed_) continue;
      if (deadline.at_tick_ > tick) {
        link(deadline);
        continue;
      }
      deadline.armed_ = false;
      deadline.expired_ = true;
      deadline.on_expired_();
    }
  }

  std::vector<Link> slots;
  std::uint64_t tick = 0;  // the last one met
};

struct DeadlineSweep::Impl : std::enable_shared_from_this<Impl> {
  explicit Impl(boost::asio::io_context& io) : timer(io.get_executor()), wheel(std::make_shared<Deadline::Wheel>()) {
    format_date();
  }

  void wait() {
    timer.expires_at(epoch + (wheel->tick + 1) * kTick);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || !self->running) return;
      self->tick();
      if (self->running) self->wait();
    });
  }

  void tick() {
    const auto current = static_cast<std::uint64_t>((steady_clock::now() - epoch) / kTick);
    // After a long pause one turn of the wheel meets everything.
    if (current > wheel->tick + kSlots) wheel->tick = current - kSlots;
    while (wheel->tick < current) {
      ++wheel->tick;
      wheel->visit(wheel->slots[wheel->tick % kSlots]);
    }
    format_date();
    for (const auto& callback : callbacks) callback();
  }

  void format_date() {
    const std::time_t seconds = std::time(nullptr);
    if (seconds == date_seconds) return;
    date_seconds = seconds;
    static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::snprintf(date.data(), date.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                  kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                  utc.tm_sec);
  }

  Timer timer;
  std::shared_ptr<Deadline::Wheel> wheel;
  std::vector<std::function<void()>> callbacks;
  steady_clock::time_point epoch = steady_clock::now();
  std::time_t date_seconds = -1;
  std::array<char, 64> date{};
  bool running = false;
};

DeadlineSweep::DeadlineSweep(boost::asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}

DeadlineSweep::~DeadlineSweep() {
  stop();
}

void DeadlineSweep::start() {
  if (std::exchange(impl_->running, true)) return;
  impl_->wait();
}

void DeadlineSweep::stop() {
  impl_->running = false;
  impl_->timer.cancel();
}

void DeadlineSweep::on_tick(std::function<void()> callback) {
  impl_->callbacks.push_back(std::move(callback));
}

steady_clock::time_point DeadlineSweep::now() const {
  return impl_->epoch + impl_->wheel->tick * kTick;
}

std::string_view DeadlineSweep::http_date() const {
  return {impl_->date.data(), 29};
}

Deadline::Deadline(DeadlineSweep& sweep, std::function<void()> on_expired)
    : wheel_(sweep.impl_->wheel), on_expired_(std::move(on_expired)) {
  link_.owner = this;
}

Deadline::~Deadline() {
  Wheel::unlink(link_);
}

void Deadline::arm(std::chrono::milliseconds from_now) {
  // The current tick began up to kTick ago, hence one tick more; and one for rounding up.
  const auto ticks = static_cast<std::uint64_t>(std::max<std::int64_t>(from_now / DeadlineSweep::kTick, 0));
  const std::uint64_t rounding = from_now % DeadlineSweep::kTick > std::chrono::milliseconds(0) ? 1 : 0;
  at_tick_ = wheel_->tick + ticks + rounding + 1;
  armed_ = true;
  expired_ = false;
  if (link_.next != nullptr) {
    if (linked_tick_ <= at_tick_) return;
    Wheel::unlink(link_);
  }
  wheel_->link(*this);
}

}  // namespace redoubt::net
