// What happens to jobs, read once and told to all who listen.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <equeue/error.hpp>
#include <memory>
#include <string>
#include <vector>

#include "api/database_pool.hpp"
#include "store/events.hpp"

namespace equeue::api {

// An event's place and name: "<microseconds>-<job>-<attempt>", the same on every server.
[[nodiscard]] std::string event_id(const store::JobEvent& event);
struct EventPlace {
  TimePoint at;
  std::string id;
};
[[nodiscard]] std::optional<EventPlace> parse_event_id(std::string_view id);

struct EventHubOptions {
  std::chrono::milliseconds pace{250};  // between two reads
  std::size_t readers_max = 10'000;
  std::size_t kept_max = 20'000;  // events for readers that lag behind
  int catching_up_max = 4;        // readers that read what they have missed, at a time
};

// One query a pace as long as there are readers, whatever their number; none without. Events of transactions
// that commit late, up to `late_max` after their time, are told when they commit.
//
// Used on the one thread that runs `executor`. Destroyed after all readers, or when the executor runs no
// more, and before the pool.
class EventHub {
  class State;

 public:
  static constexpr std::chrono::seconds late_max{5};
  static constexpr std::chrono::minutes missed_max{10};

  EventHub(boost::asio::any_io_executor executor, DatabasePool& pool, EventHubOptions options);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  using Event = std::shared_ptr<const store::JobEvent>;
  struct Heard {
    bool has_gap = false;  // before these events some were left out
    std::vector<Event> events;
  };

  // One who listens, from now on.
  class Reader {
   public:
    explicit Reader(std::shared_ptr<State> state);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();

    // Waits until it is sure from where on it listens; to be called first. `database_away` when it cannot be
    // said.
    [[nodiscard]] boost::asio::awaitable<Result<void>> begin();
    // Goes on after an event that was heard before. What this server no longer remembers is read from the
    // database: then events of the last `late_max` before it may be told again. A gap when it is older than
    // `missed_max`.
    [[nodiscard]] boost::asio::awaitable<Result<Heard>> catch_up(EventPlace place);
    // What has happened since the last call; waits for it, and answers nothing when `wait` has passed. Throws
    // operation_aborted when it is cancelled.
    [[nodiscard]] boost::asio::awaitable<Heard> next(std::chrono::milliseconds wait);

   private:
    std::shared_ptr<State> state_;
    std::uint64_t position_;         // of the first event not told
    std::vector<std::string> told_;  // by catch_up, sorted: they may come again
    std::chrono::steady_clock::time_point told_until_{};
  };

  // `database_away` when too many listen already.
  [[nodiscard]] Result<std::shared_ptr<Reader>> listen();

  [[nodiscard]] std::size_t readers() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace equeue::api
