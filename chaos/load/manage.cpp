#include <equeue/client.hpp>
#include <map>

#include "chaos/load/http.hpp"
#include "chaos/load/load.hpp"
#include "chaos/load/work.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::milliseconds pause{200};
// Newest first; older ones were seen before.
constexpr int jobs_looked_at = 20;
// Else what always fails would be all that runs.
constexpr int redrives_max = 2;

class Manager {
 public:
  Manager(const LoadOptions& options, Recorder& recorder)
      : recorder_(recorder),
        client_({.url = options.url}),
        http_(options.ports, options.api_key),
        random_(options.seed + 20) {}

  void step() {
    redrive_one();
    cancel_one();
  }

 private:
  void redrive_one() {
    const auto dead = list(State::dead);
    for (const auto& job : dead) {
      if (redrives_[job.id]++ >= redrives_max) continue;
      return random_() % 2 == 0 ? redrive(job) : redrive_over_http(job);
    }
  }

  void redrive(const Job& job) {
    RedriveSeen redrive{.job = to_string(job.id), .attempts = job.attempt};
    recorder_.saw(redrive);
    const auto done = client_.redrive(job.id, "chaos");
    redrive.seen = done ? Seen::ok : seen_of(done.error());
    recorder_.saw(redrive);
  }

  void redrive_over_http(const Job& job) {
    RedriveSeen redrive{.job = to_string(job.id), .attempts = job.attempt};
    recorder_.saw(redrive);
    redrive.seen =
        seen_of(http_.post(fmt::format("/v1/jobs/{}/redrive", redrive.job), "", "", Resend::forbidden));
    recorder_.saw(redrive);
  }

  void cancel_one() {
    const auto jobs = list(random_() % 2 == 0 ? State::running : State::queued);
    if (jobs.empty()) return;
    const auto id = to_string(jobs[random_() % jobs.size()].id);
    recorder_.saw(CancelSeen{.job = id});
    const auto reply = http_.post(fmt::format("/v1/jobs/{}/cancel", id), "");
    if (reply.status == 202) recorder_.saw(CancelSeen{.job = id, .told = CancelTold::requested});
    if (reply.status == 200 && reply.body.find("\"cancelled\"") != std::string::npos)
      recorder_.saw(CancelSeen{.job = id, .told = CancelTold::cancelled});
  }

  std::vector<Job> list(State state) {
    auto jobs = client_.list({.state = state, .queue = queue_name, .limit = jobs_looked_at});
    return jobs ? std::move(*jobs) : std::vector<Job>();
  }

  Recorder& recorder_;
  Client client_;
  HttpClient http_;
  std::mt19937_64 random_;
  std::map<JobId, int> redrives_;
};

}  // namespace

void manage(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on) {
  Manager manager(options, recorder);
  while (goes_on) {
    manager.step();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace equeue::chaos
