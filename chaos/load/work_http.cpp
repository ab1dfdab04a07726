#include <boost/json.hpp>
#include <map>

#include "base/time_text.hpp"
#include "chaos/load/http.hpp"
#include "chaos/load/load.hpp"
#include "chaos/load/work.hpp"

namespace equeue::chaos {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr milliseconds pause_after_failure{150};
constexpr int lease_seconds = 2;
constexpr int settle_tries_max = 4;

// How a worker treats the jobs of one claim.
enum class Manner {
  plain,
  laggard,   // settles them when their lease has run out
  brinkman,  // extends the lease about when it runs out
  impostor,  // tries them under a lease of before, and then under theirs
  unwilling  // gives them back
};
constexpr Manner manners[] = {Manner::plain,    Manner::plain,    Manner::plain,    Manner::plain,
                              Manner::laggard,  Manner::brinkman, Manner::brinkman, Manner::impostor,
                              Manner::impostor, Manner::unwilling};

std::string text(const json::value& value) {
  return std::string(value.as_string());
}

class HttpWorker {
 public:
  HttpWorker(const LoadOptions& options, Recorder& recorder, int number)
      : client_(options.ports, options.api_key), recorder_(recorder), random_(options.seed + 10 + number) {}

  void step() {
    const auto reply = client_.post(
        "/v1/leases", fmt::format(R"({{"queues":["{}"],"max":5,"lease_seconds":{},"wait_seconds":1}})",
                                  queue_name, lease_seconds));
    if (reply.status != 200) return std::this_thread::sleep_for(pause_after_failure);
    const auto claim = json::parse(reply.body);
    if (claim.at("lease").is_null()) return;
    const auto lease = text(claim.at("lease"));
    note_end(lease, claim);
    treat(lease, claim.at("jobs").as_array(), manners[random_() % std::size(manners)]);
    lease_before_ = lease;
  }

 private:
  void treat(const std::string& lease, const json::array& jobs, Manner manner) {
    if (manner == Manner::unwilling) return give_back(lease, jobs);
    const auto settlements = run(jobs);
    if (manner == Manner::laggard) std::this_thread::sleep_for(std::chrono::seconds(lease_seconds + 2));
    if (manner == Manner::brinkman) extend_late(lease);
    if (manner == Manner::impostor && !lease_before_.empty()) (void)settle(lease_before_, settlements);
    for (int i = 0; i < settle_tries_max; ++i) {
      if (settle(lease, settlements)) return;
      std::this_thread::sleep_for(pause_after_failure);
    }
  }

  json::array run(const json::array& jobs) {
    json::array settlements;
    for (const auto& job : jobs) {
      const auto id = text(job.at("id"));
      const auto attempt = static_cast<int>(job.at("attempt").as_int64());
      const auto work = from_payload(json::serialize(job.at("payload")));
      std::this_thread::sleep_for(milliseconds(work.lasts_ms));
      const auto outcome = outcome_of(work, attempt, random_);
      json::object settlement{{"id", id}, {"outcome", to_string(outcome.kind)}};
      if (outcome.kind == Outcome::Kind::snoozed) {
        settlement["delay_seconds"] = 1;
      } else {
        recorder_.saw(RunSeen{.job = id, .attempt = attempt});
      }
      if (outcome.kind == Outcome::Kind::failed) {
        settlement["error"] = outcome.error;
        if (outcome.permanent) settlement["permanent"] = true;
      }
      settlements.push_back(std::move(settlement));
    }
    return settlements;
  }

  // False when no answer came, and it must be tried again.
  bool settle(const std::string& lease, const json::array& settlements) {
    const auto reply =
        client_.post("/v1/leases/" + lease + "/settle", json::serialize(json::object{{"jobs", settlements}}));
    if (reply.status == 409) return true;
    if (reply.status != 200) return false;
    std::map<std::string, std::string> outcomes;
    for (const auto& each : settlements) outcomes[text(each.at("id"))] = text(each.at("outcome"));
    note_answers(lease, outcomes, json::parse(reply.body));
    return true;
  }

  void give_back(const std::string& lease, const json::array& jobs) {
    json::array ids;
    std::map<std::string, std::string> outcomes;
    for (const auto& job : jobs) {
      ids.push_back(job.at("id"));
      outcomes[text(job.at("id"))] = to_string(Outcome::Kind::released);
    }
    const auto reply = client_.post("/v1/leases/" + lease + "/release",
                                    json::serialize(json::object{{"jobs", std::move(ids)}}));
    if (reply.status == 200) note_answers(lease, outcomes, json::parse(reply.body));
  }

  void extend_late(const std::string& lease) {
    const auto wait = lease_seconds * 1'000 - 300 + static_cast<int>(random_() % 1'200);
    std::this_thread::sleep_for(milliseconds(wait));
    const auto reply = client_.post("/v1/leases/" + lease + "/heartbeat",
                                    fmt::format(R"({{"lease_seconds":{}}})", lease_seconds));
    if (reply.status != 200) return;
    note_end(lease, json::parse(reply.body));
    // Time in which nobody may take it.
    std::this_thread::sleep_for(milliseconds(random_() % 1'000));
  }

  void note_end(const std::string& lease, const json::value& answer) {
    const auto until = parse_time(text(answer.at("expires_at"))).value();
    recorder_.saw(
        LeaseSeen{.lease = lease, .until = until.time_since_epoch() / std::chrono::microseconds(1)});
  }

  void note_answers(const std::string& lease, const std::map<std::string, std::string>& outcomes,
                    const json::value& reply) {
    for (const auto& each : reply.at("jobs").as_array()) {
      const auto id = text(each.at("id"));
      const auto answer = text(each.at("answer"));
      if (answer == "lease_lost") continue;
      recorder_.saw(SettleSeen{
          .job = id, .lease = lease, .outcome = outcomes.at(id), .is_replay = answer == "replayed"});
    }
  }

  HttpClient client_;
  Recorder& recorder_;
  std::mt19937_64 random_;
  std::string lease_before_;
};

}  // namespace

void work_http(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on, int number) {
  HttpWorker worker(options, recorder, number);
  while (goes_on) worker.step();
}

}  // namespace equeue::chaos
