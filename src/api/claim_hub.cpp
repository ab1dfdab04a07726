#include "api/claim_hub.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <mutex>
#include <set>

#include "api/listener.hpp"
#include "base/log.hpp"
#include "store/claim.hpp"

namespace equeue::api {
namespace {

namespace net = boost::asio;
using Clock = std::chrono::steady_clock;
using model::Watermarks;

// How many claims of one group run at a time once jobs flow.
constexpr int claims_in_flow = 2;

// How long a request that does not wait may have to stand in line for its one try.
constexpr std::chrono::seconds one_try_max{5};

// Of everything that happens here: which of two things came first.
using Moment = std::uint64_t;

bool is_passing(const Error& error) {
  return error.transient || error.code == ErrorCode::database_away ||
         error.code == ErrorCode::outcome_unknown;
}

std::vector<std::string> normalized(std::vector<std::string> queues) {
  std::sort(queues.begin(), queues.end());
  queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
  return queues;
}

// Only those of the lanes that are asked for: a hub may know thousands.
std::vector<model::LaneMark> marks_of(Watermarks& watermarks, const std::vector<std::string>& sorted_queues) {
  auto marks = watermarks.marks(Clock::now());
  std::erase_if(marks, [&](const model::LaneMark& mark) {
    return !std::binary_search(sorted_queues.begin(), sorted_queues.end(), mark.queue);
  });
  return marks;
}

template <class T>
struct Timed {
  T value;
  Clock::duration took;
};

// Measured without the wait for a connection, because it says what a scan costs.
template <class Call>
auto timed(Call call) -> Result<Timed<typename std::invoke_result_t<Call&>::value_type>> {
  const auto begin = Clock::now();
  auto answer = call();
  if (!answer) return answer.error();
  return Timed<typename std::invoke_result_t<Call&>::value_type>{std::move(*answer), Clock::now() - begin};
}

}  // namespace

class ClaimHub::State : public std::enable_shared_from_this<State> {
 public:
  State(net::any_io_executor executor, DatabasePool& pool, const ClaimHubOptions& options)
      : executor_(std::move(executor)),
        pool_(pool),
        options_(options),
        poll_timer_(executor_),
        due_timer_(executor_) {
    for (int i = 0; i < options_.claims_max; ++i) watermarks_.push_back(std::make_unique<Watermarks>());
  }

  static net::awaitable<Result<store::Claim>> wait_for_turn(std::shared_ptr<State> self,
                                                            RemoteClaimRequest request);
  void heard(const std::string& queue);
  void pump();
  void stop();
  void give_back(const std::string& owner, const store::Claim& claim);
  // The hub is no more, and soon the pool.
  void abandon() { abandoned_ = true; }

  // Thread-safe: from the listener.
  void announced(std::set<std::string> queues);
  void may_have_missed();

  [[nodiscard]] std::size_t waiting() const { return waiters_; }
  [[nodiscard]] std::size_t claiming() const { return under_way_; }
  [[nodiscard]] std::size_t releasing() const { return releasing_; }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  struct Group;
  struct Waiter {
    Waiter(const net::any_io_executor& executor, RemoteClaimRequest asked)
        : request(std::move(asked)),
          deadline(Clock::now() + (is_one_try() ? one_try_max : request.wait)),
          timer(executor, deadline) {}
    [[nodiscard]] bool is_one_try() const { return request.wait <= std::chrono::milliseconds(0); }

    const RemoteClaimRequest request;
    const Clock::time_point deadline;
    net::steady_timer timer;
    Group* group = nullptr;  // while it waits there
    Moment joined = 0;
    bool is_claiming = false;
    bool is_gone = false;  // whatever is claimed for it goes back
    std::optional<Result<store::Claim>> answer;
  };
  using WaiterPtr = std::shared_ptr<Waiter>;

