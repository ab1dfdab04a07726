#include "api/event_hub.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>
#include <deque>
#include <set>

#include "base/log.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int read_max = 20'000;
constexpr int missed_events_max = 2'000;
constexpr std::size_t told_at_once_max = 200;
constexpr std::chrono::seconds begin_max{5};

// The first look only says from where on to listen.
constexpr TimePoint no_event_yet = std::chrono::sys_days(std::chrono::year(2200) / 1 / 1);

}  // namespace

std::string event_id(const store::JobEvent& event) {
  const auto at = std::chrono::duration_cast<microseconds>(event.at.time_since_epoch()).count();
  return fmt::format("{}-{}-{}", at, to_string(event.job), event.attempt);
}

std::optional<EventPlace> parse_event_id(std::string_view id) {
  constexpr std::size_t longest = 80;
  std::int64_t at = 0;
  const auto [stop, failed] = std::from_chars(id.data(), id.data() + id.size(), at);
  const auto rest = id.substr(static_cast<std::size_t>(stop - id.data()));
  constexpr std::size_t uuid_chars = 36;
  if (failed != std::errc{} || at < 0 || id.size() > longest || rest.size() < uuid_chars + 3 ||
      rest[0] != '-')
    return std::nullopt;
  if (!parse_id<JobId>(rest.substr(1, uuid_chars))) return std::nullopt;
  return EventPlace{TimePoint(microseconds(at)), std::string(id)};
}

class EventHub::State : public std::enable_shared_from_this<State> {
 public:
  State(net::any_io_executor executor, DatabasePool& database, const EventHubOptions& settings)
      : pool(database), options(settings), executor_(std::move(executor)), pause_(executor_) {}

  void join() {
    ++readers;
    if (!std::exchange(is_running_, true)) net::co_spawn(executor_, run(shared_from_this()), net::detached);
  }

  // Whether it has been said from where on to listen.
  [[nodiscard]] bool has_begun() const { return snapshot_.has_value(); }
  [[nodiscard]] std::uint64_t end() const { return first_ + kept_.size(); }

  // What lies from `position` on, which it moves behind that: not all at once, so that one who is slow to
  // take it holds little.
  [[nodiscard]] Heard take(std::uint64_t& position) const {
    Heard heard{.has_gap = position < first_, .events = {}};
    const auto from = std::max(position, first_);
    position = std::min(end(), from + told_at_once_max);
    for (auto i = from; i < position; ++i) {
      const auto& event = kept_[static_cast<std::size_t>(i - first_)];
      if (event)
        heard.events.push_back(event);
      else
        heard.has_gap = true;
    }
    return heard;
  }
  [[nodiscard]] std::optional<std::uint64_t> position_after(const EventPlace& place) const {
    const auto found = std::ranges::find_if(kept_, [&](const Event& event) {
      return event && event->at == place.at && event_id(*event) == place.id;
    });
    if (found == kept_.end()) return std::nullopt;
    return first_ + static_cast<std::uint64_t>(found - kept_.begin()) + 1;
  }

  // Until there is news, or the time has passed.
  static net::awaitable<void> sleep(std::shared_ptr<State> self, milliseconds time) {
    net::steady_timer timer(self->executor_, time);
    self->sleeping_.insert(&timer);
    const std::shared_ptr<void> awake(nullptr, [&](void*) { self->sleeping_.erase(&timer); });
    co_await timer.async_wait(net::as_tuple(net::use_awaitable));
    const auto cancellation = co_await net::this_coro::cancellation_state;
    if (cancellation.cancelled() != net::cancellation_type::none)
      throw boost::system::system_error(net::error::operation_aborted);
  }

  DatabasePool& pool;
  const EventHubOptions options;
  std::size_t readers = 0;
  int catching_up = 0;
  bool is_abandoned = false;

 private:
  static net::awaitable<void> run(std::shared_ptr<State> self) {
    while (self->readers > 0 && !self->is_abandoned) {
      const auto from = self->snapshot_ ? self->from_ : no_event_yet;
      const auto read = [from, snapshot = self->snapshot_](store::Cell cell) {
        return store::list_events(cell, from, snapshot, read_max);
      };
      auto happened = co_await self->pool.call(read);
      if (happened)
        self->hear(std::move(*happened));
      else
        log::debug("serve: no events: {}", happened.error().message);
      self->pause_.expires_after(self->options.pace);
      co_await self->pause_.async_wait(net::as_tuple(net::use_awaitable));
    }
    // Whoever listens next begins anew: what happens meanwhile is not kept.
    self->first_ = self->end();
    self->kept_.clear();
    self->snapshot_.reset();
    self->is_running_ = false;
  }

