// How often somebody may do something: a token bucket for each name, in bounded memory.
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace equeue::auth {

// Pure: time is what the caller says it is. One thread at a time.
class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    double burst = 10;                // how many at once; at least 1
    double per_second = 1;            // how fast they come back; above 0
    std::size_t names_max = 100'000;  // beyond, the one that was quiet for longest is forgotten
  };

  struct Verdict {
    bool allowed = true;
    double remaining = 0;          // whole ones that could follow at once
    Clock::duration wait{};        // until one is allowed, when this one was not
    Clock::duration until_full{};  // for RateLimit headers
  };

  explicit RateLimit(Options options);

  // Takes one for `name`, if there is one; a refused one costs nothing. Requires: `now` does not go back.
  [[nodiscard]] Verdict take(std::string_view name, Clock::time_point now);
  // Gives one back: the attempt turned out to be harmless, as a login that succeeded.
  void give_back(std::string_view name);

  [[nodiscard]] std::size_t names() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::string name;
    double tokens = 0;
    Clock::time_point filled_at;
  };

  const Options options_;
  std::list<Bucket> by_use_;  // the quietest first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator>
      buckets_;  // views of the names in by_use_
};

}  // namespace equeue::auth