  struct Group {
    std::vector<std::string> queues;        // sorted
    std::vector<std::string> order;         // the same, rotated, so that none is always served last
    std::map<Moment, WaiterPtr> waiting{};  // by when they joined
    int claiming = 0;
    int claiming_max = 1;
    Moment news = 0;    // a reason of its own to look; 0: none
    Moment listed = 0;  // its key in `runnable_`; 0: it is not there
    std::optional<TimePoint> due{};
  };
  struct Queue {
    std::set<Group*> groups{};
    Moment news = 0;  // 0: it was found empty since
  };
  struct Due {
    Clock::time_point at;
    std::set<Group*> groups{};
  };

  // A waiter's place, as long as its coroutine lasts.
  class Place {
   public:
    Place(std::shared_ptr<State> state, RemoteClaimRequest request)
        : state_(std::move(state)), waiter_(state_->join(std::move(request))) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { state_->leave(*waiter_); }
    Waiter* operator->() const { return waiter_.get(); }

   private:
    std::shared_ptr<State> state_;
    WaiterPtr waiter_;
  };

  WaiterPtr join(RemoteClaimRequest request);
  void leave(Waiter& waiter);
  void answer(Waiter& waiter, Result<store::Claim> claim);
  void put_back(Group& group, const WaiterPtr& waiter);

  Group& group_of(const std::vector<std::string>& queues);
  void drop_if_unused(Group& group);
  [[nodiscard]] bool has_news(const Group& group) const;
  void enlist(Group& group);
  void unlist(Group& group);
  void found_empty(Group& group, Moment looked);
  void answer_one_tries(Group& group, Moment looked, const Result<store::Claim>& with);

  static net::awaitable<void> claim_for(std::shared_ptr<State> self, Group* group, WaiterPtr waiter,
                                        std::unique_ptr<Watermarks> watermarks);
  void claimed(Group& group, const WaiterPtr& waiter, Moment began, Result<Timed<store::Claim>> claim,
               Watermarks& watermarks);
  void failed(Group& group, const WaiterPtr& waiter, Moment began, const Error& error,
              Watermarks& watermarks);
  static net::awaitable<void> release(std::shared_ptr<State> self, std::string owner,
                                      std::vector<store::HeldJob> jobs, std::set<std::string> queues);

  void set_due(Group& group, std::optional<TimePoint> due, TimePoint as_of);
  void wait_until_due();
  void begin_polling();
  [[nodiscard]] std::vector<std::string> queues_to_poll() const;
  static net::awaitable<void> poll(std::shared_ptr<State> self, std::vector<std::string> queues,
                                   std::unique_ptr<Watermarks> watermarks);

  std::unique_ptr<Watermarks> take_watermarks();
  void return_watermarks(std::unique_ptr<Watermarks> watermarks);

