#include <boost/json/parse.hpp>

#include "chaos/load/http.hpp"
#include "chaos/load/load.hpp"
#include "chaos/load/work.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::milliseconds pause{40};
constexpr std::chrono::milliseconds pause_after_failure{150};
constexpr int tries_max = 200;

Seen enqueue(HttpClient& client, const LoadOptions& options, Recorder& recorder, const Work& work,
             const std::string& key) {
  EnqueueSeen seen{.op = work.op, .key = key};
  recorder.saw(seen);
  const auto reply =
      client.post("/v1/jobs", fmt::format(R"({{"task":"{}","payload":{}}})", task_name, to_payload(work)),
                  key, Resend::forbidden);
  seen.seen = seen_of(reply);
  if (seen.seen == Seen::ok) {
    seen.job = boost::json::parse(reply.body).at("id").as_string();
  } else if (options.takes_faults_as == Seen::failed) {
    seen.seen = Seen::failed;
  }
  recorder.saw(seen);
  return seen.seen;
}

}  // namespace

void produce_http(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on) {
  HttpClient client(options.ports, options.api_key);
  std::mt19937_64 random(options.seed + 1);
  for (int count = 1; goes_on; ++count) {
    const auto work = any_work(fmt::format("http-{}", count), random);
    const auto key = count % 3 == 0 ? std::string() : "key-" + work.op;
    for (int i = 0; i < tries_max; ++i) {
      const auto seen = enqueue(client, options, recorder, work, key);
      if (seen != Seen::ok) std::this_thread::sleep_for(pause_after_failure);
      if (key.empty() || seen == Seen::ok || gives_up(seen, random)) break;
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace equeue::chaos
