#include <equeue/middleware.hpp>
#include <unordered_map>

namespace equeue {
namespace {

class Timing : public Middleware {
 public:
  explicit Timing(TimingSink sink) : sink_(std::move(sink)) {}

  std::optional<Outcome> before(Context& job) override {
    const std::lock_guard lock(mutex_);
    started_[job.id()] = std::chrono::steady_clock::now();
    return std::nullopt;
  }

  void after(Context& job, Outcome& outcome) override {
    const auto now = std::chrono::steady_clock::now();
    std::chrono::nanoseconds took{};
    {
      const std::lock_guard lock(mutex_);
      if (const auto node = started_.extract(job.id())) took = now - node.mapped();
    }
    sink_(job, outcome, took);
  }

 private:
  TimingSink sink_;
  std::mutex mutex_;
  std::unordered_map<JobId, std::chrono::steady_clock::time_point> started_;
};

}  // namespace

std::shared_ptr<Middleware> timing(TimingSink sink) {
  return std::make_shared<Timing>(std::move(sink));
}

}  // namespace equeue
