#include <equeue/client.hpp>

#include "chaos/load/load.hpp"
#include "chaos/load/work.hpp"

namespace equeue::chaos {
namespace {

constexpr std::chrono::milliseconds pause{25};
constexpr std::chrono::milliseconds pause_after_failure{100};
constexpr int tries_max = 200;

class Producer {
 public:
  Producer(const LoadOptions& options, Recorder& recorder, const std::string& url, std::string name)
      : options_(options),
        recorder_(recorder),
        name_(std::move(name)),
        client_({.url = url}),
        random_(options.seed + name_.size()) {}

  void step() {
    const auto op = fmt::format("{}-{}", name_, ++count_);
    NewJob job{task_name, to_payload(any_work(op, random_)), {.queue = queue_name}};
    const bool has_key = count_ % 2 == 0;
    if (has_key) job.options.key = "key-" + op;
    // With a key a producer tries until it is told that the job is in, and sometimes once more.
    for (int i = 0; i < tries_max; ++i) {
      const auto seen = enqueue(op, job);
      if (!has_key || gives_up(seen, random_)) return;
      if (seen == Seen::ok && random_() % 4 != 0) return;
    }
  }

 private:
  Seen enqueue(const std::string& op, const NewJob& job) {
    EnqueueSeen seen{.op = op, .key = job.options.key.value_or("")};
    recorder_.saw(seen);
    const auto answer = client_.enqueue(job);
    if (answer) {
      seen.seen = Seen::ok;
      seen.job = to_string(answer->id);
    } else {
      seen.seen = options_.takes_faults_as.value_or(seen_of(answer.error()));
      if (seen.seen == Seen::ok) seen.job = to_string(make_job_id());
    }
    recorder_.saw(seen);
    if (!answer) std::this_thread::sleep_for(pause_after_failure);
    if (answer && random_() % 20 == 0) cancel(answer->id);
    return seen.seen;
  }

  void cancel(const JobId& id) {
    recorder_.saw(CancelSeen{.job = to_string(id)});
    const auto answer = client_.cancel(id, "the producer changed its mind");
    if (answer && *answer != CancelAnswer::already)
      recorder_.saw(CancelSeen{
          .job = to_string(id),
          .told = *answer == CancelAnswer::cancelled ? CancelTold::cancelled : CancelTold::requested});
  }

  const LoadOptions& options_;
  Recorder& recorder_;
  std::string name_;
  Client client_;
  std::mt19937_64 random_;
  int count_ = 0;
};

}  // namespace

void produce_native(const LoadOptions& options, Recorder& recorder, const std::atomic<bool>& goes_on,
                    const std::string& url, const std::string& name) {
  Producer producer(options, recorder, url, name);
  while (goes_on) {
    producer.step();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace equeue::chaos
