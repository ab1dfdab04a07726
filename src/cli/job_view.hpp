// Jobs as this program shows them.
#pragma once

#include <equeue/job.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace equeue::cli {

[[nodiscard]] Style style_of(State state);

// A row each, newest first as they are given; times are relative to `now`.
[[nodiscard]] std::string job_table(std::span<const Job> jobs, TimePoint now, const TerminalFacts& facts);

// Reads a job's id; invalid_argument that quotes it otherwise.
[[nodiscard]] Result<JobId> parse_job_id(std::string_view text);

// The same for several, all or none.
[[nodiscard]] Result<std::vector<JobId>> parse_job_ids(std::span<const std::string> texts);

// "queued", "dead", …; invalid_argument that names the five otherwise.
[[nodiscard]] Result<State> read_state(std::string_view text);

}  // namespace equeue::cli
