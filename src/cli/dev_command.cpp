#include <equeue/middleware.hpp>
#include <equeue/worker.hpp>

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
    std::atomic<bool> server_ended{false};
    std::optional<embedded::ServerWatch> watch;
    if (cluster_) {
      watch.emplace(cluster_->server_pid(), [&] {
        server_ended = true;
        on_signal();
      });
    }
    Result<void> ended;
    std::jthread working([&] {
      ended = worker_->run();
      if (!ended) stop_.request_stop();
    });
    auto code = options_.demo ? demonstrate() : welcome();
    if (options_.once && options_.demo) worker_->stop();
    if (!code) worker_->stop();
    working.join();
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
    const auto login = first_login();
    if (!login) return login.error();
    if (session_.json) {
      if (!login->empty()) session_.terminal.note(*login);
      return exit_code::ok;
    }
    std::string text = "\nThe worker goes on; Ctrl-C ends it. In another terminal:\n";
    text += fmt::format("  export EQUEUE_DATABASE_URL={}\n",
                        cluster_ ? fmt::format("'{}'", database_.url) : "…   (the one of --database-url)");
    text += "  equeue queues list\n";
    if (options_.demo) text += "  equeue dead list\n  equeue jobs list --queue puzzles --limit 5\n";
    text += "  equeue enqueue http.request '{\"url\": \"https://example.com/\"}'\n";
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
  std::mutex mutex_;  // of worker_ while it is being made
  std::optional<Worker> worker_;
};

}  // namespace

void add_dev(Command root) {
  auto options = std::make_shared<Options>();
  root.command("dev", "Start eQueue with a PostgreSQL of its own and a worker, in one command")
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
              "Also listen on 127.0.0.1, with a password; 0 picks a free port")
      .examples({"equeue dev", "equeue dev --demo", "equeue dev --demo --once --jobs 500",
                 "equeue dev --demo --database-url postgresql://localhost/scratch"})
      .action([options](Session& session) { return Dev(*options, session).run(); });
}

}  // namespace equeue::cli
