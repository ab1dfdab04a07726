#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <equeue/client.hpp>
#include <equeue/json_codec.hpp>

#include "base/json_document.hpp"
#include "bench/http_connection.hpp"
#include "bench/http_server.hpp"
#include "bench/run.hpp"
#include "bench/worker_processes.hpp"
#include "measure/fill.hpp"
#include "measure/percentile.hpp"
#include "measure/scratch_cell.hpp"

namespace equeue::bench {
namespace {

namespace net = boost::asio;
using measure::Clock;

// Each claims 100, settles 100, and so on.
constexpr int clients = 4;
constexpr const char* claim_body = R"({"queues":["bench"],"max":100,"lease":"60s","wait":"0s"})";

// A server that answers so has no such route.
bool is_unknown_route(const HttpAnswer& answer) {
  return answer.status == 404 || answer.status == 405;
}

std::string settle_body(const boost::json::value& jobs) {
  std::vector<std::string> elements;
  for (const auto& job : jobs.as_array()) {
    elements.push_back(JsonObject()
                           .text("id", boost::json::value_to<std::string>(job.at("id")))
                           .text("outcome", "succeeded")
                           .str());
  }
  return JsonObject().raw("jobs", json_array(elements)).str();
}

struct Worked {
  std::size_t jobs = 0;
  std::string absent{};
};

net::awaitable<void> work(HttpConnection& connection, Worked& worked) {
  for (;;) {
    const auto claimed = co_await connection.post("/v1/leases", claim_body);
    if (is_unknown_route(claimed)) worked.absent = "the server has no lease routes";
    if (claimed.status == 204 || is_unknown_route(claimed)) co_return;
    if (claimed.status / 100 != 2) throw std::runtime_error("the claim was answered " + claimed.body);
    const auto lease = detail::parse(claimed.body).value();
    const auto& jobs = lease.at("jobs");
    if (jobs.as_array().empty()) co_return;
    const auto target = "/v1/leases/" + boost::json::value_to<std::string>(lease.at("lease")) + "/settle";
    const auto settled = co_await connection.post(target, settle_body(jobs));
    if (settled.status / 100 != 2) throw std::runtime_error("the settlement was answered " + settled.body);
    worked.jobs += jobs.as_array().size();
  }
}

Result<double> over_http(const Run& run, std::size_t jobs) {
  const auto cell = measure::ScratchCell::make(run.url).value();
  [[maybe_unused]] const auto rate = measure::fill(cell.database(), jobs).value();
  const HttpServer server(cell.database());
  Worked worked;
  const auto begin = Clock::now();
  run_clients(server.port(), server.api_key(), clients,
              [&](HttpConnection& connection) { return work(connection, worked); });
  if (!worked.absent.empty()) return Error{.code = ErrorCode::not_installed, .message = worked.absent};
  if (worked.jobs != jobs) {
    return Error{.code = ErrorCode::wrong_state,
                 .message = fmt::format("{} of {} jobs came out", worked.jobs, jobs)};
  }
  return measure::per_second(jobs, begin, Clock::now());
}

}  // namespace

void http_leases(Run& run) {
  const auto jobs = run.pick<std::size_t>(1'000, 20'000, 100'000);
  Figure figure{.scenario = "http_leases",
                .what = "claim 100, settle 100 over HTTP, against the direct drain",
                .unit = "jobs/s",
                .sides = {{"over HTTP", {}}, {"direct", {}}},
                .is_ratio = true,
                .target = Target{Target::Is::at_least, 0.5}};
  for (int round = 0; round < run.rounds; ++round) {
    const auto rate = over_http(run, jobs);
    if (!rate && rate.error().code != ErrorCode::not_installed) throw Exception(rate.error());
    if (!rate) {
      figure.absent = rate.error().message;
      break;
    }
    figure.sides[0].rounds.push_back(*rate);
    const auto cell = measure::ScratchCell::make(run.url).value();
    [[maybe_unused]] const auto filled = measure::fill(cell.database(), jobs).value();
    figure.sides[1].rounds.push_back(drain_by_processes(cell.database(), 1, jobs).per_second);
  }
  run.report.figures.push_back(std::move(figure));
}

}  // namespace equeue::bench
