#include "builtin/command_task.hpp"

#include <algorithm>

namespace equeue::builtin {

process::ProcessRequest command_request(const std::vector<std::string>& command, const Context::Facts& facts,
                                        const CommandOptions& options) {
  std::vector<std::pair<std::string, std::string>> environment = {
      {"EQUEUE_JOB_ID", to_string(facts.job)},
      {"EQUEUE_TASK", facts.task},
      {"EQUEUE_QUEUE", facts.queue},
      {"EQUEUE_ATTEMPT", std::to_string(facts.attempt)},
      {"EQUEUE_MAX_ATTEMPTS", std::to_string(facts.max_attempts)},
      {"EQUEUE_KEY", facts.key.value_or("")},
      {"EQUEUE_TIMEOUT_MS", facts.timeout ? std::to_string(facts.timeout->count()) : ""}};
  const auto facts_end = environment.size();
  for (const auto& added : options.environment) {
    const auto end = environment.begin() + static_cast<std::ptrdiff_t>(facts_end);
    const bool is_fact =
        std::any_of(environment.begin(), end, [&](const auto& fact) { return fact.first == added.first; });
    if (!is_fact) environment.push_back(added);
  }
  return {.command = command,
          .stdin_text = facts.payload,
          .environment = std::move(environment),
          .folder = options.folder,
          .grace = options.grace,
          .memory_bytes_max = options.memory_bytes_max};
}

Outcome run_command(const std::vector<std::string>& command, const Context::Facts& facts,
                    const CommandOptions& options, const std::stop_token& stop) {
  const auto report = process::run_process(command_request(command, facts, options), stop);
  auto reason = StopReason::cancel;
  if (report.stop_requested && options.why_stopped) reason = options.why_stopped();
  return outcome_of(report, command.empty() ? std::string() : command.front(), reason);
}

std::function<Outcome(Context&)> command_handler(std::vector<std::string> command, CommandOptions options) {
  return [command = std::move(command), options = std::move(options)](Context& context) {
    return run_command(command, context, options, context.stop_token());
  };
}

}  // namespace equeue::builtin