  const net::any_io_executor executor_;
  DatabasePool& pool_;
  const ClaimHubOptions options_;
  Moment now_ = 0;
  std::map<std::vector<std::string>, Group> groups_;
  std::map<std::string, Queue> queues_;
  std::map<Moment, Group*> runnable_;  // by their first waiter: who has waited longest comes first
  std::set<WaiterPtr> claiming_;
  // The free ones. Each is used by one query at a time, as a worker uses its own: marks that several
  // claims moved at once could pass jobs that none of them has seen. The last used is used next.
  std::vector<std::unique_ptr<Watermarks>> watermarks_;
  std::map<TimePoint, Due> due_;
  net::steady_timer poll_timer_;
  net::steady_timer due_timer_;
  bool is_polling_ = false;
  bool poll_due_ = false;
  bool stopped_ = false;
  bool abandoned_ = false;
  std::size_t waiters_ = 0;
  std::size_t under_way_ = 0;
  std::size_t releasing_ = 0;
  std::uint64_t looks_ = 0;
  std::mutex mutex_;
  std::set<std::string> announced_;  // guarded by mutex_; not empty: somebody is on the way to take them
};

// The waiter's side.

net::awaitable<Result<store::Claim>> ClaimHub::State::wait_for_turn(std::shared_ptr<State> self,
                                                                    RemoteClaimRequest request) {
  if (self->stopped_) co_return store::Claim{};
  if (self->waiters_ >= self->options_.waiting_max)
    co_return busy(fmt::format("{} requests wait for jobs already", self->waiters_));
  const Place place(self, std::move(request));
  self->pump();
  while (!place->answer) {
    co_await place->timer.async_wait(net::as_tuple(net::use_awaitable));
    const auto cancellation = co_await net::this_coro::cancellation_state;
    if (cancellation.cancelled() != net::cancellation_type::none)
      throw boost::system::system_error(net::error::operation_aborted);
    if (place->answer || Clock::now() < place->deadline) continue;
    if (place->is_claiming) {
      // It is at its turn, which ends soon.
      place->timer.expires_at(Clock::time_point::max());
    } else if (place->is_one_try()) {
      co_return busy("no claim could be made in time");
    } else {
      co_return store::Claim{};
    }
  }
  auto answer = std::move(*place->answer);
  place->answer.reset();
  co_return answer;
}

ClaimHub::State::WaiterPtr ClaimHub::State::join(RemoteClaimRequest request) {
  const auto queues = normalized(request.queues);
  auto waiter = std::make_shared<Waiter>(executor_, std::move(request));
  auto& group = group_of(queues);
  ++waiters_;
  waiter->joined = ++now_;
  if (waiter->is_one_try()) group.news = now_;
  put_back(group, waiter);
  enlist(group);
  begin_polling();
  return waiter;
}

void ClaimHub::State::leave(Waiter& waiter) {
  --waiters_;
  waiter.is_gone = true;
  if (waiter.group) {
    auto& group = *waiter.group;
    group.waiting.erase(waiter.joined);
    waiter.group = nullptr;
    unlist(group);
    enlist(group);
    drop_if_unused(group);
  }
  if (waiter.answer && *waiter.answer) give_back(waiter.request.owner, **waiter.answer);
}

void ClaimHub::State::answer(Waiter& waiter, Result<store::Claim> claim) {
  waiter.answer.emplace(std::move(claim));
  waiter.timer.cancel();
}

void ClaimHub::State::put_back(Group& group, const WaiterPtr& waiter) {
  waiter->group = &group;
  group.waiting.emplace(waiter->joined, waiter);
}

// Groups and their queues.

ClaimHub::State::Group& ClaimHub::State::group_of(const std::vector<std::string>& queues) {
  const auto [place, is_new] = groups_.try_emplace(queues);
  auto& group = place->second;
  if (is_new) {
    group.queues = group.order = queues;
    group.news = ++now_;
    for (const auto& queue : queues) queues_[queue].groups.insert(&group);
  }
  return group;
}

void ClaimHub::State::drop_if_unused(Group& group) {
  if (!group.waiting.empty() || group.claiming > 0) return;
  unlist(group);
  set_due(group, std::nullopt, {});
  for (const auto& queue : group.queues) {
    const auto place = queues_.find(queue);
    place->second.groups.erase(&group);
    if (place->second.groups.empty()) queues_.erase(place);
  }
  const auto key = group.queues;
  groups_.erase(key);
}

bool ClaimHub::State::has_news(const Group& group) const {
  return group.news != 0 ||
         std::ranges::any_of(group.queues, [&](const auto& queue) { return queues_.at(queue).news != 0; });
}

void ClaimHub::State::enlist(Group& group) {
  if (group.listed != 0 || group.waiting.empty() || group.claiming >= group.claiming_max || !has_news(group))
    return;
  group.listed = group.waiting.begin()->first;
  runnable_.emplace(group.listed, &group);
}

void ClaimHub::State::unlist(Group& group) {
  if (group.listed != 0) runnable_.erase(group.listed);
  group.listed = 0;
}

void ClaimHub::State::heard(const std::string& queue) {
  const auto place = queues_.find(queue);
  if (place == queues_.end()) return;
  place->second.news = ++now_;
  for (auto* group : place->second.groups) enlist(*group);
}

// What became known after `looked` is news still.
void ClaimHub::State::found_empty(Group& group, Moment looked) {
  group.claiming_max = 1;
  if (group.news <= looked) group.news = 0;
  for (const auto& name : group.queues) {
    auto& queue = queues_.at(name);
    if (queue.news <= looked) queue.news = 0;
  }
}

void ClaimHub::State::answer_one_tries(Group& group, Moment looked, const Result<store::Claim>& with) {
  std::erase_if(group.waiting, [&](const auto& place) {
    const auto& waiter = place.second;
    if (!waiter->is_one_try() || waiter->joined > looked) return false;
    waiter->group = nullptr;
    answer(*waiter, with);
    return true;
  });
  unlist(group);
}

// Claims.

void ClaimHub::State::pump() {
  while (!watermarks_.empty() && !abandoned_) {
    if (std::exchange(poll_due_, false)) {
      if (auto queues = queues_to_poll(); !queues.empty())
        net::co_spawn(executor_, poll(shared_from_this(), std::move(queues), take_watermarks()),
                      net::detached);
      continue;
    }
    if (runnable_.empty()) return;
    auto& group = *runnable_.begin()->second;
    unlist(group);
    if (group.waiting.empty() || group.claiming >= group.claiming_max || !has_news(group)) continue;
    const auto waiter = group.waiting.begin()->second;
    group.waiting.erase(group.waiting.begin());
    waiter->group = nullptr;
    waiter->is_claiming = true;
    claiming_.insert(waiter);
    ++group.claiming;
    enlist(group);
    net::co_spawn(executor_, claim_for(shared_from_this(), &group, waiter, take_watermarks()), net::detached);
  }
}

std::unique_ptr<Watermarks> ClaimHub::State::take_watermarks() {
  auto watermarks = std::move(watermarks_.back());
  watermarks_.pop_back();
  ++under_way_;
  ++looks_;
  return watermarks;
}

void ClaimHub::State::return_watermarks(std::unique_ptr<Watermarks> watermarks) {
  watermarks_.push_back(std::move(watermarks));
  --under_way_;
}

// The group lives as long as it is counted in `claiming`.
net::awaitable<void> ClaimHub::State::claim_for(std::shared_ptr<State> self, Group* group, WaiterPtr waiter,
                                                std::unique_ptr<Watermarks> watermarks) {
  const auto began = self->now_;
  auto work = [waiter, queues = group->order,
               marks = marks_of(*watermarks, group->queues)](store::Cell cell) {
    return timed([&] {
      return store::claim_remote(cell, {.worker = waiter->request.worker,
                                        .owner = waiter->request.owner,
                                        .queues = queues,
                                        .max = waiter->request.max,
                                        .lease = waiter->request.lease,
                                        .marks = marks});
    });
  };
  std::rotate(group->order.begin(), group->order.begin() + 1, group->order.end());
  auto claim = co_await self->pool_.call(work);
  self->claiming_.erase(waiter);
  waiter->is_claiming = false;
  --group->claiming;
  self->claimed(*group, waiter, began, std::move(claim), *watermarks);
  self->return_watermarks(std::move(watermarks));
  self->enlist(*group);
  self->drop_if_unused(*group);
  self->pump();
}

void ClaimHub::State::claimed(Group& group, const WaiterPtr& waiter, Moment began,
                              Result<Timed<store::Claim>> answered, Watermarks& watermarks) {
  if (!answered) return failed(group, waiter, began, answered.error(), watermarks);
  auto& [claim, took] = *answered;
  const bool moved_back = watermarks.claimed(claim.as_of, claim.snapshot, claim.claimed_by,
                                             store::places_of(claim), Clock::now(), took);
  if (claim.next_run_at) set_due(group, claim.next_run_at, claim.as_of);
  if (!claim.jobs.empty()) {
    group.news = ++now_;
    group.claiming_max = claims_in_flow;
    if (waiter->is_gone) {
      give_back(waiter->request.owner, claim);
    } else {
      answer(*waiter, std::move(claim));
    }
    return;
  }
  if (moved_back) {
    group.news = ++now_;
  } else {
    found_empty(group, began);
    answer_one_tries(group, began, store::Claim{});
  }
  if (waiter->is_gone) return;
  if (Clock::now() >= waiter->deadline || (waiter->is_one_try() && !moved_back)) {
    answer(*waiter, store::Claim{});
  } else {
    put_back(group, waiter);
    unlist(group);
  }
}

void ClaimHub::State::failed(Group& group, const WaiterPtr& waiter, Moment began, const Error& error,
                             Watermarks& watermarks) {
  if (is_passing(error)) {
    // Whatever it had locked may be there again, behind marks that have moved on. The others wait for the
    // poll.
    watermarks = {};
    found_empty(group, began);
    answer_one_tries(group, began, error);
  } else {
    group.news = ++now_;  // the fault may be this waiter's alone
  }
  if (!waiter->is_gone) answer(*waiter, error);
}

void ClaimHub::State::give_back(const std::string& owner, const store::Claim& claim) {
  if (claim.jobs.empty() || abandoned_) return;
  std::vector<store::HeldJob> jobs;
  std::set<std::string> queues;
  for (const auto& job : claim.jobs) {
    jobs.push_back({claim.lease, job.id});
    queues.insert(job.queue);
  }
  ++releasing_;
  net::co_spawn(executor_, release(shared_from_this(), owner, std::move(jobs), std::move(queues)),
                net::detached);
}

net::awaitable<void> ClaimHub::State::release(std::shared_ptr<State> self, std::string owner,
                                              std::vector<store::HeldJob> jobs,
                                              std::set<std::string> queues) {
  auto work = [owner = std::move(owner), jobs = std::move(jobs)](store::Cell cell) {
    return store::release_remote(cell, owner, jobs);
  };
  const auto released = co_await self->pool_.call(work);
  --self->releasing_;
  if (!released) {
    log::warning("serve: jobs of a client that has left come back when their lease has run out: {}",
                 to_string(released.error()));
    co_return;
  }
  for (const auto& queue : queues) self->heard(queue);
  self->pump();
}

// News that come by themselves.

// One entry for all groups that wait for the same job, so that they have the news together.
void ClaimHub::State::set_due(Group& group, std::optional<TimePoint> due, TimePoint as_of) {
  if (group.due == due) return;
  if (group.due) {
    const auto place = due_.find(*group.due);
    place->second.groups.erase(&group);
    if (place->second.groups.empty()) due_.erase(place);
  }
  group.due = due;
  if (!due) return;
  // Counted from now, which is later than `as_of`: never too early. A day is as good as for ever.
  const auto left = std::min<std::chrono::microseconds>(*due - as_of, std::chrono::days(1));
  const auto [place, is_new] = due_.try_emplace(*due, Due{Clock::now() + left});
  place->second.groups.insert(&group);
  if (is_new && place == due_.begin()) wait_until_due();
}

void ClaimHub::State::wait_until_due() {
  if (due_.empty()) return;
  due_timer_.expires_at(due_.begin()->second.at);
  due_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& moved) {
    const auto self = weak.lock();
    if (!self || moved) return;
    const auto now = Clock::now();
    while (!self->due_.empty() && self->due_.begin()->second.at <= now) {
      const auto groups = std::move(self->due_.begin()->second.groups);
      self->due_.erase(self->due_.begin());
      for (auto* group : groups) group->due.reset();
      // Of which queue the job is was not said; one look tells it to all.
      self->poll_due_ = true;
    }
    self->wait_until_due();
    self->pump();
  });
}

