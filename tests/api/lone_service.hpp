// What operations work on, without a database: enough to make the table of them, not to call them.
#pragma once

#include <boost/asio/io_context.hpp>

#include "api/routes.hpp"

namespace equeue::tests {

struct LoneService {
  boost::asio::io_context io;
  Database database{"postgresql://nowhere.invalid/"};
  api::DatabasePool pool{database, {.connections = 1}};
  api::Guard guard{pool};
  api::TaskCatalog tasks{pool};
  api::WaitHub waits{io.get_executor(), pool, {}};
  api::ClaimHub claims{io.get_executor(), pool, database, {.listen = false}};
  api::EnqueueGate enqueues{io.get_executor(), pool, {}};
  api::PasswordDesk passwords;
  api::LoginLimits logins;
  api::Metrics metrics;
  api::EventHub events{io.get_executor(), pool, {}};
  api::RequestLimit requests{0};
  api::Service service{io.get_executor(), pool,   guard,   tasks,  enqueues, claims, waits,
                       passwords,         logins, metrics, events, requests};
};

}  // namespace equeue::tests
