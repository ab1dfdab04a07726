#include "cli/settings.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <equeue/limits.hpp>
#include <limits>

#include "base/duration.hpp"
#include "builtin/command_task.hpp"
#include "builtin/http_request.hpp"
#include "cli/masked_url.hpp"
#include "model/names.hpp"

namespace equeue::cli {
namespace {

using std::chrono::milliseconds;

constexpr int claim_jobs_max = static_cast<int>(limits::batch_jobs_max);

// Longer than a Worker insists on: it must outlive a few heartbeats over a slow network.
constexpr milliseconds lease_min = std::chrono::seconds(1);
constexpr int server_connections_max = 100;
constexpr int requests_per_second_max = 100'000;

Error invalid(std::string message, std::string hint = "") {
  return {.code = ErrorCode::invalid_argument, .message = std::move(message), .hint = std::move(hint)};
}

Result<void> set_duration(milliseconds& into, std::string_view text, milliseconds min, milliseconds max) {
  const auto value = parse_duration(text);
  if (!value) return value.error();
  if (*value < min || *value > max) {
    return invalid(fmt::format("{} is outside {} to {}", text, format_duration(min), format_duration(max)));
  }
  into = *value;
  return {};
}

Result<void> set_int(int& into, std::string_view text, int min, int max) {
  const auto value = parse_int(text, min, max);
  if (!value) return value.error();
  into = *value;
  return {};
}

Result<void> set_truth(bool& into, std::string_view text) {
  if (text != "true" && text != "false") return invalid(fmt::format("'{}' is neither true nor false", text));
  into = text == "true";
  return {};
}

Result<void> set_database_url(Settings& settings, std::string_view text) {
  const std::string url(text);
  char* reason = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &reason);
  const bool valid = parsed != nullptr;
  // libpq quotes what it could not read, which may be a password.
  const bool quotable = reason != nullptr && masked_url(url) == url && url.find('@') == url.npos;
  const std::string message = quotable ? fmt::format(": {}", reason) : "";
  PQfreemem(reason);
  PQconninfoFree(parsed);
  if (!valid) {
    return invalid(fmt::format("this is no PostgreSQL connection string{}", message),
                   "write it as postgresql://user@host:5432/database");
  }
  settings.database.url = url;
  return {};
}

Result<void> set_queues(Settings& settings, std::string_view text) {
  auto names = split_names(text);
  if (names.empty()) return invalid("a worker needs at least one queue");
  for (const auto& name : names) {
    if (auto valid = model::check_queue_name(name); !valid) return valid;
  }
  settings.worker.queues = std::move(names);
  return {};
}

Result<void> set_log_level(Settings& settings, std::string_view text) {
  constexpr std::pair<std::string_view, log::Level> levels[] = {{"debug", log::Level::debug},
                                                                {"info", log::Level::info},
                                                                {"warning", log::Level::warning},
                                                                {"error", log::Level::error},
                                                                {"off", log::Level::off}};
  for (const auto& [name, level] : levels) {
    if (name != text) continue;
    settings.log_level = level;
    return {};
  }
  return invalid(fmt::format("'{}' is not a log level", text), "use debug, info, warning, error or off");
}

std::string show_log_level(const Settings& settings) {
  switch (settings.log_level) {
    case log::Level::debug:
      return "debug";
    case log::Level::info:
      return "info";
    case log::Level::warning:
      return "warning";
    case log::Level::error:
      return "error";
    case log::Level::off:
      return "off";
  }
  return "info";
}

Result<void> set_server_address(Settings& settings, std::string_view text) {
  if (!builtin::parse_address(text))
    return invalid(fmt::format("'{}' is no IP address", text), "use 127.0.0.1, 0.0.0.0, :: or another");
  settings.server.address = text;
  return {};
}

Result<void> set_server_port(Settings& settings, std::string_view text) {
  int port = 0;
  if (auto set = set_int(port, text, 0, std::numeric_limits<std::uint16_t>::max()); !set) return set;
  settings.server.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> set_networks(std::vector<builtin::Cidr>& networks, std::string_view text) {
  std::vector<builtin::Cidr> parsed;
  for (const auto& name : split_names(text)) {
    auto network = builtin::parse_cidr(name);
    if (!network) return network.error();
    parsed.push_back(*network);
  }
  networks = std::move(parsed);
  return {};
}

std::string show_networks(const std::vector<builtin::Cidr>& networks) {
  std::string text;
  for (const auto& network : networks) {
    const int bits = network.first.is_v4() ? network.bits - 96 : network.bits;
    text += fmt::format("{}{}/{}", text.empty() ? "" : ",", to_string(network.first), bits);
  }
  return text;
}

Result<void> set_http_allow(Settings& settings, std::string_view text) {
  if (auto set = set_networks(settings.http_guard.allow, text); !set) return set;
  settings.server.http_guard = settings.http_guard;
  return {};
}

std::string show_concurrency(const Settings& settings) {
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  return settings.worker.concurrency > 0 ? std::to_string(settings.worker.concurrency)
                                         : fmt::format("{} (cores)", cores);
}

// The worker gives a handler up after its grace. The command must be gone by then.
milliseconds command_grace(milliseconds worker_grace) {
  return worker_grace * 4 / 5;
}

constexpr SettingDefinition definitions[] = {
    {"database_url", "EQUEUE_DATABASE_URL", "--database-url", SettingKind::text, set_database_url,
     [](const Settings& s) { return masked_url(s.database.url); }},
    {"schema", "EQUEUE_SCHEMA", "--schema", SettingKind::text,
     [](Settings& s, std::string_view text) -> Result<void> {
       if (auto valid = model::check_schema_name(text); !valid) return valid;
       s.database.schema = text;
       return {};
     },
     [](const Settings& s) { return s.database.schema; }},
    {"log_level", "EQUEUE_LOG_LEVEL", "--log-level", SettingKind::text, set_log_level, show_log_level},
    {"worker.queues", "EQUEUE_QUEUES", "--queue", SettingKind::names, set_queues,
     [](const Settings& s) { return fmt::format("{}", fmt::join(s.queues(), ",")); }},
    {"worker.concurrency", "EQUEUE_CONCURRENCY", "--concurrency", SettingKind::integer,
     [](Settings& s, std::string_view text) {
       return set_int(s.worker.concurrency, text, 1, limits::concurrency_max);
     },
     show_concurrency},
    {"worker.claim_max", "EQUEUE_CLAIM_MAX", "--claim-max", SettingKind::integer,
     [](Settings& s, std::string_view text) { return set_int(s.worker.claim_max, text, 1, claim_jobs_max); },
     [](const Settings& s) { return std::to_string(s.worker.claim_max); }},
    {"worker.lease", "EQUEUE_LEASE", "--lease", SettingKind::duration,
     [](Settings& s, std::string_view text) {
       return set_duration(s.worker.lease, text, lease_min, limits::lease_max);
     },
     [](const Settings& s) { return format_duration(s.worker.lease); }},
    {"worker.poll", "EQUEUE_POLL", "--poll", SettingKind::duration,
     [](Settings& s, std::string_view text) {
       return set_duration(s.worker.poll, text, limits::poll_min, limits::poll_max);
     },
     [](const Settings& s) { return format_duration(s.worker.poll); }},
    {"worker.grace", "EQUEUE_GRACE", "--grace", SettingKind::duration,
     [](Settings& s, std::string_view text) {
       return set_duration(s.worker.grace, text, {}, limits::timeout_max);
     },
     [](const Settings& s) { return format_duration(s.worker.grace); }},
    {"worker.drain", "EQUEUE_DRAIN", "--drain", SettingKind::duration,
     [](Settings& s, std::string_view text) {
       return set_duration(s.worker.drain, text, {}, limits::timeout_max);
     },
     [](const Settings& s) { return format_duration(s.worker.drain); }},
    {"server.address", "EQUEUE_LISTEN_ADDRESS", "--address", SettingKind::text, set_server_address,
     [](const Settings& s) { return s.server.address; }},
    {"server.port", "EQUEUE_LISTEN_PORT", "--port", SettingKind::integer, set_server_port,
     [](const Settings& s) { return std::to_string(s.server.port); }},
    {"server.tls_certificate", "EQUEUE_TLS_CERTIFICATE", "--tls-certificate", SettingKind::text,
     [](Settings& s, std::string_view text) -> Result<void> {
       return s.server.tls_certificate = text, Result<void>();
     },
     [](const Settings& s) { return s.server.tls_certificate; }},
    {"server.tls_key", "EQUEUE_TLS_KEY", "--tls-key", SettingKind::text,
     [](Settings& s, std::string_view text) -> Result<void> {
       return s.server.tls_key = text, Result<void>();
     },
     [](const Settings& s) { return s.server.tls_key; }},
    {"server.connections", "EQUEUE_SERVER_CONNECTIONS", "--connections", SettingKind::integer,
     [](Settings& s, std::string_view text) {
       return set_int(s.server.connections, text, 1, server_connections_max);
     },
     [](const Settings& s) { return std::to_string(s.server.connections); }},
    {"server.requests_per_second", "EQUEUE_REQUESTS_PER_SECOND", "--requests-per-second",
     SettingKind::integer,
     [](Settings& s, std::string_view text) {
       return set_int(s.server.requests_per_second, text, 0, requests_per_second_max);
     },
     [](const Settings& s) { return std::to_string(s.server.requests_per_second); }},
    {"server.trusted_proxies", "EQUEUE_TRUSTED_PROXIES", "--trusted-proxy", SettingKind::names,
     [](Settings& s, std::string_view text) { return set_networks(s.server.trusted_proxies, text); },
     [](const Settings& s) { return show_networks(s.server.trusted_proxies); }},
    {"server.allow_plain", "EQUEUE_ALLOW_PLAIN", "--allow-plain", SettingKind::truth,
     [](Settings& s, std::string_view text) { return set_truth(s.server.allow_plain_public, text); },
     [](const Settings& s) { return std::string(s.server.allow_plain_public ? "true" : "false"); }},
    {"server.access_log", "EQUEUE_ACCESS_LOG", "--access-log", SettingKind::truth,
     [](Settings& s, std::string_view text) { return set_truth(s.server.access_log, text); },
     [](const Settings& s) { return std::string(s.server.access_log ? "true" : "false"); }},
    {"server.push", "EQUEUE_SERVER_PUSH", "--push", SettingKind::truth,
     [](Settings& s, std::string_view text) { return set_truth(s.server.push, text); },
     [](const Settings& s) { return std::string(s.server.push ? "true" : "false"); }},
    {"http.allow", "EQUEUE_HTTP_ALLOW", "--http-allow", SettingKind::names, set_http_allow,
     [](const Settings& s) { return show_networks(s.http_guard.allow); }},
};

}  // namespace

std::string_view to_string(Origin origin) {
  switch (origin) {
    case Origin::builtin:
      return "default";
    case Origin::file:
      return "file";
    case Origin::environment:
      return "environment";
    case Origin::flag:
      return "flag";
  }
  return "default";
}

std::vector<std::string> Settings::queues() const {
  if (!worker.queues.empty()) return worker.queues;
  std::vector<std::string> names{"default"};
  for (const auto& task : tasks) {
    if (std::find(names.begin(), names.end(), task.options.queue) == names.end())
      names.push_back(task.options.queue);
  }
  return names;
}

std::span<const SettingDefinition> setting_definitions() {
  return definitions;
}

const SettingDefinition* find_setting(std::string_view key) {
  const auto* found =
      std::find_if(std::begin(definitions), std::end(definitions),
                   [&](const SettingDefinition& definition) { return definition.key == key; });
  return found == std::end(definitions) ? nullptr : found;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    auto name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(name.size() + 1, text.size()));
    const auto first = name.find_first_not_of(" \t");
    if (first == name.npos) continue;
    names.emplace_back(name.substr(first, name.find_last_not_of(" \t") - first + 1));
  }
  return names;
}