  void hear(store::Happened happened) {
    const bool is_first = !snapshot_;
    snapshot_ = std::move(happened.snapshot);
    from_ = happened.as_of - late_max;
    if (!is_first && happened.events.empty()) return;
    for (auto& event : happened.events)
      kept_.push_back(std::make_shared<const store::JobEvent>(std::move(event)));
    if (happened.events.size() >= static_cast<std::size_t>(read_max)) kept_.push_back(nullptr);
    while (kept_.size() > options.kept_max) {
      kept_.pop_front();
      ++first_;
    }
    for (auto* timer : sleeping_) timer->cancel();
  }

  const net::any_io_executor executor_;
  net::steady_timer pause_;
  bool is_running_ = false;
  std::optional<std::string> snapshot_;
  TimePoint from_{};
  std::deque<Event> kept_;   // null where some were left out
  std::uint64_t first_ = 0;  // the position of the first of them
  std::set<net::steady_timer*> sleeping_;
};

EventHub::EventHub(net::any_io_executor executor, DatabasePool& pool, EventHubOptions options)
    : state_(std::make_shared<State>(std::move(executor), pool, options)) {}

EventHub::~EventHub() {
  state_->is_abandoned = true;
}

Result<std::shared_ptr<EventHub::Reader>> EventHub::listen() {
  if (state_->readers >= state_->options.readers_max)
    return busy(fmt::format("{} listen to events already", state_->readers));
  return std::make_shared<Reader>(state_);
}

std::size_t EventHub::readers() const {
  return state_->readers;
}

EventHub::Reader::Reader(std::shared_ptr<State> state) : state_(std::move(state)), position_(state_->end()) {
  state_->join();
}

EventHub::Reader::~Reader() {
  --state_->readers;
}

net::awaitable<Result<void>> EventHub::Reader::begin() {
  const auto until = Clock::now() + begin_max;
  while (!state_->has_begun() && Clock::now() < until) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    co_await State::sleep(state_, left);
  }
  if (!state_->has_begun()) co_return busy("events cannot be read");
  co_return Result<void>{};
}

net::awaitable<Result<EventHub::Heard>> EventHub::Reader::catch_up(EventPlace place) {
  if (const auto position = state_->position_after(place)) {
    position_ = *position;
    co_return Heard{};
  }
  const auto now = std::chrono::time_point_cast<TimePoint::duration>(std::chrono::system_clock::now());
  if (place.at < now - missed_max) co_return Heard{.has_gap = true, .events = {}};
  if (state_->catching_up >= state_->options.catching_up_max)
    co_return busy("others read what they have missed");
  ++state_->catching_up;
  const auto state = state_;
  const std::shared_ptr<void> done(nullptr, [state](void*) { --state->catching_up; });
  const TimePoint from = place.at - late_max;
  const auto read = [from](store::Cell cell) {
    return store::list_events(cell, from, std::nullopt, missed_events_max);
  };
  auto happened = co_await state_->pool.call(read);
  if (!happened) co_return happened.error();
  Heard heard{.has_gap = happened->events.size() >= static_cast<std::size_t>(missed_events_max),
              .events = {}};
  for (auto& event : happened->events) {
    auto id = event_id(event);
    if (id == place.id) continue;
    told_.push_back(std::move(id));
    heard.events.push_back(std::make_shared<const store::JobEvent>(std::move(event)));
  }
  std::ranges::sort(told_);
  told_until_ = Clock::now() + 2 * late_max;
  co_return heard;
}

net::awaitable<EventHub::Heard> EventHub::Reader::next(milliseconds wait) {
  const auto until = Clock::now() + wait;
  while (position_ >= state_->end() && Clock::now() < until) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    co_await State::sleep(state_, left);
  }
  auto heard = state_->take(position_);
  if (!told_.empty() && Clock::now() > told_until_) told_.clear();
  if (!told_.empty()) {
    std::erase_if(heard.events,
                  [&](const Event& event) { return std::ranges::binary_search(told_, event_id(*event)); });
  }
  co_return heard;
}

}  // namespace equeue::api
