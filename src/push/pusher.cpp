#include "push/pusher.hpp"

#include <unistd.h>

#include <equeue/worker.hpp>
#include <future>
#include <random>

#include "base/log.hpp"
#include "base/time_text.hpp"
#include "builtin/http_transfer.hpp"
#include "push/delivery.hpp"
#include "push/plan.hpp"
#include "push/slots.hpp"
#include "worker/link.hpp"

namespace equeue::push {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// stop() may have to wait for as long as that.
constexpr milliseconds plan_deadline{5'000};
// How long a claimed job waits for room or for its destination before it goes back to its queue.
constexpr milliseconds turn_wait{2'000};
// A job that went back is not looked at again before this.
constexpr milliseconds back_min{1'000};
// A worker whose queues have changed is replaced; what it has under way may take as long as any request.
constexpr std::chrono::minutes replaced_drain{11};
constexpr milliseconds grace{5'000};
// A job with a timeout of its own: the request must end first, or nobody could say how.
constexpr milliseconds settle_time{100};
// After a fault that no waiting mends, as a missing permission.
constexpr std::chrono::minutes fault_wait{1};

std::string default_name() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return fmt::format("push:{}:{}", host, getpid());
}

// Some time after `wait`, so that jobs that were sent back together do not come back together.
milliseconds back_after(milliseconds wait) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto least = std::max(wait, back_min);
  return least + milliseconds(std::uniform_int_distribution<std::int64_t>(0, least.count() / 4)(random));
}

// For the request of a job that has been here for `spent`.
milliseconds time_left(const store::PushRoute& route, const Context& job, Clock::duration spent) {
  const auto of_job = job.facts().timeout;
  if (!of_job) return route.timeout;
  const auto left = *of_job - std::min(settle_time, *of_job / 10) - std::chrono::ceil<milliseconds>(spent);
  return std::clamp(left, milliseconds(1), std::max(route.timeout, milliseconds(1)));
}

}  // namespace

class Pusher::Impl {
 public:
  Impl(Database database, PusherOptions options)
      : database_(std::move(database)),
        options_(std::move(options)),
        link_(database_, "push", plan_deadline) {
    if (options_.name.empty()) options_.name = default_name();
  }

  void start() {
    loop_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  void stop(const std::stop_token& hurry);
  void refresh();
  [[nodiscard]] std::vector<DestinationStatus> destinations() const { return destinations_.list(); }

 private:
  // A worker under way. The queues of one never change.
  struct Serving {
    std::vector<std::string> queues;
    int threads = 0;
    std::unique_ptr<Worker> worker;
    std::future<Result<void>> ended;

    [[nodiscard]] bool has_ended() const {
      return ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
  };

  void run(const std::stop_token& stop);
  Result<void> read_plan(const std::stop_token& stop);
  void serve();
  [[nodiscard]] Serving begin(std::vector<std::string> queues, int threads);
  void reap();
  [[nodiscard]] std::shared_ptr<const Plan> plan() const;
  [[nodiscard]] int limit(const std::string& queue) const;
  [[nodiscard]] Outcome deliver(const Context& job);
  [[nodiscard]] Verdict send(const store::PushRoute& route, const Context& job, milliseconds timeout);

  const Database database_;
  PusherOptions options_;
  worker::Link link_;
  Destinations destinations_;
  Slots slots_;
  mutable std::mutex mutex_;
  std::condition_variable_any told_;
  bool told_to_refresh_ = false;  // guarded by mutex_, as is the next
  std::shared_ptr<const Plan> plan_ = std::make_shared<Plan>();
  std::optional<Serving> serving_;  // of the loop's thread, as is the next
  std::vector<Serving> replaced_;
  std::jthread loop_;
};

void Pusher::Impl::refresh() {
  const std::lock_guard lock(mutex_);
  told_to_refresh_ = true;
  told_.notify_all();
}

std::shared_ptr<const Plan> Pusher::Impl::plan() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

void Pusher::Impl::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto done = read_plan(stop);
    milliseconds wait = options_.refresh;
    if (done) {
      serve();
    } else if (!stop.stop_requested()) {
      log::warning("push: the targets cannot be read: {}", to_string(done.error()));
      if (!worker::is_passing(done.error())) wait = fault_wait;
    }
    reap();
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, stop, wait, [this] { return told_to_refresh_; });
    told_to_refresh_ = false;
  }
}

Result<void> Pusher::Impl::read_plan(const std::stop_token& stop) {
  auto cell = link_.cell(stop);
  if (!cell) return cell.error();
  auto routes = store::push_plan(*cell);
  if (!routes) return routes.error();
  auto plan = std::make_shared<const Plan>(std::move(*routes));
  destinations_.keep(plan->origins());
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  return {};
}

// Brings the worker in line with the plan.
void Pusher::Impl::serve() {
  const auto plan = this->plan();
  const int threads = std::min(plan->concurrency(), requests_max);
  if (serving_ && serving_->has_ended()) {
    if (auto done = serving_->ended.get(); !done) log::error("push: {}", to_string(done.error()));
    serving_.reset();
  }
  if (serving_ && (serving_->queues != plan->queues() || serving_->threads < threads)) {
    serving_->worker->stop();
    replaced_.push_back(std::move(*serving_));
    serving_.reset();
  }
  if (!serving_ && !plan->queues().empty()) serving_ = begin(plan->queues(), threads);
}

Pusher::Impl::Serving Pusher::Impl::begin(std::vector<std::string> queues, int threads) {
  Registry handler;
  handler.set_fallback([this](Context& job) { return deliver(job); });
  WorkerOptions options{.queues = queues,
                        .name = options_.name,
                        .concurrency = threads,
                        .lease = options_.lease,
                        .poll = options_.poll,
                        .grace = grace,
                        .drain = replaced_drain,
                        .listen = options_.listen,
                        .upkeep = options_.upkeep,
                        .queue_limit = [this](const std::string& queue) { return limit(queue); }};
  Serving serving{.queues = std::move(queues), .threads = threads, .worker = nullptr, .ended = {}};
  serving.worker = std::make_unique<Worker>(database_, std::move(handler), std::move(options));
  serving.ended = std::async(std::launch::async, [&worker = *serving.worker] { return worker.run(); });
  return serving;
}

void Pusher::Impl::reap() {
  std::erase_if(replaced_, [](const Serving& each) { return each.has_ended(); });
}

void Pusher::Impl::stop(const std::stop_token& hurry) {
  if (!loop_.joinable()) return;
  loop_.request_stop();
  loop_.join();
  if (serving_) {
    serving_->worker->stop();
    replaced_.push_back(std::move(*serving_));
    serving_.reset();
  }
  const auto until = Clock::now() + options_.drain;
  const std::stop_callback hastened(hurry, [this] {
    for (const auto& each : replaced_) each.worker->stop();
  });
  for (const auto& each : replaced_) {
    // The second request breaks off what is still out.
    if (each.ended.wait_until(until) != std::future_status::ready) each.worker->stop();
  }
  for (auto& each : replaced_) {
    if (auto done = each.ended.get(); !done) log::error("push: {}", to_string(done.error()));
  }
  replaced_.clear();
}

int Pusher::Impl::limit(const std::string& queue) const {
  const auto plan = this->plan();
  int sum = 0;
  for (const auto* target : plan->of_queue(queue)) {
    switch (target->url ? destinations_.room(target->origin) : Breaker::Room::any) {
      case Breaker::Room::none:
        break;
      case Breaker::Room::one:
        sum += 1;
        break;
      case Breaker::Room::any:
        sum += target->concurrency;
        break;
    }
  }
  return sum;
}

Outcome Pusher::Impl::deliver(const Context& job) {
  const auto began = Clock::now();
  const auto plan = this->plan();
  const auto* target = plan->find(job.queue(), job.task());
  if (!target) {
    // The queue has lost its target since the job was claimed; it may be for others now.
    if (plan->of_queue(job.queue()).empty()) return Outcome::snoozed(back_min);
    return Outcome::failed(fmt::format(
        "neither task '{}' nor queue '{}' has a push target, and other tasks of the queue have; set one",
        job.task(), job.queue()));
  }
  if (!target->url) return Outcome::cancelled("its webhook was removed");
  const auto wait = job.facts().timeout ? std::min(turn_wait, *job.facts().timeout / 4) : turn_wait;
  const auto slot = slots_.take(target->id, target->concurrency, wait, job.stop_token());
  if (!slot) return Outcome::snoozed(back_after(back_min));
  const auto admission = destinations_.admit(target->origin, wait, job.stop_token());
  if (!admission.ticket) return Outcome::snoozed(back_after(admission.wait));
  Verdict verdict;
  try {
    verdict = send(*target, job, time_left(*target, job, Clock::now() - began));
  } catch (...) {
    destinations_.report(target->origin, *admission.ticket, {});
    throw;
  }
  destinations_.report(target->origin, *admission.ticket, verdict);
  return std::move(verdict.outcome);
}

Verdict Pusher::Impl::send(const store::PushRoute& route, const Context& job, milliseconds timeout) {
  const auto began = Clock::now();
  const auto answer =
      builtin::perform(request_for(route, job.facts(), timeout, now()), options_.guard, job.stop_token());
  return verdict_of(route, answer, std::chrono::duration_cast<milliseconds>(Clock::now() - began),
                    std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

Pusher::Pusher(Database database, PusherOptions options)
    : impl_(std::make_unique<Impl>(std::move(database), std::move(options))) {}
Pusher::~Pusher() {
  impl_->stop({});
}

void Pusher::start() {
  impl_->start();
}
void Pusher::stop(const std::stop_token& hurry) {
  impl_->stop(hurry);
}
void Pusher::refresh() {
  impl_->refresh();
}
std::vector<DestinationStatus> Pusher::destinations() const {
  return impl_->destinations();
}

}  // namespace equeue::push
