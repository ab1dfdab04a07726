// What `dead redrive` and `dead purge` share: which jobs, and how to go through them.
#pragma once

#include <equeue/client.hpp>
#include <functional>
#include <optional>
#include <string>

#include "cli/command_line.hpp"
#include "cli/session.hpp"

namespace equeue::cli {

struct DeadOptions {
  std::optional<std::string> queue;
  std::optional<std::string> task;
  bool all = false;
  bool yes = false;
};

void add_dead_filter(Command& command, DeadOptions& options);

// invalid_argument when the options name no jobs, or both some and all.
[[nodiscard]] Result<JobFilter> dead_filter(const DeadOptions& options);

// How many dead jobs there are, or at least may be, in what the filter names. unknown_queue.
[[nodiscard]] Result<std::int64_t> count_dead(Client& client, const JobFilter& filter);

// "of queue 'reports'", "of task 'reports.render'"; empty for all.
[[nodiscard]] std::string describe_filter(const JobFilter& filter);

// Calls `step` until it has gone through as many as there were dead jobs at the start, or finds none; shows
// the progress. Each step is a transaction of its own, so that what was done stays done when a later one
// fails.
[[nodiscard]] Result<int> go_through(Session& session, Client& client, const JobFilter& filter,
                                     const std::string& verb,
                                     const std::function<Result<int>(const JobFilter&)>& step);

}  // namespace equeue::cli
