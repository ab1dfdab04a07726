// How many requests of one target are out at once, whichever worker sends them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>

#include "store/push.hpp"

namespace equeue::push {

// Thread-safe. Outlives the slots that it gives.
class Slots {
 public:
  // Held until it is destroyed.
  class Slot {
   public:
    Slot(Slots& slots, const store::TargetId& target) : slots_(&slots), target_(target) {}
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)), target_(other.target_) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_) slots_->give_back(target_);
    }

   private:
    Slots* slots_;
    store::TargetId target_;
  };

  // Waits for one of `count` at most `time`; nothing when none became free, or at a stop request.
  [[nodiscard]] std::optional<Slot> take(const store::TargetId& target, int count,
                                         std::chrono::milliseconds time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, stop, time, [&] { return taken_[target] < count; })) return std::nullopt;
    ++taken_[target];
    return std::optional<Slot>(std::in_place, *this, target);
  }

 private:
  void give_back(const store::TargetId& target) {
    const std::lock_guard lock(mutex_);
    if (--taken_[target] == 0) taken_.erase(target);
    freed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::unordered_map<store::TargetId, int> taken_;
};

}  // namespace equeue::push
