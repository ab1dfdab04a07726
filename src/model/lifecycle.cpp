#include "model/lifecycle.hpp"

namespace equeue {
namespace {

template <class T>
struct Name {
  T value;
  std::string_view text;
};

constexpr Name<State> state_names[] = {{State::queued, "queued"},
                                       {State::running, "running"},
                                       {State::succeeded, "succeeded"},
                                       {State::dead, "dead"},
                                       {State::cancelled, "cancelled"}};
constexpr Name<AttemptOutcome> outcome_names[] = {{AttemptOutcome::failed, "failed"},
                                                  {AttemptOutcome::timed_out, "timed_out"},
                                                  {AttemptOutcome::cancelled, "cancelled"},
                                                  {AttemptOutcome::crashed, "crashed"},
                                                  {AttemptOutcome::lost, "lost"}};

template <class T, std::size_t N>
std::string_view name_of(const Name<T> (&names)[N], T value) {
  for (const auto& name : names) {
    if (name.value == value) return name.text;
  }
  return "unknown";
}

template <class T, std::size_t N>
std::optional<T> value_of(const Name<T> (&names)[N], std::string_view text) {
  for (const auto& name : names) {
    if (name.text == text) return name.value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(State state) {
  return name_of(state_names, state);
}
std::string_view to_string(AttemptOutcome outcome) {
  return name_of(outcome_names, outcome);
}
std::optional<State> parse_state(std::string_view text) {
  return value_of(state_names, text);
}
std::optional<AttemptOutcome> parse_attempt_outcome(std::string_view text) {
  return value_of(outcome_names, text);
}

namespace model {
namespace {

constexpr std::nullopt_t none = std::nullopt;

constexpr Edge all_edges[] = {
    {none, Operation::enqueue, State::queued},
    {State::queued, Operation::claim, State::running},
    {State::queued, Operation::cancel, State::cancelled},
    {State::queued, Operation::purge_queue, State::cancelled},
    {State::running, Operation::settle_succeeded, State::succeeded, true},
    {State::running, Operation::settle_failed, State::queued, true},
    {State::running, Operation::settle_failed, State::dead, true},
    {State::running, Operation::settle_failed, State::cancelled, true},
    {State::running, Operation::settle_cancelled, State::cancelled, true},
    {State::running, Operation::settle_snoozed, State::queued},
    {State::running, Operation::settle_snoozed, State::cancelled},
    {State::running, Operation::release, State::queued},
    {State::running, Operation::release, State::cancelled},
    {State::running, Operation::upkeep, State::queued, true},
    {State::running, Operation::upkeep, State::dead, true},
    {State::running, Operation::upkeep, State::cancelled, true},
    {State::dead, Operation::redrive, State::queued},
    {State::dead, Operation::purge, none},
};

}  // namespace

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::enqueue:
      return "enqueue";
    case Operation::claim:
      return "claim";
    case Operation::settle_succeeded:
      return "settle succeeded";
    case Operation::settle_failed:
      return "settle failed";
    case Operation::settle_cancelled:
      return "settle cancelled";
    case Operation::settle_snoozed:
      return "settle snoozed";
    case Operation::release:
      return "release";
    case Operation::upkeep:
      return "upkeep";
    case Operation::cancel:
      return "cancel";
    case Operation::purge_queue:
      return "purge queue";
    case Operation::redrive:
      return "redrive";
    case Operation::purge:
      return "purge";
  }
  return "unknown";
}

std::span<const Edge> edges() {
  return all_edges;
}

bool allowed(State from, State to) {
  return std::any_of(std::begin(all_edges), std::end(all_edges),
                     [&](const Edge& edge) { return edge.from == from && edge.to == to; });
}

}  // namespace model
}  // namespace equeue
