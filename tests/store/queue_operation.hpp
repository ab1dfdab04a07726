// A random operation on a queue. Its numbers are taken modulo what there is, so that any sequence of
// operations makes sense and can be shortened at any place.
#pragma once

#include <rapidcheck.h>

#include <iosfwd>

namespace equeue::tests {

struct Operation {
  enum class Kind {
    enqueue,
    claim,
    settle,
    release,
    heartbeat,
    cancel,
    redrive,
    redrive_dead,
    purge_dead,
    purge_queue,
    pause,
    resume,
    register_worker,
    retire_worker,
    release_unknown,
    expire,  // the lease of a worker runs out
    upkeep,
    commit,   // of the transaction that is open in the other session
    rollback  // of the same
  };
  Kind kind = Kind::enqueue;
  bool held_open = false;  // in the other session, in a transaction that stays open
  int which = 0;
  int how = 0;
  int much = 0;
};

std::ostream& operator<<(std::ostream& out, const Operation& operation);

[[nodiscard]] rc::Gen<Operation> any_operation();

}  // namespace equeue::tests
