#include "push/plan.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "builtin/http_url.hpp"
#include "push/check_url.hpp"

namespace equeue::push {
namespace {

const Target* found_in(const std::unordered_map<std::string, const Target*>& targets,
                       const std::string& name) {
  const auto found = targets.find(name);
  return found == targets.end() ? nullptr : found->second;
}

}  // namespace

Plan::Plan(std::vector<store::PushRoute> routes) {
  for (auto& route : routes) {
    std::string origin;
    if (route.url) {
      if (auto valid = check_url(*route.url); !valid) {
        log::error("push: queue {}: {}", route.queue, to_string(valid.error()));
        continue;
      }
      origin = builtin::origin_of(*route.url);
      origins_.insert(origin);
    }
    targets_.push_back(std::make_unique<const Target>(Target{std::move(route), std::move(origin)}));
    const auto* target = targets_.back().get();
    if (target->task) {
      by_task_.emplace(*target->task, target);
    } else {
      by_queue_.emplace(target->queue, target);
    }
    of_queue_[target->queue].push_back(target);
    concurrency_ += target->concurrency;
  }
  for (const auto& [queue, targets] : of_queue_) queues_.push_back(queue);
  std::ranges::sort(queues_);
}

const Target* Plan::find(const std::string& queue, const std::string& task) const {
  const auto* target = found_in(by_task_, task);
  return target ? target : found_in(by_queue_, queue);
}

const std::vector<const Target*>& Plan::of_queue(const std::string& queue) const {
  static const std::vector<const Target*> none;
  const auto found = of_queue_.find(queue);
  return found == of_queue_.end() ? none : found->second;
}

}  // namespace equeue::push
