#include <equeue/middleware.hpp>
#include <equeue/worker.hpp>

#include "api/server.hpp"
#include "base/duration.hpp"
#include "cli/commands.hpp"
#include "cli/demo.hpp"
#include "cli/demo_text.hpp"
#include "cli/exit_code.hpp"
#include "cli/first_login.hpp"
#include "cli/interrupts.hpp"
#include "cli/migration.hpp"
#include "cli/session.hpp"
#include "embedded/cluster.hpp"
#include "embedded/server_watch.hpp"
#include "puzzles/database.hpp"
#include "puzzles/puzzles_app.hpp"

namespace equeue::cli {
namespace {

namespace fs = std::filesystem;

constexpr int demo_jobs_max = 1'000'000;
constexpr int seed_max = 1'000'000'000;
constexpr int port_max = 65'535;
// Ports beginning with that of the settings that are looked at for a free one, before any will do.
constexpr int http_ports_max = 10;

// Demo handlers wait for the database longer than they think.
constexpr int demo_concurrency = 16;

struct Options {
  bool demo = false;
  bool once = false;
  std::optional<std::string> data;
  std::optional<std::string> postgres;
  std::optional<int> jobs;
  std::optional<int> seed;
  std::optional<int> port;
  std::optional<int> http_port;
};

const ShownSetting& shown(const Settings& settings, std::string_view key) {
  return *std::find_if(settings.shown.begin(), settings.shown.end(),
                       [&](const ShownSetting& setting) { return setting.key == key; });
}

// In a project (a folder with equeue.toml or .equeue) the data stay with it; else they are the user's.
fs::path data_folder(const Options& options, const Surroundings& around) {
  if (options.data) return around.working_folder / *options.data;
  std::error_code absent;
  const bool in_project = fs::exists(around.working_folder / "equeue.toml", absent) ||
                          fs::exists(around.working_folder / ".equeue", absent);
  if (in_project || around.state_folder.empty()) return around.working_folder / ".equeue" / "dev";
  return around.state_folder / "equeue" / "dev";
}

class Dev {
 public:
  Dev(const Options& options, Session& session) : options_(options), session_(session) {}

  Result<int> run() {
    const Interrupts interrupts([this] { on_signal(); });
    if (auto ready = open_database(); !ready) return ready.error();
    auto code = serve();
    if (!cluster_) return code;
    if (auto stopped = cluster_->stop(); !stopped && code) return stopped.error();
    session_.terminal.note(fmt::format("stopped; the data stay in {}", data_folder_->string()));
    return code;
  }

 private:
  void on_signal() {
    stop_.request_stop();
    const std::lock_guard lock(mutex_);
    if (worker_) worker_->stop();
    stop_api();
  }

  // The first time requests under way are answered, the second time they are broken off.
  void stop_api() {
    if (!api_) return;
    api_->stop();
    api_is_stopping_ = true;
  }

  Result<void> open_database() {
    const auto& settings = session_.settings;
    database_ = settings.database;
    const auto& url = shown(settings, "database_url");
    if (url.origin != Origin::flag) {
      if (url.origin != Origin::builtin) {
        session_.terminal.note(
            fmt::format("the database of {} is left alone; --database-url makes dev use it", url.place));
      }
      if (auto started = start_cluster(); !started) return started;
    }
    auto migrated = migrate_database(database_);
    if (!migrated) return migrated.error();
    session_.terminal.note(fmt::format("schema '{}' is at version {}", database_.schema, migrated->to));
    return {};
  }

  Result<void> start_cluster() {
    const auto& around = session_.settings.surroundings;
    const auto folder = data_folder(options_, around);
    session_.terminal.note(fmt::format("starting PostgreSQL in {}", folder.string()));
    embedded::ClusterOptions options{.data_folder = folder, .search_path = around.search_path};
    if (options_.postgres) options.bin_folder = around.working_folder / *options_.postgres;
    if (options_.port) options.tcp_port = static_cast<std::uint16_t>(*options_.port);
    auto cluster = embedded::Cluster::start(std::move(options));
    if (!cluster) return cluster.error();
    cluster_.emplace(std::move(*cluster));
    if (auto made = cluster_->create_database("equeue"); !made) return made;
    database_.url = cluster_->url("equeue");
    data_folder_ = folder;
    return {};
  }

