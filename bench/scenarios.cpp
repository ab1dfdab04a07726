#include "bench/run.hpp"

namespace equeue::bench {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {"enqueue", "jobs a second that go in, in batches of 1,000", enqueue},
      {"drain", "jobs a second that 1, 2 and 4 worker processes get through", drain},
      {"latency", "from the enqueue to the start of the handler, idle and under half of the load", latency},
      {"pinned", "the drain while somebody holds a snapshot", pinned},
      {"future", "the drain of a lane that holds jobs for tomorrow", future},
      {"backlog", "claims out of a large backlog", backlog},
      {"floor", "what bare SQL needs for the same moves", floor},
      {"wal", "what a job costs the database", wal},
      {"idle", "what a worker without work costs the database", idle},
      {"memory", "what a worker and a server need", memory},
      {"http_enqueue", "single jobs over HTTP", http_enqueue},
      {"http_leases", "claims and settlements over HTTP", http_leases}};
  return all;
}

}  // namespace equeue::bench