Result<int> parse_int(std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault == std::errc::invalid_argument || end != text.data() + text.size()) {
    return invalid(fmt::format("'{}' is not a whole number", text));
  }
  if (fault != std::errc{} || value < min || value > max) {
    return invalid(fmt::format("{} is outside {} to {}", text, min, max));
  }
  return value;
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::pair<std::string_view, std::uint64_t> units[] = {
      {"", 1},       {"B", 1},      {"KiB", 1ull << 10}, {"MiB", 1ull << 20},  {"GiB", 1ull << 30},
      {"kB", 1'000}, {"KB", 1'000}, {"MB", 1'000'000},   {"GB", 1'000'000'000}};
  constexpr std::uint64_t bytes_max = 1ull << 62;
  std::uint64_t count = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
  auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto* found =
      std::find_if(std::begin(units), std::end(units), [&](const auto& u) { return u.first == unit; });
  if (fault != std::errc{} || found == std::end(units) || count > bytes_max / found->second) {
    return invalid(fmt::format("'{}' is not a size", text), "write it as 512MiB or 2GiB");
  }
  return count * found->second;
}

Registry make_registry(const Settings& settings) {
  Registry registry;
  TaskOptions http_options;
  for (const auto& entry : settings.tasks) {
    if (entry.command.empty()) {
      http_options = entry.options;
      continue;
    }
    builtin::CommandOptions options{.environment = entry.environment,
                                    .folder = entry.folder,
                                    .memory_bytes_max = entry.memory_bytes_max,
                                    .grace = command_grace(settings.worker.grace)};
    registry.add({entry.name, entry.options, builtin::command_handler(entry.command, std::move(options))});
  }
  registry.add({std::string(builtin::http_request_task), http_options,
                builtin::http_request_handler(settings.http_guard)});
  return registry;
}

}  // namespace equeue::cli