void ClaimHub::State::begin_polling() {
  if (std::exchange(is_polling_, true)) return;
  poll_timer_.expires_after(options_.poll);
  poll_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& ended) {
    const auto self = weak.lock();
    if (!self) return;
    self->is_polling_ = false;
    if (ended || self->waiters_ == 0 || self->stopped_) return;
    self->poll_due_ = true;
    self->begin_polling();
    self->pump();
  });
}

// Those of which nothing is known and that somebody waits for; sorted.
std::vector<std::string> ClaimHub::State::queues_to_poll() const {
  std::vector<std::string> names;
  for (const auto& [name, queue] : queues_) {
    if (queue.news == 0 &&
        std::ranges::any_of(queue.groups, [](const auto* group) { return !group->waiting.empty(); }))
      names.push_back(name);
  }
  return names;
}

net::awaitable<void> ClaimHub::State::poll(std::shared_ptr<State> self, std::vector<std::string> queues,
                                           std::unique_ptr<Watermarks> watermarks) {
  auto marks = marks_of(*watermarks, queues);
  auto work = [queues = std::move(queues), marks = std::move(marks)](store::Cell cell) {
    return timed([&] { return store::queues_with_work(cell, queues, marks); });
  };
  const auto answered = co_await self->pool_.call(work);
  if (answered) {
    const auto& [found, took] = *answered;
    // Marks that moved back may hide nothing any more: look again with them.
    if (watermarks->claimed(found.as_of, found.snapshot, std::nullopt, {}, Clock::now(), took))
      self->poll_due_ = true;
    for (const auto& queue : found.queues) self->heard(queue);
  } else if (!is_passing(answered.error())) {
    log::warning("serve: no poll for jobs: {}", to_string(answered.error()));
  }
  self->return_watermarks(std::move(watermarks));
  self->pump();
}

