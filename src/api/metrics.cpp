#include "api/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <tuple>

namespace equeue::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Seconds. The last ones are for requests that wait.
const prometheus::Histogram::BucketBoundaries latencies{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                        0.25,  0.5,    1,     2.5,  10,    60};

class Gauges {
 public:
  explicit Gauges(std::vector<MetricFamily>& into) : into_(into) {}

  MetricFamily& family(std::string name, std::string help, MetricType type = MetricType::Gauge) {
    into_.push_back({std::move(name), std::move(help), type, {}});
    return into_.back();
  }
  void one(std::string name, std::string help, double value) {
    add(family(std::move(name), std::move(help)), {}, value);
  }
  static void add(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (family.type == MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }

 private:
  std::vector<MetricFamily>& into_;
};

void add_server(std::vector<MetricFamily>& families, const ServerGauges& server) {
  Gauges gauges(families);
  gauges.one("equeue_http_connections", "Open connections of clients",
             static_cast<double>(server.connections));
  gauges.one("equeue_claims_waiting", "Requests that wait for jobs",
             static_cast<double>(server.claims_waiting));
  gauges.one("equeue_waits_waiting", "Requests that wait for the end of a job",
             static_cast<double>(server.waits_waiting));
  gauges.one("equeue_event_readers", "Readers of events", static_cast<double>(server.event_readers));
  gauges.one("equeue_database_calls_waiting", "Calls that wait for a connection to the database",
             static_cast<double>(server.database_calls_waiting));
  gauges.one("equeue_database_up", "1 when the last look at the queues was answered",
             server.database_is_up ? 1 : 0);
  auto& transactions =
      gauges.family("equeue_enqueue_transactions_total",
                    "Transactions of enqueues, of one or more requests each", MetricType::Counter);
  Gauges::add(transactions, {}, static_cast<double>(server.enqueue_transactions));
}

void add_queues(std::vector<MetricFamily>& families, const std::vector<QueueStatus>& queues) {
  Gauges gauges(families);
  const auto listed = std::min(queues.size(), Metrics::queues_max);
  gauges.one("equeue_queues", "Queues; beyond 500 they are not listed", static_cast<double>(queues.size()));
  MetricFamily jobs{"equeue_queue_jobs", "Jobs of a queue by state", MetricType::Gauge, {}};
  MetricFamily paused{
      "equeue_queue_paused", "1 when claims from the queue are stopped", MetricType::Gauge, {}};
  MetricFamily oldest{"equeue_queue_oldest_due_seconds",
                      "How long the job that waits longest has been due",
                      MetricType::Gauge,
                      {}};
  for (std::size_t i = 0; i < listed; ++i) {
    const auto& queue = queues[i];
    const auto count = [&](std::string_view state, std::int64_t number) {
      Gauges::add(jobs, {{"queue", queue.name}, {"state", std::string(state)}}, static_cast<double>(number));
    };
    count("ready", queue.ready);
    count("scheduled", queue.scheduled);
    count("running", queue.running);
    count("dead", queue.dead);
    Gauges::add(paused, {{"queue", queue.name}}, queue.paused ? 1 : 0);
    const auto age =
        queue.oldest_due_at
            ? std::chrono::duration<double>(std::chrono::system_clock::now() - *queue.oldest_due_at)
            : std::chrono::duration<double>(0);
    Gauges::add(oldest, {{"queue", queue.name}}, std::max(0.0, age.count()));
  }
  for (auto* family : {&jobs, &paused, &oldest}) families.push_back(std::move(*family));
}

}  // namespace

struct Metrics::Counted {
  using Kind = std::tuple<http::Method, int, std::string>;  // status, route
  struct Counters {
    prometheus::Counter& requests;
    prometheus::Histogram& times;
  };

  // Looked up by our own key, because a family builds its labels anew for each look.
  Counters& of(const http::Exchange& exchange) {
    Kind kind(exchange.method, exchange.status, exchange.pattern);
    const auto found = known.find(kind);
    if (found != known.end()) return found->second;
    const bool is_route = !exchange.pattern.empty();
    const auto route = is_route ? exchange.pattern : std::string("none");
    const auto method = is_route ? std::string(to_string(exchange.method)) : std::string("none");
    auto& counter =
        requests.Add({{"method", method}, {"route", route}, {"status", std::to_string(exchange.status)}});
    auto& histogram = times.Add({{"method", method}, {"route", route}}, latencies);
    return known.emplace(std::move(kind), Counters{counter, histogram}).first->second;
  }

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("equeue_http_requests_total")
                                                          .Help("Answered requests")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& times =
      prometheus::BuildHistogram()
          .Name("equeue_http_request_seconds")
          .Help("From the first byte of a request to the last of its answer")
          .Register(registry);
  std::map<Kind, Counters> known;
};

Metrics::Metrics() : counted_(std::make_unique<Counted>()) {}
Metrics::~Metrics() = default;

void Metrics::observe(const http::Exchange& exchange) {
  auto& counters = counted_->of(exchange);
  counters.requests.Increment();
  counters.times.Observe(std::chrono::duration<double>(exchange.took).count());
}

std::string Metrics::text(const ServerGauges& gauges, const std::vector<QueueStatus>& queues) const {
  auto families = counted_->registry.Collect();
  add_server(families, gauges);
  auto& lost = Gauges(families).family("equeue_access_log_lost_total",
                                       "Lines of the access log that nobody took", MetricType::Counter);
  Gauges::add(lost, {}, static_cast<double>(log_lines_lost));
  if (gauges.database_is_up) add_queues(families, queues);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace equeue::api
