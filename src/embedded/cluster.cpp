#include "embedded/cluster.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "base/log.hpp"
#include "embedded/data_files.hpp"
#include "embedded/folder_lock.hpp"
#include "embedded/launch.hpp"
#include "embedded/placement.hpp"
#include "embedded/postmaster.hpp"
#include "embedded/session.hpp"

namespace equeue::embedded {

namespace fs = std::filesystem;

struct Cluster::State {
  ClusterOptions options;
  Placement placement;
  UserLock user_lock;
  Running running;
  bool adopted = false;
  bool stopped = false;
};

namespace {

// A fast shutdown ends with a checkpoint, which on a slow disk takes its time.
constexpr auto stop_patience = std::chrono::seconds(30);
// Another process may be inside its own stop.
constexpr auto lock_patience = 2 * stop_patience;
// Between picking a free port and listening on it, another program may take it.
constexpr int free_port_tries = 3;

Result<ServerBinaries> choose_binaries(const ClusterOptions& options, const Placement& placement) {
  const int major = major_of_data(placement);
  if (major == 0) return find_server_binaries(options.bin_folder, options.search_path);
  auto found = find_server_binaries_of(major, options.bin_folder, options.search_path);
  if (found) return found;
  return Error{
      .code = ErrorCode::not_installed,
      .message = fmt::format("the database in {} was made by PostgreSQL {}, whose server programs are not {}",
                             placement.home.string(), major,
                             options.bin_folder ? "in " + options.bin_folder->string() : "on this machine"),
      .hint = fmt::format("apt-get install postgresql-{}, or name another data folder", major)};
}

Result<Running> launch_new(const ClusterOptions& options, const Placement& placement, Deadline until) {
  const auto binaries = choose_binaries(options, placement);
  if (!binaries) return binaries.error();
  if (auto cleared = clear_remains(placement.data()); !cleared) return cleared.error();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  if (auto made = make_data(placement, *binaries, options.durable, left); !made) return made.error();
  const int tries = options.tcp_port == 0 ? free_port_tries : 1;
  for (int attempt = 1;; ++attempt) {
    auto running = launch(options, placement, *binaries, until);
    if (running || attempt == tries) return running;
  }
}

// The running server if it fits; nothing when a new one must be started.
Result<std::optional<Running>> adopt(const ClusterOptions& options, const Placement& placement,
                                     const UserLock& users, Deadline until) {
  const auto pid = find_postmaster(placement.data());
  if (!pid) return std::nullopt;
  if (read_small_file(placement.settings_file()) == describe_settings(options)) {
    return wait_for_answer(placement, *pid, until);
  }
  if (!users.is_only_one()) {
    return Error{
        .code = ErrorCode::configuration,
        .message = fmt::format("the server in {} runs with other settings, and another process uses it",
                               placement.home.string()),
        .hint = "stop that process, or name another data folder"};
  }
  log::info("restarting PostgreSQL ({}) in {} with new settings", *pid, placement.home.string());
  if (auto ended = end_postmaster(placement.data(), *pid, stop_patience); !ended) return ended.error();
  return std::nullopt;
}

std::string random_password() {
  std::array<unsigned char, 16> bytes{};
  EQUEUE_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

// The file has the form that libpq reads by itself: host:port:database:user:password.
Result<void> set_password(const Placement& placement, const Running& running) {
  const auto prefix = fmt::format("*:*:*:{}:", superuser);
  auto line = read_small_file(placement.password_file());
  if (!line.starts_with(prefix)) {
    line = prefix + random_password();
    if (auto written = write_small_file(placement.password_file(), line); !written) return written;
  }
  auto session = Session::open(running.socket_folder, running.port, "postgres");
  if (!session) return session.error();
  const auto quoted = session->quote_value(std::string_view(line).substr(prefix.size()));
  if (!quoted) return quoted.error();
  const auto set = session->ask(fmt::format("ALTER ROLE {} PASSWORD {}", superuser, *quoted));
  if (!set) return set.error();
  return {};
}

Result<void> stop_server(const Placement& placement) {
  if (const auto pid = find_postmaster(placement.data())) {
    if (auto ended = end_postmaster(placement.data(), *pid, stop_patience); !ended) return ended;
  } else if (auto cleared = clear_remains(placement.data()); !cleared) {
    return cleared;
  }
  drop_socket_folder(placement);
  return {};
}

Result<void> stop_and(const fs::path& data_folder, bool remove) {
  std::error_code fault;
  const auto folder = fs::weakly_canonical(data_folder, fault);
  if (fault || !fs::exists(folder, fault)) return {};
  const auto placement = place(folder);
  if (!placement) return placement.error();
  const auto lock = StartLock::take(placement->start_lock(), lock_patience);
  if (!lock) return lock.error();
  if (auto stopped = stop_server(*placement); !stopped || !remove) return stopped;
  return remove_placement(*placement, folder);
}

}  // namespace

Result<Cluster> Cluster::start(ClusterOptions options) {
  if (auto fine = check_settings(options); !fine) return fine.error();
  const auto until = std::chrono::steady_clock::now() + options.deadline;
  auto placement = place(options.data_folder);
  if (!placement) return placement.error();
  const auto lock = StartLock::take(placement->start_lock(), options.deadline);
  if (!lock) return lock.error();
  auto users = UserLock::take(placement->user_lock());
  if (!users) return users.error();

  auto adopted = adopt(options, *placement, *users, until);
  if (!adopted) return adopted.error();
  const bool was_up = adopted->has_value();
  if (was_up) {
    if (users->is_only_one()) {
      log::info("using PostgreSQL ({}), which an earlier run left in {}", (*adopted)->pid,
                placement->home.string());
    }
  } else {
    auto launched = launch_new(options, *placement, until);
    if (!launched) return launched.error();
    *adopted = *launched;
  }
  auto state = std::make_unique<State>(State{.options = std::move(options),
                                             .placement = std::move(*placement),
                                             .user_lock = std::move(*users),
                                             .running = **adopted,
                                             .adopted = was_up});
  if (state->options.tcp_port) {
    if (auto set = set_password(state->placement, state->running); !set) {
      if (auto stopped = stop_server(state->placement); !stopped)
        log::error("{}", to_string(stopped.error()));
      return set.error();
    }
  }
  return Cluster(std::move(state));
}

Result<void> Cluster::stop_in(const fs::path& data_folder) {
  return stop_and(data_folder, false);
}

Result<void> Cluster::remove(const fs::path& data_folder) {
  return stop_and(data_folder, true);
}

Cluster::Cluster(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cluster::Cluster(Cluster&&) noexcept = default;

Cluster& Cluster::operator=(Cluster&& other) noexcept {
  // The old use ends in the temporary's destructor, after the new one is in place.
  Cluster(std::move(other)).state_.swap(state_);
  return *this;
}

Cluster::~Cluster() {
  if (!state_ || state_->options.leave_running) return;
  if (auto stopped = stop(); !stopped) log::error("{}", to_string(stopped.error()));
}

std::string Cluster::url(std::string_view database) const {
  return fmt::format("postgresql://{}@{}:{}/{}", superuser,
                     percent_encode(state_->running.socket_folder.native()), state_->running.port,
                     percent_encode(database));
}

std::optional<std::string> Cluster::tcp_url(std::string_view database) const {
  if (!state_->options.tcp_port) return std::nullopt;
  return fmt::format("postgresql://{}@127.0.0.1:{}/{}?passfile={}", superuser, state_->running.port,
                     percent_encode(database), percent_encode(state_->placement.password_file().native()));
}

int Cluster::server_version_num() const {
  return state_->running.version_num;
}
bool Cluster::was_adopted() const {
  return state_->adopted;
}
int Cluster::server_pid() const {
  return state_->running.pid;
}
fs::path Cluster::log_file() const {
  return state_->placement.log_file();
}

Result<void> Cluster::create_database(std::string_view name) {
  auto session = Session::open(state_->running.socket_folder, state_->running.port, "postgres");
  if (!session) return session.error();
  const auto value = session->quote_value(name);
  if (!value) return value.error();
  const auto quoted = session->quote_name(name);
  if (!quoted) return quoted.error();
  const auto exists_query = fmt::format("SELECT 1 FROM pg_database WHERE datname = {}", *value);
  const auto exists = session->ask(exists_query);
  if (!exists) return exists.error();
  if (!exists->empty()) return {};
  // template1 cannot be copied while anybody is connected to it; template0 never accepts connections.
  const auto made = session->ask(fmt::format("CREATE DATABASE {} TEMPLATE template0", *quoted));
  if (made) return {};
  // Another process may have made it in between.
  if (const auto now = session->ask(exists_query); now && !now->empty()) return {};
  return made.error();
}

Result<void> Cluster::stop() {
  if (std::exchange(state_->stopped, true)) return {};
  const auto lock = StartLock::take(state_->placement.start_lock(), lock_patience);
  if (!lock) return lock.error();
  const bool last = state_->user_lock.is_only_one();
  state_->user_lock = UserLock{};
  if (!last) return {};
  return stop_server(state_->placement);
}

}  // namespace equeue::embedded