  Registry make_tasks() {
    auto tasks = make_registry(session_.settings);
    if (options_.demo) puzzles::register_tasks(tasks, database_.url);
    tasks.wrap(logging());
    return tasks;
  }

  WorkerOptions worker_options() {
    auto options = session_.settings.worker;
    options.queues = session_.settings.queues();
    if (!options_.demo) {
      options.until_drained = options_.once;
      return options;
    }
    options.queues.emplace_back(puzzles::queue);
    if (options.concurrency == 0) options.concurrency = demo_concurrency;
    return options;
  }

  Result<int> serve() {
    auto tasks = make_tasks();
    if (options_.demo) {
      if (auto prepared = prepare_demo(tasks); !prepared) return prepared.error();
    }
    // Thousands of jobs would bury the display.
    if (options_.demo && shown(session_.settings, "log_level").origin == Origin::builtin) {
      log::set_level(log::Level::warning);
    }
    {
      const std::lock_guard lock(mutex_);
      worker_.emplace(database_, std::move(tasks), worker_options());
      if (stop_.stop_requested()) return exit_code::ok;
    }
    if (!options_.once) {
      if (auto listening = listen(); !listening) return listening.error();
    }
    std::atomic<bool> server_ended{false};
    std::optional<embedded::ServerWatch> watch;
    if (cluster_) {
      watch.emplace(cluster_->server_pid(), [&] {
        server_ended = true;
        on_signal();
      });
    }
    Result<void> ended;
    std::jthread serving;
    if (api_) serving = std::jthread([&] { api_->run(); });
    std::jthread working([&] {
      ended = worker_->run();
      if (!ended) stop_.request_stop();
    });
    auto code = options_.demo ? demonstrate() : welcome();
    if (options_.once && options_.demo) worker_->stop();
    if (!code) worker_->stop();
    working.join();
    if (!api_is_stopping_) stop_api();
    if (serving.joinable()) serving.join();
    watch.reset();
    if (server_ended) {
      return Error{.code = ErrorCode::io,
                   .message = fmt::format("PostgreSQL ended while it was in use; its log is {}",
                                          cluster_->log_file().string()),
                   .hint = "start again: what was committed is there"};
    }
    if (!ended) return ended.error();
    return code;
  }

  // On the loopback, where everybody is on this machine. A port that was asked for is taken or refused; else
  // it is the first that is free.
  Result<void> listen() {
    auto options = session_.settings.server;
    options.address = "127.0.0.1";
    options.tls_certificate = options.tls_key = "";
    const int first = options_.http_port.value_or(options.port);
    const bool is_chosen = options_.http_port || first == 0;
    const int last = is_chosen ? first : std::min(first + http_ports_max - 1, port_max);
    auto listening = listen(options, first);
    for (int port = first + 1; !listening && port <= last; ++port) listening = listen(options, port);
    if (!listening && !is_chosen) listening = listen(options, 0);
    return listening;
  }

  Result<void> listen(api::ServerOptions options, int port) {
    options.port = static_cast<std::uint16_t>(port);
    const std::lock_guard lock(mutex_);
    api_.emplace(database_, std::move(options));
    auto listening = api_->listen();
    if (!listening) {
      api_.reset();
    } else if (stop_.stop_requested()) {
      stop_api();
    }
    return listening;
  }

  [[nodiscard]] std::string http_url() const { return fmt::format("http://127.0.0.1:{}/", api_->port()); }

  // What the demo needs of both schemas before the worker and the import begin.
  Result<void> prepare_demo(const Registry& tasks) {
    auto connection = puzzles::connect(database_.url);
    if (!connection) return connection.error();
    if (auto made = puzzles::migrate(connection->get()); !made) return made;
    return Client(database_).declare(tasks);
  }

  Result<int> demonstrate() {
    DemoOptions demo;
    demo.jobs = options_.jobs.value_or(demo.jobs);
    if (options_.seed) demo.seed = static_cast<std::uint64_t>(*options_.seed);
    const auto report = run_demo(session_.terminal, database_, demo, stop_.get_token());
    if (!report) {
      if (!stop_.stop_requested()) return report.error();
      session_.terminal.note(report.error().message);
      return options_.once ? exit_code::failed : exit_code::ok;
    }
    if (session_.json) {
      session_.terminal.print_line(demo_json(*report, demo));
    } else {
      session_.terminal.print(demo_text(*report, demo, session_.terminal.facts()));
    }
    const int code = report->is_as_it_should_be() ? exit_code::ok : exit_code::failed;
    if (options_.once) return once_hint(), code;
    log::set_level(session_.settings.log_level);
    return welcome();
  }

