#include "redoubt/background_thread.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace redoubt::app {

void become_background_thread(const char* name) {
  ::pthread_setname_np(::pthread_self(), name);
  const sched_param batch{.sched_priority = 0};
  // Both of the calling thread alone: 0 is its id (sched(7), setpriority(2) under NPTL).
  const bool batched = ::sched_setscheduler(0, SCHED_BATCH, &batch) == 0;
  const bool nicer = ::setpriority(PRIO_PROCESS, 0, kBackgroundNice) == 0;
  if (!batched || !nicer) {
    log::warning(name, "the thread keeps the priority of the others", {{"why", std::strerror(errno)}});
  }
}

}  // namespace redoubt::app
