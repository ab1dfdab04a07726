#include <boost/json.hpp>

#include "chaos/load/http.hpp"
#include "chaos/load/load.hpp"
#include "chaos/load/work.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::milliseconds pause_after_failure{150};
constexpr int lease_seconds = 2;
constexpr int settle_tries_max = 4;
// One claim in so many is held until its lease has run out, and only then settled.
constexpr int laggard_every = 12;

class HttpWorker {
 public:
  HttpWorker(const LoadOptions& options, Recorder& recorder, int number)
      : client_(options.ports, options.api_key), recorder_(recorder), random_(options.seed + 10 + number) {}

  void step() {
    const auto reply = client_.post(
        "/v1/leases", fmt::format(R"({{"queues":["{}"],"max":5,"lease_seconds":{},"wait_seconds":1}})",
                                  queue_name, lease_seconds));
    if (reply.status != 200) return std::this_thread::sleep_for(pause_after_failure);
    const auto lease = boost::json::parse(reply.body);
    if (lease.at("lease").is_null()) return;
    settle(std::string(lease.at("lease").as_string()), lease.at("jobs").as_array());
  }

 private:
  void settle(const std::string& lease, const boost::json::array& jobs) {
    boost::json::array settlements;
    std::map<std::string, std::string> outcomes;
    for (const auto& job : jobs) {
      const auto id = std::string(job.at("id").as_string());
      const auto attempt = static_cast<int>(job.at("attempt").as_int64());
      const auto work = from_payload(boost::json::serialize(job.at("payload")));
      std::this_thread::sleep_for(std::chrono::milliseconds(work.lasts_ms));
      recorder_.saw(RunSeen{.job = id, .attempt = attempt});
      boost::json::object settlement{{"id", id}, {"outcome", fails(work, attempt) ? "failed" : "succeeded"}};
      if (fails(work, attempt)) settlement["error"] = "as it was told";
      outcomes[id] = settlement["outcome"].as_string();
      settlements.push_back(std::move(settlement));
    }
    if (random_() % laggard_every == 0) std::this_thread::sleep_for(std::chrono::seconds(lease_seconds + 2));
    const auto body = boost::json::serialize(boost::json::object{{"jobs", std::move(settlements)}});
    for (int i = 0; i < settle_tries_max; ++i) {
      const auto reply = client_.post("/v1/leases/" + lease + "/settle", body);
      if (reply.status == 200)
        return note(lease, outcomes, boost::json::parse(reply.body).at("jobs").as_array());
      if (reply.status == 409) return;
      std::this_thread::sleep_for(pause_after_failure);
    }
  }

  // Replayed: it was accepted before, and that answer was lost.
  void note(const std::string& lease, const std::map<std::string, std::string>& outcomes,
            const boost::json::array& answers) {
    for (const auto& answer : answers) {
      const auto id = std::string(answer.at("id").as_string());
      if (answer.at("answer").as_string() == "lease_lost") continue;
      recorder_.saw(SettleSeen{.job = id, .lease = lease, .outcome = outcomes.at(id)});
    }
  }

  HttpClient client_;
  Recorder& recorder_;
  std::mt19937_64 random_;
};

}  // namespace

void work_http(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on, int number) {
  HttpWorker worker(options, recorder, number);
  while (goes_on) worker.step();
}

}  // namespace equeue::chaos