  void once_hint() {
    if (session_.json || !data_folder_) return;
    session_.terminal.print(fmt::format(
        "\nTo look around, start the same data again:\n  equeue dev --data '{}'\n", data_folder_->string()));
  }

  // Only in a database of our own: in another one, who may log in is for its owner to say. Not before it can
  // be shown, since it is known to nobody else.
  Result<std::string> first_login() {
    if (!cluster_) return std::string();
    const auto login = make_first_login(database_, session_.settings.surroundings.user);
    if (!login) return login.error();
    return *login ? describe(**login) : std::string();
  }

  Result<int> welcome() {
    if (options_.once) return exit_code::ok;
    session_.terminal.note("serving " + http_url());
    const auto login = first_login();
    if (!login) return login.error();
    if (session_.json) {
      if (!login->empty()) session_.terminal.note(*login);
      return exit_code::ok;
    }
    std::string text = "\nThe worker and the HTTP API go on; Ctrl-C ends them. In another terminal:\n";
    text += fmt::format("  export EQUEUE_DATABASE_URL={}\n",
                        cluster_ ? fmt::format("'{}'", database_.url) : "…   (the one of --database-url)");
    text += "  equeue queues list\n";
    if (options_.demo) text += "  equeue dead list\n  equeue jobs list --queue puzzles --limit 5\n";
    text += "  equeue enqueue http.request '{\"url\": \"https://example.com/\"}'\n";
    text += "  KEY=$(equeue keys create me --scope admin)\n";
    text += fmt::format("  curl -H \"Authorization: Bearer $KEY\" {}v1/queues\n", http_url());
    text += "  psql \"$EQUEUE_DATABASE_URL\"\n";
    if (const auto tcp = cluster_ ? cluster_->tcp_url("equeue") : std::nullopt) {
      text += fmt::format("  psql '{}'\n", *tcp);
    }
    session_.terminal.print(text + *login);
    return exit_code::ok;
  }

  const Options& options_;
  Session& session_;
  Database database_;
  std::optional<fs::path> data_folder_;
  std::optional<embedded::Cluster> cluster_;
  std::stop_source stop_;
  std::mutex mutex_;  // of worker_ and api_ while they are being made
  std::optional<Worker> worker_;
  std::optional<api::Server> api_;
  std::atomic<bool> api_is_stopping_{false};
};

}  // namespace

void add_dev(Command root) {
  auto options = std::make_shared<Options>();
  root.command("dev", "Start eQueue with a PostgreSQL of its own, a worker and the HTTP API, in one command")
      .flag("--demo", options->demo, "Enqueue puzzles, solve them, and check what became of every job")
      .flag("--once", options->once,
            "End when the work is done; with --demo, 1 unless all ended as it should")
      .option("--data", options->data, "FOLDER",
              "Where the database is kept (default: ./.equeue/dev in a project)")
      .option("--postgres", options->postgres, "FOLDER",
              "Where initdb and postgres are (default: looked for in PATH, then /usr/lib/postgresql)")
      .option("--jobs", options->jobs, 1, demo_jobs_max, "Puzzles of the demo (default: 2000)")
      .option("--seed", options->seed, 0, seed_max, "The same seed makes the same puzzles (default: 1)")
      .option("--port", options->port, 0, port_max,
              "PostgreSQL also listens on 127.0.0.1, with a password; 0 picks a free port")
      .option("--http-port", options->http_port, 0, port_max,
              "Where on 127.0.0.1 the HTTP API is; 0 picks a free port (default: 7878 or the next free)")
      .examples({"equeue dev", "equeue dev --demo", "equeue dev --demo --once --jobs 500",
                 "equeue dev --demo --database-url postgresql://localhost/scratch"})
      .action([options](Session& session) { return Dev(*options, session).run(); });
}

}  // namespace equeue::cli
