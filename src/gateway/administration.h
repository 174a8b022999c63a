// What decides who is known and what is permitted, as the gateway sees it: something on a thread of its own that holds
// the state and brings what it says into force on every core. Implemented above (apps/redoubt), where state and the
// administrative interface meet.
//
//   run(cores) on its thread: cores.publish(access, everywhere) …  →  drain(drained)  →  stop()
//
// Until the first publication, and while it is withdrawn, the cores answer every request with 503.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "gateway/access.h"
#include "gateway/behaviour_gauges.h"
#include "gateway/hold_desk.h"
#include "gateway/notice_gauges.h"
#include "net/tls_server.h"

namespace redoubt::gateway {

// All cores, as who brings something into force sees them. On the administration's thread.
class AccessPublisher {
 public:
  virtual ~AccessPublisher() = default;
  // Every core decides by this from its next request on. `everywhere` is called once all do, on some core's thread: it
  // posts, and does nothing else. Requests that are under way go on by what they pinned;
  // streams look at it with their next event, and those whose callers are nobody any more end at once.
  virtual void publish(const Access& access, std::function<void()> everywhere) = 0;
  // What was published may lack something that is in the ledger, a revocation say: nothing is decided by it any more,
  // until the next publication.
  virtual void withdraw() = 0;
};

class Administration {
 public:
  virtual ~Administration() = default;

  // Opens what it needs and works, on the calling thread, which is its own, until stop(). The process is confined by
  // then, and the cores run. `cores` outlives the call. An error ends the process in order: nobody would know any more
  // what is in force.
  virtual Result<> run(AccessPublisher& cores) = 0;

  // ---- from any thread, also before run().

  // Where requests and answers are held; as long-lived as this, and until stop() answering.
  virtual HoldDesk& holds() = 0;
  // What its listeners show from now on; as net::HttpServer::set_tls().
  virtual void set_tls(std::shared_ptr<const net::TlsServerContext> context) = 0;
  // SIGHUP: the launcher has sent its files again.
  virtual void reload() = 0;
  // What stands in `/metrics` of behaviour.
  virtual BehaviourGauges behaviour() = 0;
  // What stands there of telling people of incidents.
  virtual NoticeGauges notices() = 0;
  // Nothing is appended any more.
  virtual void ledger_gone(const std::string& why) = 0;
  // Takes no further calls and finishes those under way, in bounded time; then calls `drained`, on its thread. What it
  // publishes meanwhile still reaches every core.
  virtual void drain(std::function<void()> drained) = 0;
  virtual void stop() = 0;
};

}  // namespace redoubt::gateway
