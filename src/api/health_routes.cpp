#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/call.hpp"
#include "api/metrics.hpp"
#include "api/routes.hpp"
#include "base/json_document.hpp"
#include "base/log.hpp"
#include "http/problem.hpp"
#include "store/migrate.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds probe_max{1};
// Whoever asks more often is told the same: these routes ask nobody for credentials.
constexpr std::chrono::milliseconds between_probes{500};
constexpr std::chrono::seconds between_queue_reads{5};

http::Response fine() {
  return json(200, JsonObject().text("status", "ok").str());
}

net::awaitable<http::Response> get_health(Call&) {
  co_return fine();
}

// One look at the database at a time, whose end all wait for that have come meanwhile.
struct Probe : std::enable_shared_from_this<Probe> {
  explicit Probe(Service& service) : database(service.database), over(service.executor) {}

  static net::awaitable<void> run(std::shared_ptr<Probe> self) {
    const auto look = [](store::Cell cell) { return store::check_schema(cell.connection, cell.schema); };
    const auto looked = co_await self->database.call(look);
    self->error = looked ? std::nullopt : std::optional(looked.error());
    self->is_running = false;
    self->ended_at = Clock::now();
    self->over.cancel();
  }

  DatabasePool& database;
  net::steady_timer over;  // the end of the patience with the look under way; cancelled when it has ended
  bool is_running = false;
  Clock::time_point ended_at{};
  std::optional<Error> error;
};

net::awaitable<http::Response> get_readiness(std::shared_ptr<Probe> probe) {
  if (!probe->is_running && Clock::now() - probe->ended_at > between_probes) {
    probe->is_running = true;
    probe->over.expires_after(probe_max);
    net::co_spawn(probe->over.get_executor(), Probe::run(probe), net::detached);
  }
  if (probe->is_running) {
    boost::system::error_code ended;
    co_await probe->over.async_wait(net::redirect_error(net::use_awaitable, ended));
  }
  if (probe->is_running)
    co_return http::problem(503, to_string(ErrorCode::database_away),
                            "the database did not answer within 1 s");
  if (probe->error) co_return http::problem(*probe->error);
  co_return fine();
}

struct QueueReading {
  Clock::time_point at{};
  bool is_up = false;
  std::vector<QueueStatus> queues;
};

net::awaitable<http::Response> get_metrics(Service& service, Call& call, std::shared_ptr<QueueReading> read) {
  if (!call.may_all_queues()) {
    refuse(403, "permission_denied",
           fmt::format("{} may read some queues only, and this is about all of them", call.actor()));
  }
  if (Clock::now() - read->at > between_queue_reads) {
    read->at = Clock::now();
    auto queues = co_await service.database.call([](store::Cell cell) { return store::list_queues(cell); });
    read->is_up = queues.has_value();
    if (queues)
      read->queues = std::move(*queues);
    else
      log::debug("serve: no metrics of the queues: {}", queues.error().message);
  }
  auto& metrics = service.metrics;
  const ServerGauges gauges{.connections = metrics.connections ? metrics.connections() : 0,
                            .claims_waiting = service.claims.waiting(),
                            .waits_waiting = service.waits.waiting(),
                            .event_readers = service.events.readers(),
                            .database_calls_waiting = service.database.waiting(),
                            .enqueue_transactions = service.enqueues.transactions(),
                            .database_is_up = read->is_up};
  co_return http::Response{.status = 200,
                           .body = metrics.text(gauges, read->queues),
                           .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

}  // namespace

Operations health_operations(Service& service) {
  const auto probe = std::make_shared<Probe>(service);
  const auto read = std::make_shared<QueueReading>();
  return {
      {.method = http::Method::get,
       .pattern = "/healthz",
       .id = "get_health",
       .tag = "about",
       .summary = "Whether this server lives",
       .policy = open_to_all(),
       .answers = {{200, "Health"}},
       .handler = get_health},
      {.method = http::Method::get,
       .pattern = "/readyz",
       .id = "get_readiness",
       .tag = "about",
       .summary = "Whether this server can work: its database answers within 1 s and has the schema it needs",
       .policy = open_to_all(),
       .answers = {{200, "Health"}},
       .handler = [probe](Call&) { return get_readiness(probe); }},
      {.method = http::Method::get,
       .pattern = "/metrics",
       .id = "get_metrics",
       .tag = "about",
       .summary = "Counters and gauges for Prometheus; for who may read all queues",
       .policy = require(auth::Scope::read),
       .answers = {{.status = 200, .content_type = "text/plain"}},
       .handler = [&service, read](Call& call) { return get_metrics(service, call, read); }},
  };
}

}  // namespace equeue::api