void ClaimHub::State::announced(std::set<std::string> queues) {
  const std::lock_guard lock(mutex_);
  const bool is_first = announced_.empty();
  announced_.merge(std::move(queues));
  if (!is_first) return;
  net::post(executor_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    std::set<std::string> all;
    {
      const std::lock_guard taking(self->mutex_);
      all.swap(self->announced_);
    }
    for (const auto& queue : all) self->heard(queue);
    self->pump();
  });
}

void ClaimHub::State::may_have_missed() {
  net::post(executor_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->poll_due_ = true;
    self->pump();
  });
}

void ClaimHub::State::stop() {
  stopped_ = true;
  poll_timer_.cancel();
  for (const auto& waiter : claiming_) {
    if (waiter->is_gone) continue;
    waiter->is_gone = true;
    answer(*waiter, store::Claim{});
  }
  std::vector<Group*> groups;
  for (auto& [key, group] : groups_) groups.push_back(&group);
  for (auto* group : groups) {
    for (const auto& [joined, waiter] : group->waiting) {
      waiter->group = nullptr;
      answer(*waiter, store::Claim{});
    }
    group->waiting.clear();
    unlist(*group);
    drop_if_unused(*group);
  }
}

// The hub.

ClaimHub::ClaimHub(net::any_io_executor executor, DatabasePool& pool, Database database,
                   ClaimHubOptions options)
    : state_(std::make_shared<State>(std::move(executor), pool, options)) {
  if (!options.listen) return;
  const std::weak_ptr<State> weak = state_;
  listener_ = std::make_unique<Listener>(std::move(database),
                                         Listener::Hearers{.announced =
                                                               [weak](std::set<std::string> queues) {
                                                                 if (const auto self = weak.lock())
                                                                   self->announced(std::move(queues));
                                                               },
                                                           .connected =
                                                               [weak] {
                                                                 if (const auto self = weak.lock())
                                                                   self->may_have_missed();
                                                               }});
}

ClaimHub::~ClaimHub() {
  listener_.reset();
  state_->abandon();
}

net::awaitable<Result<store::Claim>> ClaimHub::claim(RemoteClaimRequest request) {
  return State::wait_for_turn(state_, std::move(request));
}

void ClaimHub::woken(std::span<const std::string> queues) {
  for (const auto& queue : queues) state_->heard(queue);
  state_->pump();
}

void ClaimHub::give_back(const std::string& owner, const store::Claim& claim) {
  state_->give_back(owner, claim);
}

void ClaimHub::stop() {
  if (listener_) listener_->request_stop();
  state_->stop();
}

std::size_t ClaimHub::waiting() const {
  return state_->waiting();
}

std::size_t ClaimHub::claiming() const {
  return state_->claiming();
}

std::size_t ClaimHub::releasing() const {
  return state_->releasing();
}

std::uint64_t ClaimHub::looks() const {
  return state_->looks();
}

}  // namespace equeue::api
