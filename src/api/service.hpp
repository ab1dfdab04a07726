// What the operations work on. One for a server; on its thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "api/claim_hub.hpp"
#include "api/database_pool.hpp"
#include "api/enqueue_gate.hpp"
#include "api/event_hub.hpp"
#include "api/guard.hpp"
#include "api/login_limits.hpp"
#include "api/metrics.hpp"
#include "api/password_desk.hpp"
#include "api/request_limit.hpp"
#include "api/task_catalog.hpp"
#include "api/wait_hub.hpp"

namespace equeue::push {
class Pusher;
}

namespace equeue::api {

class OperationRunner;

struct Service {
  boost::asio::any_io_executor executor;
  DatabasePool& database;
  Guard& guard;
  TaskCatalog& tasks;
  EnqueueGate& enqueues;
  ClaimHub& claims;
  WaitHub& waits;
  PasswordDesk& passwords;
  LoginLimits& logins;
  Metrics& metrics;
  EventHub& events;
  RequestLimit& requests;
  push::Pusher* pusher = nullptr;  // null where nothing is sent
  OperationRunner* operations = nullptr;
};

}  // namespace equeue::api
