#include <equeue/middleware.hpp>
#include <list>
#include <unordered_map>

namespace equeue {
namespace {

class Memoise : public Middleware {
 public:
  explicit Memoise(std::size_t entries_max) : entries_max_(entries_max) {}

  std::optional<Outcome> before(Context& job) override {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key_of(job));
    if (found == by_key_.end()) return std::nullopt;
    recent_.splice(recent_.begin(), recent_, found->second);
    return Outcome::succeeded(found->second->second);
  }

  void after(Context& job, Outcome& outcome) override {
    if (outcome.kind != Outcome::Kind::succeeded) return;
    const std::lock_guard lock(mutex_);
    auto key = key_of(job);
    if (by_key_.contains(key)) return;
    recent_.emplace_front(key, outcome.result);
    by_key_.emplace(std::move(key), recent_.begin());
    if (recent_.size() <= entries_max_) return;
    by_key_.erase(recent_.back().first);
    recent_.pop_back();
  }

 private:
  using Entry = std::pair<std::string, std::string>;  // key, result

  // A task's name holds no line break, so that the two parts cannot be confused.
  static std::string key_of(const Context& job) { return job.task() + '\n' + job.payload(); }

  const std::size_t entries_max_;
  std::mutex mutex_;
  std::list<Entry> recent_;  // the most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

}  // namespace

std::shared_ptr<Middleware> memoise(std::size_t entries_max) {
  return std::make_shared<Memoise>(entries_max);
}

}  // namespace equeue
